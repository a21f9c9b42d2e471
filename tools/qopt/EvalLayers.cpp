//===- EvalLayers.cpp - qopt eval --per-layer -----------------------------===//

#include "tools/qopt/EvalLayers.h"

#include "lib/Artifact/Directory.h"
#include "lib/Eval/NodeError.h"
#include "lib/Report/Format.h"
#include "lib/Report/Json.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Model.h"
#include "tools/qopt/Rebuild.h"
#include "tools/qopt/Tokens.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>

using namespace llvm;

namespace qopt {

namespace {
/// A node that computes with codes, and how far it is from floats.
struct Layer {
  ComparedOp op;
  size_t place; ///< in the network
  NodeError error;

  /// The worst first; what is no number is worse than any.
  std::pair<double, size_t> sortKey() const {
    double sqnr = error.sqnr();
    return {std::isnan(sqnr) ? -std::numeric_limits<double>::infinity() : sqnr,
            place};
  }
};

/// What is measured, and with what.
struct Setup {
  std::string artifact, model; ///< paths; the latter is the ONNX file
  Manifest manifest;
  EvalTokens tokens;
  size_t window = 0;
  int64_t threads = 0;
  std::string isa; ///< of the code that this machine runs of the artifact
};
} // namespace

static Expected<Setup> makeSetup(const Arguments &arguments,
                                 const EvalOptions &options) {
  Setup setup;
  setup.artifact = arguments.operand(0).rtrim('/').str();
  setup.model = arguments.get("per-layer");
  setup.window = size_t(options.window);
  setup.threads = options.threads;
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(setup.artifact, manifestFile));
  if (!manifest)
    return manifest.takeError();
  setup.manifest = std::move(*manifest);
  if (Error error = checkOrigin(setup.manifest, setup.artifact, setup.model))
    return std::move(error);
  Expected<ModelPointer> model = openModel(setup.artifact);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  setup.isa = info.isa;
  if (Error error = checkWindow(setup.artifact, info, options.window))
    return std::move(error);
  Expected<EvalTokens> tokens =
      readEvalTokens(arguments, options, info.vocabulary);
  if (!tokens)
    return tokens.takeError();
  setup.tokens = std::move(*tokens);
  // Refuses models that take something else before the work of compiling.
  auto first =
      ArrayRef(setup.tokens.ids).take_front(setup.tokens.windows[0].size());
  if (auto inputs = makeTokenInputs(info, first); !inputs)
    return createFileError(setup.artifact, inputs.takeError());
  return setup;
}

/// Adds the pairs of outputs of one window to the layers. They are the
/// session's: it has memory for all outputs, whether they are asked for or not.
static Error addWindow(qopt_session *session, const qopt_model_info &info,
                       ArrayRef<int64_t> tokens,
                       MutableArrayRef<Layer> layers) {
  Expected<TokenInputs> inputs = makeTokenInputs(info, tokens);
  if (!inputs)
    return inputs.takeError();
  std::vector<qopt_tensor> outputs(2 * layers.size());
  for (size_t i = 0; i != layers.size(); ++i) {
    outputs[2 * i].name = layers[i].op.floatOutput.c_str();
    outputs[2 * i + 1].name = layers[i].op.codesOutput.c_str();
  }
  if (Error error = check(qopt_session_run(session, inputs->tensors.data(),
                                           inputs->tensors.size(),
                                           outputs.data(), outputs.size())))
    return error;
  for (size_t i = 0; i != layers.size(); ++i) {
    const qopt_tensor &floats = outputs[2 * i], &codes = outputs[2 * i + 1];
    assert(floats.dtype == QOPT_FLOAT && codes.bytes == floats.bytes &&
           "products and tables give f32");
    int64_t columns = floats.dims[floats.rank - 1];
    int64_t elements = int64_t(floats.bytes / sizeof(float));
    layers[i].error.add(static_cast<const float *>(floats.data),
                        static_cast<const float *>(codes.data),
                        columns ? elements / columns : 0, columns);
  }
  return Error::success();
}

/// Runs the artifact that computes both.
static Error measure(const Setup &setup, const std::string &path,
                     MutableArrayRef<Layer> layers) {
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  ArrayRef<int64_t> ids(setup.tokens.ids);
  Expected<SessionPointer> session =
      createSession(model->get(), {setup.threads, int64_t(setup.window)});
  if (!session)
    return session.takeError();
  Progress progress;
  for (const Window &window : setup.tokens.windows) {
    progress.update("comparing", double(window.begin) / double(ids.size()));
    if (Error error =
            addWindow(session->get(), *qopt_model_get_info(model->get()),
                      ids.slice(window.begin, window.size()), layers))
      return error;
  }
  return Error::success();
}

/// Compiles the artifact once more, with each node of codes in float beside it,
/// and measures them. Nothing where the compiler has said why it failed.
static Expected<std::optional<std::vector<Layer>>>
compareLayers(const Setup &setup) {
  auto folder = makeRebuildFolder(setup.artifact, "eval");
  if (!folder)
    return folder.takeError();
  Expected<CompileOptions> options =
      makeRebuildOptions(setup.manifest, (*folder)->getPath());
  if (!options)
    return options.takeError();
  std::vector<ComparedOp> ops;
  options->model = setup.model;
  options->threads = unsigned(setup.threads);
  options->isas = {setup.isa};
  options->compareCodes = &ops;
  if (failed(rebuild(*options)))
    return std::nullopt;
  std::vector<Layer> layers;
  for (ComparedOp &op : ops)
    layers.push_back({std::move(op), layers.size(), {}});
  if (Error error = measure(setup, options->output, layers))
    return std::move(error);
  llvm::sort(layers, [](const Layer &a, const Layer &b) {
    return a.sortKey() < b.sortKey();
  });
  return layers;
}

static void printText(ArrayRef<Layer> layers) {
  Table table({{"node"},
               {"path"},
               {"format"},
               {"activations"},
               {"SQNR dB", true},
               {"cosine", true}});
  for (const Layer &layer : layers) {
    double sqnr = layer.error.sqnr();
    bool isExact = sqnr == std::numeric_limits<double>::infinity();
    table.addRow({layer.op.node, layer.op.path, layer.op.format,
                  layer.op.activations,
                  isExact ? "exact" : formatFixed(sqnr, 2),
                  formatFixed(layer.error.cosine(), 6)});
  }
  table.print(outs());
}

static void printJson(const Setup &setup, ArrayRef<Layer> layers) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", json::fixUTF8(setup.artifact));
    json.attribute("tokens", setup.tokens.ids.size());
    json.attribute("window", setup.window);
    json.attribute("isa", setup.isa);
    json.attributeArray("layers", [&] {
      for (const Layer &layer : layers)
        json.object([&] {
          json.attribute("node", json::fixUTF8(layer.op.node));
          json.attribute("path", json::fixUTF8(layer.op.path));
          json.attribute("format", layer.op.format);
          json.attribute("activations", layer.op.activations);
          json.attribute("sqnr", finiteOrNull(layer.error.sqnr()));
          json.attribute("cosine", finiteOrNull(layer.error.cosine()));
        });
    });
  });
  outs() << '\n';
}

Expected<int> evalLayers(const Arguments &arguments,
                         const EvalOptions &options) {
  if (arguments.has("reference"))
    return createStringError("expects --per-layer or --reference, not both: "
                             "each node is compared with itself in float");
  for (StringRef option : {"stride", "report"})
    if (arguments.has(option))
      return createStringError("option '--" + option +
                               "' is not for --per-layer");
  Expected<Setup> setup = makeSetup(arguments, options);
  if (!setup)
    return setup.takeError();
  std::vector<Layer> layers;
  bool isQuantized =
      llvm::any_of(setup->manifest.weights, [](const WeightRecord &weight) {
        return !weight.method.empty();
      });
  if (isQuantized) {
    auto compared = compareLayers(*setup);
    if (!compared)
      return compared.takeError();
    if (!*compared)
      return 1;
    layers = std::move(**compared);
  } else {
    errs() << "'" << setup->artifact
           << "' has no weights of codes: there is nothing to compare\n";
  }
  if (arguments.has("json"))
    printJson(*setup, layers);
  else if (!layers.empty())
    printText(layers);
  return 0;
}

} // namespace qopt

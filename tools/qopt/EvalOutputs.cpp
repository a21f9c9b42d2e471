//===- EvalOutputs.cpp - Distances of outputs of two models ---------------===//

#include "lib/Eval/OutputError.h"
#include "lib/Formats/FloatTypes.h"
#include "lib/Report/Format.h"
#include "lib/Report/Json.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include "qopt/artifact.h"
#include "tools/qopt/Eval.h"
#include "tools/qopt/EvalReport.h"
#include "tools/qopt/Tokens.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

using namespace llvm;

namespace qopt {

namespace {
struct ComparedOutput {
  std::string name;
  OutputError error;
};
} // namespace

static bool isFloat(int32_t dtype) {
  return dtype == QOPT_FLOAT || dtype == QOPT_DOUBLE || dtype == QOPT_FLOAT16 ||
         dtype == QOPT_BFLOAT16;
}

static std::vector<float> toFloats(const qopt_tensor &tensor) {
  std::vector<float> floats;
  auto convert = [&](auto element, auto toFloat) {
    floats.resize(tensor.bytes / sizeof(element));
    for (size_t i = 0; i != floats.size(); ++i) {
      std::memcpy(&element,
                  static_cast<const char *>(tensor.data) + i * sizeof(element),
                  sizeof(element));
      floats[i] = toFloat(element);
    }
  };
  switch (tensor.dtype) {
  case QOPT_FLOAT:
    convert(float(), [](float value) { return value; });
    break;
  case QOPT_DOUBLE:
    convert(double(), [](double value) { return float(value); });
    break;
  case QOPT_FLOAT16:
    convert(uint16_t(), f16ToF32);
    break;
  default:
    convert(uint16_t(), bf16ToF32);
  }
  return floats;
}

/// All outputs of floats that are no caches. The reference has them, too.
static Expected<std::vector<ComparedOutput>>
chooseOutputs(const Evaluated &model, const Evaluated &reference) {
  std::vector<ComparedOutput> chosen;
  auto outputsOf = [](const qopt_model_info &info) {
    return ArrayRef(info.outputs, size_t(info.num_outputs));
  };
  for (const qopt_tensor_spec &spec : outputsOf(model.info())) {
    if (!isFloat(spec.dtype) || spec.role == QOPT_ROLE_PRESENT_KEY ||
        spec.role == QOPT_ROLE_PRESENT_VALUE)
      continue;
    bool isThere =
        any_of(outputsOf(reference.info()), [&](const qopt_tensor_spec &other) {
          return StringRef(other.name) == spec.name && isFloat(other.dtype);
        });
    if (!isThere)
      return createFileError(reference.path,
                             createStringError("has no output '" +
                                               Twine(spec.name) +
                                               "' of floats to compare with"));
    chosen.push_back({spec.name, {}});
  }
  if (chosen.empty())
    return createFileError(model.path,
                           createStringError("has no outputs of floats"));
  return chosen;
}

/// The outputs are the session's, until its next run.
static Error runWindow(const Evaluated &evaluated, ArrayRef<int64_t> tokens,
                       ArrayRef<ComparedOutput> compared,
                       std::vector<qopt_tensor> &outputs) {
  Expected<TokenInputs> inputs = makeTokenInputs(evaluated.info(), tokens);
  if (!inputs)
    return createFileError(evaluated.path, inputs.takeError());
  outputs.assign(compared.size(), {});
  for (auto [output, one] : zip_equal(outputs, compared))
    output.name = one.name.c_str();
  return check(qopt_session_run(evaluated.session.get(), inputs->tensors.data(),
                                inputs->tensors.size(), outputs.data(),
                                outputs.size()));
}

/// Adds one window; returns the mean cosine of its rows. An output with a row
/// for each token counts those of fresh tokens, any other one all rows.
static Expected<double> addWindow(const Window &window,
                                  ArrayRef<qopt_tensor> outputs,
                                  ArrayRef<qopt_tensor> references,
                                  MutableArrayRef<ComparedOutput> compared) {
  double cosines = 0;
  int64_t count = 0;
  for (auto [output, reference, one] :
       zip_equal(outputs, references, compared)) {
    ArrayRef shape(output.dims, size_t(output.rank));
    ArrayRef otherShape(reference.dims, size_t(reference.rank));
    if (shape != otherShape)
      return createStringError(
          "output '" + Twine(one.name) + "' is " + formatShape(shape) +
          ", but the reference's is " + formatShape(otherShape));
    std::vector<float> values = toFloats(output), others = toFloats(reference);
    int64_t columns = shape.empty() ? 1 : shape.back();
    int64_t rows = columns ? int64_t(values.size()) / columns : 0;
    bool isPerToken = rows == int64_t(window.size());
    int64_t first = isPerToken ? int64_t(window.fresh - window.begin) : 0;
    cosines +=
        one.error.add(values.data() + first * columns,
                      others.data() + first * columns, rows - first, columns);
    count += rows - first;
  }
  return cosines / double(count);
}

static Error compare(const Evaluated &model, const Evaluated &reference,
                     const EvalTokens &tokens, EvalReport &report,
                     MutableArrayRef<ComparedOutput> compared) {
  Progress progress;
  std::vector<qopt_tensor> outputs, references;
  ArrayRef<int64_t> ids(tokens.ids);
  for (auto [i, window] : enumerate(tokens.windows)) {
    progress.update("comparing", double(i) / double(tokens.windows.size()));
    auto part = ids.slice(window.begin, window.size());
    if (Error error = runWindow(model, part, compared, outputs))
      return error;
    if (Error error = runWindow(reference, part, compared, references))
      return error;
    Expected<double> cosine = addWindow(window, outputs, references, compared);
    if (!cosine)
      return cosine.takeError();
    report.add(window, {*cosine}, -*cosine);
  }
  return Error::success();
}

static Error printJson(const Evaluated &model, const Evaluated &reference,
                       const EvalTokens &tokens, const EvalOptions &options,
                       ArrayRef<ComparedOutput> compared, EvalReport &report) {
  Error error = Error::success();
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", json::fixUTF8(model.path));
    json.attribute("tokens", tokens.ids.size());
    json.attribute("window", options.window);
    json.attribute("stride", options.stride);
    json.attributeArray("outputs", [&] {
      for (const ComparedOutput &one : compared)
        json.object([&] {
          auto quantile = [&](double fraction) {
            return finiteOrNull(one.error.cosineQuantile(fraction));
          };
          json.attribute("name", json::fixUTF8(one.name));
          json.attribute("rows", one.error.rows());
          json.attribute("cosine", finiteOrNull(one.error.cosineMean()));
          json.attribute("cosine_median", quantile(0.5));
          json.attribute("cosine_p10", quantile(0.1));
          json.attribute("cosine_p1", quantile(0.01));
          json.attribute("cosine_min", quantile(0));
          json.attribute("largest_difference",
                         finiteOrNull(one.error.largestDifference()));
        });
    });
    model.writeSize(json);
    json.attributeObject("reference", [&] {
      json.attribute("model", json::fixUTF8(reference.path));
      reference.writeSize(json);
    });
    json.attribute("isa", model.info().isa);
    json.attribute("threads", qopt_session_threads(model.session.get()));
    error = joinErrors(std::move(error), report.writeJson(json));
  });
  outs() << '\n';
  return error;
}

static void printText(ArrayRef<ComparedOutput> compared) {
  Table table({{"output"},
               {"rows", true},
               {"cosine, mean", true},
               {"median", true},
               {"10 %", true},
               {"1 %", true},
               {"smallest", true},
               {"largest difference", true}});
  for (const ComparedOutput &one : compared) {
    auto quantile = [&](double fraction) {
      return formatFixed(one.error.cosineQuantile(fraction), 6);
    };
    table.addRow({one.name, std::to_string(one.error.rows()),
                  formatFixed(one.error.cosineMean(), 6), quantile(0.5),
                  quantile(0.1), quantile(0.01), quantile(0),
                  formatNumber(one.error.largestDifference())});
  }
  table.print(outs());
}

Error evalOutputs(const Evaluated &model, const Evaluated &reference,
                  const EvalTokens &tokens, const EvalOptions &options) {
  Expected<std::vector<ComparedOutput>> compared =
      chooseOutputs(model, reference);
  if (!compared)
    return compared.takeError();
  EvalReport report(tokens, options.report, {{"cosine", "cosine", 6}});
  if (Error error = compare(model, reference, tokens, report, *compared))
    return error;
  if (options.isJson)
    return printJson(model, reference, tokens, options, *compared, report);
  printText(*compared);
  return report.printText();
}

} // namespace qopt

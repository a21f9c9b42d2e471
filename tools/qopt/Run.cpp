//===- Run.cpp - qopt run -------------------------------------------------===//

#include "lib/Files/Npz.h"
#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "qopt/artifact.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/Model.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

using NamedArrays = std::vector<std::pair<std::string, NpyArray>>;

/// Adds what an argument of --input names: "input=file.npy", or an npz file
/// with the inputs' names.
static Error addInputs(StringRef argument, NamedArrays &inputs) {
  auto [name, path] = argument.split('=');
  if (!argument.contains('=')) {
    if (!argument.ends_with(".npz"))
      return createStringError(
          "option '--input' expects NAME=FILE.npy or FILE.npz, but got '" +
          argument + "'");
    Expected<NamedArrays> arrays = readNpz(argument);
    if (!arrays)
      return arrays.takeError();
    std::move(arrays->begin(), arrays->end(), std::back_inserter(inputs));
    return Error::success();
  }
  Expected<NpyArray> array = readNpy(path);
  if (!array)
    return array.takeError();
  inputs.emplace_back(name.str(), std::move(*array));
  return Error::success();
}

static const NpyArray *findArray(const NamedArrays &arrays, StringRef name) {
  for (const auto &[own, array] : arrays)
    if (own == name)
      return &array;
  return nullptr;
}

/// Rows of a decoder's tokens; 1 where nothing says it.
static int64_t findBatch(const qopt_model_info &info,
                         const NamedArrays &inputs) {
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.inputs, size_t(info.num_inputs)))
    if (info.is_decoder && spec.role == QOPT_ROLE_TOKENS)
      if (const NpyArray *array = findArray(inputs, spec.name))
        if (!array->getShape().empty())
          return array->getShape()[0];
  return 1;
}

/// Gives a decoder caches without time steps where no cache was given at all.
static Error addEmptyPast(const qopt_model_info &info, NamedArrays &inputs) {
  std::vector<const qopt_tensor_spec *> past;
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.inputs, size_t(info.num_inputs)))
    if (spec.role == QOPT_ROLE_PAST_KEY || spec.role == QOPT_ROLE_PAST_VALUE) {
      if (findArray(inputs, spec.name))
        return Error::success();
      past.push_back(&spec);
    }
  int64_t batch = findBatch(info, inputs);
  for (const qopt_tensor_spec *spec : past) {
    // [batch, heads, past, dim]
    SmallVector<int64_t> shape(spec->dims, spec->dims + spec->rank);
    shape[0] = batch;
    shape[2] = 0;
    Expected<NpyArray> array = NpyArray::create(getNpyType(spec->dtype), shape);
    if (!array)
      return array.takeError();
    inputs.emplace_back(spec->name, std::move(*array));
  }
  return Error::success();
}

static Expected<qopt_tensor> makeTensor(const std::string &name,
                                        NpyArray &array) {
  std::optional<qopt_dtype> dtype = getDtype(array.getType());
  if (!dtype)
    return createStringError("input '" + name + "' is " +
                             getName(array.getType()) +
                             ", which no model takes");
  ArrayRef<int64_t> shape = array.getShape();
  if (shape.size() > QOPT_MAX_RANK)
    return createStringError("input '" + name + "' has " + Twine(shape.size()) +
                             " dimensions, which no model takes");
  qopt_tensor tensor = {};
  tensor.name = name.c_str();
  tensor.dtype = *dtype;
  tensor.rank = int32_t(shape.size());
  copy(shape, tensor.dims);
  tensor.data = array.data();
  tensor.bytes = array.getNumBytes();
  return tensor;
}

/// Names of the outputs to ask for: those of --fetch, else all but caches.
static std::vector<std::string> chooseOutputs(const Arguments &arguments,
                                              const qopt_model_info &info) {
  if (arguments.has("fetch"))
    return arguments.getAll("fetch");
  std::vector<std::string> names;
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.outputs, size_t(info.num_outputs)))
    if (spec.role != QOPT_ROLE_PRESENT_KEY &&
        spec.role != QOPT_ROLE_PRESENT_VALUE)
      names.push_back(spec.name);
  return names;
}

/// Writes the outputs and says what they are.
static Error writeOutputs(StringRef path, ArrayRef<qopt_tensor> outputs) {
  std::vector<std::pair<std::string, NpyView>> arrays;
  Table table({{}, {}, {}});
  for (const qopt_tensor &tensor : outputs) {
    ArrayRef<int64_t> shape(tensor.dims, size_t(tensor.rank));
    NpyType type = getNpyType(tensor.dtype);
    arrays.emplace_back(tensor.name,
                        NpyView{type, shape, (const char *)tensor.data});
    table.addRow({tensor.name, getName(type).str(), formatShape(shape)});
  }
  if (Error error = writeNpz(path, arrays))
    return error;
  table.print(outs());
  return Error::success();
}

/// What the model says of its inputs and outputs, with the artifact's path.
static Error addPath(StringRef path, Error error) {
  if (!error)
    return Error::success();
  return createStringError(path + ": " + toString(std::move(error)));
}

static Expected<int> run(const Arguments &arguments) {
  if (!arguments.has("output"))
    return createStringError("expects --output");
  Expected<int64_t> threads = arguments.getInteger("threads", 0, 1, maxThreads);
  if (!threads)
    return threads.takeError();
  StringRef path = arguments.operand(0);
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());

  NamedArrays inputs;
  for (const std::string &argument : arguments.getAll("input"))
    if (Error error = addInputs(argument, inputs))
      return error;
  if (Error error = addEmptyPast(info, inputs))
    return error;
  std::vector<qopt_tensor> tensors;
  for (auto &[name, array] : inputs) {
    Expected<qopt_tensor> tensor = makeTensor(name, array);
    if (!tensor)
      return addPath(path, tensor.takeError());
    tensors.push_back(*tensor);
  }
  std::vector<std::string> names = chooseOutputs(arguments, info);
  std::vector<qopt_tensor> outputs(names.size());
  for (size_t i = 0; i != names.size(); ++i)
    outputs[i].name = names[i].c_str();

  // A session's batch is fixed; the inputs say what it must be.
  Expected<SessionPointer> session = createSession(
      model->get(), {*threads, /*context=*/0, findBatch(info, inputs)});
  if (!session)
    return addPath(path, session.takeError());
  if (Error error =
          addPath(path, check(qopt_session_run(session->get(), tensors.data(),
                                               tensors.size(), outputs.data(),
                                               outputs.size()))))
    return error;
  if (Error error = writeOutputs(arguments.get("output"), outputs))
    return error;
  return 0;
}

const Command runCommand = {
    "run",
    "run a model on arrays in files",
    {"m.qopt"},
    {{"input", "NAME=FILE.npy",
      "the inputs of the ONNX file, types and shapes as it says; FILE.npz for\n"
      "several at once. Inputs past_* may be left out: no time steps; a model\n"
      "without inputs needs none",
      /*list=*/true},
     {"output", "FILE.npz", "where the outputs are written"},
     {"fetch", "NAME",
      "outputs to write (default: all but the caches present_*)",
      /*list=*/true},
     threadsOption},
    {"qopt run encoder.qopt --input input_ids=ids.npy attention_mask=mask.npy "
     "--output out.npz",
     "qopt run decoder.qopt --input inputs.npz --output out.npz --fetch logits "
     "present.0.key"},
    run};

} // namespace qopt

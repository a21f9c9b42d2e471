//===- Tokens.cpp - Tokens as inputs of a model ---------------------------===//

#include "tools/qopt/Tokens.h"

#include "qopt/artifact.h"
#include "tools/qopt/Model.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cstring>

using namespace llvm;

namespace qopt {

Expected<std::vector<int64_t>> readTokens(const std::string &path,
                                          int64_t vocabulary) {
  Expected<NpyArray> array = readNpy(path);
  if (!array)
    return array.takeError();
  Expected<std::vector<int64_t>> tokens = getIntegers(*array);
  if (!tokens)
    return createFileError(path, tokens.takeError());
  if (tokens->size() < 2)
    return createFileError(path,
                           createStringError("expects at least two tokens"));
  for (size_t i = 0; vocabulary > 0 && i != tokens->size(); ++i)
    if ((*tokens)[i] < 0 || (*tokens)[i] >= vocabulary)
      return createFileError(
          path, createStringError(
                    "token " + Twine(i) + " is " + Twine((*tokens)[i]) +
                    ", outside the vocabulary [0, " + Twine(vocabulary) + ")"));
  return tokens;
}

Error checkVocabulary(ArrayRef<int64_t> ids, int64_t vocabulary) {
  for (int64_t id : ids)
    if (vocabulary > 0 && id >= vocabulary)
      return createStringError("the tokenizer gives token " + Twine(id) +
                               ", but the model's vocabulary has " +
                               Twine(vocabulary) + ": it is another model's");
  return Error::success();
}

Error checkWindow(StringRef path, const qopt_model_info &info, int64_t window) {
  if (!info.is_decoder || window <= info.max_context)
    return Error::success();
  return createFileError(
      path, createStringError(
                "expects a window of at most " + Twine(info.max_context) +
                " tokens, the model's context, but got " + Twine(window)));
}

/// What an input is for, a qopt_role. Names say it where the structure of the
/// graph does not.
static int32_t findRole(const qopt_tensor_spec &spec) {
  if (spec.role != QOPT_ROLE_PLAIN)
    return spec.role;
  return StringSwitch<int32_t>(spec.name)
      .Case("input_ids", QOPT_ROLE_TOKENS)
      .Case("attention_mask", QOPT_ROLE_MASK)
      .Case("position_ids", QOPT_ROLE_POSITIONS)
      .Default(QOPT_ROLE_PLAIN);
}

/// Fails for element types that do not count.
static Error fill(NpyArray &array, function_ref<int64_t(int64_t)> valueAt) {
  NpyType type = array.getType();
  bool isFloat = type == NpyType::F32, isDouble = type == NpyType::F64;
  if (!isFloat && !isDouble &&
      (type == NpyType::F16 || type == NpyType::BF16 || type == NpyType::C64 ||
       type == NpyType::C128))
    return createStringError("expects integers, float32 or float64, but is " +
                             getName(type));
  size_t bytes = getElementBytes(type);
  for (int64_t i = 0; i != array.getNumElements(); ++i) {
    int64_t value = valueAt(i);
    float single = float(value);
    double wide = double(value);
    // Of an integer the lowest bytes come first.
    std::memcpy(array.data() + size_t(i) * bytes,
                isFloat    ? (const void *)&single
                : isDouble ? (const void *)&wide
                           : &value,
                bytes);
  }
  return Error::success();
}

static Error fillInput(const qopt_tensor_spec &spec, NpyArray &array,
                       ArrayRef<int64_t> tokens) {
  int64_t length = int64_t(tokens.size());
  switch (findRole(spec)) {
  case QOPT_ROLE_TOKENS:
    if (array.getNumElements() != length)
      return createStringError("expects " + Twine(array.getNumElements()) +
                               " tokens, but got " + Twine(length));
    return fill(array, [&](int64_t i) { return tokens[size_t(i)]; });
  case QOPT_ROLE_MASK:
    return fill(array, [](int64_t) { return 1; });
  case QOPT_ROLE_POSITIONS:
    return fill(array, [&](int64_t i) { return i % length; });
  case QOPT_ROLE_PAST_KEY:
  case QOPT_ROLE_PAST_VALUE:
    return Error::success(); // empty
  default:
    if (StringRef(spec.name) == "token_type_ids")
      return fill(array, [](int64_t) { return 0; });
    return createStringError("is neither token ids, nor a mask, positions, "
                             "token types or a cache");
  }
}

Expected<TokenInputs> makeTokenInputs(const qopt_model_info &info,
                                      ArrayRef<int64_t> tokens) {
  TokenInputs made;
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.inputs, size_t(info.num_inputs))) {
    auto because = [&](Error error) {
      return createStringError("input '" + Twine(spec.name) +
                               "': " + toString(std::move(error)));
    };
    qopt_tensor tensor = {};
    tensor.name = spec.name;
    tensor.dtype = spec.dtype;
    tensor.rank = spec.rank;
    for (int32_t i = 0; i != spec.rank; ++i)
      tensor.dims[i] =
          getInputSize(spec, i, {1, int64_t(tokens.size()), /*past=*/0});
    Expected<NpyArray> array = NpyArray::create(
        getNpyType(spec.dtype), ArrayRef(tensor.dims, size_t(spec.rank)));
    if (!array)
      return because(array.takeError());
    if (Error error = fillInput(spec, *array, tokens))
      return because(std::move(error));
    tensor.data = array->data();
    tensor.bytes = array->getNumBytes();
    made.arrays.push_back(std::move(*array));
    made.tensors.push_back(tensor);
  }
  return made;
}

} // namespace qopt

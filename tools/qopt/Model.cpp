//===- Model.cpp - The runtime's objects, owned ---------------------------===//

#include "tools/qopt/Model.h"

#include "lib/Symbols/DimExpr.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace qopt {

static constexpr std::pair<NpyType, qopt_dtype> dtypes[] = {
    {NpyType::Bool, QOPT_BOOL},     {NpyType::I8, QOPT_INT8},
    {NpyType::I16, QOPT_INT16},     {NpyType::I32, QOPT_INT32},
    {NpyType::I64, QOPT_INT64},     {NpyType::U8, QOPT_UINT8},
    {NpyType::U16, QOPT_UINT16},    {NpyType::U32, QOPT_UINT32},
    {NpyType::U64, QOPT_UINT64},    {NpyType::F16, QOPT_FLOAT16},
    {NpyType::BF16, QOPT_BFLOAT16}, {NpyType::F32, QOPT_FLOAT},
    {NpyType::F64, QOPT_DOUBLE}};

Error check(qopt_status status) {
  if (status == QOPT_OK)
    return Error::success();
  return createStringError(inconvertibleErrorCode(), Twine(qopt_last_error()));
}

Expected<ModelPointer> openModel(StringRef path) {
  qopt_model *model;
  if (Error error = check(qopt_model_load(path.str().c_str(), &model)))
    return error;
  return ModelPointer(model);
}

Expected<SessionPointer> createSession(qopt_model *model,
                                       const SessionOptions &limits) {
  qopt_session_options options = {};
  options.threads = int32_t(limits.threads);
  options.context = limits.context;
  options.batch = limits.batch;
  options.cancel = limits.cancel;
  qopt_session *session;
  if (Error error = check(qopt_session_create(model, &options, &session)))
    return error;
  return SessionPointer(session);
}

std::optional<qopt_dtype> getDtype(NpyType type) {
  for (auto [npy, dtype] : dtypes)
    if (npy == type)
      return dtype;
  return std::nullopt;
}

NpyType getNpyType(int32_t dtype) {
  for (auto [npy, own] : dtypes)
    if (own == dtype)
      return npy;
  llvm_unreachable("the runtime's types all have a numpy type");
}

int64_t getInputSize(const qopt_tensor_spec &spec, int32_t dimension,
                     const InputSizes &sizes) {
  if (spec.dims[dimension] >= 0)
    return spec.dims[dimension];
  std::optional<DimExpr> size = DimExpr::parse(spec.dim_texts[dimension]);
  if (!size)
    return dimension == 0 ? sizes.batch : sizes.sequence;
  std::map<std::string, int64_t> values;
  for (const std::string &name : size->symbols()) {
    StringRef symbol(name);
    values[name] = symbol.contains_insensitive("batch")  ? sizes.batch
                   : symbol.contains_insensitive("past") ? sizes.past
                                                         : sizes.sequence;
  }
  return size->evaluate(values);
}

} // namespace qopt

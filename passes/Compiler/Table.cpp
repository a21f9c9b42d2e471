//===- Table.cpp - The artifact's table from the signature ----------------===//

#include "passes/Compiler/Table.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/EntryArguments.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace qopt {

int32_t dtypeNumber(Type type) {
  if (type.isF32())
    return QOPT_FLOAT;
  if (type.isF16())
    return QOPT_FLOAT16;
  if (type.isBF16())
    return QOPT_BFLOAT16;
  if (type.isF64())
    return QOPT_DOUBLE;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return 0;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return QOPT_BOOL;
  case 8:
    return isUnsigned ? QOPT_UINT8 : QOPT_INT8;
  case 16:
    return isUnsigned ? QOPT_UINT16 : QOPT_INT16;
  case 32:
    return isUnsigned ? QOPT_UINT32 : QOPT_INT32;
  case 64:
    return isUnsigned ? QOPT_UINT64 : QOPT_INT64;
  default:
    return 0;
  }
}

static int32_t roleNumber(StringRef role) {
  return llvm::StringSwitch<int32_t>(role)
      .Case("tokens", QOPT_ROLE_TOKENS)
      .Case("mask", QOPT_ROLE_MASK)
      .Case("positions", QOPT_ROLE_POSITIONS)
      .Case("past_key", QOPT_ROLE_PAST_KEY)
      .Case("past_value", QOPT_ROLE_PAST_VALUE)
      .Case("logits", QOPT_ROLE_LOGITS)
      .Case("present_key", QOPT_ROLE_PRESENT_KEY)
      .Case("present_value", QOPT_ROLE_PRESENT_VALUE)
      .Default(QOPT_ROLE_PLAIN);
}

static FailureOr<TensorInfo> makeTensor(SignatureOp signature,
                                        DictionaryAttr tensor,
                                        ArrayRef<std::string> symbols) {
  TensorInfo info;
  StringRef name = tensor.getAs<StringAttr>("name").getValue();
  info.name = name.str();
  auto type =
      dyn_cast<RankedTensorType>(tensor.getAs<TypeAttr>("type").getValue());
  auto sizes = type ? getSizes(type) : std::nullopt;
  if (!sizes)
    return signature.emitError()
           << "'" << name << "': its sizes are no expressions over symbols";
  info.dtype = dtypeNumber(type.getElementType());
  if (info.dtype == 0)
    return signature.emitError()
           << "'" << name << "': element type " << type.getElementType()
           << " is not supported at the interface";
  if (auto role = tensor.getAs<StringAttr>("role"))
    info.role = roleNumber(role.getValue());
  if (auto cache = tensor.getAs<IntegerAttr>("cache"))
    info.cache = cache.getInt();
  if (sizes->size() > QOPT_MAX_RANK)
    return signature.emitError()
           << "'" << name << "': rank " << sizes->size() << " is more than the "
           << QOPT_MAX_RANK << " that are supported at the interface";
  for (const DimExpr &size : *sizes) {
    auto linear = toLinearSize(size, symbols);
    if (!linear)
      return signature.emitError()
             << "'" << name << "': size '" << size.str() << "' is not linear";
    info.dims.push_back(*linear);
  }
  return info;
}

std::vector<ComparedOp> listComparedOps(ModuleOp module) {
  SignatureOp signature = *module.getOps<SignatureOp>().begin();
  std::vector<ComparedOp> ops;
  ArrayAttr outputs = signature.getOutputs();
  for (size_t i = 0; i + 1 < outputs.size(); ++i) {
    auto output = cast<DictionaryAttr>(outputs[i]);
    auto text = [](DictionaryAttr output, StringRef key) {
      return output.getAs<StringAttr>(key).str();
    };
    if (output.get("node"))
      ops.push_back({text(output, "node"), text(output, "path"),
                     text(output, "format"), text(output, "activations"),
                     text(output, "name"),
                     text(cast<DictionaryAttr>(outputs[i + 1]), "name")});
  }
  return ops;
}

/// Whether a function has an argument or result with the attribute.
static bool isMarked(ModuleOp module, StringRef attribute) {
  return llvm::any_of(
      module.getOps<func::FuncOp>(), [&](func::FuncOp function) {
        auto has = [&](ArrayAttr all) {
          return all && llvm::any_of(all, [&](Attribute attributes) {
                   return cast<DictionaryAttr>(attributes).contains(attribute);
                 });
        };
        return has(function.getAllArgAttrs()) ||
               has(function.getAllResultAttrs());
      });
}

FailureOr<ArtifactTable> makeTable(ModuleOp module) {
  SignatureOp signature = *module.getOps<SignatureOp>().begin();
  ArtifactTable table;
  for (Attribute symbol : signature.getSymbols())
    table.symbols.push_back(cast<StringAttr>(symbol).getValue().str());
  if (table.symbols.size() > QOPT_MAX_SYMBOLS)
    return signature.emitError() << "the model has " << table.symbols.size()
                                 << " dynamic sizes, more than the "
                                 << QOPT_MAX_SYMBOLS << " that are supported";
  // The caller's wishes, no sizes of the interface: these come last, but a
  // model may have sizes of the same names.
  auto take = [&](StringRef attribute) {
    bool isThere = isMarked(module, attribute);
    if (isThere)
      table.symbols.pop_back();
    return isThere;
  };
  table.hasCandidates = take(candidatesAttr);
  table.picksLogits = take(logitRowsAttr);
  auto indexOf = [&](StringRef name) -> int32_t {
    auto found = llvm::find(table.symbols, name);
    return found == table.symbols.end() ? -1 : found - table.symbols.begin();
  };
  table.batchSymbol = indexOf("batch");
  table.sequenceSymbol = indexOf("sequence");
  table.pastSymbol = indexOf("past");
  for (bool isOutput : {false, true})
    for (Attribute tensor :
         isOutput ? signature.getOutputs() : signature.getInputs()) {
      auto info =
          makeTensor(signature, cast<DictionaryAttr>(tensor), table.symbols);
      if (failed(info))
        return failure();
      (isOutput ? table.outputs : table.inputs).push_back(*info);
    }
  for (auto cache : module.getOps<CacheOp>()) {
    table.caches.resize(
        std::max<size_t>(table.caches.size(), cache.getIndex() + 1));
    table.caches[cache.getIndex()] = {
        int64_t(cache.getHeads()), int64_t(cache.getKeyDim()),
        int64_t(cache.getValueDim()), dtypeNumber(cache.getElementType())};
  }
  for (Attribute attribute : signature.getConditions()) {
    auto condition = cast<DictionaryAttr>(attribute);
    auto expression =
        DimExpr::parse(condition.getAs<StringAttr>("expression").getValue());
    auto linear =
        expression ? toLinearSize(*expression, table.symbols) : std::nullopt;
    if (!linear)
      return signature.emitError() << "a condition on the sizes is not linear: "
                                   << condition.getAs<StringAttr>("expression");
    table.conditions.push_back(
        {*linear, condition.getAs<StringAttr>("message").getValue().str()});
  }
  return table;
}

} // namespace qopt

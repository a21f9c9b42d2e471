//===- TableModule.cpp - The artifact's table as constants ----------------===//

#include "passes/Emit/TableModule.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include <cstddef>

using namespace llvm;

namespace qopt {
namespace {

/// A struct of artifact.h: its fields are added in its order, and each is
/// checked to lie where C puts it.
class TableBuilder {
public:
  TableBuilder(LLVMContext &context, const DataLayout &layout)
      : module(std::make_unique<Module>("table", context)), context(context),
        layout(layout), pointer(PointerType::get(context, 0)) {
    module->setDataLayout(layout);
  }

  Constant *number(int64_t value, unsigned bits) {
    return ConstantInt::getSigned(IntegerType::get(context, bits), value);
  }
  Constant *number64(int64_t value) { return number(value, 64); }
  Constant *number32(int64_t value) { return number(value, 32); }

  Constant *string(StringRef text) {
    return global(ConstantDataArray::getString(context, text), "text");
  }

  /// A pointer to a constant array, null when it is empty.
  Constant *array(ArrayRef<Constant *> elements, StringRef name) {
    if (elements.empty())
      return ConstantPointerNull::get(pointer);
    auto *type = ArrayType::get(elements.front()->getType(), elements.size());
    return global(ConstantArray::get(type, elements), name);
  }

  Constant *strings(ArrayRef<std::string> texts, StringRef name) {
    std::vector<Constant *> elements;
    for (const std::string &text : texts)
      elements.push_back(string(text));
    return array(elements, name);
  }

  Constant *function(StringRef name, Type *result) {
    if (name.empty())
      return ConstantPointerNull::get(pointer);
    auto *type = FunctionType::get(result, {pointer}, /*isVarArg=*/false);
    auto *callee =
        cast<Function>(module->getOrInsertFunction(name, type).getCallee());
    callee->setVisibility(GlobalValue::HiddenVisibility);
    return callee;
  }

  /// `offsets` and `bytes` are those that C gives the struct.
  Constant *structure(ArrayRef<Constant *> fields, ArrayRef<size_t> offsets,
                      size_t bytes) {
    Constant *value = ConstantStruct::getAnon(context, fields);
    auto *type = cast<StructType>(value->getType());
    const StructLayout *placed = layout.getStructLayout(type);
    isRight &=
        fields.size() == offsets.size() && placed->getSizeInBytes() == bytes;
    for (size_t i = 0; isRight && i < offsets.size(); ++i)
      isRight = placed->getElementOffset(unsigned(i)) == offsets[i];
    return value;
  }

  Constant *linear(const LinearSize &size);
  Constant *tensors(ArrayRef<TensorInfo> infos, StringRef name);
  Constant *caches(ArrayRef<CacheInfo> infos);
  Constant *conditions(ArrayRef<Condition> conditions);
  Constant *variants(ArrayRef<TableVariant> variants);
  Constant *artifact(const ArtifactTable &table,
                     ArrayRef<TableVariant> versions);
  Expected<std::unique_ptr<Module>> finish(Constant *artifact);

private:
  Constant *global(Constant *value, StringRef name) {
    auto *variable =
        new GlobalVariable(*module, value->getType(), /*isConstant=*/true,
                           GlobalValue::PrivateLinkage, value, name);
    variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return variable;
  }

  std::unique_ptr<Module> module;
  LLVMContext &context;
  const DataLayout &layout;
  PointerType *pointer;
  bool isRight = true;
};

Constant *TableBuilder::linear(const LinearSize &size) {
  isRight &= size.coefficients.size() <= QOPT_MAX_SYMBOLS;
  std::vector<Constant *> coefficients;
  for (size_t i = 0; i < QOPT_MAX_SYMBOLS; ++i)
    coefficients.push_back(
        number64(i < size.coefficients.size() ? size.coefficients[i] : 0));
  auto *type = ArrayType::get(IntegerType::get(context, 64), QOPT_MAX_SYMBOLS);
  return structure(
      {number64(size.constant), ConstantArray::get(type, coefficients)},
      {offsetof(qopt_linear, constant), offsetof(qopt_linear, coefficient)},
      sizeof(qopt_linear));
}

Constant *TableBuilder::tensors(ArrayRef<TensorInfo> infos, StringRef name) {
  std::vector<Constant *> elements;
  for (const TensorInfo &info : infos) {
    std::vector<Constant *> dims;
    for (const LinearSize &size : info.dims)
      dims.push_back(linear(size));
    using T = qopt_tensor_info;
    elements.push_back(
        structure({string(info.name), number32(info.dtype),
                   number32(int64_t(dims.size())), number32(info.role),
                   number32(info.cache), array(dims, "dims")},
                  {offsetof(T, name), offsetof(T, dtype), offsetof(T, rank),
                   offsetof(T, role), offsetof(T, cache), offsetof(T, dims)},
                  sizeof(T)));
  }
  return array(elements, name);
}

Constant *TableBuilder::caches(ArrayRef<CacheInfo> infos) {
  std::vector<Constant *> elements;
  for (const CacheInfo &info : infos) {
    using T = qopt_cache_info;
    elements.push_back(
        structure({number64(info.heads), number64(info.keyDim),
                   number64(info.valueDim), number32(info.dtype)},
                  {offsetof(T, heads), offsetof(T, key_dim),
                   offsetof(T, value_dim), offsetof(T, dtype)},
                  sizeof(T)));
  }
  return array(elements, "caches");
}

Constant *TableBuilder::conditions(ArrayRef<Condition> conditions) {
  std::vector<Constant *> elements;
  for (const Condition &condition : conditions) {
    using T = qopt_condition;
    elements.push_back(
        structure({linear(condition.expression), string(condition.message)},
                  {offsetof(T, expression), offsetof(T, message)}, sizeof(T)));
  }
  return array(elements, "conditions");
}

Constant *TableBuilder::variants(ArrayRef<TableVariant> variants) {
  std::vector<Constant *> elements;
  for (const TableVariant &variant : variants) {
    std::vector<Constant *> entries;
    for (size_t i = 0; i < QOPT_NUM_ENTRIES; ++i)
      entries.push_back(structure(
          {function(variant.run[i], Type::getVoidTy(context)),
           function(variant.arenaBytes[i], Type::getInt64Ty(context))},
          {offsetof(qopt_entry, run), offsetof(qopt_entry, arena_bytes)},
          sizeof(qopt_entry)));
    auto *type = ArrayType::get(entries.front()->getType(), entries.size());
    using T = qopt_variant;
    elements.push_back(structure(
        {string(variant.isa->name), number64(int64_t(variant.isa->features)),
         number64(variant.scratchBytes), ConstantArray::get(type, entries)},
        {offsetof(T, isa), offsetof(T, features), offsetof(T, scratch_bytes),
         offsetof(T, entries)},
        sizeof(T)));
  }
  return array(elements, "variants");
}

Constant *TableBuilder::artifact(const ArtifactTable &table,
                                 ArrayRef<TableVariant> versions) {
  isRight &= table.symbols.size() + table.picksLogits + table.hasCandidates <=
             QOPT_MAX_SYMBOLS;
  auto count = [&](const auto &list) { return number32(int64_t(list.size())); };
  using T = qopt_artifact_table;
  return structure({number32(QOPT_ABI_VERSION),
                    number32(sizeof(T)),
                    string(table.version),
                    string(table.modelName),
                    number64(table.weightsBytes),
                    number64(table.weightsOffset),
                    count(table.symbols),
                    count(table.inputs),
                    count(table.outputs),
                    count(table.caches),
                    count(table.conditions),
                    count(table.messages),
                    count(versions),
                    number32(table.batchSymbol),
                    number32(table.sequenceSymbol),
                    number32(table.pastSymbol),
                    number32(table.rowsSymbol),
                    number32(table.picksLogits),
                    number32(table.hasCandidates),
                    number64(table.maxContext),
                    number64(table.vocabulary),
                    strings(table.symbols, "symbols"),
                    tensors(table.inputs, "inputs"),
                    tensors(table.outputs, "outputs"),
                    caches(table.caches),
                    conditions(table.conditions),
                    strings(table.messages, "messages"),
                    variants(versions)},
                   {offsetof(T, abi),
                    offsetof(T, struct_bytes),
                    offsetof(T, version),
                    offsetof(T, model_name),
                    offsetof(T, weights_bytes),
                    offsetof(T, weights_offset),
                    offsetof(T, num_symbols),
                    offsetof(T, num_inputs),
                    offsetof(T, num_outputs),
                    offsetof(T, num_caches),
                    offsetof(T, num_conditions),
                    offsetof(T, num_messages),
                    offsetof(T, num_variants),
                    offsetof(T, batch_symbol),
                    offsetof(T, sequence_symbol),
                    offsetof(T, past_symbol),
                    offsetof(T, rows_symbol),
                    offsetof(T, picks_logits),
                    offsetof(T, has_candidates),
                    offsetof(T, max_context),
                    offsetof(T, vocabulary),
                    offsetof(T, symbols),
                    offsetof(T, inputs),
                    offsetof(T, outputs),
                    offsetof(T, caches),
                    offsetof(T, conditions),
                    offsetof(T, messages),
                    offsetof(T, variants)},
                   sizeof(T));
}

Expected<std::unique_ptr<Module>> TableBuilder::finish(Constant *artifact) {
  if (!isRight)
    return createStringError(
        "the artifact's table does not fit qopt/artifact.h");
  auto *variable =
      new GlobalVariable(*module, artifact->getType(),
                         /*isConstant=*/true, GlobalValue::ExternalLinkage,
                         artifact, "qopt_artifact");
  variable->setAlignment(Align(64));
  return std::move(module);
}

} // namespace

Expected<std::unique_ptr<Module>>
buildTableModule(LLVMContext &context, const DataLayout &layout,
                 const ArtifactTable &table, ArrayRef<TableVariant> variants) {
  TableBuilder builder(context, layout);
  return builder.finish(builder.artifact(table, variants));
}

} // namespace qopt

//===- QOpt.cpp - The quantization dialect --------------------------------===//

#include "dialects/QOpt/QOpt.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt;

#include "dialects/QOpt/QOptDialect.cpp.inc"
#include "dialects/QOpt/QOptEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/QOpt/QOptAttributes.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/QOpt/QOptTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/QOpt/QOptOps.cpp.inc"

void QOptDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/QOpt/QOptAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/QOpt/QOptTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/QOpt/QOptOps.cpp.inc"
      >();
}

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr()))
    return success();
  return emitOpError("expects a qopt.weight, but got ") << getWeightAttr();
}

//===-- Computing ops -----------------------------------------------------===//

/// An op has a result in the tensor form and an out in the buffer form.
template <typename OpType> static LogicalResult verifyForm(OpType op) {
  if (bool(op.getResult()) == bool(op.getOut()))
    return op.emitOpError("expects either a result or an out operand");
  return success();
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// The sizes agree where both are known.
static bool agree(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

/// Reads every operand but `outs`, writes these and what else is named.
static void
addEffects(Operation *op,
           SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
               &effects,
           ValueRange outs, ValueRange written = {}) {
  for (OpOperand &operand : op->getOpOperands())
    if (isa<BaseMemRefType>(operand.get().getType())) {
      bool isOut = llvm::is_contained(outs, operand.get());
      if (!isOut)
        effects.emplace_back(MemoryEffects::Read::get(), &operand);
      if (isOut || llvm::is_contained(written, operand.get()))
        effects.emplace_back(MemoryEffects::Write::get(), &operand);
    }
}

#define QOPT_EFFECTS(OP)                                                       \
  void OP::getEffects(                                                         \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>      \
          &effects) {                                                          \
    addEffects(*this, effects, getOut());                                      \
  }
QOPT_EFFECTS(EmbeddingOp)
QOPT_EFFECTS(RMSNormOp)
QOPT_EFFECTS(LayerNormOp)
QOPT_EFFECTS(RotaryTableOp)
QOPT_EFFECTS(RotaryOp)
QOPT_EFFECTS(SiluOp)
QOPT_EFFECTS(GeluOp)
QOPT_EFFECTS(RoundOp)

void MatmulOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects, getOut(), getCandidates());
}

void CandidatesOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects, {}, getOuts());
}

void QuantizeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects, {getOutCodes(), getOutScales(), getOutSums()});
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  SmallVector<Value> written;
  if (getKeyCache())
    written = {getKeyCache(), getValueCache()};
  if (getParts())
    written.push_back(getParts());
  addEffects(*this, effects, getOut(), written);
}

static Value resultOrOut(Value result, Value out) {
  return result ? result : out;
}

/// The type of a weight of codes: its own, or `weight_type` in the buffer form;
/// null for floats. `op` says when they do not fit each other.
template <typename OpType>
static FailureOr<QTensorType> quantizedType(OpType op, Value weight) {
  auto type = dyn_cast<QTensorType>(weight.getType());
  if (auto buffer = dyn_cast<MemRefType>(weight.getType());
      buffer && buffer.getElementType().isInteger(8)) {
    type = op.getWeightType() ? dyn_cast<QTensorType>(*op.getWeightType())
                              : nullptr;
    if (!type || type.getLayout().getValue() != Layout::Panels ||
        buffer != type.getBufferType())
      return op.emitOpError("expects a weight_type whose bytes are ") << buffer;
    return type;
  }
  if (op.getWeightType())
    return op.emitOpError("expects weight_type beside bytes of codes alone");
  return type;
}

/// Sizes of a weight: N is unknown when it is packed.
static std::pair<int64_t, int64_t> weightSizes(Value weight, QTensorType type) {
  if (type)
    return {type.getN(), type.getK()};
  ArrayRef<int64_t> shape = shapeOf(weight);
  return {shape.size() == 2 ? shape[0] : ShapedType::kDynamic, shape[1]};
}

LogicalResult EmbeddingOp::verify() {
  auto type = quantizedType(*this, getTable());
  if (failed(verifyForm(*this)) || failed(type))
    return failure();
  int64_t rank = *type ? 2 : shapeOf(getTable()).size();
  if (rank != 2 && rank != 3)
    return emitOpError("expects a table of rank 2, or packed of rank 3");
  if (rank == 3 && !getRows())
    return emitOpError("expects the number of rows of a packed table");
  return success();
}

QTensorType MatmulOp::getQuantizedWeight() {
  if (auto type = dyn_cast<QTensorType>(getWeight().getType()))
    return type;
  return getWeightType() ? cast<QTensorType>(*getWeightType()) : nullptr;
}

/// The input's codes come with scales and sums.
static LogicalResult verifyQuantizedInput(MatmulOp op, QTensorType weight) {
  Type element = cast<ShapedType>(op.getInput().getType()).getElementType();
  if (element.isInteger(8) != bool(op.getInputScales()))
    return op.emitOpError("expects scales and sums beside int8 codes alone");
  if (!op.getInputScales())
    return success();
  if (!weight)
    return op.emitOpError("expects a weight of codes for an input of codes");
  int64_t groups = weight.getFormat().getValue().groups(weight.getK());
  int64_t scales = shapeOf(op.getInputScales()).back(),
          sums = shapeOf(op.getInputSums()).back();
  if (sums != groups || (scales != 1 && scales != groups))
    return op.emitOpError("expects sums for ")
           << groups << " groups and as many scales, or one, but got " << sums
           << " and " << scales;
  return success();
}

/// Values, tokens and, of the buffer form, locks of each row of logits.
static LogicalResult verifyCandidates(Operation *op, Value logits,
                                      ValueRange lists) {
  constexpr unsigned widths[] = {32, 64, 32};
  ArrayRef<int64_t> rows = shapeOf(logits).drop_back();
  for (auto [i, list] : llvm::enumerate(lists)) {
    auto type = cast<ShapedType>(list.getType());
    Type element = type.getElementType();
    ArrayRef<int64_t> shape = type.getShape();
    int64_t last = i == 2 ? CandidatesOp::lockSize : shapeOf(lists[0]).back();
    if (!(i == 0 ? element.isF32() : element.isInteger(widths[i])) ||
        shape.size() != rows.size() + 1 || !agree(shape.back(), last) ||
        !llvm::all_of(llvm::zip(rows, shape), [](auto sizes) {
          return agree(std::get<0>(sizes), std::get<1>(sizes));
        }))
      return op->emitOpError("expects candidates of the rows of ")
             << logits.getType() << " as f32 and i64 of one size, and locks of "
             << CandidatesOp::lockSize << " i32, but got " << type;
  }
  return success();
}

LogicalResult CandidatesOp::verify() {
  bool isBuffer = isa<MemRefType>(getLogits().getType());
  if (getOuts().size() != (isBuffer ? 3 : 0) ||
      getBest().size() != (isBuffer ? 0 : 2))
    return emitOpError("expects either two results or three out operands");
  if (shapeOf(getLogits()).empty() ||
      ShapedType::isDynamic(shapeOf(getLogits()).back()))
    return emitOpError("expects rows of a constant size, but got ")
           << getLogits().getType();
  return verifyCandidates(*this, getLogits(),
                          isBuffer ? ValueRange(getOuts()) : getBest());
}

LogicalResult MatmulOp::verify() {
  if (!getCandidates().empty()) {
    if (getCandidates().size() != 3 || !getOut() || shapeOf(getOut()).empty())
      return emitOpError("expects the three outs of candidates in the buffer "
                         "form alone");
    if (failed(verifyCandidates(*this, getOut(), getCandidates())))
      return failure();
  }
  auto type = quantizedType(*this, getWeight());
  if (failed(verifyForm(*this)) || failed(type) ||
      failed(verifyQuantizedInput(*this, *type)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> result = shapeOf(resultOrOut(getResult(), getOut()));
  int64_t rank = *type ? 2 : shapeOf(getWeight()).size();
  if (rank != 2 && rank != 3)
    return emitOpError("expects a weight [N, K] or [panels, K, 32], but got ")
           << getWeight().getType();
  if (rank == 3 && shapeOf(getWeight())[2] != panelColumns)
    return emitOpError("expects panels of ")
           << panelColumns << " columns, "
           << "but got " << shapeOf(getWeight())[2];
  auto [N, K] = weightSizes(getWeight(), *type);
  if (input.empty() || input.size() != result.size())
    return emitOpError("expects input and result of the same rank");
  int64_t columns = result.back();
  if (getInputScales())
    K = paddedCodes(K);
  if (!agree(input.back(), K))
    return emitOpError("expects K = ")
           << K << " as last size of the input, but got " << input.back();
  if (!agree(columns, N) || (rank == 3 && !ShapedType::isDynamic(columns) &&
                             llvm::divideCeil(columns, panelColumns) !=
                                 uint64_t(shapeOf(getWeight())[0])))
    return emitOpError(
               "expects a result whose last size fits the weight, but got ")
           << columns;
  for (Value extra : getExtras()) {
    ArrayRef<int64_t> shape = shapeOf(extra);
    if (shape.size() != 1 && shape.size() != result.size())
      return emitOpError(
                 "expects extras [N] or of the result's sizes, but got ")
             << extra.getType();
    if (shape.empty() || !agree(shape.back(), columns))
      return emitOpError("expects extras whose last size is ") << columns;
  }
  if (getEpilogue().empty()) {
    if (!getExtras().empty())
      return emitOpError("expects an epilogue that reads its extras");
    return success();
  }
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != 1 + getExtras().size() ||
      !llvm::all_of(body.getArgumentTypes(),
                    [](Type type) { return type.isF32(); }))
    return emitOpError("expects an epilogue of ")
           << 1 + getExtras().size() << " f32 arguments";
  return success();
}

LogicalResult FusedOp::verify() {
  int64_t count = 0;
  for (Operation &op : getBody().front()) {
    bool isBuffer = isa<memref::AllocOp>(op); // the items' own
    if (isBuffer && (getSharing() != Sharing::Items ||
                     !llvm::any_of(op.getUsers(), [&](Operation *user) {
                       auto product = dyn_cast<MatmulOp>(user);
                       return product && product.getOut() == op.getResult(0) &&
                              product.getInputScales();
                     })))
      return emitOpError("expects items that share an allocation, and a "
                         "product of codes that writes it");
    if (!isBuffer &&
        (!isa<QOptDialect>(op.getDialect()) || op.getNumResults() != 0))
      return emitOpError("expects computing ops in the buffer form, but got ")
             << op.getName();
    count += !isBuffer;
  }
  if (count < 2)
    return emitOpError("expects at least two ops");
  return success();
}

LogicalResult QuantizeOp::verify() {
  bool hasResults = bool(getCodes()), hasOuts = bool(getOutCodes());
  if (hasResults == hasOuts || hasResults != bool(getScales()) ||
      hasResults != bool(getSums()) || hasOuts != bool(getOutScales()) ||
      hasOuts != bool(getOutSums()))
    return emitOpError("expects either three results or three out operands");
  int64_t K = shapeOf(getInput()).empty() ? ShapedType::kDynamic
                                          : shapeOf(getInput()).back();
  if (ShapedType::isDynamic(K) || int64_t(getBlock()) < 1)
    return emitOpError("expects rows of a constant size and a block of at "
                       "least 1");
  int64_t groups = llvm::divideCeil(K, getBlock());
  Value outs[] = {resultOrOut(getCodes(), getOutCodes()),
                  resultOrOut(getScales(), getOutScales()),
                  resultOrOut(getSums(), getOutSums())};
  int64_t sizes[] = {paddedCodes(K), getPerToken() ? 1 : groups, groups};
  unsigned widths[] = {8, 32, 32};
  bool areFloats[] = {false, true, false};
  for (auto [out, size, width, isFloat] :
       llvm::zip_equal(outs, sizes, widths, areFloats)) {
    auto type = cast<ShapedType>(out.getType());
    Type element = type.getElementType();
    bool fits = isFloat ? element.isF32() : element.isInteger(width);
    if (!fits || type.getRank() != int64_t(shapeOf(getInput()).size()) ||
        type.getShape().back() != size)
      return emitOpError("expects codes of i8, scales of f32 and sums of i32 "
                         "with last sizes ")
             << sizes[0] << ", " << sizes[1] << " and " << sizes[2];
  }
  return success();
}

template <typename OpType> static LogicalResult verifyNorm(OpType op) {
  if (failed(verifyForm(op)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(op.getInput()),
                    scale = shapeOf(op.getScale());
  if (scale.size() != 1 || input.empty() || !agree(scale[0], input.back()))
    return op.emitOpError("expects a scale of the input's last size, but got ")
           << op.getScale().getType();
  return success();
}

LogicalResult RMSNormOp::verify() { return verifyNorm(*this); }
LogicalResult LayerNormOp::verify() { return verifyNorm(*this); }
LogicalResult SiluOp::verify() { return verifyForm(*this); }
LogicalResult GeluOp::verify() { return verifyForm(*this); }
LogicalResult RoundOp::verify() { return verifyForm(*this); }

LogicalResult RotaryTableOp::verify() {
  if (failed(verifyForm(*this)))
    return failure();
  if (shapeOf(getPositions()).size() != 2 ||
      shapeOf(getFrequencies()).size() != 1)
    return emitOpError(
        "expects positions [batch, sequence] and frequencies [n]");
  return success();
}

LogicalResult RotaryOp::verify() {
  if (failed(verifyForm(*this)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput()), table = shapeOf(getTable());
  if (input.size() != 3 || table.size() != 3)
    return emitOpError("expects input and table of rank 3");
  if (ShapedType::isDynamic(input[2]) || int64_t(getNumHeads()) < 1 ||
      input[2] % int64_t(getNumHeads()) != 0)
    return emitOpError("expects a last size that is a multiple of ")
           << getNumHeads() << " heads, but got " << input[2];
  if (ShapedType::isDynamic(table[2]) || table[2] % 2 != 0 ||
      table[2] > input[2] / int64_t(getNumHeads()))
    return emitOpError("expects a table for at most ")
           << input[2] / int64_t(getNumHeads()) << " elements, but got "
           << table[2];
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyForm(*this)))
    return failure();
  int64_t heads = getNumHeads(), kvHeads = getNumKvHeads();
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0)
    return emitOpError("expects a multiple of ")
           << kvHeads << " key/value heads, but got " << heads << " heads";
  for (Value operand : {getQuery(), getKey(), getValue()})
    if (shapeOf(operand).size() != 3 ||
        ShapedType::isDynamic(shapeOf(operand)[2]))
      return emitOpError("expects query, key and value [batch, steps, heads * "
                         "size], but got ")
             << operand.getType();
  int64_t query = shapeOf(getQuery())[2], key = shapeOf(getKey())[2],
          value = shapeOf(getValue())[2];
  if (query % heads != 0 || key % kvHeads != 0 || value % kvHeads != 0 ||
      query / heads != key / kvHeads)
    return emitOpError("expects heads of one size for query and key, but got ")
           << query << " / " << heads << " and " << key << " / " << kvHeads;
  if (bool(getKeyCache()) != bool(getValueCache()) ||
      bool(getKeyCache()) != bool(getPast()))
    return emitOpError("expects both buffers of a cache and the past, or none");
  Type parts = getParts() ? getParts().getType() : nullptr;
  Type expected = getOut() ? getPartsType() : nullptr;
  if (parts == expected)
    return success();
  if (!expected)
    return emitOpError("expects no parts but in the buffer form of one query "
                       "step with a cache");
  return emitOpError("expects parts of type ") << expected;
}

//===- QOpt.cpp - The quantization dialect --------------------------------===//

#include "dialects/QOpt/QOpt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt;

#include "dialects/QOpt/QOptDialect.cpp.inc"
#include "dialects/QOpt/QOptEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/QOpt/QOptAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/QOpt/QOptOps.cpp.inc"

void QOptDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/QOpt/QOptAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/QOpt/QOptOps.cpp.inc"
      >();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (getSizes().size() != shape.size())
    return emitError() << "expects a size in #qopt.dims for each of "
                       << shape.size() << " dimensions, but got "
                       << getSizes().size();
  for (auto [text, size] : llvm::zip(getSizes(), shape)) {
    auto expression = DimExpr::parse(text.getValue());
    if (!expression && text.getValue() != "?")
      return emitError() << "expects sizes in #qopt.dims that are expressions "
                            "over symbols, but got "
                         << text;
    if (!ShapedType::isDynamic(size) &&
        (!expression || expression->constant() != size))
      return emitError() << "expects the size " << size
                         << " in #qopt.dims too, but got " << text;
  }
  return success();
}

RankedTensorType qopt::getTensorType(ArrayRef<DimExpr> sizes,
                                     Type elementType) {
  MLIRContext *context = elementType.getContext();
  SmallVector<int64_t> shape;
  SmallVector<StringAttr> names;
  bool isStatic = true;
  for (const DimExpr &size : sizes) {
    shape.push_back(size.constant().value_or(ShapedType::kDynamic));
    names.push_back(StringAttr::get(context, size.str()));
    isStatic &= size.isConstant();
  }
  return RankedTensorType::get(shape, elementType,
                               isStatic ? Attribute()
                                        : DimsAttr::get(context, names));
}

std::optional<SmallVector<DimExpr>> qopt::getSizes(RankedTensorType type) {
  SmallVector<DimExpr> sizes;
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size)) {
      sizes.push_back(size);
      continue;
    }
    if (!dims || dims.getSizes().size() != type.getShape().size())
      return std::nullopt;
    auto expression = DimExpr::parse(dims.getSizes()[i].getValue());
    if (!expression)
      return std::nullopt;
    sizes.push_back(*expression);
  }
  return sizes;
}

Value qopt::materialize(OpBuilder &builder, Location loc, const DimExpr &size) {
  if (auto constant = size.constant())
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  return DimOp::create(builder, loc, builder.getIndexType(), size.str());
}

LogicalResult WeightOp::verify() {
  if (getFile().has_value() == getValue().has_value())
    return emitOpError("expects either a file range or a value");
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError("expects a static shape, but got ") << type;
  if (getFile() && uint64_t(getLength()) !=
                       uint64_t(type.getNumElements()) *
                           std::max(1u, type.getElementTypeBitWidth() / 8))
    return emitOpError("expects as many bytes as ")
           << type << " has, but got " << getLength();
  if (getTransposed() && type.getRank() < 2)
    return emitOpError("expects a matrix to be transposed, but got ") << type;
  return success();
}

/// The symbol is a `SymbolOp`.
template <typename SymbolOp>
static LogicalResult verifySymbol(Operation *op, FlatSymbolRefAttr symbol,
                                  SymbolTableCollection &symbols) {
  if (symbols.lookupNearestSymbolFrom<SymbolOp>(op, symbol))
    return success();
  return op->emitOpError("expects a ")
         << SymbolOp::getOperationName() << ", but got " << symbol;
}

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifySymbol<WeightOp>(*this, getWeightAttr(), symbols);
}

LogicalResult GetCacheOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifySymbol<CacheOp>(*this, getCacheAttr(), symbols);
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

/// Reads every operand but `out`, writes `out` and what else is named.
template <typename OpType>
static void
addEffects(OpType op,
           SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
               &effects,
           ValueRange written = {}) {
  for (OpOperand &operand : op->getOpOperands())
    if (isa<BaseMemRefType>(operand.get().getType())) {
      bool isOut = operand.get() == op.getOut();
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
    addEffects(*this, effects);                                                \
  }
QOPT_EFFECTS(EmbeddingOp)
QOPT_EFFECTS(MatmulOp)
QOPT_EFFECTS(RMSNormOp)
QOPT_EFFECTS(LayerNormOp)
QOPT_EFFECTS(RotaryTableOp)
QOPT_EFFECTS(RotaryOp)
QOPT_EFFECTS(SiluOp)
QOPT_EFFECTS(GeluOp)

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  SmallVector<Value> written;
  if (getKeyCache())
    written = {getKeyCache(), getValueCache()};
  addEffects(*this, effects, written);
}

static Value resultOrOut(Value result, Value out) {
  return result ? result : out;
}

LogicalResult EmbeddingOp::verify() {
  if (failed(verifyForm(*this)))
    return failure();
  int64_t rank = shapeOf(getTable()).size();
  if (rank != 2 && rank != 3)
    return emitOpError("expects a table of rank 2, or packed of rank 3");
  return success();
}

LogicalResult MatmulOp::verify() {
  if (failed(verifyForm(*this)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput()), weight = shapeOf(getWeight());
  ArrayRef<int64_t> result = shapeOf(resultOrOut(getResult(), getOut()));
  if (weight.size() != 2 && weight.size() != 3)
    return emitOpError("expects a weight [N, K] or [panels, K, 32], but got ")
           << getWeight().getType();
  if (weight.size() == 3 && weight[2] != panelColumns)
    return emitOpError("expects panels of ")
           << panelColumns << " columns, but got " << weight[2];
  if (input.empty() || input.size() != result.size())
    return emitOpError("expects input and result of the same rank");
  int64_t columns = result.back();
  if (!agree(input.back(), weight[1]))
    return emitOpError("expects K = ")
           << weight[1] << " as last size of the input, but got "
           << input.back();
  if (!agree(columns, weight.size() == 2 ? weight[0] : columns) ||
      (weight.size() == 3 && !ShapedType::isDynamic(columns) &&
       llvm::divideCeil(columns, panelColumns) != uint64_t(weight[0])))
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
  return success();
}

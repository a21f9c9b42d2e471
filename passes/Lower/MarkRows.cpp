//===- MarkRows.cpp - Rows of a batch that are apart ----------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_MARKROWS
#include "passes/Passes.h.inc"

namespace {

/// What the rows of a batch mean for a type.
enum class Kind {
  Same,  ///< nothing: its sizes do not depend on how many there are
  Rows,  ///< one part for each, in order: the first size is rows * something
  Other, ///< anything else, or not known
};

class RowsChecker {
public:
  explicit RowsChecker(StringRef rows)
      : name(rows), rows(DimExpr::symbol(rows)) {}

  Kind kindOf(Type type) const;
  /// Whether each row of the results depends on that row of the operands alone.
  /// What the types say of operands holds: every op is asked.
  bool isApart(Operation *op) const;

private:
  bool dependsOn(const DimExpr &size) const {
    return llvm::is_contained(size.symbols(), name);
  }
  bool isRows(Value value) const {
    return kindOf(value.getType()) == Kind::Rows;
  }
  bool isApart(linalg::GenericOp op) const;
  bool isReadByRow(tensor::ExtractOp read, linalg::GenericOp loop,
                   std::optional<unsigned> dimension) const;
  bool hasApartBody(linalg::GenericOp op,
                    std::optional<unsigned> dimension) const;
  bool isShared(Operation *op, Value value) const;
  bool isRowwise(Operation *op) const;

  std::string name;
  DimExpr rows;
};

Kind RowsChecker::kindOf(Type type) const {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return isa<UnrankedTensorType>(type) ? Kind::Other : Kind::Same;
  auto sizes = getSizes(tensor);
  if (!sizes)
    return Kind::Other;
  if (llvm::none_of(*sizes, [&](const DimExpr &d) { return dependsOn(d); }))
    return Kind::Same;
  auto rest = sizes->front().dividedBy(rows);
  bool isFirst = rest && !dependsOn(*rest);
  for (const DimExpr &size : ArrayRef(*sizes).drop_front())
    isFirst &= !dependsOn(size);
  return isFirst ? Kind::Rows : Kind::Other;
}

/// An element of a tensor that the body of a loop reads by position: of the
/// loop's own row, which `dimension` is, when the tensor has rows.
bool RowsChecker::isReadByRow(tensor::ExtractOp read, linalg::GenericOp loop,
                              std::optional<unsigned> dimension) const {
  if (!isRows(read.getTensor()))
    return kindOf(read.getTensor().getType()) == Kind::Same;
  if (!dimension)
    return false;
  auto sizes = getSizes(read.getTensor().getType());
  auto own = getSizes(cast<RankedTensorType>(loop.getResult(0).getType()));
  auto index = read.getIndices().front().getDefiningOp<linalg::IndexOp>();
  return index && index.getDim() == *dimension &&
         sizes->front() == own->front();
}

/// The number of the row serves only to find the row.
bool RowsChecker::hasApartBody(linalg::GenericOp op,
                               std::optional<unsigned> dimension) const {
  auto result = op.getBody()->walk([&](Operation *inner) {
    if (auto read = dyn_cast<tensor::ExtractOp>(inner);
        read && !isReadByRow(read, op, dimension))
      return WalkResult::interrupt();
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (!index || index.getDim() != dimension)
      return WalkResult::advance();
    bool findsRow = llvm::all_of(index->getUses(), [&](OpOperand &use) {
      auto read = dyn_cast<tensor::ExtractOp>(use.getOwner());
      return read && use.getOperandNumber() == 1 && isRows(read.getTensor());
    });
    return findsRow ? WalkResult::advance() : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

/// A loop that goes through the rows in one parallel dimension, the first of
/// all that has rows.
bool RowsChecker::isApart(linalg::GenericOp op) const {
  if (llvm::none_of(op->getOperands(), [&](Value v) { return isRows(v); }))
    return hasApartBody(op, std::nullopt);
  if (!llvm::all_of(op.getResults(), [&](Value v) { return isRows(v); }))
    return false;
  DimExpr size =
      getSizes(cast<RankedTensorType>(op.getResult(0).getType()))->front();
  auto first = dyn_cast<AffineDimExpr>(
      op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResult(0));
  if (!first || op.getIteratorTypesArray()[first.getPosition()] !=
                    utils::IteratorType::parallel)
    return false;
  unsigned dimension = first.getPosition();
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<AffineExpr> map = op.getMatchingIndexingMap(&operand).getResults();
    if (isRows(operand.get())) {
      auto type = cast<RankedTensorType>(operand.get().getType());
      if (map.front() != first || getSizes(type)->front() != size)
        return false;
      map = map.drop_front();
    }
    for (AffineExpr expression : map)
      if (expression.isFunctionOfDim(dimension))
        return false;
  }
  return hasApartBody(op, dimension);
}

/// Whether an operand without rows is the same for all of them: a weight, or
/// one that is broadcast. What has another symbol as its first size may have as
/// many rows when it runs.
bool RowsChecker::isShared(Operation *op, Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2 || getSizes(type)->front().constant() == 1)
    return true;
  return type.hasStaticShape() && !isa<AttentionOp, RotaryOp>(op);
}

/// Ops that compute each row, and more so each part of the first size, alone.
bool RowsChecker::isRowwise(Operation *op) const {
  if (!isa<EmbeddingOp, MatmulOp, QuantizeOp, RoundOp, RMSNormOp, LayerNormOp,
           RotaryTableOp, RotaryOp, AttentionOp, SiluOp, GeluOp>(op))
    return false;
  if (auto product = dyn_cast<MatmulOp>(op);
      product && isRows(product.getWeight()))
    return false;
  if (auto embedding = dyn_cast<EmbeddingOp>(op);
      embedding && isRows(embedding.getTable()))
    return false;
  // All that has rows has one first size.
  std::optional<DimExpr> size;
  auto isRight = [&](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    DimExpr own = getSizes(type)->front();
    if (!size)
      size = own;
    return *size == own && type.getRank() > 1;
  };
  for (Value operand : op->getOperands())
    if (isRows(operand) ? !isRight(operand) : !isShared(op, operand))
      return false;
  return llvm::all_of(op->getResults(),
                      [&](Value v) { return isRows(v) && isRight(v); });
}

bool RowsChecker::isApart(Operation *op) const {
  auto is = [&](ValueRange values, Kind kind) {
    return llvm::any_of(values,
                        [&](Value v) { return kindOf(v.getType()) == kind; });
  };
  if (is(op->getOperands(), Kind::Other) || is(op->getResults(), Kind::Other))
    return false;
  if (auto size = dyn_cast<DimOp>(op))
    return !dependsOn(*DimExpr::parse(size.getExpression())) ||
           llvm::all_of(op->getUsers(), llvm::IsaPred<tensor::EmptyOp>);
  if (isa<GetCacheOp, FailIfOp>(op))
    return false;
  if (auto loop = dyn_cast<linalg::GenericOp>(op))
    return isApart(loop);
  if (!is(op->getOperands(), Kind::Rows) && !is(op->getResults(), Kind::Rows))
    return op->getNumRegions() == 0;
  // Functions are checked themselves; a view has all elements, in their order.
  if (isa<func::CallOp, func::ReturnOp, tensor::EmptyOp>(op))
    return true;
  if (isa<ReshapeOp>(op))
    return isRows(op->getOperand(0)) && isRows(op->getResult(0));
  return isRowwise(op);
}

/// The symbol that is the first size of the first input.
std::optional<std::string> findRows(func::FuncOp main) {
  if (main.getNumArguments() == 0)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(main.getArgumentTypes().front());
  auto sizes = type ? getSizes(type) : std::nullopt;
  return sizes && !sizes->empty() ? sizes->front().asSymbol() : std::nullopt;
}

/// Whether conditions say nothing about the symbol.
bool isFree(SignatureOp signature, StringRef symbol) {
  return llvm::all_of(signature.getConditions(), [&](Attribute attribute) {
    auto condition = cast<DictionaryAttr>(attribute);
    auto expression =
        DimExpr::parse(condition.getAs<StringAttr>("expression").getValue());
    return expression && !llvm::is_contained(expression->symbols(), symbol);
  });
}

struct MarkRows final : impl::MarkRowsBase<MarkRows> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto signatures = module.getOps<SignatureOp>();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    auto rows = main ? findRows(main) : std::nullopt;
    if (!rows || signatures.empty())
      return;
    SignatureOp signature = *signatures.begin();
    RowsChecker checker(*rows);
    auto isOther = [&](Type type) {
      return checker.kindOf(type) == Kind::Other;
    };
    if (!isFree(signature, *rows) ||
        llvm::any_of(main.getArgumentTypes(), isOther) ||
        llvm::any_of(main.getResultTypes(), [&](Type type) {
          return checker.kindOf(type) != Kind::Rows;
        }))
      return;
    for (auto function : module.getOps<func::FuncOp>())
      for (Block &block : function.getBody())
        for (Operation &op : block)
          if (!checker.isApart(&op))
            return;
    signature.setRows(*rows);
  }
};

} // namespace
} // namespace qopt

//===- RaiseRotary.cpp - Rotary position embedding ------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/ElementExpr.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/Patterns.h"
#include "passes/Raise/WeightRanges.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEROTARY
#include "passes/Passes.h.inc"

namespace {

using Expr = ElementExpr;

/// What cos(angle) or sin(angle) times a number is made of.
struct Angle {
  Value positions;   ///< [batch, steps]
  Value frequencies; ///< a weight or constant of as many elements
  double scaling = 1;

  bool operator==(const Angle &other) const {
    return positions == other.positions && frequencies == other.frequencies &&
           scaling == other.scaling;
  }
};

bool isF32(Value value) {
  return getElementTypeOrSelf(value.getType()).isF32();
}

/// The element of a tensor of these sizes at the symbols of these dimensions.
bool isPlace(const Expr &element, ArrayRef<DimExpr> sizes,
             ArrayRef<unsigned> dimensions) {
  if (element.kind != Expr::Kind::Load ||
      sizesOf(element.tensor) != std::vector<DimExpr>(sizes) ||
      element.indices.size() != sizes.size())
    return false;
  for (auto [size, index, dimension] :
       llvm::zip(sizes, element.indices, dimensions))
    if (index != (size.constant() == 1 ? DimExpr(0)
                                       : DimExpr::symbol(indexName(dimension))))
      return false;
  return true;
}

/// Element i of a weight or constant that has `count` elements.
bool isFrequency(const Expr &element, int64_t count) {
  if (element.kind != Expr::Kind::Load)
    return false;
  Operation *source = element.tensor.getDefiningOp();
  if (!isa_and_nonnull<GetWeightOp, arith::ConstantOp>(source) ||
      !isF32(element.tensor))
    return false;
  int64_t all = 1;
  for (auto [size, index] :
       llvm::zip(cast<RankedTensorType>(element.tensor.getType()).getShape(),
                 element.indices)) {
    all *= size;
    if (index != (size == 1 ? DimExpr(0) : DimExpr::symbol(indexName(3))))
      return false;
  }
  return all == count;
}

/// Recognises element (b, s, i) of a table [batch, steps, half] of `function`
/// (Cos or Sin).
std::optional<Angle> matchAngle(const Expr::Ptr &element, StringRef function,
                                const DimExpr &batch, const DimExpr &steps,
                                int64_t half) {
  Expr::Ptr e = element;
  Angle angle;
  if (e && e->isApply("Mul"))
    for (int i : {0, 1})
      if (auto factor = e->arguments[i]->constant()) {
        angle.scaling = *factor;
        e = e->arguments[1 - i];
        break;
      }
  if (!e || !e->isApply(function))
    return std::nullopt;
  e = e->arguments[0];
  if (!e->isApply("Mul"))
    return std::nullopt;
  for (int i : {0, 1}) {
    const Expr &position = *e->arguments[i], &frequency = *e->arguments[1 - i];
    if (!isPlace(position, {batch, steps}, {0, 2}) ||
        !getElementTypeOrSelf(position.tensor.getType()).isInteger() ||
        !isFrequency(frequency, half))
      continue;
    angle.positions = position.tensor;
    angle.frequencies = frequency.tensor;
    return angle;
  }
  return std::nullopt;
}

/// A weight or constant as a vector.
Value readFlat(PatternRewriter &rewriter, Value values, int64_t size) {
  auto type = cast<RankedTensorType>(values.getType());
  auto flat = RankedTensorType::get({size}, type.getElementType());
  if (type == flat)
    return values;
  if (auto constant = values.getDefiningOp<arith::ConstantOp>())
    return arith::ConstantOp::create(
        rewriter, constant.getLoc(),
        cast<DenseElementsAttr>(constant.getValue()).reshape(flat));
  auto get = values.getDefiningOp<GetWeightOp>();
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(get, get.getWeightAttr());
  Type stored = cast<RankedTensorType>(weight.getType()).getElementType();
  // The order of a vector's elements is the same either way.
  WeightOp other = getSameRange(rewriter, weight, ".flat", flat.clone(stored),
                                /*isTransposed=*/false);
  return GetWeightOp::create(rewriter, get.getLoc(), flat, other.getSymName());
}

/// Tables of cosines and sines as one `[batch, steps, 2 * half]`: made from the
/// positions where they come from them, else joined from what the file has.
/// `cosine` and `sine` have elements (b, h, s, i).
class TableBuilder {
public:
  TableBuilder(PatternRewriter &rewriter, Location loc, DimExpr batch,
               DimExpr steps, int64_t half)
      : rewriter(rewriter), loc(loc), batch(batch), steps(steps), half(half) {}

  /// The angle of the table's element (b, h, s, i + shift), when the table is
  /// one of `function` of angles.
  std::optional<Angle> angle(Value table, int64_t shift,
                             StringRef function) const {
    return matchAngle(element(table, shift), function, batch, steps, half);
  }

  Value fromPositions(const Angle &angle) const {
    Value frequencies = readFlat(rewriter, angle.frequencies, half);
    auto type =
        getTensorType({batch, steps, DimExpr(2 * half)}, rewriter.getF32Type());
    return RotaryTableOp::create(rewriter, loc, type, angle.positions,
                                 frequencies, Value(),
                                 rewriter.getF64FloatAttr(angle.scaling))
        .getResult();
  }

private:
  Expr::Ptr element(Value table, int64_t shift) const {
    ElementEvaluator evaluator({{indexName(0), batch},
                                {indexName(2), steps},
                                {indexName(3), DimExpr(half)}});
    std::vector<DimExpr> place = {DimExpr::symbol(indexName(0)), DimExpr(0),
                                  DimExpr::symbol(indexName(2)),
                                  DimExpr::symbol(indexName(3)) +
                                      DimExpr(shift)};
    std::vector<DimExpr> sizes = sizesOf(table);
    if (sizes.size() == 3)
      place.erase(place.begin() + 1);
    if (sizes.size() != place.size())
      return nullptr;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i].constant() == 1)
        place[i] = DimExpr(0);
    return evaluator.evaluate(table, place);
  }

  PatternRewriter &rewriter;
  Location loc;
  DimExpr batch, steps;
  int64_t half;
};

/// Makes the op on tokens and the view of it that stands for `result`.
LogicalResult replaceRotary(PatternRewriter &rewriter, onnx::NodeOp node,
                            const HeadsView &view, Value table,
                            bool interleaved) {
  Value turned =
      RotaryOp::create(rewriter, node.getLoc(), view.tokens.getType(),
                       view.tokens, table, Value(),
                       rewriter.getI64IntegerAttr(view.heads),
                       interleaved ? rewriter.getUnitAttr() : UnitAttr())
          .getResult();
  rewriter.replaceOp(
      node, makeHeadsView(rewriter, node.getLoc(), turned, view.heads));
  return success();
}

/// x when the value is (-x[half..], x[..half]) along the last dimension.
Value matchRotatedHalf(Value value, int64_t &half) {
  auto concat = definingNode(value, "Concat");
  if (!concat || concat.getInputs().size() != 2)
    return nullptr;
  int64_t rank = sizesOf(value).size(), axis = concat.intAttribute("axis", 0);
  auto negation = definingNode(concat.getInputs()[0], "Neg");
  auto upper =
      negation ? definingNode(negation.getInputs()[0], "Slice") : nullptr;
  auto lower = definingNode(concat.getInputs()[1], "Slice");
  if ((axis != -1 && axis != rank - 1) || !upper || !lower ||
      upper.getInputs()[0] != lower.getInputs()[0])
    return nullptr;
  auto from = matchSlice(upper), start = matchSlice(lower);
  std::vector<DimExpr> sizes = sizesOf(value),
                       lowerSizes = sizesOf(lower.getOutputs()[0]);
  if (!from || !start || sizes.empty() || lowerSizes.empty())
    return nullptr;
  auto size = sizes.back().constant();
  if (!size || *size % 2 != 0)
    return nullptr;
  half = *size / 2;
  if (from->starts.back() != DimExpr(half) ||
      start->starts.back() != DimExpr(0) || lowerSizes.back() != DimExpr(half))
    return nullptr;
  return lower.getInputs()[0];
}

/// x * cos + rotate_half(x) * sin
struct RaiseRotatedHalf final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Add"))
      return rewriter.notifyMatchFailure(node, "no sum");
    for (int i : {0, 1}) {
      auto straight = definingNode(node.getInputs()[i], "Mul");
      auto turned = definingNode(node.getInputs()[1 - i], "Mul");
      for (int j : {0, 1}) {
        int64_t half = 0;
        Value x =
            turned ? matchRotatedHalf(turned.getInputs()[j], half) : Value();
        Value cosine = x && straight ? otherInput(straight, x) : Value();
        if (!cosine)
          continue;
        auto view = matchHeadsView(x);
        if (!view || !isF32(x))
          return rewriter.notifyMatchFailure(node, "no view of heads in f32");
        Value sine = turned.getInputs()[1 - j];
        std::vector<DimExpr> sizes = sizesOf(x);
        TableBuilder tables(rewriter, node.getLoc(), sizes[0], sizes[2], half);
        auto angle = tables.angle(cosine, 0, "Cos");
        for (auto [table, shift, function] :
             {std::tuple(cosine, half, "Cos"),
              std::tuple(sine, int64_t(0), "Sin"),
              std::tuple(sine, half, "Sin")}) {
          auto other = tables.angle(table, shift, function);
          if (!angle || !other || !(*other == *angle))
            return rewriter.notifyMatchFailure(node,
                                               "tables of something else");
        }
        return replaceRotary(rewriter, node, *view,
                             tables.fromPositions(*angle),
                             /*interleaved=*/false);
      }
    }
    return rewriter.notifyMatchFailure(node, "no rotated half");
  }
};

struct RaiseRotaryNode final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("RotaryEmbedding") || node.input(3))
      return rewriter.notifyMatchFailure(node,
                                         "no node with tables by position");
    Value x = node.getInputs()[0];
    auto view = matchHeadsView(x);
    std::vector<DimExpr> sizes = sizesOf(x),
                         table = sizesOf(node.getInputs()[1]);
    if (!view || !isF32(x) || table.empty() || !table.back().isConstant())
      return rewriter.notifyMatchFailure(node, "no view of heads in f32");
    int64_t half = *table.back().constant();
    TableBuilder tables(rewriter, node.getLoc(), sizes[0], sizes[2], half);
    auto angle = tables.angle(node.getInputs()[1], 0, "Cos");
    auto other = tables.angle(node.getInputs()[2], 0, "Sin");
    if (!angle || !other || !(*angle == *other))
      return rewriter.notifyMatchFailure(node, "tables of something else");
    return replaceRotary(rewriter, node, *view, tables.fromPositions(*angle),
                         node.intAttribute("interleaved", 0) != 0);
  }
};

struct RaiseRotary final : impl::RaiseRotaryBase<RaiseRotary> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseRotatedHalf, RaiseRotaryNode>(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

//===- Mask.cpp - What a mask of attention says ---------------------------===//

#include "passes/Raise/Mask.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Raise/ElementExpr.h"
#include "passes/Raise/Matchers.h"
#include <cmath>

using namespace mlir;

namespace qopt {
namespace {

using Expr = ElementExpr;

/// A score this low is none: in half precision, where -65504 is the lowest
/// number, adding it leaves nothing of the score.
constexpr double lowest = -60000;

class Recogniser {
public:
  Recogniser(OpBuilder &builder, Location loc, ArrayRef<DimExpr> scores,
             const DimExpr &past)
      : builder(builder), loc(loc), scores(scores), past(past) {}

  /// The condition under which a key is seen, as conjunction.
  bool addCondition(const Expr::Ptr &e);
  /// What is added to the score.
  bool addBias(const Expr::Ptr &e);

  Mask mask;

private:
  bool addPadding(const Expr &element, std::optional<double> equalTo);
  bool addOrder(const DimExpr &slack);
  /// The index of a dimension of the scores.
  DimExpr index(unsigned dimension) const {
    return scores[dimension].constant() == 1
               ? DimExpr(0)
               : DimExpr::symbol(indexName(dimension));
  }

  OpBuilder &builder;
  Location loc;
  ArrayRef<DimExpr> scores;
  DimExpr past;
};

/// slack >= 0 is the condition.
bool Recogniser::addOrder(const DimExpr &slack) {
  if (slack != past + index(2) - index(3))
    return false;
  mask.causal = true;
  return true;
}

/// Element (b, t) of a tensor is not zero, or is a number.
bool Recogniser::addPadding(const Expr &element,
                            std::optional<double> equalTo) {
  if (element.kind != Expr::Kind::Load || mask.padding)
    return false;
  auto type = cast<RankedTensorType>(element.tensor.getType());
  std::vector<DimExpr> sizes = sizesOf(element.tensor), kept, places, wanted;
  for (auto [size, index] : llvm::zip(sizes, element.indices))
    if (size.constant() != 1 || index != DimExpr(0)) {
      kept.push_back(size);
      places.push_back(index);
    }
  for (unsigned dimension : {0, 3})
    if (scores[dimension].constant() != 1)
      wanted.push_back(index(dimension));
  if (!type.getElementType().isInteger() || places != wanted)
    return false;
  if (scores[0].constant() == 1)
    kept.insert(kept.begin(), DimExpr(1));
  if (scores[3].constant() == 1)
    kept.push_back(DimExpr(1));
  Value padding = makeReshape(builder, loc, element.tensor, kept);
  if (equalTo) {
    auto number = DenseElementsAttr::get(
        RankedTensorType::get({}, type.getElementType()),
        builder.getIntegerAttr(type.getElementType(), int64_t(*equalTo)));
    Value constant = arith::ConstantOp::create(builder, loc, number);
    padding = makeNode(builder, loc, "Equal", {padding, constant},
                       getTensorType(kept, builder.getI1Type()));
  }
  mask.padding = padding;
  return true;
}

bool Recogniser::addCondition(const Expr::Ptr &e) {
  if (!e)
    return false;
  if (auto value = e->constant())
    return *value != 0;
  if (e->kind == Expr::Kind::Load)
    return addPadding(*e, std::nullopt);
  if (e->isApply("And"))
    return addCondition(e->arguments[0]) && addCondition(e->arguments[1]);
  if (e->isApply("NonZero"))
    return addPadding(*e->arguments[0], std::nullopt);
  if (e->isApply("LessOrEqual") || e->isApply("Less")) {
    const Expr &a = *e->arguments[0], &b = *e->arguments[1];
    if (a.kind != Expr::Kind::Size || b.kind != Expr::Kind::Size)
      return false;
    return addOrder(b.size - a.size - DimExpr(e->isApply("Less") ? 1 : 0));
  }
  if (e->isApply("Equal"))
    for (int i : {0, 1})
      if (auto number = e->arguments[i]->constant())
        return addPadding(*e->arguments[1 - i], number);
  if (e->isApply("Not")) {
    // not (c - x != 0): x is c
    const Expr &inner = *e->arguments[0];
    if (inner.isApply("NonZero") && inner.arguments[0]->isApply("Sub")) {
      const Expr &difference = *inner.arguments[0];
      for (int i : {0, 1})
        if (auto number = difference.arguments[i]->constant())
          return addPadding(*difference.arguments[1 - i], number);
    }
    if (inner.isApply("Equal"))
      for (int i : {0, 1})
        if (inner.arguments[i]->constant() == 0.0)
          return addPadding(*inner.arguments[1 - i], std::nullopt);
    if (inner.isApply("Less")) // not (a < b): b <= a
      return addOrder(inner.arguments[0]->size - inner.arguments[1]->size);
    if (inner.isApply("LessOrEqual"))
      return addOrder(inner.arguments[0]->size - inner.arguments[1]->size -
                      DimExpr(1));
  }
  return false;
}

bool Recogniser::addBias(const Expr::Ptr &e) {
  if (!e)
    return false;
  if (e->constant() == 0.0)
    return true;
  if (e->isApply("Add"))
    return addBias(e->arguments[0]) && addBias(e->arguments[1]);
  if (!e->isApply("Where"))
    return false;
  const Expr::Ptr &condition = e->arguments[0];
  auto isNone = [&](const Expr::Ptr &value, bool whenTrue) {
    if (value->constant() == 0.0)
      return true;
    // Where x is what is tested not to be zero, the other branch has x = 0.
    return !whenTrue && condition->isApply("NonZero") &&
           *condition->arguments[0] == *value;
  };
  for (bool seenWhenTrue : {true, false}) {
    auto hidden = e->arguments[seenWhenTrue ? 2 : 1]->constant();
    if (!hidden || *hidden > lowest ||
        !isNone(e->arguments[seenWhenTrue ? 1 : 2], seenWhenTrue))
      continue;
    if (!std::isinf(*hidden))
      mask.emptyRow = EmptyRow::Mean;
    if (seenWhenTrue)
      return addCondition(condition);
    auto negation = std::make_shared<Expr>();
    negation->kind = Expr::Kind::Apply;
    negation->name = "Not";
    negation->arguments = {condition};
    if (condition->isApply("Not"))
      return addCondition(condition->arguments[0]);
    return addCondition(negation);
  }
  return false;
}

} // namespace

std::optional<Mask> recogniseMask(OpBuilder &builder, Value mask,
                                  ArrayRef<DimExpr> scores,
                                  const DimExpr &past) {
  std::map<std::string, DimExpr> ranges;
  for (unsigned i = 0; i < scores.size(); ++i)
    ranges[indexName(i)] = scores[i];
  std::vector<DimExpr> sizes = sizesOf(mask), place;
  if (sizes.size() > scores.size())
    return std::nullopt;
  unsigned skip = scores.size() - sizes.size();
  for (unsigned i = 0; i < sizes.size(); ++i)
    place.push_back(sizes[i].constant() == 1
                        ? DimExpr(0)
                        : DimExpr::symbol(indexName(skip + i)));
  Expr::Ptr element = ElementEvaluator(ranges).evaluate(mask, place);
  Recogniser recogniser(builder, mask.getLoc(), scores, past);
  bool isTruth =
      cast<RankedTensorType>(mask.getType()).getElementType().isInteger(1);
  if (!(isTruth ? recogniser.addCondition(element)
                : recogniser.addBias(element)))
    return std::nullopt;
  return recogniser.mask;
}

} // namespace qopt

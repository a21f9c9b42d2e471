//===- ScaledWeights.cpp - Weights that get factors -----------------------===//

#include "passes/Fold/ScaledWeights.h"

using namespace mlir;

namespace qopt {

static FlatSymbolRefAttr symbolOf(WeightOp weight) {
  return FlatSymbolRefAttr::get(weight.getSymNameAttr());
}

static int64_t elementsOf(WeightOp weight) {
  return cast<RankedTensorType>(weight.getType()).getNumElements();
}

WeightOp ScaledWeights::clone(FlatSymbolRefAttr symbol, StringRef suffix) {
  WeightOp weight = lookup(symbol);
  OpBuilder builder(weight->getContext());
  builder.setInsertionPointAfter(weight);
  auto copy = cast<WeightOp>(builder.clone(*weight));
  copy.setSymName((weight.getSymName() + suffix).str());
  symbols.insert(copy); // another one may have the name
  return copy;
}

WeightOp ScaledWeights::makeWeight(DenseElementsAttr value, StringRef name) {
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  NamedAttrList attributes;
  attributes.set("sym_name", builder.getStringAttr(name));
  attributes.set("type", TypeAttr::get(value.getType()));
  attributes.set("value", value);
  auto weight = WeightOp::create(builder, module.getLoc(), TypeRange(),
                                 ValueRange(), attributes.getAttrs());
  symbols.insert(weight);
  return weight;
}

/// The weight that holds the factor, of rank 1 or of one element.
FlatSymbolRefAttr ScaledWeights::factorWeight(Attribute factor,
                                              StringRef ofWeight) {
  FlatSymbolRefAttr &known = factors[factor];
  if (known)
    return known;
  if (auto elements = dyn_cast<DenseElementsAttr>(factor))
    return known = symbolOf(makeWeight(elements, (ofWeight + ".factor").str()));
  auto symbol = cast<FlatSymbolRefAttr>(factor);
  WeightOp weight = lookup(symbol);
  auto type = cast<RankedTensorType>(weight.getType());
  if (type.getRank() == 1 || type.getNumElements() == 1)
    return known = symbol;
  auto flat =
      RankedTensorType::get({type.getNumElements()}, type.getElementType());
  WeightOp reading = clone(symbol, ".flat");
  reading.setType(flat);
  reading.setTransposed(false); // of one row or one column
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(
          weight.getValue().value_or(nullptr)))
    reading.setValueAttr(value.reshape(flat));
  return known = symbolOf(reading);
}

/// The product of two factors, of which one may be absent.
FlatSymbolRefAttr ScaledWeights::combine(FlatSymbolRefAttr a,
                                         FlatSymbolRefAttr b) {
  if (!a)
    return b;
  // The factor of a factor is not longer than it.
  if (elementsOf(lookup(a)) < elementsOf(lookup(b)))
    std::swap(a, b);
  if (auto known = products.lookup({a, b}))
    return known;
  WeightOp product = clone(a, ".product");
  product.setColumnFactorAttr(combine(product.getColumnFactorAttr(), b));
  return products[{a, b}] = symbolOf(product);
}

void ScaledWeights::multiply(FlatSymbolRefAttr weight, Along along,
                             Attribute factor) {
  WeightOp op = lookup(weight);
  FlatSymbolRefAttr symbol = factorWeight(factor, op.getSymName());
  if (along == Along::Rows)
    op.setRowFactorAttr(combine(op.getRowFactorAttr(), symbol));
  else
    op.setColumnFactorAttr(combine(op.getColumnFactorAttr(), symbol));
}

FlatSymbolRefAttr ScaledWeights::makeProduct(Attribute constant, Along along,
                                             Attribute factor) {
  auto elements = dyn_cast<DenseElementsAttr>(constant);
  WeightOp weight = elements
                        ? makeWeight(elements, "constant.scaled")
                        : clone(cast<FlatSymbolRefAttr>(constant), ".scaled");
  multiply(symbolOf(weight), along, factor);
  return symbolOf(weight);
}

} // namespace qopt

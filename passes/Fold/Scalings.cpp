//===- Scalings.cpp - Constant factors beside weights ---------------------===//

#include "passes/Fold/Scalings.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;

namespace qopt {

Attribute constantOf(Value value) {
  if (auto get = value.getDefiningOp<GetWeightOp>())
    return get.getWeightAttr();
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) &&
      elements.getElementType().isF32())
    return elements;
  return nullptr;
}

namespace {

/// The reciprocals; null unless all are exact, as those of powers of two are.
DenseElementsAttr reciprocals(DenseElementsAttr elements) {
  SmallVector<float> values(elements.getValues<float>());
  for (float &value : values) {
    int exponent;
    bool isPower = std::abs(std::frexp(value, &exponent)) == 0.5f;
    value = 1 / value;
    if (!isPower || !std::isnormal(value))
      return nullptr;
  }
  return DenseElementsAttr::get(elements.getType(), ArrayRef<float>(values));
}

/// The other input of the node as a factor, when it is one number or one for
/// each of the `last` elements of the last dimension.
Attribute factorOf(onnx::NodeOp node, Value value, int64_t last,
                   std::string &reason) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Attribute constant = constantOf(value);
  bool fits = type && type.hasStaticShape() &&
              (type.getNumElements() == 1 || (type.getNumElements() == last &&
                                              type.getShape().back() == last));
  if (!fits) {
    if (constant)
      reason = "its factor is neither one number nor one for each element of "
               "the last dimension";
    return nullptr;
  }
  if (!constant) {
    reason = "its factor is not constant";
    return nullptr;
  }
  auto elements = dyn_cast<DenseElementsAttr>(constant);
  if (node.is("Div") && elements)
    elements = reciprocals(elements);
  if (node.is("Div") && !elements) {
    reason = "it divides by what is not known to be a power of two, and "
             "rounded reciprocals would give other values";
    return nullptr;
  }
  if (!elements)
    return constant;
  return elements.reshape(RankedTensorType::get({elements.getNumElements()},
                                                elements.getElementType()));
}

void addTarget(Scaling &scaling, OpOperand &use, Along along) {
  scaling.targets.push_back({&use, along});
}

/// Into the scale and the bias, which are constants.
template <typename NormOp>
bool matchNorm(NormOp norm, MutableArrayRef<OpOperand> vectors,
               Scaling &scaling, std::string &reason) {
  for (OpOperand &vector : vectors) {
    if (!constantOf(vector.get())) {
      reason = "the norm's scale or bias is not constant";
      return false;
    }
    addTarget(scaling, vector, Along::Columns);
  }
  scaling.ops.push_back(norm);
  return true;
}

bool matchProduct(MatmulOp matmul, Along along, Scaling &scaling,
                  std::string &reason) {
  if (!matmul.getWeight().getDefiningOp<GetWeightOp>()) {
    reason = "the product's weight is not constant";
    return false;
  }
  addTarget(scaling, matmul.getWeightMutable(), along);
  scaling.ops.push_back(matmul);
  return true;
}

/// A sum of a product and a constant bias, of which the product is no other's.
bool matchBias(onnx::NodeOp add, Scaling &scaling, std::string &reason) {
  for (unsigned i : {0, 1}) {
    Value product = add.getInputs()[i];
    OpOperand &bias = add.getInputsMutable()[1 - i];
    auto matmul = product.getDefiningOp<MatmulOp>();
    if (!matmul || !matmul.getEpilogue().empty() || !constantOf(bias.get()) ||
        product.getType() != add.getOutputs()[0].getType())
      continue;
    auto type = cast<RankedTensorType>(bias.get().getType());
    int64_t columns = cast<ShapedType>(product.getType()).getShape().back();
    if (!type.hasStaticShape() || type.getNumElements() != columns ||
        type.getShape().empty() || type.getShape().back() != columns) {
      reason = "the product's bias is not one number for each column";
      return false;
    }
    if (!product.hasOneUse()) {
      reason = "the product before the bias is used more than once";
      return false;
    }
    if (!matchProduct(matmul, Along::Rows, scaling, reason))
      return false;
    addTarget(scaling, bias, Along::Columns);
    scaling.ops.push_back(add);
    return true;
  }
  return false;
}

/// What makes the value, without asking for the value's readers.
bool matchMaker(Value value, Scaling &scaling, std::string &reason) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto norm = dyn_cast<RMSNormOp>(op))
    return matchNorm(norm, norm.getScaleMutable(), scaling, reason);
  if (auto norm = dyn_cast<LayerNormOp>(op))
    return matchNorm(norm,
                     norm->getOpOperands().slice(1, norm.getBias() ? 2 : 1),
                     scaling, reason);
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return matmul.getEpilogue().empty() &&
           matchProduct(matmul, Along::Rows, scaling, reason);
  if (auto node = dyn_cast<onnx::NodeOp>(op))
    return node.is("Add") && matchBias(node, scaling, reason);
  if (auto embedding = dyn_cast<EmbeddingOp>(op)) {
    if (!embedding.getTable().getDefiningOp<GetWeightOp>())
      return false;
    addTarget(scaling, embedding.getTableMutable(), Along::Columns);
    scaling.ops.push_back(embedding);
    return true;
  }
  return false;
}

/// Into what makes the value that the node multiplies.
bool matchSource(Scaling &scaling, std::string &reason) {
  OpOperand &use = scaling.node.getInputsMutable()[scaling.kept];
  if (constantOf(use.get())) {
    addTarget(scaling, use, Along::Columns);
    return true;
  }
  if (!matchMaker(use.get(), scaling, reason))
    return false;
  if (!use.get().hasOneUse()) {
    reason = "what it multiplies is used more than once";
    return false;
  }
  return true;
}

/// Into the products that read the node's result.
bool matchReaders(Scaling &scaling, std::string &reason) {
  auto isProduct = [](OpOperand &use) {
    auto matmul = dyn_cast<MatmulOp>(use.getOwner());
    return matmul && &use == &matmul.getInputMutable();
  };
  auto uses = scaling.node.getOutputs()[0].getUses();
  if (!llvm::any_of(uses, isProduct))
    return false;
  if (!llvm::all_of(uses, isProduct)) {
    reason = "not all readers of its result are products";
    return false;
  }
  return llvm::all_of(uses, [&](OpOperand &use) {
    return matchProduct(cast<MatmulOp>(use.getOwner()), Along::Columns, scaling,
                        reason);
  });
}

/// The first place there is for the factor.
bool matchPlace(Scaling &scaling, std::string &reason) {
  std::string ofSource, ofReaders;
  if (matchSource(scaling, ofSource))
    return true;
  scaling.targets.clear();
  scaling.ops.clear();
  if (matchReaders(scaling, ofReaders))
    return true;
  reason = ofSource.empty() ? ofReaders : ofSource;
  return false;
}

} // namespace

std::optional<Scaling> matchScaling(onnx::NodeOp node, std::string &reason) {
  bool divides = node.is("Div");
  if ((!divides && !node.is("Mul")) || node.getInputs().size() != 2)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(node.getOutputs()[0].getType());
  if (!type || !type.getElementType().isF32() || type.getRank() == 0 ||
      ShapedType::isDynamic(type.getShape().back()))
    return std::nullopt;
  for (unsigned kept = 0; kept < (divides ? 1 : 2); ++kept) {
    Scaling scaling{node, kept, {}, {}, {}};
    if (node.getInputs()[kept].getType() != type)
      continue;
    std::string noFactor, noPlace;
    scaling.factor = factorOf(node, node.getInputs()[1 - kept],
                              type.getShape().back(), noFactor);
    if (!scaling.factor && noFactor.empty())
      continue; // it multiplies two tensors
    bool hasPlace = matchPlace(scaling, noPlace);
    if (scaling.factor && hasPlace)
      return scaling;
    if (hasPlace || !noPlace.empty())
      reason = scaling.factor ? noPlace : noFactor;
  }
  return std::nullopt;
}

} // namespace qopt

//===- QuantizeActivations.cpp - Inputs of products become codes ----------===//

#include "dialects/ONNX/ONNX.h"
#include "lib/Target/CostModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Quantize/Activations.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/Passes.h.inc"

namespace {

/// The sizes of a tensor but the last.
SmallVector<DimExpr> withLast(RankedTensorType type, int64_t last) {
  SmallVector<DimExpr> sizes = *getSizes(type);
  sizes.back() = last;
  return sizes;
}

/// One `qopt.quantize` for all products that want the same of a tensor.
class InputQuantizer {
public:
  void run(ArrayRef<MatmulOp> products) {
    for (MatmulOp matmul : products)
      run(matmul);
    for (auto &[input, quantize] : codes)
      chooseSigns(quantize);
  }

private:
  void run(MatmulOp matmul) {
    auto wanted = matmul->getAttrOfType<StringAttr>(activationsAttr);
    if (!wanted)
      return;
    matmul->removeAttr(activationsAttr);
    auto weight = dyn_cast<QTensorType>(matmul.getWeight().getType());
    auto type = cast<RankedTensorType>(matmul.getInput().getType());
    StringRef why =
        weight ? whyInputStaysFloat(type, weight.getFormat().getValue(),
                                    weight.getK(), wanted.getValue())
               : "its weight is of floats";
    if (!why.empty()) {
      matmul.emitRemark("its input stays f32: ") << why;
      return;
    }
    if (wanted.getValue() == activationsName(Activations::BF16)) {
      Value &rounded = roundedInputs[matmul.getInput()];
      if (!rounded)
        rounded = roundToBF16(matmul.getInput(), type, matmul.getLoc());
      matmul.getInputMutable().assign(rounded);
      return;
    }
    const Format &format = weight.getFormat().getValue();
    int64_t block = format.groupSize(weight.getK());
    bool perToken =
        format.block <= 0 ||
        wanted.getValue() == activationsName(Activations::Int8Token);
    QuantizeOp &quantize =
        codes[{matmul.getInput(), perToken ? -block : block}];
    if (!quantize)
      quantize =
          makeCodes(matmul.getInput(), type, block, perToken, matmul.getLoc());
    matmul.getInputMutable().assign(quantize.getCodes());
    matmul.getInputScalesMutable().assign(quantize.getScales());
    matmul.getInputSumsMutable().assign(quantize.getSums());
  }

  /// All products of the codes have to agree.
  static void chooseSigns(QuantizeOp quantize) {
    auto products = llvm::map_to_vector(
        quantize.getCodes().getUsers(),
        [](Operation *user) { return cast<MatmulOp>(user); });
    if (!llvm::all_of(products, [](MatmulOp product) {
          return takesUnsignedInputs(
              product.getQuantizedWeight().getFormat().getValue());
        }))
      return;
    quantize.setUnsignedMany(true);
    for (MatmulOp product : products)
      product.setUnsignedMany(true);
  }

  Value roundToBF16(Value input, RankedTensorType type, Location loc) {
    OpBuilder builder(input.getContext());
    builder.setInsertionPointAfterValue(input);
    Type result = getTensorType(*getSizes(type), builder.getBF16Type());
    return RoundOp::create(builder, loc, result, input, Value()).getResult();
  }

  QuantizeOp makeCodes(Value input, RankedTensorType type, int64_t block,
                       bool perToken, Location loc) {
    OpBuilder builder(input.getContext());
    builder.setInsertionPointAfterValue(input);
    int64_t K = type.getShape().back();
    int64_t groups = llvm::divideCeil(K, block);
    int64_t padded = paddedCodes(K);
    return QuantizeOp::create(
        builder, loc,
        getTensorType(withLast(type, padded), builder.getI8Type()),
        getTensorType(withLast(type, perToken ? 1 : groups),
                      builder.getF32Type()),
        getTensorType(withLast(type, groups), builder.getI32Type()), input,
        Value(), Value(), Value(), block, perToken);
  }

  DenseMap<Value, Value> roundedInputs;
  /// By tensor and block, negative for scales per token.
  DenseMap<std::pair<Value, int64_t>, QuantizeOp> codes;
};

struct QuantizeActivations final
    : impl::QuantizeActivationsBase<QuantizeActivations> {
  void runOnOperation() override {
    InputQuantizer quantizer;
    SmallVector<MatmulOp> products;
    getOperation().walk([&](MatmulOp op) { products.push_back(op); });
    quantizer.run(products);
  }
};

} // namespace

StringRef whyInputStaysFloat(RankedTensorType input, const Format &format,
                             int64_t K, StringRef wanted) {
  if (!getSizes(input) || input.isDynamicDim(input.getRank() - 1))
    return "its sizes are unknown";
  // The sum of a group, of products of at most 255 and 127, is an i32.
  if (wanted != activationsName(Activations::BF16) &&
      format.groupSize(K) > std::numeric_limits<int32_t>::max() / (255 * 127))
    return "sums of so many products do not fit 32 bits";
  return "";
}

} // namespace qopt

//===- FuseEpilogues.cpp - Elementwise ops into products ------------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "passes/Passes.h.inc"

namespace {

/// An elementwise op that can end a product.
struct Epilogue {
  Operation *op;
  Value extra; ///< its other tensor, or null
  bool accumulatorIsSecond = false;
};

bool isSum(onnx::NodeOp node) {
  return node.is("Add") || node.is("Sub") || node.is("Mul");
}

/// Ops that end a product where sizes allow it.
bool isElementwise(Operation *op) {
  auto node = dyn_cast<onnx::NodeOp>(op);
  return isa<SiluOp, GeluOp>(op) || (node && isSum(node));
}

/// Ops that would end a product if epilogues had them.
bool isOtherElementwise(Operation *op) {
  static const llvm::StringSet<> types = {
      "Abs",         "Clip",    "Div",  "Elu",  "Erf",  "Exp",
      "HardSigmoid", "Max",     "Min",  "Neg",  "Pow",  "LeakyRelu",
      "Relu",        "Sigmoid", "Sqrt", "Tanh", "Where"};
  auto node = dyn_cast<onnx::NodeOp>(op);
  return node && node.getDomain().empty() && types.contains(node.getOpType());
}

/// The elementwise op, when it can end the product; `reason` says why not.
std::optional<Epilogue> matchEpilogue(MatmulOp matmul, Operation *user,
                                      StringRef &reason) {
  auto node = dyn_cast<onnx::NodeOp>(user);
  if (!node)
    return Epilogue{user, nullptr};
  Value acc = matmul.getResult();
  if (node.getOutputs()[0].getType() != acc.getType()) {
    reason = "its user broadcasts it";
    return std::nullopt;
  }
  bool second = node.getInputs()[0] != acc;
  Value other = node.getInputs()[second ? 0 : 1];
  auto type = dyn_cast<RankedTensorType>(other.getType());
  auto whole = cast<RankedTensorType>(acc.getType());
  bool isRow = type && type.getRank() > 0 && type.hasStaticShape() &&
               type.getShape().back() == whole.getShape().back() &&
               type.getNumElements() == type.getShape().back();
  if (type != whole && !isRow) {
    reason = "the other operand of its user has other sizes";
    return std::nullopt;
  }
  return Epilogue{user, other, second};
}

Value number(OpBuilder &builder, Location loc, double value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getF32FloatAttr(value));
}

/// The op on scalars.
Value compute(OpBuilder &builder, Operation *op, Value acc, Value extra,
              bool accumulatorIsSecond) {
  Location loc = op->getLoc();
  if (isa<SiluOp>(op)) {
    Value negated = arith::NegFOp::create(builder, loc, acc);
    Value power = math::ExpOp::create(builder, loc, negated);
    Value sum =
        arith::AddFOp::create(builder, loc, power, number(builder, loc, 1));
    return arith::DivFOp::create(builder, loc, acc, sum);
  }
  if (isa<GeluOp>(op)) {
    Value scaled = arith::MulFOp::create(
        builder, loc, acc, number(builder, loc, 0.70710678118654752440));
    Value erf = math::ErfOp::create(builder, loc, scaled);
    Value sum =
        arith::AddFOp::create(builder, loc, erf, number(builder, loc, 1));
    Value half =
        arith::MulFOp::create(builder, loc, acc, number(builder, loc, 0.5));
    return arith::MulFOp::create(builder, loc, half, sum);
  }
  Value left = accumulatorIsSecond ? extra : acc;
  Value right = accumulatorIsSecond ? acc : extra;
  auto node = cast<onnx::NodeOp>(op);
  if (node.is("Add"))
    return arith::AddFOp::create(builder, loc, left, right);
  if (node.is("Sub"))
    return arith::SubFOp::create(builder, loc, left, right);
  return arith::MulFOp::create(builder, loc, left, right);
}

/// As extras are: of the result's type, or a row of rank 1.
Value asExtra(OpBuilder &builder, Location loc, Value other, MatmulOp matmul) {
  auto type = cast<RankedTensorType>(other.getType());
  if (type == matmul.getResult().getType() || type.getRank() == 1)
    return other;
  auto row =
      RankedTensorType::get(type.getShape().back(), type.getElementType());
  return ReshapeOp::create(builder, loc, row, other);
}

/// The product with the op at its end, where the op stood.
MatmulOp fuse(MatmulOp matmul, const Epilogue &epilogue) {
  OpBuilder builder(epilogue.op);
  SmallVector<Value> extras(matmul.getExtras());
  Location loc = builder.getFusedLoc({matmul.getLoc(), epilogue.op->getLoc()});
  if (epilogue.extra)
    extras.push_back(asExtra(builder, loc, epilogue.extra, matmul));
  auto fused = MatmulOp::create(builder, loc, matmul->getResultTypes(),
                                matmul.getInput(), matmul.getWeight(),
                                matmul.getInputScales(), matmul.getInputSums(),
                                extras, Value(), ValueRange(), TypeAttr(),
                                matmul.getPathAttr(), matmul.getRoleAttr());
  fused->setDiscardableAttrs(matmul->getDiscardableAttrDictionary());
  Block *body = builder.createBlock(&fused.getEpilogue());
  for (size_t i = 0; i < 1 + extras.size(); ++i)
    body->addArgument(builder.getF32Type(), loc);
  builder.setInsertionPointToStart(body);
  Value acc = body->getArgument(0);
  if (!matmul.getEpilogue().empty()) {
    IRMapping mapping;
    Block &old = matmul.getEpilogue().front();
    for (BlockArgument argument : old.getArguments())
      mapping.map(argument, body->getArgument(argument.getArgNumber()));
    for (Operation &op : old.without_terminator())
      builder.clone(op, mapping);
    acc = mapping.lookup(cast<YieldOp>(old.getTerminator()).getValue());
  }
  Value extra = epilogue.extra ? body->getArguments().back() : Value();
  YieldOp::create(
      builder, loc,
      compute(builder, epilogue.op, acc, extra, epilogue.accumulatorIsSecond));
  epilogue.op->getResult(0).replaceAllUsesWith(fused.getResult());
  epilogue.op->erase();
  matmul.erase();
  return fused;
}

/// Logits of half precision are rounded where they are made: candidates among
/// them are found there too.
void fuseCast(MatmulOp matmul) {
  if (!matmul.getResult() || !matmul.getResult().hasOneUse())
    return;
  auto node = dyn_cast<onnx::NodeOp>(*matmul.getResult().getUsers().begin());
  if (!node || !node.is("Cast"))
    return;
  Value rounded = node.getOutputs()[0];
  Type element = cast<RankedTensorType>(rounded.getType()).getElementType();
  if ((!element.isF16() && !element.isBF16()) ||
      !llvm::all_of(rounded.getUsers(),
                    llvm::IsaPred<func::ReturnOp, CandidatesOp>))
    return;
  matmul->setLoc(
      FusedLoc::get(matmul.getContext(), {matmul.getLoc(), node.getLoc()}));
  matmul.getResult().setType(cast<RankedTensorType>(rounded.getType()));
  rounded.replaceAllUsesWith(matmul.getResult());
  node.erase();
}

struct FuseEpilogues final : impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    SmallVector<MatmulOp> products;
    getOperation().walk([&](MatmulOp op) { products.push_back(op); });
    for (MatmulOp matmul : products) {
      while (matmul.getResult()) {
        if (!matmul.getResult().hasOneUse()) {
          // With an epilogue it is a residual stream: its readers are many.
          if (matmul.getEpilogue().empty() &&
              llvm::any_of(matmul.getResult().getUsers(), isElementwise))
            matmul.emitRemark("nothing is fused into the product: its result "
                              "is used more than once");
          break;
        }
        Operation *user = *matmul.getResult().getUsers().begin();
        if (!isElementwise(user)) {
          if (isOtherElementwise(user))
            matmul.emitRemark("the product is not fused with what follows: no "
                              "epilogue computes ")
                << cast<onnx::NodeOp>(user).getOpType();
          break;
        }
        StringRef reason;
        auto epilogue = matchEpilogue(matmul, user, reason);
        if (!epilogue) {
          matmul.emitRemark("the product is not fused with what follows: ")
              << reason;
          break;
        }
        matmul = fuse(matmul, *epilogue);
      }
      fuseCast(matmul);
    }
  }
};

} // namespace
} // namespace qopt

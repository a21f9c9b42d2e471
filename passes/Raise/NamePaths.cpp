//===- NamePaths.cpp - Canonical paths and roles --------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/SignatureRoles.h"
#include "passes/Raise/TiedWeights.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_NAMEPATHS
#include "passes/Passes.h.inc"

namespace {

bool isNamed(Operation *op) {
  return isa<MatmulOp, EmbeddingOp, RMSNormOp, LayerNormOp, AttentionOp>(op);
}

/// The leading components that all paths share, with a dot behind each.
std::string commonPrefix(ArrayRef<StringRef> paths) {
  if (paths.size() < 2)
    return "";
  std::string prefix;
  while (true) {
    StringRef rest = paths[0].drop_front(prefix.size());
    size_t dot = rest.find('.');
    if (dot == StringRef::npos)
      return prefix;
    std::string longer = (prefix + rest.take_front(dot + 1)).str();
    if (!llvm::all_of(paths,
                      [&](StringRef path) { return path.starts_with(longer); }))
      return prefix;
    prefix = longer;
  }
}

/// What an op multiplies by a constant; null when it does something else.
Value scaledBy(Operation *op) {
  auto node = dyn_cast_or_null<onnx::NodeOp>(op);
  if (!node || (!node.is("Mul") && !node.is("Div")))
    return nullptr;
  for (unsigned i = 0; i < (node.is("Div") ? 1 : 2); ++i) {
    Operation *other = node.getInputs()[1 - i].getDefiningOp();
    if (isa_and_nonnull<GetWeightOp, arith::ConstantOp>(other) &&
        node.getInputs()[i].getType() == node.getOutputs()[0].getType())
      return node.getInputs()[i];
  }
  return nullptr;
}

/// Any user of the value, through movements, sums, rotations and constant
/// factors, is of `Ops`.
template <typename... Ops> bool reaches(Value value, int depth = 0) {
  for (Operation *user : value.getUsers()) {
    if (isa<Ops...>(user))
      return true;
    bool passes = isa<ReshapeOp, RotaryOp>(user) || scaledBy(user) == value;
    if (auto node = dyn_cast<onnx::NodeOp>(user))
      passes |= node.is("Add") || node.is("Transpose") || node.is("Cast");
    if (passes && depth < 6 && user->getNumResults() == 1 &&
        reaches<Ops...>(user->getResult(0), depth + 1))
      return true;
  }
  return false;
}

/// The op that makes the value, through movements and constant factors.
Operation *source(Value value) {
  for (;;) {
    Operation *op = value.getDefiningOp();
    if (auto reshape = dyn_cast_or_null<ReshapeOp>(op))
      value = reshape.getInput();
    else if (Value scaled = scaledBy(op))
      value = scaled;
    else
      return op;
  }
}

/// The value is an activation, or a product with one.
bool isActivated(Value value) {
  Operation *op = source(value);
  if (isa_and_nonnull<SiluOp, GeluOp>(op))
    return true;
  auto node = dyn_cast_or_null<onnx::NodeOp>(op);
  return node && node.is("Mul") &&
         llvm::any_of(node.getInputs(), [](Value input) {
           return isa_and_nonnull<SiluOp, GeluOp>(source(input));
         });
}

/// The value is a factor beside an activation.
bool multipliesActivation(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto node = dyn_cast<onnx::NodeOp>(user);
    if (scaledBy(user) == value)
      return multipliesActivation(node.getOutputs()[0]);
    return node && node.is("Mul") && isActivated(node.getOutputs()[0]);
  });
}

/// The value is a result of the function, through conversions.
bool isResult(Value value) { return reaches<func::ReturnOp>(value); }

StringRef roleOf(MatmulOp op, int64_t vocabulary) {
  if (isa_and_nonnull<AttentionOp>(source(op.getInput())))
    return "attention.out";
  if (reaches<AttentionOp>(op.getResult()))
    return "qkv";
  if (isActivated(op.getInput()))
    return "down";
  if (reaches<SiluOp, GeluOp>(op.getResult()) ||
      multipliesActivation(op.getResult()))
    return "gate_up";
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  if (weight.getDimSize(0) == vocabulary && isResult(op.getResult()))
    return "head";
  return "other";
}

struct NamePaths final : impl::NamePathsBase<NamePaths> {
  void runOnOperation() override {
    canonicalisePaths();
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isDeclaration())
      return;
    setRoles(main);
    tieEmbeddingAndHead(getOperation());
  }

  void canonicalisePaths() {
    SmallVector<StringRef> paths;
    getOperation().walk([&](Operation *op) {
      if (isNamed(op) && !isa<AttentionOp>(op))
        if (auto path = op->getAttrOfType<StringAttr>("path"))
          paths.push_back(path.getValue());
    });
    std::string prefix = commonPrefix(paths);
    getOperation().walk([&](Operation *op) {
      auto path = op->getAttrOfType<StringAttr>("path");
      if (!isNamed(op) || !path)
        return;
      // Attention may stand elsewhere: its ops do not count for the prefix.
      StringRef rest = path.getValue();
      (void)rest.consume_front(prefix);
      op->setAttr("path", StringAttr::get(&getContext(), rest));
    });
  }

  void setRoles(func::FuncOp main) {
    Builder builder(&getContext());
    int64_t vocabulary = 0;
    Value tokens;
    main.walk([&](EmbeddingOp op) {
      op.setRoleAttr(builder.getStringAttr("embedding"));
      int64_t rows =
          cast<RankedTensorType>(op.getTable().getType()).getDimSize(0);
      if (isa<BlockArgument>(op.getIds()) && rows > vocabulary) {
        vocabulary = rows;
        tokens = op.getIds();
      }
    });
    main.walk([&](MatmulOp op) {
      op.setRoleAttr(builder.getStringAttr(roleOf(op, vocabulary)));
    });
    auto signatures = getOperation().getOps<SignatureOp>();
    if (signatures.empty())
      return;
    SignatureOp signature = *signatures.begin();
    auto setInput = [&](Value value, StringRef role) {
      // A loop of the graph has arguments of its own.
      auto argument = dyn_cast_or_null<BlockArgument>(value);
      if (argument && argument.getOwner() == &main.front())
        setInputRole(signature, main, argument.getArgNumber(), role);
    };
    setInput(tokens, "tokens");
    SymbolTable symbols(getOperation());
    main.walk([&](AttentionOp op) {
      if (!op.getKeyCache())
        return;
      setInput(op.getPadding(), "mask");
      if (auto get = op.getKeyCache().getDefiningOp<GetCacheOp>())
        symbols.lookup<CacheOp>(get.getCache()).setPathAttr(op.getPathAttr());
    });
    main.walk(
        [&](RotaryTableOp op) { setInput(op.getPositions(), "positions"); });
    Operation *terminator = main.front().getTerminator();
    for (auto [i, operand] : llvm::enumerate(terminator->getOperands())) {
      Operation *op = source(operand);
      if (auto node = dyn_cast_or_null<onnx::NodeOp>(op);
          node && node.is("Cast"))
        op = source(node.getInputs()[0]);
      auto matmul = dyn_cast_or_null<MatmulOp>(op);
      if (matmul && matmul.getRole() == "head")
        setOutputRole(signature, main, i, "logits");
    }
  }
};

} // namespace
} // namespace qopt

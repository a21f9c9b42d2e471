//===- ImportONNX.cpp - From an ONNX file to a module ---------------------===//

#include "passes/Import/ImportONNX.h"

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "lib/Onnx/Model.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "passes/Import/Types.h"

using namespace mlir;
namespace file = qopt::onnxfile;

namespace qopt {
namespace {

class Importer {
public:
  Importer(StringRef path, MLIRContext *context)
      : path(path), builder(context),
        fileLoc(FileLineColLoc::get(context, path, 0, 0)) {}

  OwningOpRef<ModuleOp> run(const file::Model &model);

private:
  LogicalResult importInterface(const file::Graph &graph);
  LogicalResult importBody(const file::Graph &graph, Block *block);
  LogicalResult importConstant(const file::Tensor &tensor);
  LogicalResult importNode(const file::Node &node, const file::Graph &graph);
  FailureOr<Attribute> importAttribute(const file::Node &node,
                                       const file::Attribute &attribute);
  FailureOr<FlatSymbolRefAttr> makeWeight(const file::Tensor &tensor,
                                          StringRef name, Location loc);
  FailureOr<Type> importType(const file::Value &value, bool isInterface,
                             const Twine &what);
  FailureOr<RankedTensorType> importType(const file::Tensor &tensor);
  Type getResultType(StringRef name, const file::Graph &graph);
  Value lookUp(const std::string &name);
  Location getLoc(StringRef node);
  InFlightDiagnostic error() {
    return emitError(UnknownLoc::get(builder.getContext())) << path << ": ";
  }

  std::string path;
  OpBuilder builder;
  Location fileLoc;
  func::FuncOp function;
  std::optional<SymbolTable> symbols;
  /// Values by name; those of a graph end with it.
  std::vector<llvm::StringMap<Value>> scopes;
  /// The types of the model's outputs, by name.
  llvm::StringMap<Type> outputTypes;
};

} // namespace

/// Its name, else that of its first result.
static StringRef nameOf(const file::Node &node) {
  if (node.name.empty())
    for (const std::string &output : node.outputs)
      if (!output.empty())
        return output;
  return node.name;
}

Location Importer::getLoc(StringRef node) {
  if (node.empty())
    return fileLoc;
  return NameLoc::get(builder.getStringAttr(node), fileLoc);
}

Value Importer::lookUp(const std::string &name) {
  for (const auto &scope : llvm::reverse(scopes))
    if (Value value = scope.lookup(name))
      return value;
  return nullptr;
}

FailureOr<Type> Importer::importType(const file::Value &value, bool isInterface,
                                     const Twine &what) {
  Type type = isInterface ? getInterfaceType(value.type, builder.getContext())
                          : getType(value.type, builder.getContext());
  if (!type)
    return error() << what << " '" << value.name << "' "
                   << explainType(value.type) << ", which is not supported";
  return type;
}

FailureOr<RankedTensorType> Importer::importType(const file::Tensor &tensor) {
  Type element = getElementType(tensor.type, builder.getContext());
  if (!element)
    return error() << "tensor '" << tensor.name << "' has the element type "
                   << file::getName(tensor.type) << ", which is not supported";
  return RankedTensorType::get(tensor.dims, element);
}

/// A symbol for a tensor that does not belong into the IR.
FailureOr<FlatSymbolRefAttr>
Importer::makeWeight(const file::Tensor &tensor, StringRef name, Location loc) {
  FailureOr<RankedTensorType> type = importType(tensor);
  if (failed(type))
    return failure();
  NamedAttrList attributes;
  attributes.set("sym_name", builder.getStringAttr(name));
  attributes.set("type", TypeAttr::get(*type));
  if (const auto *range = std::get_if<file::FileRange>(&tensor.data)) {
    // The dialect gives every element of a weight its own bytes.
    if (file::getBitWidth(tensor.type) < 8)
      return error() << "tensor '" << name << "' has the element type "
                     << file::getName(tensor.type)
                     << ", which is not supported in large tensors";
    attributes.set("file", builder.getStringAttr(range->file));
    attributes.set("offset", builder.getI64IntegerAttr(range->offset));
    attributes.set("length", builder.getI64IntegerAttr(range->length));
  } else {
    attributes.set("value",
                   getElements(std::get<std::string>(tensor.data), *type));
  }
  OpBuilder detached(builder.getContext());
  auto weight = WeightOp::create(detached, loc, TypeRange(), ValueRange(),
                                 attributes.getAttrs());
  return FlatSymbolRefAttr::get(
      symbols->insert(weight, Block::iterator(function)));
}

LogicalResult Importer::importConstant(const file::Tensor &tensor) {
  FailureOr<RankedTensorType> type = importType(tensor);
  if (failed(type))
    return failure();
  Location loc = getLoc(tensor.node.empty() ? tensor.name : tensor.node);
  const auto *bytes = std::get_if<std::string>(&tensor.data);
  Value value;
  if (bytes && tensor.numElements() <= file::maxSmallElements) {
    value = arith::ConstantOp::create(builder, loc, *type,
                                      getElements(*bytes, *type));
  } else {
    FailureOr<FlatSymbolRefAttr> weight = makeWeight(tensor, tensor.name, loc);
    if (failed(weight))
      return failure();
    value = GetWeightOp::create(builder, loc, *type, *weight);
  }
  scopes.back()[tensor.name] = value;
  return success();
}

FailureOr<Attribute>
Importer::importAttribute(const file::Node &node,
                          const file::Attribute &attribute) {
  auto import = [&](const auto &value) -> FailureOr<Attribute> {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, int64_t>) {
      return Attribute(builder.getI64IntegerAttr(value));
    } else if constexpr (std::is_same_v<T, float>) {
      return Attribute(builder.getF32FloatAttr(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      return Attribute(builder.getStringAttr(value));
    } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
      return Attribute(builder.getI64ArrayAttr(value));
    } else if constexpr (std::is_same_v<T, std::vector<float>>) {
      return Attribute(builder.getF32ArrayAttr(value));
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      SmallVector<StringRef> strings(value.begin(), value.end());
      return Attribute(builder.getStrArrayAttr(strings));
    } else if constexpr (std::is_same_v<T, file::Tensor>) {
      const auto *bytes = std::get_if<std::string>(&value.data);
      if (!bytes || value.numElements() > file::maxSmallElements) {
        FailureOr<FlatSymbolRefAttr> weight = makeWeight(
            value, node.name + "." + attribute.name, getLoc(nameOf(node)));
        if (failed(weight))
          return failure();
        return Attribute(*weight);
      }
      FailureOr<RankedTensorType> type = importType(value);
      if (failed(type))
        return failure();
      return Attribute(getElements(*bytes, *type));
    } else {
      return failure(); // graphs are regions
    }
  };
  return std::visit(import, attribute.value);
}

/// Outputs of the model have named sizes, all other values plain ones.
Type Importer::getResultType(StringRef name, const file::Graph &graph) {
  if (name.empty())
    return builder.getNoneType();
  if (scopes.size() == 1)
    if (Type type = outputTypes.lookup(name))
      return type;
  auto found = graph.types.find(name.str());
  return found == graph.types.end()
             ? Type(builder.getNoneType())
             : getType(found->second, builder.getContext());
}

LogicalResult Importer::importNode(const file::Node &node,
                                   const file::Graph &graph) {
  Location loc = getLoc(nameOf(node));
  SmallVector<Value> inputs;
  for (const std::string &name : node.inputs)
    inputs.push_back(
        name.empty() ? onnx::NoneOp::create(builder, loc, builder.getNoneType())
                           .getNone()
                     : lookUp(name));
  SmallVector<Type> types;
  for (const std::string &name : node.outputs) {
    types.push_back(getResultType(name, graph));
    if (!types.back())
      return error() << "node '" << node.name << "' (" << node.opType
                     << "): result '" << name << "' "
                     << explainType(graph.types.at(name))
                     << ", which is not supported";
  }
  SmallVector<NamedAttribute> parameters;
  SmallVector<StringRef> subgraphs;
  SmallVector<const file::Graph *> bodies;
  for (const file::Attribute &attribute : node.attributes) {
    if (auto *body =
            std::get_if<std::shared_ptr<file::Graph>>(&attribute.value)) {
      subgraphs.push_back(attribute.name);
      bodies.push_back(body->get());
      continue;
    }
    FailureOr<Attribute> value = importAttribute(node, attribute);
    if (failed(value))
      return failure();
    parameters.push_back(builder.getNamedAttr(attribute.name, *value));
  }
  auto op = onnx::NodeOp::create(
      builder, loc, types, builder.getStringAttr(node.opType), inputs,
      builder.getDictionaryAttr(parameters), builder.getStringAttr(node.domain),
      builder.getI64IntegerAttr(node.opset),
      node.scope.empty() ? nullptr : builder.getStringAttr(node.scope),
      builder.getStrArrayAttr(subgraphs), unsigned(bodies.size()));
  for (auto [region, body] : llvm::zip_equal(op.getBodies(), bodies)) {
    OpBuilder::InsertionGuard guard(builder);
    Block *block = builder.createBlock(&region);
    if (failed(importBody(*body, block)))
      return failure();
  }
  for (auto [name, result] : llvm::zip_equal(node.outputs, op.getOutputs()))
    if (!name.empty())
      scopes.back()[name] = result;
  return success();
}

/// Fills a block whose arguments, if it is a function's, are there already.
LogicalResult Importer::importBody(const file::Graph &graph, Block *block) {
  scopes.emplace_back();
  bool isFunction = scopes.size() == 1;
  for (auto [i, input] : llvm::enumerate(graph.inputs)) {
    if (!isFunction) {
      FailureOr<Type> type =
          importType(input, /*isInterface=*/false, "input of a subgraph");
      if (failed(type))
        return failure();
      block->addArgument(*type, fileLoc);
    }
    scopes.back()[input.name] = block->getArgument(i);
  }
  for (const file::Tensor &tensor : graph.initializers)
    if (failed(importConstant(tensor)))
      return failure();
  for (const file::Node &node : graph.nodes)
    if (failed(importNode(node, graph)))
      return failure();
  SmallVector<Value> results;
  for (const file::Value &output : graph.outputs)
    results.push_back(lookUp(output.name));
  if (isFunction)
    func::ReturnOp::create(builder, fileLoc, results);
  else
    onnx::YieldOp::create(builder, fileLoc, results);
  scopes.pop_back();
  return success();
}

LogicalResult Importer::importInterface(const file::Graph &graph) {
  bool isFine = true;
  SmallVector<Type> inputs;
  for (const file::Value &input : graph.inputs) {
    FailureOr<Type> type = importType(input, /*isInterface=*/true, "input");
    if (succeeded(type) && !isa<RankedTensorType>(*type)) {
      error() << "input '" << input.name << "' has no shape in the file";
      type = failure();
    }
    isFine &= succeeded(type);
    inputs.push_back(succeeded(type) ? *type : Type(builder.getNoneType()));
  }
  for (const file::Value &output : graph.outputs) {
    FailureOr<Type> type = importType(output, /*isInterface=*/true, "output");
    isFine &= succeeded(type);
    if (succeeded(type))
      outputTypes[output.name] = *type;
  }
  if (!isFine)
    return failure();
  function.setFunctionType(builder.getFunctionType(inputs, {}));
  for (auto [i, input] : llvm::enumerate(graph.inputs)) {
    function.getBody().front().addArgument(inputs[i], fileLoc);
    function.setArgAttr(i, "qopt.name", builder.getStringAttr(input.name));
  }
  return success();
}

OwningOpRef<ModuleOp> Importer::run(const file::Model &model) {
  OwningOpRef<ModuleOp> owned = ModuleOp::create(fileLoc);
  symbols.emplace(*owned);
  builder.setInsertionPointToEnd(owned->getBody());
  function = func::FuncOp::create(builder, fileLoc, "main",
                                  builder.getFunctionType({}, {}));
  symbols->insert(function);
  builder.setInsertionPointToStart(function.addEntryBlock());
  if (failed(importInterface(model.graph)) ||
      failed(importBody(model.graph, &function.getBody().front())))
    return nullptr;
  // An output that is an input or a constant has that value's type.
  Operation *terminator = function.getBody().front().getTerminator();
  function.setFunctionType(builder.getFunctionType(
      function.getArgumentTypes(), terminator->getOperandTypes()));
  for (auto [i, output] : llvm::enumerate(model.graph.outputs))
    function.setResultAttr(i, "qopt.name", builder.getStringAttr(output.name));
  if (failed(verify(*owned)))
    return nullptr;
  return owned;
}

OwningOpRef<ModuleOp> importONNX(StringRef path, MLIRContext *context) {
  context->loadDialect<QOptDialect, onnx::ONNXDialect, arith::ArithDialect,
                       func::FuncDialect>();
  llvm::Expected<file::Model> model = file::readModel(path);
  if (!model) {
    emitError(UnknownLoc::get(context)) << toString(model.takeError());
    return nullptr;
  }
  return Importer(path, context).run(*model);
}

} // namespace qopt

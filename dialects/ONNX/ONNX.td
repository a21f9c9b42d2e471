//===- ONNX.td - Any ONNX graph, one generic op ------------*- tablegen -*-===//

#ifndef QOPT_DIALECTS_ONNX_ONNX_TD
#define QOPT_DIALECTS_ONNX_ONNX_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::qopt::onnx";
  let summary = "ONNX graphs as they stand in the file";
  let description = [{
    One op holds any node, so that a file with operators that nobody compiles can
    still be read, shown and explained. What a node means is ONNX's business: its
    schema is found by `op_type`, `domain` and `opset`.
  }];
}

class ONNX_Op<string mnemonic, list<Trait> traits = []>
    : Op<ONNX_Dialect, mnemonic, traits>;

def ONNX_NodeOp : ONNX_Op<"node", [NoTerminator,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "A node of an ONNX graph";
  let description = [{
    Operands and results are those of the node, in order; an absent optional input
    is the result of `onnx.none`. `parameters` holds the node's attributes: INT and
    FLOAT as i64 and f32 attributes, STRING as string, INTS / FLOATS / STRINGS as
    arrays of these, TENSOR as dense elements; a graph attribute is a region, whose
    name stands at the same place in `subgraphs`. `opset` is the version of the
    node's domain in the file.  `scope` is the module path that the exporter
    wrote into the node's metadata, if any.

    Nodes have no side effects, but for those that draw random numbers.

    ```mlir
    %y = onnx.node "MatMul"(%a, %b) {parameters = {}, opset = 17 : i64}
        : (tensor<?x256xf32>, tensor<256x64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins
    StrAttr:$op_type,
    Variadic<AnyType>:$inputs,
    DefaultValuedAttr<DictionaryAttr, "{}">:$parameters,
    DefaultValuedStrAttr<StrAttr, "">:$domain,
    I64Attr:$opset,
    OptionalAttr<StrAttr>:$scope,
    DefaultValuedAttr<StrArrayAttr, "{}">:$subgraphs
  );
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$bodies);
  let assemblyFormat = [{
    $op_type `(` $inputs `)` (`graphs` $bodies^)? attr-dict `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The attribute of the node with this name, or null.
    ::mlir::Attribute attribute(::llvm::StringRef name) {
      return getParameters().get(name);
    }
    /// The value of an INT attribute, or `otherwise` when absent.
    int64_t intAttribute(::llvm::StringRef name, int64_t otherwise);
    /// The value of a FLOAT attribute, or `otherwise` when absent.
    double floatAttribute(::llvm::StringRef name, double otherwise);
    /// The values of an INTS attribute; nothing when absent.
    std::optional<::llvm::SmallVector<int64_t>> intsAttribute(::llvm::StringRef name);
    /// The value of a STRING attribute, or `otherwise` when absent.
    ::llvm::StringRef stringAttribute(::llvm::StringRef name, ::llvm::StringRef otherwise);
    /// Input number `i`, or null when absent.
    ::mlir::Value input(unsigned i);
    /// The node is of the standard domain and has this type.
    bool is(::llvm::StringRef type) { return getDomain().empty() && getOpType() == type; }
  }];
}

def ONNX_NoneOp : ONNX_Op<"none", [Pure]> {
  let summary = "An optional input that is absent";
  let description = [{
    ```mlir
    %none = onnx.none
    ```
  }];
  let results = (outs NoneType:$none);
  let assemblyFormat = "attr-dict";
}

def ONNX_YieldOp : ONNX_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "The outputs of a subgraph";
  let description = [{
    ```mlir
    onnx.yield %a, %b : tensor<?x4xf32>, tensor<i64>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // QOPT_DIALECTS_ONNX_ONNX_TD

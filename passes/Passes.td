//===- Passes.td - qopt passes -----------------------------*- tablegen -*-===//

#ifndef QOPT_PASSES_PASSES_TD
#define QOPT_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===-- Import ------------------------------------------------------------===//

def PropagateSymbols : Pass<"qopt-propagate-symbols", "::mlir::ModuleOp"> {
  let summary = "Give every tensor its sizes over the model's symbols";
  let description = [{
    ```mlir
    func.func @main(%ids: tensor<?x?xi64, #qopt.dims<"b", "s">>) {
      %0 = onnx.node "Shape"(%ids) {opset = 17 : i64} : (tensor<?x?xi64, #qopt.dims<"b", "s">>) -> tensor<2xi64>
      %1 = onnx.node "ConstantOfShape"(%0) {opset = 17 : i64} : (tensor<2xi64>) -> tensor<?x?xf32>
    ```
    becomes
    ```mlir
    qopt.signature {inputs = [...], outputs = [...], symbols = ["b", "s"], conditions = []}
    func.func @main(%ids: tensor<?x?xi64, #qopt.dims<"b", "s">>) {
      %b = qopt.dim "b"
      ...
      %0 = tensor.from_elements %b_i64, %s_i64 : tensor<2xi64>
      %1 = onnx.node "ConstantOfShape"(%0) {opset = 17 : i64} : (tensor<2xi64>) -> tensor<?x?xf32, #qopt.dims<"b", "s">>
    ```

    1. A walk over `@main` computes the sizes of every tensor, and the elements of
       small tensors that are made of sizes and constants, as expressions.
    2. Sizes that must be equal and are not by themselves are an equation. It
       replaces a symbol that is the size of an input; where none can be, it becomes
       conditions of `qopt.signature`. So do limits such as a table's length. The
       walk starts again until no symbol is replaced. An integer matrix whose length
       has a symbol of its own (a mask) is as long as the graph reads it.
    3. The sizes of token ids become `batch` and `sequence`, the length of what keys
       are appended to `past`; an input's size without expression is named after it.
    4. Known elements become `arith.constant` or `tensor.from_elements` of
       `qopt.dim`; nodes that change nothing or are not used are erased; types and
       the function's type get their sizes.

    A size that nothing is known of stays `?` and its type has no `#qopt.dims`. Sizes
    that contradict each other are errors. Does nothing without a function `@main`.
    Must have run before: the import.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect"];
}

include "passes/Raise/Raise.td"

//===-- Fold, Quantize, Fuse, Outline -------------------------------------===//

def FoldFactors : Pass<"qopt-fold-factors", "::mlir::ModuleOp"> {
  let summary = "Fold constant factors into the weights beside them";
  let description = [{
    ```mlir
    qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64}
    %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %w = qopt.get_weight @w : tensor<4x8xf32>
    %0 = qopt.matmul %x, %w : (...) -> tensor<?x4xf32>
    %1 = onnx.node "Mul"(%0, %c) ...
    ```
    becomes
    ```mlir
    qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64, row_factor = @w.factor}
    qopt.weight @w.factor : tensor<4xf32> {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>}
    %w = qopt.get_weight @w : tensor<4x8xf32>
    %1 = qopt.matmul %x, %w : (...) -> tensor<?x4xf32>
    ```

    The factor of a Mul is one number, or one for each element of the last dimension;
    it is a constant or a weight. Folded is what is multiplied:
    1. the result of a norm: into its scale and bias;
    2. the result of a product, with a constant bias or without: into the rows of its
       weight, and the bias;
    3. the rows of a table: into its columns;
    4. a vector or a matrix of constants: into itself;
    5. the input of products, where they are its only readers: into the columns of
       their weights.

    Div is a Mul by the reciprocals where all of them are exact: by powers of two.
    Each weight is rounded once for each of its factors, in f32, instead of each result.

    Does nothing, and says so in a remark, where what is multiplied has other readers,
    where a matrix has a reader without that factor (a tied table: a second copy would
    cost more than multiplications), or the factor does not fit. A vector that others
    read becomes one of its own. In functions that read one weight (prefill and decode)
    all is folded or nothing. Must have run before: the raising passes; weights have no
    storage yet.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def AssignStorage : Pass<"qopt-assign-storage", "::mlir::ModuleOp"> {
  let summary = "Decide type, layout and place of every weight in the artifact, and what caches hold";
  let description = [{
    The recipe's rules are asked for each weight of a product and each table, by the
    role and path of the op that reads it. Weights of codes become `!qopt.qtensor`,
    with the method that will choose them, and products get the attribute
    `activations` for `qopt-quantize-activations`. Of floats, weights of products lie
    in panels of 32 columns, tables row by row; a table that is also the weight of a
    product is read from its panels. All other floating point weights lie in f32.
    Weights that nobody reads are dropped; factors of weights that are kept stay, but
    get no place. Caches hold what the rules of role `kv_cache` say of their path,
    else f32.

    ```mlir
    qopt.weight @w : tensor<64x256xf32> {...}
    qopt.cache @c {heads = 2, index = 0, key_dim = 64, value_dim = 64}
    %w = qopt.get_weight @w : tensor<64x256xf32>
    %k, %v = qopt.get_cache @c : memref<?x2x?x64x32xf32>, memref<?x2x?x32x64xf32>
    ```
    becomes, by `{match: {role: kv_cache}, format: f16}` and `{match: {}, format: int4-g64}`,
    ```mlir
    qopt.weight @w : tensor<64x256xf32> {..., method = "rtn", packed = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, <panels>>, packed_offset = 0}
    qopt.cache @c {heads = 2, index = 0, key_dim = 64, value_dim = 64, storage = f16}
    %w = qopt.get_weight @w : !qopt.qtensor<64x256, #qopt.format<...>, <panels>>
    %k, %v = qopt.get_cache @c : memref<?x2x?x64x32xf16>, memref<?x2x?x32x64xf16>
    ```
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
  let options = [
    Option<"recipe", "recipe", "std::string", /*default=*/"\"f32\"",
           "name of a built-in recipe, or a YAML file">,
  ];
}

def CompareCodes : Pass<"qopt-compare-codes", "::mlir::ModuleOp"> {
  let summary = "Compute every op of codes in float too, and give out both results";
  let description = [{
    ```mlir
    qopt.weight @w : tensor<64x256xf32> {..., method = "rtn", packed = !qopt.qtensor<64x256, #w4, <panels>>, packed_offset = 0}
    qopt.signature {outputs = [{name = "y", ...} ], ...}
    func.func @main(%x: tensor<4x256xf32>) -> (tensor<4x64xf32> {qopt.name = "y"}) {
      %w = qopt.get_weight @w : !qopt.qtensor<64x256, ...>
      %0 = qopt.matmul %x, %w {activations = "int8-block", path = "up"} : ...
      %1 = qopt.silu %0 : ...
      return %1
    ```
    becomes
    ```mlir
    qopt.weight @w : tensor<64x256xf32> {..., method = "rtn", packed = !qopt.qtensor<64x256, #w4, <panels>>, packed_offset = 0}
    qopt.weight @w.float : tensor<64x256xf32> {..., packed = tensor<2x256x32xf32>, packed_offset = 9216}
    qopt.signature {outputs = [{name = "y", ...},
      {name = "up#codes", role = "plain", type = tensor<4x64xf32>, node = "up", path = "up", format = "codes = u4, ...", activations = "int8-block"},
      {name = "up#float", role = "plain", type = tensor<4x64xf32>} ], ...}
    func.func @main(%x: tensor<4x256xf32>) -> (tensor<4x64xf32> {qopt.name = "y"},
        tensor<4x64xf32> {qopt.name = "up#codes"}, tensor<4x64xf32> {qopt.name = "up#float"}) {
      %w = qopt.get_weight @w : !qopt.qtensor<64x256, ...>
      %0 = qopt.matmul %x, %w {activations = "int8-block", path = "up"} : ...
      %wf = qopt.get_weight @w.float : tensor<2x256x32xf32>
      %0f = qopt.matmul %x, %wf {path = "up"} : ...
      %1 = qopt.silu %0f : ...
      return %1, %0, %0f
    ```

    What follows a product or an embedding reads the result of its twin: the network
    runs in float, so that each pair has the same input and its difference is the
    error of this one op. The name of a pair is that of the ONNX node, with a number
    where it is taken. `@prefill` stands for a decoder; `@decode` is erased, as
    prefill runs a single token as well. Caches hold f32.

    Does nothing where no weight is of codes. Warns of a result whose sizes are not
    linear in the symbols, as no output may have them, and compares it not. Must have
    run before: `qopt-assign-storage`; behind it: `qopt-fuse-epilogues`, which would
    hide results.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def QuantizeActivations : Pass<"qopt-quantize-activations", "::mlir::ModuleOp"> {
  let summary = "Hold inputs of products as the recipe says";
  let description = [{
    ```mlir
    %y = qopt.matmul %x, %w {activations = "int8-token"} : (tensor<?x256xf32>, !qopt.qtensor<...>) -> ...
    ```
    becomes
    ```mlir
    %c, %s, %z = qopt.quantize %x {block = 64, per_token} : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>, tensor<?x4xi32>
    %y = qopt.matmul %c, %w quantized(%s, %z : ...) : (tensor<?x256xi8>, !qopt.qtensor<...>) -> ...
    ```
    Products that read the same tensor share its codes. `bf16` becomes a
    `qopt.round`. Does nothing where the weight is of floats; a remark says so.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def OrderProducts : Pass<"qopt-order-products", "::mlir::ModuleOp"> {
  let summary = "Let products of one input follow one another";
  let description = [{
    ```mlir
    %q = qopt.matmul %x, %wq : ...
    %r = qopt.rotary %q, %table ...
    %wk = qopt.get_weight @k : ...
    %k = qopt.matmul %x, %wk : ...
    ```
    becomes
    ```mlir
    %wk = qopt.get_weight @k : ...
    %q = qopt.matmul %x, %wq : ...
    %k = qopt.matmul %x, %wk : ...
    %r = qopt.rotary %q, %table ...
    ```
    so that `qopt-fuse-loops` finds them side by side. A product stays where it is when
    it also reads what is computed between. Must have run before:
    `qopt-quantize-activations`, after which products that read the same codes have the
    same operands, and `qopt-outline-layers`, which orders ops anew.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def FuseEpilogues : Pass<"qopt-fuse-epilogues", "::mlir::ModuleOp"> {
  let summary = "Fuse elementwise ops into the products before them";
  let description = [{
    ```mlir
    %0 = qopt.matmul %x, %w : (...) -> tensor<?x8xf32>
    %1 = onnx.node "Add"(%0, %bias) ...
    ```
    becomes
    ```mlir
    %1 = qopt.matmul %x, %w extras(%bias) epilogue {
    ^bb0(%acc: f32, %b: f32):
      %s = arith.addf %acc, %b : f32
      qopt.yield %s : f32
    } : (...) -> tensor<?x8xf32>
    ```

    Add, Sub, Mul with a tensor of the same sizes or a vector of the last size, SiLU
    and GELU fuse, one after the other; then a Cast to f16 or bf16 of what the function
    returns, as the product's element type.

    Does nothing when the product has another use, or when the other tensor has other
    sizes; a remark says so. Must have run before: `qopt-raise-products`,
    `qopt-raise-activations`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect"];
}

def OutlineLayers : Pass<"qopt-outline-layers", "::mlir::ModuleOp"> {
  let summary = "Make one function of layers that are equal";
  let description = [{
    ```mlir
    func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %0 = qopt.matmul %x, %w0 {path = "layers.0.up"} : ...
      %1 = qopt.matmul %0, %w1 {path = "layers.1.up"} : ...
      return %1 : tensor<4x8xf32>
    ```
    becomes
    ```mlir
    func.func private @main_layer(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
      %0 = qopt.matmul %x, %w {path = "layers.*.up"} : ...
      return %0 : tensor<4x8xf32>
    func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %0 = call @main_layer(%x, %w0) : ...
      %1 = call @main_layer(%0, %w1) : ...
      return %1 : tensor<4x8xf32>
    ```

    The layer of an op is the number in its path (`model.layers.3.mlp.up_proj`), or
    the highest layer that its operands come from. Layers that have the same ops,
    types and attributes, paths aside, become calls of one function that gets the
    layer's weights, caches and inputs as arguments.

    Does nothing to a layer that no other equals. Must have run before:
    `qopt-name-paths`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::func::FuncDialect"];
}

include "passes/Lower/Lower.td"

#endif // QOPT_PASSES_PASSES_TD

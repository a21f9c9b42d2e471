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

//===-- Raise -------------------------------------------------------------===//

def PromoteFloats : Pass<"qopt-promote-floats", "::mlir::ModuleOp"> {
  let summary = "Compute in f32 what the file holds in half precision";
  let description = [{
    ```mlir
    func.func @f(%x: tensor<4xf16>) -> tensor<4xf16> {
      %w = qopt.get_weight @w : tensor<4xf16>
      %0 = onnx.node "Add"(%x, %w) ... : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
      return %0 : tensor<4xf16>
    ```
    becomes
    ```mlir
    func.func @f(%x: tensor<4xf16>) -> tensor<4xf16> {
      %1 = onnx.node "Cast"(%x) {parameters = {to = 1 : i64}, ...} : (tensor<4xf16>) -> tensor<4xf32>
      %w = qopt.get_weight @w : tensor<4xf32>
      %0 = onnx.node "Add"(%1, %w) ... : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %2 = onnx.node "Cast"(%0) {parameters = {to = 10 : i64}, ...} : (tensor<4xf32>) -> tensor<4xf16>
      return %2 : tensor<4xf16>
    ```

    Values of f16 and bf16 become f32 and conversions between them vanish; the
    function's arguments and results keep their types and are converted at its
    boundary. Weights keep their type in the file and are read as f32.

    Does nothing to f64 and integers, nor to functions that are only declared.
    Runs after `qopt-propagate-symbols`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect"];
}

def RaiseMovement : Pass<"qopt-raise-movement", "::mlir::ModuleOp"> {
  let summary = "Reduce chains of reshapes and transposes to the shortest ones";
  let description = [{
    ```mlir
    %0 = onnx.node "Reshape"(%x, %s) ... -> tensor<?x?x64xf32, #qopt.dims<"4*b", "s", "64">>
    %1 = onnx.node "Transpose"(%0) {parameters = {perm = [0, 2, 1]}, ...}
    %2 = onnx.node "Reshape"(%1, %t) ... -> tensor<?x4x64x?xf32, #qopt.dims<"b", "4", "64", "s">>
    ```
    becomes, %x being `[b, 4, s, 64]`,
    ```mlir
    %2 = onnx.node "Transpose"(%x) {parameters = {perm = [0, 1, 3, 2]}, ...}
    ```

    Reshape, Flatten, Squeeze, Unsqueeze and Identity nodes become `qopt.reshape`;
    two in a row become one, two transposes in a row one; a transpose between
    reshapes that merge and split leading dimensions becomes one of the whole, and
    one that moves only dimensions of size 1 a `qopt.reshape`.

    Does nothing where sizes are unknown, and where dimensions are split otherwise
    than they were merged. Must have run before: `qopt-propagate-symbols`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseNorms : Pass<"qopt-raise-norms", "::mlir::ModuleOp"> {
  let summary = "Recognise normalizations over the last dimension";
  let description = [{
    ```mlir
    %0 = onnx.node "Pow"(%x, %two) ...
    %1 = onnx.node "ReduceMean"(%0, %last) ...
    %2 = onnx.node "Add"(%1, %epsilon) ...
    %3 = onnx.node "Sqrt"(%2) ...
    %4 = onnx.node "Div"(%x, %3) ...
    %5 = onnx.node "Mul"(%4, %scale) ...
    ```
    becomes
    ```mlir
    %5 = qopt.rms_norm %x, %scale {epsilon = 1.0e-5 : f64} : ...
    ```

    `x * (1 / sqrt(mean(x^2) + epsilon)) * scale` in its spellings, and the nodes
    RMSNormalization and LayerNormalization, become `qopt.rms_norm` and
    `qopt.layer_norm`.

    Does nothing over other dimensions, when the scale is no vector of the last size,
    when statistics of a node are read, and to what is not in f32. Must have run
    before: `qopt-propagate-symbols`, `qopt-promote-floats`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseActivations : Pass<"qopt-raise-activations", "::mlir::ModuleOp"> {
  let summary = "Recognise SiLU and GELU";
  let description = [{
    ```mlir
    %0 = onnx.node "Sigmoid"(%x) ...
    %1 = onnx.node "Mul"(%x, %0) ...
    ```
    becomes
    ```mlir
    %1 = qopt.silu %x : ...
    ```

    `x * sigmoid(x)` becomes `qopt.silu`, `x * (erf(x / sqrt(2)) + 1) * 0.5` in its
    spellings `qopt.gelu`.

    Does nothing to a gate, whose sigmoid is of something else, and to what is not in
    f32. Must have run before: `qopt-promote-floats`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseProducts : Pass<"qopt-raise-products", "::mlir::ModuleOp"> {
  let summary = "Recognise products with weights and rows of tables";
  let description = [{
    ```mlir
    qopt.weight @w : tensor<8x4xf32> {file = "m", length = 128 : i64}
    %w = qopt.get_weight @w : tensor<8x4xf32>
    %0 = onnx.node "MatMul"(%x, %w) ... : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
    ```
    becomes
    ```mlir
    qopt.weight @w.transposed : tensor<4x8xf32> {file = "m", length = 128 : i64, transposed}
    %w = qopt.get_weight @w.transposed : tensor<4x8xf32>
    %0 = qopt.matmul %x, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
    ```

    MatMul and Gemm with a matrix of weights become `qopt.matmul` on the logical
    [N, K]; Gather of rows of a matrix of weights becomes `qopt.embedding`. A bias
    stays an Add. A transposed copy of a weight that is read from the file is the
    same weight. The factors alpha and beta of a Gemm become Mul nodes.

    Does nothing to a Gemm with transA, to weights [K, N] whose value stands in the
    module, and to what is not in f32. Must have run before:
    `qopt-propagate-symbols`, `qopt-promote-floats`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect"];
}

def RaiseRotary : Pass<"qopt-raise-rotary", "::mlir::ModuleOp"> {
  let summary = "Recognise rotary position embedding";
  let description = [{
    ```mlir
    %c = onnx.node "Cos"(%angles) ...    // of p * f, p * f: [batch, 1, steps, size]
    %s = onnx.node "Sin"(%angles) ...
    %t = onnx.node "Concat"(%minus_upper, %lower) ...    // of %heads: [batch, heads, steps, size]
    %0 = onnx.node "Mul"(%heads, %c) ...
    %1 = onnx.node "Mul"(%t, %s) ...
    %y = onnx.node "Add"(%0, %1) ...
    ```
    becomes, %heads being a view of %tokens,
    ```mlir
    %t = qopt.rotary_table %p, %f : ... -> tensor<batch x steps x size>
    %r = qopt.rotary %tokens, %t {num_heads = 2 : i64} : ...
    %v = qopt.reshape %r : ...
    %y = onnx.node "Transpose"(%v) {parameters = {perm = [0, 2, 1, 3]}, ...}
    ```

    `x * cos + rotate_half(x) * sin` on [batch, heads, steps, size], and the node
    RotaryEmbedding, become `qopt.rotary` on [batch, steps, heads * size]. Cosines
    and sines that are those of position * frequency become `qopt.rotary_table`.

    Does nothing when cosines and sines are of anything but whole positions times a
    whole weight or constant of frequencies, when heads are no view of tokens, and to
    what is not in f32. Must have run before: `qopt-raise-movement`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseAttention : Pass<"qopt-raise-attention", "::mlir::ModuleOp"> {
  let summary = "Recognise scaled dot product attention and its mask";
  let description = [{
    ```mlir
    func.func @main(%q, %k, %v, %mask, %past_key, %past_value) -> (...) {
      %keys = onnx.node "Concat"(%past_key, %k_heads) ...
      %values = onnx.node "Concat"(%past_value, %v_heads) ...
      %0 = onnx.node "MatMul"(%q_heads, %keys_transposed) ...
      %1 = onnx.node "Add"(%0, %bias_of_mask) ...
      %2 = onnx.node "Softmax"(%1) ...
      %3 = onnx.node "MatMul"(%2, %values) ...
      return %3, %keys, %values
    ```
    becomes
    ```mlir
    qopt.cache @cache0 {index = 0 : i64, heads = 4 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
    func.func @main(%q, %k, %v, %mask) -> ... {
      %kc, %vc = qopt.get_cache @cache0 : ...
      %past = qopt.dim "past"
      %0 = qopt.attention %q, %k, %v padding(%mask : ...) cache(%kc, %vc, %past : ...)
             {causal, empty_row = #qopt<empty_row mean>, num_heads = 4 : i64, ...} : ...
      ... // as heads
      return %3
    ```

    `softmax(scale * q k^T + mask) v`, with keys and values repeated for grouped
    heads, and the node Attention, become `qopt.attention`. The mask is recognised by
    what its elements are: causal, a row of padding, both, or a tensor to be added.
    Keys and values that are a past and new steps one after the other become a
    cache: the past is no argument any more, the present no result.

    Does nothing without `@main` or `qopt.signature`; a remark says why what looks
    like attention stays. Must have run before: `qopt-raise-movement`,
    `qopt-raise-rotary`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def SplitDecoder : Pass<"qopt-split-decoder", "::mlir::ModuleOp"> {
  let summary = "Make prefill and decode of a model with caches";
  let description = [{
    ```mlir
    qopt.cache @cache0 ...
    func.func @main(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>) {
      %t = qopt.dim "past + sequence"
    ```
    becomes
    ```mlir
    func.func @prefill(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>) {
      %t = qopt.dim "past + sequence"
    func.func @decode(%x: tensor<?x1x8xf32, #qopt.dims<"batch", "1", "8">>) {
      %t = qopt.dim "past + 1"
    ```

    `@main` of a model with caches becomes `@prefill`, and `@decode` is a copy in
    which the sequence is 1. Both read the same weights. Weights that nobody reads
    are dropped.

    Of a prompt the logits of the last token are wanted, or none. So `@prefill` gets
    an argument with the time steps whose logits are, `[batch, logit_rows]`, takes
    these rows of the hidden state, and computes the head for them alone. Where the
    logits are not made row by row, it does not, with a remark.

    Whoever samples wants the largest logits of a row, not all: both functions get
    two more results, the `qopt.candidates` of the logits, as many as the symbol
    `candidates` says. A call asks for them, or, when that is 0, for the logits.
    Logits that are no rows of floats have none, with a remark.

    Does nothing to `@main` of a model without `qopt.cache`. Must have run before:
    `qopt-raise-attention`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def NamePaths : Pass<"qopt-name-paths", "::mlir::ModuleOp"> {
  let summary = "Find canonical paths and roles of weights";
  let description = [{
    ```mlir
    %0 = qopt.matmul %x, %up {path = "m.model.layers.0.mlp.up_proj"} : ...
    %1 = qopt.silu %0 : ...
    %2 = qopt.matmul %1, %down {path = "m.model.layers.0.mlp.down_proj"} : ...
    %3 = qopt.rms_norm %2, %s {path = "m.model.norm", ...} : ...
    ```
    becomes
    ```mlir
    %0 = qopt.matmul %x, %up {path = "layers.0.mlp.up_proj", role = "gate_up"} : ...
    %1 = qopt.silu %0 : ...
    %2 = qopt.matmul %1, %down {path = "layers.0.mlp.down_proj", role = "down"} : ...
    %3 = qopt.rms_norm %2, %s {path = "norm", ...} : ...
    ```

    The canonical path of a product or norm is the module path in the exporter's
    metadata, in the node's name or in the weight's name, less the leading
    components that all paths of the file share; attention loses them where it has
    them. The role follows from what a product reads and who reads it: `qkv`,
    `attention.out`, `gate_up`, `down`, `embedding`, `head`, `other`; tensors of the
    signature get theirs from it. Embedding and head that hold the same values become
    one weight.

    Gives no roles without `@main`. Must have run before: `qopt-raise-products`,
    `qopt-raise-attention`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

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

//===-- Lower -------------------------------------------------------------===//

def ConvertONNXToLinalg : Pass<"qopt-convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower the nodes that no qopt op stands for";
  let description = [{
    ```mlir
    %0 = onnx.node "Exp"(%x) ... -> tensor<?x8xf32, #qopt.dims<"b", "8">>
    ```
    becomes
    ```mlir
    %b = qopt.dim "b"
    %e = tensor.empty(%b) : tensor<?x8xf32, #qopt.dims<"b", "8">>
    %0 = linalg.generic {...} ins(%x) outs(%e) {
    ^bb0(%in: f32, %out: f32):
      %1 = math.exp %in : f32
      linalg.yield %1 : f32
    } -> tensor<?x8xf32, #qopt.dims<"b", "8">>
    ```

    Types keep their `#qopt.dims`; a view is a `qopt.reshape`. Elements that a body
    reads by position are `tensor.extract`; positions from data are checked by
    `qopt.fail_if`.

    Does nothing to qopt ops. Every node that cannot be lowered is an error that says
    why: an operator or element type that is not supported, sizes that are not known
    expressions, steering values (axes, starts) that come from data. Must have run
    before: `qopt-propagate-symbols`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect", "::mlir::scf::SCFDialect"];
}

def MarkRows : Pass<"qopt-mark-rows", "::mlir::ModuleOp"> {
  let summary = "Say whether the rows of a batch are computed apart";
  let description = [{
    ```mlir
    qopt.signature {inputs = [...], outputs = [...], symbols = ["batch"], conditions = []}
    func.func @main(%x: tensor<?x8xf32, #qopt.dims<"batch", "8">>)
        -> tensor<?x8xf32, #qopt.dims<"batch", "8">> {
      %y = qopt.gelu %x : ...
    ```
    becomes
    ```mlir
    qopt.signature {inputs = [...], outputs = [...], symbols = ["batch"], conditions = [],
                    rows = "batch"}
    ```

    The rows are what the first size of the first input counts, when that is a symbol.
    They are apart when no row of an output depends on another row of an input or on
    how many there are. The sizes of values tell: each value either does not depend on
    the symbol, or it is the first size, perhaps times others. Each op then has to keep
    rows apart: products, norms, attention, and loops that go through the rows in one
    parallel dimension and do not compute with its number.

    Does nothing where an op is of another kind, an output has no rows, a condition
    mentions the symbol, or there is no `@main`. Must have run before:
    `qopt-convert-onnx-to-linalg`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def Bufferize : Pass<"qopt-bufferize", "::mlir::ModuleOp"> {
  let summary = "Turn tensors into buffers, results into arguments";
  let description = [{
    ```mlir
    func.func @f(%x: tensor<?x8xf32, #d>) -> tensor<?x8xf32, #d> {
      %y = qopt.silu %x : tensor<?x8xf32, #d> -> tensor<?x8xf32, #d>
      %z = qopt.gelu %y : tensor<?x8xf32, #d> -> tensor<?x8xf32, #d>
      return %z : tensor<?x8xf32, #d>
    }
    ```
    becomes
    ```mlir
    func.func @f(%x: memref<?x8xf32>, %z: memref<?x8xf32> {qopt.output}) {
      %n = qopt.dim "batch"
      %y = memref.alloc(%n) : memref<?x8xf32>
      qopt.silu %x outs(%y : memref<?x8xf32>) : memref<?x8xf32>
      qopt.gelu %y outs(%z : memref<?x8xf32>) : memref<?x8xf32>
      return
    }
    ```

    Every intermediate is one `memref.alloc`. A destination is written in place when
    it is such a buffer and nothing else reads it any more, be it through a view;
    otherwise it is copied first. Results that are no tensors stay results.

    Runs on functions of one block whose ops have destinations, are views, or are
    computing qopt ops; fails on others, and where sizes are not known expressions.
    Must have run before: `qopt-convert-onnx-to-linalg`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

def FuseCandidates : Pass<"qopt-fuse-candidates", "::mlir::ModuleOp"> {
  let summary = "Find the largest logits while the head computes them";
  let description = [{
    ```mlir
    qopt.matmul %x, %w outs(%logits : ...) ...
    qopt.candidates %logits outs(%values, %tokens, %locks : ...) ...
    ```
    becomes
    ```mlir
    qopt.matmul %x, %w outs(%logits : ...) candidates(%values, %tokens, %locks : ...) ...
    ```
    Where candidates are wanted nobody reads the logits, and the product does not
    write them. Where logits are not what a product writes, or another op reads them
    too, they are written and searched; a remark says why. Must have run before:
    `qopt-bufferize`. Must run before `qopt-fuse-loops` and `qopt-plan-memory`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def FuseLoops : Pass<"qopt-fuse-loops", "::mlir::ModuleOp"> {
  let summary = "Run computing ops that follow each other as one parallel loop";
  let description = [{
    ```mlir
    qopt.rms_norm %x, %s outs(%n : ...) ...
    qopt.quantize %n outs(%c, %a, %z : ...) ...
    qopt.matmul %c, %q quantized(%a, %z : ...) outs(%yq : ...) ...
    qopt.matmul %c, %k quantized(%a, %z : ...) outs(%yk : ...) ...
    ```
    becomes
    ```mlir
    qopt.fused items {
      qopt.rms_norm %x, %s outs(%n : ...) ...
      qopt.quantize %n outs(%c, %a, %z : ...) ...
    }
    qopt.fused apart {
      qopt.matmul %c, %q quantized(%a, %z : ...) outs(%yq : ...) ...
      qopt.matmul %c, %k quantized(%a, %z : ...) outs(%yk : ...) ...
    }
    ```
    A norm and what quantizes or rounds its rows share items. Products of one input
    share items when their weights are of one type, so that one may read the other's
    result as an extra (gate and up); else they run apart (query, key, value). What
    quantizes the result of products of codes in blocks shares their items, which
    are whole blocks of columns then; a scale for each token needs the whole row and
    stays outside. A result of products of codes that only later ops of such a loop read
    is allocated inside of it: it never is in memory as a whole. Ops that do not follow each other are left alone; a remark says
    why. Must run before
    `qopt-plan-memory`, which keeps alive what any op of a loop reads.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def PlanMemory : Pass<"qopt-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Place the buffers of a function in one arena";
  let description = [{
    ```mlir
    func.func @f(%x: memref<64xf32>, %y: memref<64xf32>) {
      %a = memref.alloc() : memref<64xf32>
      ...
    ```
    becomes
    ```mlir
    func.func @f_arena_bytes() -> index {
      ...
      return %c256 : index
    }
    func.func @f(%x: memref<64xf32>, %y: memref<64xf32>, %arena: memref<?xi8>) {
      %a = memref.view %arena[%c0][] : memref<?xi8> to memref<64xf32>
      ...
    ```

    Every `memref.alloc` becomes a view of a new argument, the arena; buffers that
    are never alive at once may share their place. Sizes are expressions over the
    model's symbols, so places are computed when the function starts. For each
    function `@f` there is a function `@f_arena_bytes` that returns the size of its
    arena. A function that is called gets the part of the arena behind its caller's.

    Does nothing to functions that are only declared. Fails when a size is no
    expression over the symbols, or a buffer is made inside another op than
    `qopt.fused`, whose items have it. Must have run before: `qopt-bufferize`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

def LowerCall : Pass<"qopt-lower-call", "::mlir::ModuleOp"> {
  let summary = "Read sizes, weights and tensors from the runtime's call";
  let description = [{
    ```mlir
    qopt.signature {inputs = [...], symbols = ["n"], ...}
    func.func @main(%x: memref<?xf32> {qopt.name = "x"}, %arena: memref<?xi8>) {
      %n = qopt.dim "n"
      ...
    ```
    becomes
    ```mlir
    func.func @main(%call: !llvm.ptr, %x: memref<?xf32> {qopt.name = "x"}, %arena: memref<?xi8>) {
      %s = llvm.load %call : !llvm.ptr -> !llvm.ptr // the symbols
      %0 = llvm.load %s : !llvm.ptr -> i64
      %n = arith.index_cast %0 : i64 to index
      ...
    func.func @main_run(%call: !llvm.ptr) {
      ... // %x and %arena are views of what the call points to
      call @main(%call, %x, %arena) : ...
    ```

    Functions get the `qopt_call` (include/qopt/artifact.h) as first argument, size
    functions the symbols; `qopt.dim`, `qopt.get_weight` and `qopt.get_cache` become
    reads of it. For each of the entries main, prefill and decode a function
    `K_run(call)` is made that calls it with the tensors of the signature.

    Fails when an argument of an entry is no tensor of the signature. Must have run
    before: `qopt-plan-memory`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::func::FuncDialect"];
}

def OutlineParallel : Pass<"qopt-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Make a kernel function of every parallel loop";
  let description = [{
    ```mlir
    func.func @f(%call: !llvm.ptr, %x: memref<?xf32>, %n: index) {
      scf.forall (%i) in (%n) { body(%i, %x) }
    ```
    becomes
    ```mlir
    func.func private @kernel_0(%env: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
      ... // %x is loaded from %env
      scf.for %i = %begin to %end { body(%i, %x) }
    func.func @f(%call: !llvm.ptr, %x: memref<?xf32>, %n: index) {
      ... // %x is stored to %env
      llvm.call %parallel_for(%runtime, %kernel_0, %env, %n) : ...
    ```

    Kernels and the runtime's `parallel_for` are those of include/qopt/artifact.h.
    Kernels that are equal are one. The signature's `loops` says what the loops of the
    entries compute, as far as their locations do. `qopt.scratch` and `qopt.fail_if` become accesses
    to the scratch memory and to the call.

    Fails without `qopt.signature`, on loops of more dimensions, steps or results,
    and on functions that have loops or failures but not the call as first argument.
    Must have run before: `qopt-lower-call`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def VectorizeLinalg : Pass<"qopt-vectorize-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower linalg on buffers to parallel loops over vectors";
  let description = [{
    ```mlir
    linalg.generic {...} ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = math.exp %in : f32
      linalg.yield %0 : f32
    }
    ```
    becomes
    ```mlir
    %items = ... // by the sizes alone
    scf.forall (%i) in (%items) {
      scf.for %j = %begin to %middle step %c8 {
        %v = vector.load %x_flat[%j] : memref<?xf32>, vector<8xf32>
        %e = math.exp %v : vector<8xf32>
        vector.store %e, %y_flat[%j] : memref<?xf32>, vector<8xf32>
      }
      scf.for %j = %middle to %end step %c1 { ... } // one by one
    }
    ```

    1. Loops that every operand walks as one line become one loop.
    2. Parallel loops are cut into items of some tens of microseconds: by sizes,
       never by threads. `memref.copy` is lowered likewise.
    3. The loop that the result lies along, or a reduction that an input lies
       along, runs on vectors as wide as the registers of the ISA version; sums
       stay in registers, in blocks of results. A body that cannot run on vectors
       runs one by one.

    Functions of real numbers are left for `qopt-expand-math`. Fails on tensors and
    on operands that are not walked dimension by dimension. Must have run before:
    `qopt-bufferize`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::affine::AffineDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

def LowerKernels : Pass<"qopt-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Lower the qopt ops on buffers to parallel loops over vectors";
  let description = [{
    ```mlir
    qopt.silu %x outs(%y : memref<?x64xf32>) : memref<?x64xf32>
    ```
    becomes
    ```mlir
    %items = ... // by the sizes alone
    scf.forall (%i) in (%items) {
      scf.for %j = ... {
        %v = vector.load %x_flat[%j] : memref<?xf32>, vector<16xf32>
        ...
        vector.store %r, %y_flat[%j] : memref<?xf32>, vector<16xf32>
      }
    }
    ```
    Covers matmul, quantize, round, attention, rms_norm, layer_norm, rotary_table,
    rotary, embedding, silu and gelu with an `outs` operand; buffers are dense,
    computing is in f32, weights and vectors of constants may be f16 or bf16. Weights
    of codes (`weight_type`) are unpacked in registers, or once for each item; with
    int8 inputs the sums of a group are i32. The loops of the ops in a `qopt.fused`
    become one, and what is allocated in it is scratch of an item. Vectors are as wide as
    the registers of the ISA version. Loops use `qopt.scratch` and never allocate.

    Which schedule a product runs (one row, a few rows, blocks) depends on its
    number of rows when it runs; how work is cut into items and in which order sums
    are taken depends on sizes, never on threads. `math.exp`, `erf`, `cos` and `sin`
    on vectors are left for `qopt-expand-math`.

    Does nothing to ops on tensors. Fails where a buffer has strides or another
    element type. Runs after `qopt-bufferize`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

def ExpandMath : Pass<"qopt-expand-math", "::mlir::ModuleOp"> {
  let summary = "Replace functions of real numbers by polynomials";
  let description = [{
    ```mlir
    %y = math.exp %x : vector<8xf32>
    ```
    becomes
    ```mlir
    %0 = arith.mulf %x, %log2e fastmath<contract> : vector<8xf32>
    ... // 2^n times a polynomial of what is left
    %y = arith.mulf %p, %power : vector<8xf32>
    ```

    exp, log, tanh, erf, sin, cos, pow, rsqrt and rounding in f32, on scalars and
    vectors, become arithmetic: the code calls no library. So do conversions from and
    to bf16, and from and to f16 where the ISA version has no instruction. Products
    and sums are `fastmath<contract>`, which is one instruction where there is one;
    a fused multiply and add becomes them.

    Does nothing to what is an instruction on the ISA version (sqrt, and rounding
    above x86-64) and to f64. Must have run before: `qopt-lower-kernels`,
    `qopt-vectorize-linalg`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

#endif // QOPT_PASSES_PASSES_TD

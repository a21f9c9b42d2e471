//===- Raise.td - Passes from ONNX to our ops --------------*- tablegen -*-===//

#ifndef QOPT_PASSES_RAISE_RAISE_TD
#define QOPT_PASSES_RAISE_RAISE_TD

include "mlir/Pass/PassBase.td"

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

#endif // QOPT_PASSES_RAISE_RAISE_TD

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
    Values of f16 and bf16 become f32 and conversions between them vanish; the
    function's arguments and results keep their types and are converted at its
    boundary. Weights keep their type in the file and are read as f32.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect"];
}

def RaiseMovement : Pass<"qopt-raise-movement", "::mlir::ModuleOp"> {
  let summary = "Reduce chains of reshapes and transposes to the shortest ones";
  let description = [{
    Reshape, Flatten, Squeeze, Unsqueeze and Identity nodes become `qopt.reshape`;
    two in a row become one, two transposes in a row one; a transpose between
    reshapes that merge and split leading dimensions becomes one of the whole.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseNorms : Pass<"qopt-raise-norms", "::mlir::ModuleOp"> {
  let summary = "Recognise normalizations over the last dimension";
  let description = [{
    `x * (1 / sqrt(mean(x^2) + epsilon)) * scale` in its spellings, and the nodes
    RMSNormalization and LayerNormalization, become `qopt.rms_norm` and
    `qopt.layer_norm`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseActivations : Pass<"qopt-raise-activations", "::mlir::ModuleOp"> {
  let summary = "Recognise SiLU and GELU";
  let description = [{
    `x * sigmoid(x)` becomes `qopt.silu`, `x * (erf(x / sqrt(2)) + 1) * 0.5` in its
    spellings `qopt.gelu`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseProducts : Pass<"qopt-raise-products", "::mlir::ModuleOp"> {
  let summary = "Recognise products with weights and rows of tables";
  let description = [{
    MatMul and Gemm with a matrix of weights become `qopt.matmul` on the logical
    [N, K]; Gather of rows of a matrix of weights becomes `qopt.embedding`. A bias
    stays an Add. A transposed copy of a weight that is read from the file is the
    same weight.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseRotary : Pass<"qopt-raise-rotary", "::mlir::ModuleOp"> {
  let summary = "Recognise rotary position embedding";
  let description = [{
    `x * cos + rotate_half(x) * sin` on [batch, heads, steps, size], and the node
    RotaryEmbedding, become `qopt.rotary` on [batch, steps, heads * size]. Cosines
    and sines that are those of position * frequency become `qopt.rotary_table`.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def RaiseAttention : Pass<"qopt-raise-attention", "::mlir::ModuleOp"> {
  let summary = "Recognise scaled dot product attention and its mask";
  let description = [{
    `softmax(scale * q k^T + mask) v`, with keys and values repeated for grouped
    heads, and the node Attention, become `qopt.attention`. The mask is recognised by
    what its elements are: causal, a row of padding, both, or a tensor to be added.
    Keys and values that are a past and new steps one after the other become a
    cache: the past is no argument any more, the present no result.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def SplitDecoder : Pass<"qopt-split-decoder", "::mlir::ModuleOp"> {
  let summary = "Make prefill and decode of a model with caches";
  let description = [{
    `@main` of a model with caches becomes `@prefill`, and `@decode` is a copy in
    which the sequence is 1. Both read the same weights.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

def NamePaths : Pass<"qopt-name-paths", "::mlir::ModuleOp"> {
  let summary = "Find canonical paths and roles of weights";
  let description = [{
    The canonical path of a product or norm is the module path in the exporter's
    metadata, in the node's name or in the weight's name, less the leading
    components that all paths of the file share: `model.layers.3.mlp.down_proj`.
    Its role follows from what it reads and who reads it: `qkv`, `attention.out`,
    `gate_up`, `down`, `embedding`, `head`, `other`. Embedding and head that hold the
    same values become one weight.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
}

//===-- Quantize, Fuse, Outline -------------------------------------------===//

def AssignStorage : Pass<"qopt-assign-storage", "::mlir::ModuleOp"> {
  let summary = "Decide type, layout and place of every weight in the artifact";
  let description = [{
    Weights of products lie in panels of 32 columns, tables row by row, both in the
    storage type; a table that is also the weight of a product is read from its
    panels. All other floating point weights lie in f32. Weights that nobody reads
    are dropped.
  }];
  let dependentDialects = ["::qopt::QOptDialect"];
  let options = [
    Option<"storage", "storage", "std::string", /*default=*/"\"f32\"",
           "storage type of products and tables: f32, f16 or bf16">,
  ];
}

def FuseEpilogues : Pass<"qopt-fuse-epilogues", "::mlir::ModuleOp"> {
  let summary = "Fuse elementwise ops into the products before them";
  let description = [{
    ```mlir
    %0 = qopt.matmul %x, %w : (...) -> tensor<?x8xf32>
    %1 = onnx.node "Add"(%0, %bias) ...
    ```
    becomes a product whose epilogue adds an element of %bias. Add, Sub, Mul with a
    tensor of the same sizes or a vector of the last size, SiLU and GELU fuse. Does
    nothing when the product has another use; a remark says so.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect"];
}

def OutlineLayers : Pass<"qopt-outline-layers", "::mlir::ModuleOp"> {
  let summary = "Make one function of layers that are equal";
  let description = [{
    The layer of an op is the number in its path (`model.layers.3.mlp.up_proj`), or
    the highest layer that its operands come from. Layers that have the same ops,
    types and attributes, paths aside, become calls of one function that gets the
    layer's weights, caches and inputs as arguments.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::func::FuncDialect"];
}

//===-- Lower -------------------------------------------------------------===//

def ConvertONNXToLinalg : Pass<"qopt-convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower the nodes that no qopt op stands for";
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect", "::mlir::scf::SCFDialect"];
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
    func.func @f(%x: memref<?x8xf32>, %z: memref<?x8xf32>) {
      %n = qopt.dim "batch"
      %y = memref.alloc(%n) : memref<?x8xf32>
      qopt.silu %x outs(%y : memref<?x8xf32>) : memref<?x8xf32>
      qopt.gelu %y outs(%z : memref<?x8xf32>) : memref<?x8xf32>
      return
    }
    ```
    Every intermediate is one `memref.alloc`. Runs on functions of one block whose
    ops have destinations, are views, or are computing qopt ops.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

def PlanMemory : Pass<"qopt-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Place the buffers of a function in one arena";
  let description = [{
    Every `memref.alloc` becomes a view of a new argument, the arena; buffers that
    are never alive at once may share their place. Sizes are expressions over the
    model's symbols, so places are computed when the function starts. For each
    function `@f` there is a function `@f_arena_bytes` that returns the size of its
    arena. A function that is called gets the part of the arena behind its caller's.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

def LowerCall : Pass<"qopt-lower-call", "::mlir::ModuleOp"> {
  let summary = "Read sizes, weights and tensors from the runtime's call";
  let description = [{
    Functions get the `qopt_call` (include/qopt/artifact.h) as first argument, size
    functions the symbols; `qopt.dim`, `qopt.get_weight` and `qopt.get_cache` become
    reads of it. For each of the entries main, prefill and decode a function
    `K_run(call)` is made that calls it with the tensors of the signature.
    Runs after `qopt-plan-memory`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::func::FuncDialect"];
}

def OutlineParallel : Pass<"qopt-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Make a kernel function of every parallel loop";
  let description = [{
    ```mlir
    scf.forall (%i) in (%n) { body(%i, %x) }
    ```
    becomes a function `kernel(env, begin, end, scratch)` that loads what the body
    reads from `env` and runs the iterations begin..end, and a call of the runtime's
    `parallel_for` (include/qopt/artifact.h). Kernels that are equal are one.
    `qopt.scratch` and `qopt.fail_if` become accesses to the scratch memory and to
    the call. Runs after `qopt-lower-call`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def VectorizeLinalg : Pass<"qopt-vectorize-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower linalg on buffers to parallel loops over vectors";
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
    Covers matmul, attention, rms_norm, layer_norm, rotary_table, rotary, embedding,
    silu and gelu with an `outs` operand; buffers are dense, computing is in f32,
    weights and vectors of constants may be f16 or bf16. Vectors are as wide as the
    registers of the ISA version. Loops use `qopt.scratch` and never allocate.

    Which schedule a product runs (one row, a few rows, blocks) depends on its
    number of rows when it runs; how work is cut into items and in which order sums
    are taken depends on sizes, never on threads. `math.exp`, `erf`, `cos` and `sin`
    on vectors are left for `qopt-expand-math`.

    Does nothing to ops on tensors. Fails where a buffer has strides or another
    element type. Runs after `qopt-bufferize`.
  }];
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

def ExpandMath : Pass<"qopt-expand-math", "::mlir::ModuleOp"> {
  let summary = "Replace functions of real numbers by polynomials";
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

#endif // QOPT_PASSES_PASSES_TD

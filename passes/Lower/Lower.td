//===- Lower.td - Passes from our ops to LLVM --------------*- tablegen -*-===//

#ifndef QOPT_PASSES_LOWER_LOWER_TD
#define QOPT_PASSES_LOWER_LOWER_TD

include "mlir/Pass/PassBase.td"

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

#endif // QOPT_PASSES_LOWER_LOWER_TD

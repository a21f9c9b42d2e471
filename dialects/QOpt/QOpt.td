//===- QOpt.td - The quantization dialect ------------------*- tablegen -*-===//

#ifndef QOPT_DIALECTS_QOPT_QOPT_TD
#define QOPT_DIALECTS_QOPT_QOPT_TD

include "dialects/QOpt/QOptBase.td"

//===-- Weights, caches, sizes --------------------------------------------===//

def QOpt_WeightOp : QOpt_Op<"weight",
    [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A tensor of constants that stays in its file";
  let description = [{
    `type` is the logical type, in the storage type of the file. Its bytes are
    `length` bytes of `file` from `offset`, dense, little-endian, row-major; with
    `transposed` the file holds the last two dimensions the other way round. Values
    that no file range holds stand in `value`.

    Factors are other weights of floats, of one element or of rank 1: each value is
    that of the file, as f32, times `row_factor[n]`, then times `column_factor[k]`,
    with n and k the last two indices of the logical tensor; each product is rounded
    to f32. A factor may have a `column_factor` itself. A weight that is only a factor
    is not in the artifact.

    Once the recipe has spoken, `packed` is the type as it lies in the artifact, at
    `packed_offset` of its data: other storage type, or panels (see `qopt.matmul`),
    or codes, a `!qopt.qtensor`, which the solver `method` chooses when the artifact
    is written; `qopt.get_weight` has this type then.

    ```mlir
    qopt.weight @w : tensor<4096x256xf32> {file = "model.onnx", offset = 64 : i64, length = 4194304 : i64}
    qopt.weight @scaled : tensor<4096x256xf32> {column_factor = @half, file = "model.onnx", length = 4194304 : i64}
    qopt.weight @half : tensor<1xf32> {value = dense<0.5> : tensor<1xf32>}
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    TypeAttrOf<AnyRankedTensor>:$type,
    OptionalAttr<StrAttr>:$file,
    DefaultValuedAttr<I64Attr, "0">:$offset,
    DefaultValuedAttr<I64Attr, "0">:$length,
    UnitAttr:$transposed,
    OptionalAttr<ElementsAttr>:$value,
    OptionalAttr<FlatSymbolRefAttr>:$row_factor,
    OptionalAttr<FlatSymbolRefAttr>:$column_factor,
    OptionalAttr<TypeAttrOf<AnyTypeOf<[AnyRankedTensor, QOpt_QTensor]>>>:$packed,
    DefaultValuedAttr<I64Attr, "-1">:$packed_offset,
    OptionalAttr<StrAttr>:$method,
    OptionalAttr<DictionaryAttr>:$method_options
  );
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
}

def QOpt_GetWeightOp : QOpt_Op<"get_weight",
    [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a weight";
  let description = [{
    ```mlir
    %w = qopt.get_weight @w : tensor<4096x256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyTypeOf<[QOpt_Data, QOpt_QTensor]>:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def QOpt_CacheOp : QOpt_Op<"cache", [Symbol]> {
  let summary = "A key/value cache, kept by the session";
  let description = [{
    `index` is its number in the artifact's table, `path` that of the attention that
    reads it. `storage` says what it holds once the recipe has spoken: f16, or i8 for
    codes with a scale for each key and value of a head; without it f32. Its layout is
    that of `qopt_cache_info` in include/qopt/artifact.h.

    ```mlir
    qopt.cache @layer0 {heads = 2 : i64, index = 0 : i64, key_dim = 64 : i64, value_dim = 64 : i64}
    qopt.cache @layer1 {heads = 2 : i64, index = 1 : i64, key_dim = 64 : i64, value_dim = 64 : i64, storage = i8}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$index, I64Attr:$heads,
                       I64Attr:$key_dim, I64Attr:$value_dim,
                       OptionalAttr<TypeAttrOf<AnyTypeOf<[F16, I8]>>>:$storage,
                       OptionalAttr<StrAttr>:$path);
  let assemblyFormat = "$sym_name attr-dict";
  let extraClassDeclaration = [{
    /// f32, f16 or i8.
    ::mlir::Type getElementType();
    /// The buffers; of codes as bytes: `[batch, heads, panels, bytes of a panel]`.
    ::mlir::MemRefType getKeyType();
    ::mlir::MemRefType getValueType();
    /// Bytes of a time step of a row.
    int64_t getStepBytes();
  }];
}

def QOpt_GetCacheOp : QOpt_Op<"get_cache",
    [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The two buffers of a cache";
  let description = [{
    ```mlir
    %k, %v = qopt.get_cache @layer0 : memref<?x2x?x64x32xf32>, memref<?x2x?x32x64xf32>
    %a, %b = qopt.get_cache @layer1 : memref<?x2x?x2176xi8>, memref<?x2x?x2176xi8>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cache);
  let results = (outs AnyMemRef:$key, AnyMemRef:$value);
  let assemblyFormat = "$cache attr-dict `:` type($key) `,` type($value)";
}

def QOpt_SignatureOp : QOpt_Op<"signature"> {
  let summary = "The tensors of the ONNX file's interface";
  let description = [{
    One dictionary for each tensor: `name`, `type` (a ranked tensor with
    `#qopt.dims`), `role` (as in include/qopt/artifact.h: `plain`, `tokens`, `mask`,
    `positions`, `past_key`, `past_value`, `logits`, `present_key`,
    `present_value`) and, for a past or present, `cache` (a number).
    An output that `qopt-compare-codes` made of an op of codes also says `node`, `path`,
    `format` and `activations`; the next one is the same op in float.
    `conditions` are expressions that must be at least 0, each with a message.
    When code is made, `messages` lists what `qopt.fail_if` may report,
    `scratch_bytes` is the size of a thread's scratch memory, and `loops` has the
    parallel loops of each function in the order in which they run: a list of the ops
    that one computes, each with `op`, `node` and `path` as far as there are, or the
    function that is called there. `rows` is a symbol that counts rows of the inputs
    that are computed apart, see `qopt-mark-rows`.

    ```mlir
    qopt.signature {
      inputs = [{name = "input_ids", type = tensor<?x?xi64, #qopt.dims<"batch", "sequence">>, role = "tokens"} ],
      outputs = [{name = "logits", type = tensor<?x?x4096xf32, #qopt.dims<"batch", "sequence", "4096">>, role = "logits"} ],
      symbols = ["batch", "past", "sequence"],
      conditions = [{expression = "512 - past - sequence", message = "context is longer than 512"} ]}
    ```
  }];
  let arguments = (ins ArrayAttr:$inputs, ArrayAttr:$outputs,
                       StrArrayAttr:$symbols,
                       ArrayAttr:$conditions,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$messages,
                       DefaultValuedAttr<I64Attr, "0">:$scratch_bytes,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$loops,
                       DefaultValuedAttr<StrAttr, "\"\"">:$rows);
  let assemblyFormat = "attr-dict";
}

def QOpt_DimOp : QOpt_Op<"dim", [Pure]> {
  let summary = "An expression over the model's symbols as a number";
  let description = [{
    ```mlir
    %t = qopt.dim "past + sequence"
    ```
  }];
  let arguments = (ins StrAttr:$expression);
  let results = (outs Index:$result);
  let assemblyFormat = "$expression attr-dict";
}

def QOpt_ReshapeOp : QOpt_Op<"reshape", [Pure]> {
  let summary = "The same elements in the same order with other sizes";
  let description = [{
    The result's sizes are those of its `#qopt.dims`. Never moves data.

    ```mlir
    %flat = qopt.reshape %x
      : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<?xf32, #qopt.dims<"32*s">>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def QOpt_FailIfOp : QOpt_Op<"fail_if"> {
  let summary = "Report an error of the running model";
  let description = [{
    When the condition holds, the call ends with an error that says `message`, once
    all its work is done; work goes on in the meantime and must stay inside its
    buffers.

    ```mlir
    qopt.fail_if %outside, "token id is outside of the vocabulary"
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict";
}

def QOpt_PrefetchDistanceOp : QOpt_Op<"prefetch_distance", [Pure]> {
  let summary = "Bytes ahead that one stream of memory is prefetched on this CPU";
  let description = [{
    The runtime knows the CPU, see `qopt_call` in include/qopt/artifact.h. 0: not at all.

    ```mlir
    %distance = qopt.prefetch_distance
    ```
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def QOpt_ScratchOp : QOpt_Op<"scratch"> {
  let summary = "Memory of the calling thread, valid while its region runs";
  let description = [{
    Inside of a parallel loop. Regions beside each other, as the branches of an `scf.if`,
    may have the same memory; what an iteration leaves is not there in the next one.
    ```mlir
    %panel = qopt.scratch : memref<65536xi8>
    ```
  }];
  let arguments = (ins);
  let results = (outs MemRefRankOf<[AnyType], [1]>:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def QOpt_Sharing : I32EnumAttr<"Sharing", "how ops share a parallel loop", [
      I32EnumAttrCase<"Items", 0, "items">,
      I32EnumAttrCase<"Apart", 1, "apart">]> {
  let cppNamespace = "::qopt";
  let genSpecializedAttr = 0;
}

def QOpt_SharingAttr : EnumAttr<QOpt_Dialect, QOpt_Sharing, "sharing"> {
  let assemblyFormat = "$value";
}

def QOpt_FusedOp : QOpt_Op<"fused", [NoTerminator, SingleBlock,
                                     RecursiveMemoryEffects]> {
  let summary = "Computing ops that run as one parallel loop";
  let description = [{
    All ops are in the buffer form. `items`: their loops have the same items, and item
    i of an op reads, of what ops before it write here, only what their items i wrote;
    so one item does the work of all; a buffer that only they use may be allocated here,
    and an item has its own part of it. `apart`: no op reads what another one writes; the
    items of one follow those of the other.

    ```mlir
    qopt.fused items {
      qopt.rms_norm %x, %s outs(%n : memref<?x256xf32>) {epsilon = 1.0e-5 : f64} : ...
      qopt.quantize %n outs(%c, %a, %z : ...) {block = 64 : i64} : memref<?x256xf32>
    }
    ```
  }];
  let arguments = (ins QOpt_SharingAttr:$sharing);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sharing $body attr-dict";
  let hasVerifier = 1;
}

def QOpt_YieldOp : QOpt_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "The value of an epilogue";
  let description = [{
    ```mlir
    %y = qopt.matmul %x, %w epilogue {
    ^bb0(%acc: f32):
      %s = arith.negf %acc : f32
      qopt.yield %s : f32
    } : (tensor<4x256xf32>, tensor<64x256xf32>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

include "dialects/QOpt/QOptComputing.td"

#endif // QOPT_DIALECTS_QOPT_QOPT_TD

//===- QOpt.td - The quantization dialect ------------------*- tablegen -*-===//

#ifndef QOPT_DIALECTS_QOPT_QOPT_TD
#define QOPT_DIALECTS_QOPT_QOPT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def QOpt_Dialect : Dialect {
  let name = "qopt";
  let cppNamespace = "::qopt";
  let summary = "Networks as qopt compiles them";
  let description = [{
    A few ops that the networks of all exporters become. Computing ops have two
    forms: the tensor form has a result, the buffer form an `out` operand; all else
    is the same. Sizes that are not constants are expressions over the model's
    symbols, see `#qopt.dims`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

//===-- Attributes --------------------------------------------------------===//

def QOpt_DimsAttr : AttrDef<QOpt_Dialect, "Dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "The sizes of a tensor as expressions over the model's symbols";
  let description = [{
    The encoding of a ranked tensor type: one expression for each dimension, in the
    canonical spelling of `DimExpr` (lib/Symbols). A constant size stands both here
    and in the shape; what the file names no expression for is "?".

    ```mlir
    tensor<?x?x64xf32, #qopt.dims<"batch", "past + sequence", "64">>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$sizes);
  let assemblyFormat = "`<` $sizes `>`";
}

def QOpt_EmptyRow : I32EnumAttr<"EmptyRow",
    "what attention gives for a query that may see no key", [
      I32EnumAttrCase<"Zero", 0, "zero">,
      I32EnumAttrCase<"Mean", 1, "mean">,
      I32EnumAttrCase<"NaN", 2, "nan">]> {
  let cppNamespace = "::qopt";
  let genSpecializedAttr = 0;
}

def QOpt_FormatParameter : AttrOrTypeParameter<"::qopt::Format", "format"> {
  let cppAccessorType = "const ::qopt::Format &";
}

def QOpt_FormatAttr : AttrDef<QOpt_Dialect, "Format", []> {
  let mnemonic = "format";
  let summary = "Which values a tensor can hold";
  let description = [{
    Codes, the elements of K that share a scale, the scale's type, and the zero; see
    `qopt::Format` (lib/Formats), which owns the meaning: `scale * (code - zero)`.

    ```mlir
    #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>
    #qopt.format<codes = s8, block = channel, scale = f32, zero = none>
    ```
  }];
  let parameters = (ins QOpt_FormatParameter:$value);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def QOpt_Layout : I32EnumAttr<"Layout", "where the codes of a matrix lie", [
      I32EnumAttrCase<"Logical", 0, "logical">,
      I32EnumAttrCase<"Panels", 1, "panels">]> {
  let cppNamespace = "::qopt";
  let genSpecializedAttr = 0;
}
def QOpt_LayoutAttr : EnumAttr<QOpt_Dialect, QOpt_Layout, "layout"> {
  let summary = "Where the codes of a matrix lie";
  let description = [{
    `logical`: undecided, before layouts are chosen. `panels`: as `PanelLayout`
    (lib/Formats) packs them for products on any x86 ISA version.
  }];
  let assemblyFormat = "`<` $value `>`";
}

//===-- Types -------------------------------------------------------------===//

def QOpt_QTensor : TypeDef<QOpt_Dialect, "QTensor", []> {
  let mnemonic = "qtensor";
  let summary = "A matrix [N, K] of codes with their scales and zeros";
  let description = [{
    ```mlir
    !qopt.qtensor<4096x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>
    ```
    In the buffer form it is a memref of as many bytes as the layout takes, and the
    op that reads it has the type as attribute `weight_type`.
  }];
  let parameters = (ins "int64_t":$N, "int64_t":$K, "FormatAttr":$format,
                        "LayoutAttr":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// As it lies in memory: `memref<... x i8>`; panels only.
    ::mlir::MemRefType getBufferType();
    PanelLayout getPanels();
  }];
}

//===-- Types of operands -------------------------------------------------===//

def QOpt_Data : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;
/// A weight: floats, codes, or the bytes of codes.
def QOpt_WeightData : AnyTypeOf<[TensorOf<[AnyFloat]>, QOpt_QTensor,
                                 MemRefOf<[AnyFloat, I8]>]>;
/// Floats, or int8 codes of activations.
def QOpt_InputData : AnyTypeOf<[TensorOf<[AnyFloat, I8]>, MemRefOf<[AnyFloat, I8]>]>;
def QOpt_FloatData : AnyTypeOf<[TensorOf<[AnyFloat]>, MemRefOf<[AnyFloat]>]>;
def QOpt_IntData : AnyTypeOf<[TensorOf<[AnyInteger]>, MemRefOf<[AnyInteger]>]>;

class QOpt_Op<string mnemonic, list<Trait> traits = []>
    : Op<QOpt_Dialect, mnemonic, traits>;

/// An op that computes `result` or fills `out`.
class QOpt_ComputeOp<string mnemonic, list<Trait> traits = []>
    : QOpt_Op<mnemonic, !listconcat(traits,
        [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let hasVerifier = 1;
}

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

//===-- Computing ops -----------------------------------------------------===//

def QOpt_EmbeddingOp : QOpt_ComputeOp<"embedding"> {
  let summary = "Rows of a table";
  let description = [{
    `result[..., d] = table[ids[...], d]`, widened to f32. An id that is negative
    counts from the end; one outside the table is an error of the call.
    The table may be packed for a product, see `qopt.matmul`, or of codes; `rows` is
    the number of its rows then.

    ```mlir
    %x = qopt.embedding %table[%ids]
      : tensor<4096x256xf32>, tensor<2x4xi64> -> tensor<2x4x256xf32>
    ```
  }];
  let arguments = (ins QOpt_WeightData:$table, QOpt_IntData:$ids,
                       Optional<AnyMemRef>:$out,
                       OptionalAttr<I64Attr>:$rows,
                       OptionalAttr<TypeAttrOf<QOpt_QTensor>>:$weight_type,
                       OptionalAttr<StrAttr>:$path, OptionalAttr<StrAttr>:$role);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $table `[` $ids `]` (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($table) `,` type($ids) (`->` type($result)^)?
  }];
}

def QOpt_MatmulOp : QOpt_ComputeOp<"matmul", [AttrSizedOperandSegments]> {
  let summary = "Product with a weight, and an epilogue";
  let description = [{
    `acc[..., n] = sum over k of input[..., k] * weight[n, k]`, in f32; then
    `result[..., n] = epilogue(acc[..., n], extra0[..., n], ...)`. Each extra has
    the result's sizes, or `[N]`, and is broadcast then. The region computes on
    scalars with ops that exist elementwise on vectors; without it the result is
    `acc`. It is computed in f32 and rounded to the result's type, ties to even.

    The weight is `[N, K]` in its storage type, or packed in panels of 32 columns,
    `[ceil(N / 32), K, 32]`, columns beyond N zero; N is then the last size of the
    result. Or it is of codes, `!qopt.qtensor`, and each element what the format says.

    The input is of floats, or the codes that `qopt.quantize` makes, `quantized` with
    their scales and sums:
    `input[..., k] = scales[..., k / group] * codes[..., k]`.

    The buffer form may have `candidates`, the outs of a `qopt.candidates` of the
    result. Where these have room for any (their last size is not 0) they are found
    while the product is computed, and nothing is written to `outs`.

    ```mlir
    %y = qopt.matmul %x, %w extras(%bias) epilogue {
    ^bb0(%acc: f32, %b: f32):
      %s = arith.addf %acc, %b : f32
      qopt.yield %s : f32
    } : (tensor<?x256xf32>, tensor<64x256xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins QOpt_InputData:$input, QOpt_WeightData:$weight,
                       Optional<QOpt_FloatData>:$input_scales,
                       Optional<QOpt_IntData>:$input_sums,
                       Variadic<QOpt_FloatData>:$extras,
                       Optional<AnyMemRef>:$out,
                       Variadic<AnyMemRef>:$candidates,
                       OptionalAttr<TypeAttrOf<QOpt_QTensor>>:$weight_type,
                       OptionalAttr<StrAttr>:$path, OptionalAttr<StrAttr>:$role);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let extraClassDeclaration = [{
    /// The type of a weight of codes, in either form; null when it is of floats.
    QTensorType getQuantizedWeight();
  }];
  let assemblyFormat = [{
    $input `,` $weight
    (`quantized` `(` $input_scales^ `,` $input_sums `:` type($input_scales) `,` type($input_sums) `)`)?
    (`extras` `(` $extras^ `)`)?
    (`outs` `(` $out^ `:` type($out) `)`)?
    (`candidates` `(` $candidates^ `:` type($candidates) `)`)?
    (`epilogue` $epilogue^)? attr-dict
    `:` `(` type($input) `,` type($weight) (`,` type($extras)^)? `)`
    (`->` type($result)^)?
  }];
}

def QOpt_CandidatesOp : QOpt_Op<"candidates",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "The largest logits of each row, and whose they are";
  let description = [{
    Of each row of N logits the k largest above minus infinity, `values`, f32, and
    their places in the row, `tokens`, i64; k is the last size of both. They stand in
    order: `i` before `j` when `logit[i] > logit[j]`, or they are equal and i < j; what
    is no number is none of them. Where there are fewer than k, minus infinity and -1
    follow. That order is one of all elements, so it does not matter in which they come.

    The buffer form also has `locks`, a line of the CPU's cache for each row: whoever
    changes a row's list holds its lock.

    ```mlir
    %values, %tokens = qopt.candidates %logits
      : tensor<2x1x4096xf32> -> tensor<2x1x8xf32>, tensor<2x1x8xi64>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$logits, Variadic<AnyMemRef>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$best);
  let extraClassDeclaration = [{
    /// Elements of i32 in a line of locks.
    static constexpr int64_t lockSize = 16;
  }];
  let assemblyFormat = [{
    $logits (`outs` `(` $outs^ `:` type($outs) `)`)? attr-dict
    `:` type($logits) (`->` type($best)^)?
  }];
  let hasVerifier = 1;
}

def QOpt_QuantizeOp : QOpt_Op<"quantize",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, AttrSizedOperandSegments,
     AttrSizedResultSegments]> {
  let summary = "int8 codes of activations, chosen when running";
  let description = [{
    Rows are the last dimension, of K elements, a constant. They are cut into groups
    of `block` elements, the last one maybe shorter; scales are chosen for each group,
    or, `per_token`, for each row:
    `scale = max |input| / 127`, `code = round(input * (1 / scale))`, ties to even
    (lib/Formats/Activations.h). `sums` are the sums of the codes of each group.
    Codes are `[..., Kp]`, with Kp the next multiple of 64 and zeros beyond K; scales
    `[..., 1]` or `[..., groups]`; sums `[..., groups]`. In buffers their order is the
    kernels' own (passes/Lower/Kernels/CodedRows.h).

    ```mlir
    %codes, %scales, %sums = qopt.quantize %x {block = 64, per_token}
      : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>, tensor<?x4xi32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$input,
                       Optional<AnyMemRef>:$out_codes,
                       Optional<AnyMemRef>:$out_scales,
                       Optional<AnyMemRef>:$out_sums,
                       I64Attr:$block, UnitAttr:$per_token);
  let results = (outs Optional<AnyRankedTensor>:$codes,
                      Optional<AnyRankedTensor>:$scales,
                      Optional<AnyRankedTensor>:$sums);
  let assemblyFormat = [{
    $input (`outs` `(` $out_codes^ `,` $out_scales `,` $out_sums `:` type($out_codes) `,` type($out_scales) `,` type($out_sums) `)`)?
    attr-dict `:` type($input) (`->` type($codes)^ `,` type($scales) `,` type($sums))?
  }];
  let hasVerifier = 1;
}

def QOpt_RoundOp : QOpt_ComputeOp<"round"> {
  let summary = "Activations rounded to a shorter float type";
  let description = [{
    To nearest, ties to even, as lib/Formats/FloatTypes.h says. What is of the type
    already is itself.
    ```mlir
    %y = qopt.round %x : tensor<?x256xf32> -> tensor<?x256xbf16>
    ```
  }];
  let hasFolder = 1;
  let arguments = (ins QOpt_FloatData:$input, Optional<AnyMemRef>:$out);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $input (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($input) (`->` type($result)^)?
  }];
}

def QOpt_RMSNormOp : QOpt_ComputeOp<"rms_norm"> {
  let summary = "Root mean square normalization over the last dimension";
  let description = [{
    `result[..., d] = input[..., d] / sqrt(mean over d of input^2 + epsilon) * scale[d]`

    ```mlir
    %y = qopt.rms_norm %x, %s {epsilon = 1.0e-5 : f64}
      : tensor<4x256xf32>, tensor<256xf32> -> tensor<4x256xf32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$input, QOpt_FloatData:$scale,
                       Optional<AnyMemRef>:$out, F64Attr:$epsilon,
                       OptionalAttr<StrAttr>:$path);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $input `,` $scale (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($input) `,` type($scale) (`->` type($result)^)?
  }];
}

def QOpt_LayerNormOp : QOpt_ComputeOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "Layer normalization over the last dimension";
  let description = [{
    With `c = input - mean(input)`:
    `result[..., d] = c[..., d] / sqrt(mean(c^2) + epsilon) * scale[d] + bias[d]`

    ```mlir
    %y = qopt.layer_norm %x, %s bias(%b : tensor<256xf32>) {epsilon = 1.0e-12 : f64}
      : tensor<4x256xf32>, tensor<256xf32> -> tensor<4x256xf32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$input, QOpt_FloatData:$scale,
                       Optional<QOpt_FloatData>:$bias,
                       Optional<AnyMemRef>:$out, F64Attr:$epsilon,
                       OptionalAttr<StrAttr>:$path);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $input `,` $scale (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($input) `,` type($scale) (`->` type($result)^)?
  }];
}

def QOpt_RotaryTableOp : QOpt_ComputeOp<"rotary_table"> {
  let summary = "Cosines and sines of rotary position embedding";
  let description = [{
    `angle[b, s, i] = f32(positions[b, s]) * frequencies[i]`;
    `result[b, s, i] = cos(angle)` for i < n, `result[b, s, n + i] = sin(angle)`,
    with n frequencies, both times `scaling`.

    ```mlir
    %table = qopt.rotary_table %positions, %frequencies
      : tensor<2x4xi64>, tensor<16xf32> -> tensor<2x4x32xf32>
    ```
  }];
  let arguments = (ins QOpt_IntData:$positions, QOpt_FloatData:$frequencies,
                       Optional<AnyMemRef>:$out,
                       DefaultValuedAttr<F64Attr, "1.0">:$scaling);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $positions `,` $frequencies (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($positions) `,` type($frequencies) (`->` type($result)^)?
  }];
}

def QOpt_RotaryOp : QOpt_ComputeOp<"rotary"> {
  let summary = "Rotary position embedding";
  let description = [{
    `input` is `[batch, sequence, num_heads * D]`. Of each head the first 2n of its D
    elements turn, n being half the last size of `table` (`qopt.rotary_table`); the
    others stay. Element i < n pairs with i + n, or, when `interleaved`, 2i with
    2i + 1: `(x, y)` becomes `(x cos - y sin, y cos + x sin)`.

    ```mlir
    %turned = qopt.rotary %query, %table {num_heads = 8 : i64}
      : tensor<2x4x256xf32>, tensor<2x4x32xf32> -> tensor<2x4x256xf32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$input, QOpt_FloatData:$table,
                       Optional<AnyMemRef>:$out, I64Attr:$num_heads,
                       UnitAttr:$interleaved);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $input `,` $table (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($input) `,` type($table) (`->` type($result)^)?
  }];
}

def QOpt_AttentionOp : QOpt_ComputeOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "Scaled dot product attention with a structured mask";
  let description = [{
    query is `[batch, sequence, num_heads * D]`, key `[batch, keys, num_kv_heads * D]`,
    value `[batch, keys, num_kv_heads * E]`, the result
    `[batch, sequence, num_heads * E]`; query head h reads key/value head
    `h / (num_heads / num_kv_heads)`.

    With a cache (`key_cache`, `value_cache`: the buffers of `qopt.get_cache`) key
    and value hold the new time steps, `keys = sequence`; they are first written to
    the cache at steps `past .. past + sequence`, rounded to what it holds, and
    T = past + sequence steps of the cache are read, as f32 or `code * scale`. Without a
    cache past = 0 and T = keys. `past` is an index operand that stands with the cache.

    Key t is seen by query s of batch row b when all of these hold that are there:
    `causal`: t <= past + s; `padding`, i1 or integer `[batch, >= T]`: padding[b, t] is not 0.
    `mask`, f32 `[batch or 1, num_heads or 1, sequence, T]`, is added to the scores.

    Scores are `scale * (query . key)`; over the seen keys
    `result = sum softmax(scores)[t] * value[t]`. A query that sees no key gives 0
    (`empty_row = zero`), the mean of all T values (`empty_row = mean`), or what
    softmax gives of nothing but minus infinity (`empty_row = nan`).

    A long past of one query step (sequence = 1) is cut into parts over T, as many as have
    256 steps and no more than `getMaxParts()`: number and bounds follow from the types and
    T alone. Of a part P each query head has m = the largest score, s = sum exp(score - m)
    and v = sum exp(score - m) * value; with M the largest m the result is
    `sum exp(m - M) * v / sum exp(m - M) * s` over the parts in their order. The buffer form
    of such a step has `parts`, memory for these and for counting parts that are done.

    ```mlir
    %y = qopt.attention %q, %k, %v
      {causal, empty_row = #qopt<empty_row zero>, num_heads = 8 : i64, num_kv_heads = 2 : i64, scale = 0.125 : f64}
      : tensor<2x4x512xf32>, tensor<2x4x128xf32>, tensor<2x4x128xf32> -> tensor<2x4x512xf32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$query, QOpt_FloatData:$key,
                       QOpt_FloatData:$value,
                       Optional<QOpt_IntData>:$padding,
                       Optional<QOpt_FloatData>:$mask,
                       Optional<AnyMemRef>:$key_cache,
                       Optional<AnyMemRef>:$value_cache,
                       Optional<Index>:$past,
                       Optional<AnyMemRef>:$parts,
                       Optional<AnyMemRef>:$out,
                       I64Attr:$num_heads, I64Attr:$num_kv_heads,
                       F64Attr:$scale, UnitAttr:$causal,
                       EnumAttr<QOpt_Dialect, QOpt_EmptyRow, "empty_row">:$empty_row,
                       OptionalAttr<StrAttr>:$path);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let extraClassDeclaration = [{
    /// Into how many parts the time steps of one query step are cut at most.
    int64_t getMaxParts();
    /// Size of a part in `parts`, in f32: for each query head of a key/value
    /// head v, m and s. Parts share no line of the CPU's cache.
    int64_t getPartSize();
    /// The bytes `[batch, num_kv_heads, size]` of `parts`: the number of parts
    /// that are done, i32, in a line of its own, then the parts. Null where no
    /// buffer form has them.
    ::mlir::MemRefType getPartsType();
  }];
  let assemblyFormat = [{
    $query `,` $key `,` $value
    (`padding` `(` $padding^ `:` type($padding) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`cache` `(` $key_cache^ `,` $value_cache `,` $past `:` type($key_cache) `,` type($value_cache) `)`)?
    (`parts` `(` $parts^ `:` type($parts) `)`)?
    (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($query) `,` type($key) `,` type($value) (`->` type($result)^)?
  }];
}

class QOpt_UnaryOp<string mnemonic> : QOpt_ComputeOp<mnemonic> {
  let arguments = (ins QOpt_FloatData:$input, Optional<AnyMemRef>:$out);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $input (`outs` `(` $out^ `:` type($out) `)`)? attr-dict
    `:` type($input) (`->` type($result)^)?
  }];
}

def QOpt_SiluOp : QOpt_UnaryOp<"silu"> {
  let summary = "x / (1 + exp(-x))";
  let description = [{
    ```mlir
    %y = qopt.silu %x : tensor<4x256xf32> -> tensor<4x256xf32>
    ```
  }];
}

def QOpt_GeluOp : QOpt_UnaryOp<"gelu"> {
  let summary = "x * (1 + erf(x / sqrt(2))) / 2";
  let description = [{
    ```mlir
    %y = qopt.gelu %x : tensor<4x256xf32> -> tensor<4x256xf32>
    ```
  }];
}

#endif // QOPT_DIALECTS_QOPT_QOPT_TD

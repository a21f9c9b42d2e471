//===- QOptComputing.td - Ops that compute -----------------*- tablegen -*-===//

#ifndef QOPT_DIALECTS_QOPT_QOPTCOMPUTING_TD
#define QOPT_DIALECTS_QOPT_QOPTCOMPUTING_TD

include "dialects/QOpt/QOptBase.td"

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
    `input[..., k] = scales[..., k / group] * codes[..., k]`. Those of a `quantize` with
    `unsigned_many` are for products with that attribute alone.

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
                       OptionalAttr<StrAttr>:$path, OptionalAttr<StrAttr>:$role,
                       UnitAttr:$unsigned_many);
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
    kernels' own (passes/Lower/Kernels/CodedRows.h). With `unsigned_many` kernels may
    store codes of many rows plus 128, as unsigned bytes: all products that read them
    have the attribute too.

    ```mlir
    %codes, %scales, %sums = qopt.quantize %x {block = 64, per_token}
      : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>, tensor<?x4xi32>
    ```
  }];
  let arguments = (ins QOpt_FloatData:$input,
                       Optional<AnyMemRef>:$out_codes,
                       Optional<AnyMemRef>:$out_scales,
                       Optional<AnyMemRef>:$out_sums,
                       I64Attr:$block, UnitAttr:$per_token,
                       UnitAttr:$unsigned_many);
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

#endif // QOPT_DIALECTS_QOPT_QOPTCOMPUTING_TD

// RUN: qopt-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{'qopt.weight' op expects either a file range or a value}}
qopt.weight @neither : tensor<2xf32>

// -----

// expected-error @below {{'qopt.weight' op expects either a file range or a value}}
qopt.weight @both : tensor<2xf32> {file = "m.onnx", length = 8 : i64, value = dense<1.0> : tensor<2xf32>}

// -----

// expected-error @below {{'qopt.weight' op expects a static shape, but got 'tensor<?xf32>'}}
qopt.weight @dynamic : tensor<?xf32> {file = "m.onnx", length = 8 : i64}

// -----

// expected-error @below {{'qopt.weight' op expects as many bytes as 'tensor<2xf16>' has, but got 8}}
qopt.weight @length : tensor<2xf16> {file = "m.onnx", length = 8 : i64}

// -----

// expected-error @below {{'qopt.weight' op expects a matrix to be transposed, but got 'tensor<2xf32>'}}
qopt.weight @vector : tensor<2xf32> {file = "m.onnx", length = 8 : i64, transposed}

// -----

func.func @no_form(%x: tensor<4xf32>) {
  // expected-error @below {{'qopt.silu' op expects either a result or an out operand}}
  qopt.silu %x : tensor<4xf32>
  return
}

// -----

func.func @both_forms(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error @below {{'qopt.gelu' op expects either a result or an out operand}}
  %0 = qopt.gelu %x outs(%y : memref<4xf32>) : memref<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @table(%t: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error @below {{'qopt.embedding' op expects a table of rank 2, or packed of rank 3}}
  %0 = qopt.embedding %t[%i] : tensor<4xf32>, tensor<2xi64> -> tensor<2xf32>
  return
}

// -----

func.func @weight_rank(%x: tensor<4x8xf32>, %w: tensor<8xf32>) {
  // expected-error @below {{'qopt.matmul' op expects a weight [N, K] or [panels, K, 32], but got 'tensor<8xf32>'}}
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @panel_width(%x: tensor<4x8xf32>, %w: tensor<1x8x16xf32>) {
  // expected-error @below {{'qopt.matmul' op expects panels of 32 columns, but got 16}}
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @result_rank(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{'qopt.matmul' op expects input and result of the same rank}}
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<1x4x16xf32>
  return
}

// -----

func.func @summed_size(%x: tensor<4x8xf32>, %w: tensor<16x4xf32>) {
  // expected-error @below {{'qopt.matmul' op expects K = 4 as last size of the input, but got 8}}
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<16x4xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @columns(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{'qopt.matmul' op expects a result whose last size fits the weight, but got 8}}
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// 32 columns are one panel, 33 are two.
func.func @panels(%x: tensor<4x8xf32>, %w: tensor<2x8x32xf32>) {
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<2x8x32xf32>) -> tensor<4x33xf32>
  // expected-error @below {{'qopt.matmul' op expects a result whose last size fits the weight, but got 32}}
  %1 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<2x8x32xf32>) -> tensor<4x32xf32>
  return
}

// -----

func.func @extra_rank(%x: tensor<1x4x8xf32>, %w: tensor<16x8xf32>, %e: tensor<4x16xf32>) {
  // expected-error @below {{'qopt.matmul' op expects extras [N] or of the result's sizes, but got 'tensor<4x16xf32>'}}
  %0 = qopt.matmul %x, %w extras(%e) epilogue {
  ^bb0(%a: f32, %b: f32):
    qopt.yield %b : f32
  } : (tensor<1x4x8xf32>, tensor<16x8xf32>, tensor<4x16xf32>) -> tensor<1x4x16xf32>
  return
}

// -----

func.func @extra_size(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %e: tensor<4xf32>) {
  // expected-error @below {{'qopt.matmul' op expects extras whose last size is 16}}
  %0 = qopt.matmul %x, %w extras(%e) epilogue {
  ^bb0(%a: f32, %b: f32):
    qopt.yield %b : f32
  } : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<4xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @extras_unread(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %e: tensor<16xf32>) {
  // expected-error @below {{'qopt.matmul' op expects an epilogue that reads its extras}}
  %0 = qopt.matmul %x, %w extras(%e) : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @epilogue_arguments(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %e: tensor<16xf32>) {
  // expected-error @below {{'qopt.matmul' op expects an epilogue of 2 f32 arguments}}
  %0 = qopt.matmul %x, %w extras(%e) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @scale(%x: tensor<4x8xf32>, %s: tensor<4xf32>) {
  // expected-error @below {{'qopt.rms_norm' op expects a scale of the input's last size, but got 'tensor<4xf32>'}}
  %0 = qopt.rms_norm %x, %s {epsilon = 0.5 : f64} : tensor<4x8xf32>, tensor<4xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @scale_rank(%x: tensor<4x8xf32>, %s: tensor<1x8xf32>) {
  // expected-error @below {{'qopt.layer_norm' op expects a scale of the input's last size, but got 'tensor<1x8xf32>'}}
  %0 = qopt.layer_norm %x, %s {epsilon = 0.5 : f64} : tensor<4x8xf32>, tensor<1x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @positions(%p: tensor<4xi64>, %f: tensor<2xf32>) {
  // expected-error @below {{'qopt.rotary_table' op expects positions [batch, sequence] and frequencies [n]}}
  %0 = qopt.rotary_table %p, %f : tensor<4xi64>, tensor<2xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @rotary_rank(%x: tensor<4x8xf32>, %t: tensor<1x4x4xf32>) {
  // expected-error @below {{'qopt.rotary' op expects input and table of rank 3}}
  %0 = qopt.rotary %x, %t {num_heads = 2 : i64} : tensor<4x8xf32>, tensor<1x4x4xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @rotary_heads(%x: tensor<1x4x8xf32>, %t: tensor<1x4x2xf32>) {
  // expected-error @below {{'qopt.rotary' op expects a last size that is a multiple of 3 heads, but got 8}}
  %0 = qopt.rotary %x, %t {num_heads = 3 : i64} : tensor<1x4x8xf32>, tensor<1x4x2xf32> -> tensor<1x4x8xf32>
  return
}

// -----

func.func @rotary_table_size(%x: tensor<1x4x8xf32>, %t: tensor<1x4x8xf32>) {
  // expected-error @below {{'qopt.rotary' op expects a table for at most 4 elements, but got 8}}
  %0 = qopt.rotary %x, %t {num_heads = 2 : i64} : tensor<1x4x8xf32>, tensor<1x4x8xf32> -> tensor<1x4x8xf32>
  return
}

// -----

func.func @grouped_heads(%x: tensor<1x4x24xf32>, %k: tensor<1x4x16xf32>) {
  // expected-error @below {{'qopt.attention' op expects a multiple of 2 key/value heads, but got 3 heads}}
  %0 = qopt.attention %x, %k, %k {empty_row = #qopt<empty_row zero>, num_heads = 3 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64} : tensor<1x4x24xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32> -> tensor<1x4x24xf32>
  return
}

// -----

func.func @attention_rank(%x: tensor<4x8xf32>, %k: tensor<1x4x8xf32>) {
  // expected-error @below {{'qopt.attention' op expects query, key and value [batch, steps, heads * size], but got 'tensor<4x8xf32>'}}
  %0 = qopt.attention %x, %k, %k {empty_row = #qopt<empty_row zero>, num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64} : tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32> -> tensor<1x4x8xf32>
  return
}

// -----

func.func @head_size(%x: tensor<1x4x16xf32>, %k: tensor<1x4x16xf32>) {
  // expected-error @below {{'qopt.attention' op expects heads of one size for query and key, but got 16 / 2 and 16 / 1}}
  %0 = qopt.attention %x, %k, %k {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64} : tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32> -> tensor<1x4x32xf32>
  return
}

// -----

func.func @no_weight() {
  // expected-error @below {{'qopt.get_weight' op expects a qopt.weight, but got @nowhere}}
  %w = qopt.get_weight @nowhere : tensor<8xf32>
  return
}

// -----

qopt.weight @w : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
func.func @no_cache() {
  // expected-error @below {{'qopt.get_cache' op expects a qopt.cache, but got @w}}
  %k, %v = qopt.get_cache @w : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  return
}

// -----

qopt.cache @c {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 16 : i64, storage = i8}
func.func @cache_of_another_type() {
  // expected-error @below {{expects buffers of types 'memref<?x2x?x384xi8>' and 'memref<?x2x?x640xi8>'}}
  %k, %v = qopt.get_cache @c : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  return
}

// -----

// expected-error @below {{expects a size in #qopt.dims for each of 2 dimensions, but got 1}}
func.func private @dims_rank(tensor<?x?xf32, #qopt.dims<"n">>)

// -----

// expected-error @below {{expects sizes in #qopt.dims that are expressions over symbols, but got "n +"}}
func.func private @dims_text(tensor<?xf32, #qopt.dims<"n +">>)

// -----

// expected-error @below {{expects the size 4 in #qopt.dims too, but got "5"}}
func.func private @dims_other_size(tensor<4x?xf32, #qopt.dims<"5", "n">>)

// -----

// expected-error @below {{expects the size 4 in #qopt.dims too, but got "n"}}
func.func private @dims_symbol(tensor<4x?xf32, #qopt.dims<"n", "n">>)

// -----

// A size without expression contradicts nothing.
func.func private @dims_unknown(tensor<?x?xf32, #qopt.dims<"?", "n">>)

// -----

// expected-error @below {{'qopt.weight' op expects a qopt.weight as factor, but got @nowhere}}
qopt.weight @w : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64, row_factor = @nowhere}

// -----

qopt.weight @f : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
// expected-error @below {{'qopt.weight' op expects a factor of one float, or of 4, for floats, but got @f : 'tensor<8xf32>'}}
qopt.weight @w : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64, row_factor = @f}

// -----

qopt.weight @f : tensor<1x8xf32> {file = "m.onnx", length = 32 : i64}
// expected-error @below {{expects a factor of one float, or of 8, for floats, but got @f : 'tensor<1x8xf32>'}}
qopt.weight @w : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64, column_factor = @f}

// -----

qopt.weight @f : tensor<8xi32> {file = "m.onnx", length = 32 : i64}
// expected-error @below {{expects a factor of one float, or of 8, for floats, but got @f : 'tensor<8xi32>'}}
qopt.weight @w : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64, column_factor = @f}

// -----

qopt.weight @f : tensor<1xf32> {file = "m.onnx", length = 4 : i64}
// expected-error @below {{expects a factor of one float, or of 8, for floats, but got @f : 'tensor<1xf32>'}}
qopt.weight @w : tensor<4x8xi32> {file = "m.onnx", length = 128 : i64, column_factor = @f}

// -----

qopt.weight @f : tensor<1xf32> {file = "m.onnx", length = 4 : i64}
// expected-error @below {{'qopt.weight' op expects a matrix for its row_factor, but got 'tensor<8xf32>'}}
qopt.weight @w : tensor<8xf32> {file = "m.onnx", length = 32 : i64, row_factor = @f}

// -----

qopt.weight @f : tensor<1xf32> {file = "m.onnx", length = 4 : i64}
// expected-error @below {{'qopt.weight' op expects a vector for its column_factor, but got 'tensor<f32>'}}
qopt.weight @w : tensor<f32> {file = "m.onnx", length = 4 : i64, column_factor = @f}

// -----

qopt.weight @one : tensor<1xf32> {file = "m.onnx", length = 4 : i64}
qopt.weight @f : tensor<1x1xf32> {file = "m.onnx", length = 4 : i64, row_factor = @one}
// expected-error @below {{'qopt.weight' op expects a factor without row_factor, but got @f}}
qopt.weight @w : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @f}

// -----

// expected-error @below {{'qopt.weight' op expects factors without a cycle, but got @b}}
qopt.weight @a : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @b}
qopt.weight @b : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @a}

// -----

// expected-error @below {{'qopt.weight' op expects factors without a cycle, but got @itself}}
qopt.weight @itself : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @itself}

// -----

func.func @no_parts(%x: memref<?x1x16xf32>, %k: memref<?x2x?x8x32xf32>, %v: memref<?x2x?x32x8xf32>, %past: index) {
  // expected-error @below {{'qopt.attention' op expects parts of type 'memref<?x2x1088xi8>'}}
  qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) outs(%x : memref<?x1x16xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : memref<?x1x16xf32>, memref<?x1x16xf32>, memref<?x1x16xf32>
  return
}

// -----

func.func @parts_of_another_size(%x: memref<?x1x16xf32>, %k: memref<?x2x?x8x32xf32>, %v: memref<?x2x?x32x8xf32>, %parts: memref<?x2x1024xi8>, %past: index) {
  // expected-error @below {{expects parts of type 'memref<?x2x1088xi8>'}}
  qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) parts(%parts : memref<?x2x1024xi8>) outs(%x : memref<?x1x16xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : memref<?x1x16xf32>, memref<?x1x16xf32>, memref<?x1x16xf32>
  return
}

// -----

func.func @parts_of_many_steps(%x: memref<?x?x16xf32>, %k: memref<?x2x?x8x32xf32>, %v: memref<?x2x?x32x8xf32>, %parts: memref<?x2x1088xi8>, %past: index) {
  // expected-error @below {{expects no parts but in the buffer form of one query step with a cache}}
  qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) parts(%parts : memref<?x2x1088xi8>) outs(%x : memref<?x?x16xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : memref<?x?x16xf32>, memref<?x?x16xf32>, memref<?x?x16xf32>
  return
}

// -----

func.func @candidates_without_tokens(%x: tensor<2x16xf32>) {
  // expected-error @below {{expects either two results or three out operands}}
  %0 = qopt.candidates %x : tensor<2x16xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @candidates_of_any_row(%x: tensor<2x?xf32>) {
  // expected-error @below {{expects rows of a constant size, but got 'tensor<2x?xf32>'}}
  %0, %1 = qopt.candidates %x : tensor<2x?xf32> -> tensor<2x4xf32>, tensor<2x4xi64>
  return
}

// -----

func.func @candidates_of_other_rows(%x: tensor<2x16xf32>) {
  // expected-error @below {{expects candidates of the rows of 'tensor<2x16xf32>' as f32 and i64 of one size, and locks of 16 i32, but got 'tensor<3x4xf32>'}}
  %0, %1 = qopt.candidates %x : tensor<2x16xf32> -> tensor<3x4xf32>, tensor<3x4xi64>
  return
}

// -----

func.func @candidates_of_two_sizes(%x: tensor<2x16xf32>) {
  // expected-error @below {{but got 'tensor<2x5xi64>'}}
  %0, %1 = qopt.candidates %x : tensor<2x16xf32> -> tensor<2x4xf32>, tensor<2x5xi64>
  return
}

// -----

func.func @candidates_without_locks(%x: memref<2x16xf32>, %w: memref<32x16xf32>, %y: memref<2x32xf32>, %v: memref<2x4xf32>, %t: memref<2x4xi64>) {
  // expected-error @below {{expects the three outs of candidates in the buffer form alone}}
  qopt.matmul %x, %w outs(%y : memref<2x32xf32>) candidates(%v, %t : memref<2x4xf32>, memref<2x4xi64>) : (memref<2x16xf32>, memref<32x16xf32>)
  return
}

// -----

func.func @locks_of_another_size(%x: memref<2x16xf32>, %v: memref<2x4xf32>, %t: memref<2x4xi64>, %o: memref<2x1xi32>) {
  // expected-error @below {{but got 'memref<2x1xi32>'}}
  qopt.candidates %x outs(%v, %t, %o : memref<2x4xf32>, memref<2x4xi64>, memref<2x1xi32>) : memref<2x16xf32>
  return
}

// RUN: split-file %s %t
// RUN: %python -c "e = [bytes([i] * 4) for i in range(6)]; open(r'%t/tied.bin', 'wb').write(b''.join(e + e + e[::-1] + e[0::2] + e[1::2]))"
// RUN: sed "s|TIED|%/t/tied.bin|" %t/tied.mlir > %t/tied-here.mlir
// RUN: qopt-opt %t/paths.mlir --qopt-name-paths --split-input-file | FileCheck %t/paths.mlir
// RUN: qopt-opt %t/roles.mlir --qopt-name-paths --split-input-file | FileCheck %t/roles.mlir
// RUN: qopt-opt %t/tied-here.mlir --qopt-name-paths --split-input-file | FileCheck %t/tied.mlir

//--- paths.mlir

// What all paths begin with says nothing: components go, not letters.
// CHECK-LABEL: func.func @f
// CHECK: path = "layers.0.mlp.up_proj"
// CHECK: path = "layers.0.mlp.down_proj"
// CHECK: path = "layernorm"
// CHECK: path = "layers.0.self_attn"
func.func @f(%x: tensor<2x4x8xf32>, %w: tensor<8x8xf32>, %s: tensor<8xf32>) -> tensor<2x4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "m.model.layers.0.mlp.up_proj"} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %1 = qopt.matmul %0, %w {path = "m.model.layers.0.mlp.down_proj"} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %2 = qopt.rms_norm %1, %s {epsilon = 1.0e-5 : f64, path = "m.model.layernorm"} : tensor<2x4x8xf32>, tensor<8xf32> -> tensor<2x4x8xf32>
  %3 = qopt.attention %2, %2, %2 {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, path = "m.model.layers.0.self_attn"} : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32> -> tensor<2x4x8xf32>
  return %3 : tensor<2x4x8xf32>
}

// -----

// One path alone shares nothing with others.
// CHECK-LABEL: func.func @alone
// CHECK: path = "model.up_proj"
func.func @alone(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "model.up_proj"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// A path that is the beginning of another keeps its last component.
// CHECK-LABEL: func.func @nested
// CHECK: path = "mlp"
// CHECK: path = "mlp.up_proj"
func.func @nested(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "model.mlp"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.matmul %0, %w {path = "model.mlp.up_proj"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @nothing_in_common
// CHECK: path = "embeddings.word"
// CHECK: path = "model.up_proj"
func.func @nothing_in_common(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "embeddings.word"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.matmul %0, %w {path = "model.up_proj"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// Attention may stand elsewhere: what its path does not begin with is not cut.
// CHECK-LABEL: func.func @attention_elsewhere
// CHECK: path = "a"
// CHECK: path = "b"
// CHECK: path = "other.self_attention"
func.func @attention_elsewhere(%x: tensor<2x4x8xf32>, %s: tensor<8xf32>) -> tensor<2x4x8xf32> {
  %0 = qopt.rms_norm %x, %s {epsilon = 1.0e-5 : f64, path = "model.decoder.a"} : tensor<2x4x8xf32>, tensor<8xf32> -> tensor<2x4x8xf32>
  %1 = qopt.rms_norm %0, %s {epsilon = 1.0e-5 : f64, path = "model.decoder.b"} : tensor<2x4x8xf32>, tensor<8xf32> -> tensor<2x4x8xf32>
  %2 = qopt.attention %1, %1, %1 {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, path = "other.self_attention"} : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32> -> tensor<2x4x8xf32>
  return %2 : tensor<2x4x8xf32>
}

//--- roles.mlir

// Arguments and results without a name have no place in the signature.
// CHECK: qopt.signature {{.*}}inputs = [{name = "ids", role = "plain"
// CHECK-LABEL: func.func @main
// CHECK: role = "embedding"
// CHECK: role = "head"
qopt.signature {inputs = [{name = "ids", role = "plain", type = tensor<4xi64>}], outputs = [], symbols = [], conditions = []}
func.func @main(%ids: tensor<4xi64>, %t: tensor<8x2xf32>) -> tensor<4x8xf32> {
  %0 = qopt.embedding %t[%ids] : tensor<8x2xf32>, tensor<4xi64> -> tensor<4x2xf32>
  %1 = qopt.matmul %0, %t : (tensor<4x2xf32>, tensor<8x2xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// Constant factors are in nobody's way; a factor that is no constant is.
// CHECK: qopt.signature {{.*}}outputs = [{name = "logits", role = "logits"
// CHECK-LABEL: func.func @main
// CHECK: qopt.matmul {{.*}}role = "gate_up"
// CHECK: qopt.matmul {{.*}}role = "gate_up"
// CHECK: qopt.matmul {{.*}}role = "down"
// CHECK: qopt.matmul {{.*}}role = "head"
// CHECK: qopt.matmul {{.*}}role = "other"
!x = tensor<4x8xf32>
!logits = tensor<4x16xf32>
qopt.weight @s : tensor<8xf32> {file = "m", length = 32 : i64}
qopt.signature {inputs = [{name = "ids", role = "plain", type = tensor<4xi64>}], outputs = [{name = "logits", role = "plain", type = !logits}, {name = "scaled", role = "plain", type = !logits}], symbols = [], conditions = []}
func.func @main(%ids: tensor<4xi64>, %t: tensor<16x8xf32>, %w: tensor<8x8xf32>, %y: tensor<1xf32>) -> (!logits {qopt.name = "logits"}, !logits {qopt.name = "scaled"}) {
  %c = arith.constant dense<3.0> : tensor<f32>
  %s = qopt.get_weight @s : tensor<8xf32>
  %0 = qopt.embedding %t[%ids] : tensor<16x8xf32>, tensor<4xi64> -> !x
  %1 = qopt.matmul %0, %w : (!x, tensor<8x8xf32>) -> !x
  %2 = onnx.node "Div"(%1, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %3 = qopt.silu %2 : !x -> !x
  %4 = onnx.node "Mul"(%3, %s) {opset = 17 : i64} : (!x, tensor<8xf32>) -> !x
  %5 = qopt.matmul %0, %w : (!x, tensor<8x8xf32>) -> !x
  %6 = onnx.node "Mul"(%c, %5) {opset = 17 : i64} : (tensor<f32>, !x) -> !x
  %7 = onnx.node "Mul"(%4, %6) {opset = 17 : i64} : (!x, !x) -> !x
  %8 = onnx.node "Mul"(%s, %7) {opset = 17 : i64} : (tensor<8xf32>, !x) -> !x
  %9 = qopt.matmul %8, %w : (!x, tensor<8x8xf32>) -> !x
  %10 = qopt.matmul %9, %t : (!x, tensor<16x8xf32>) -> !logits
  %11 = onnx.node "Mul"(%10, %c) {opset = 17 : i64} : (!logits, tensor<f32>) -> !logits
  %12 = qopt.matmul %9, %t : (!x, tensor<16x8xf32>) -> !logits
  %13 = onnx.node "Mul"(%12, %y) {opset = 17 : i64} : (!logits, tensor<1xf32>) -> !logits
  return %11, %13 : !logits, !logits
}

// -----

// CHECK: func.func private @main(tensor<4xi64>)
func.func private @main(tensor<4xi64>)

// -----

!ids = tensor<2x4xi64>
!x = tensor<2x4x8xf32>
!logits = tensor<2x4x32xf32>

// Roles of products, and what the signature is told of the tensors.
// CHECK: qopt.signature
// CHECK-SAME: inputs = [{name = "ids", role = "tokens"
// CHECK-SAME: {name = "positions", role = "positions"
// CHECK-SAME: {name = "types", role = "plain"
// CHECK-SAME: outputs = [{name = "logits", role = "logits"
// CHECK-SAME: {name = "hidden", role = "plain"
// CHECK-LABEL: func.func @main
// CHECK: qopt.embedding {{.*}}role = "embedding"
// CHECK: qopt.embedding {{.*}}role = "embedding"
// CHECK: qopt.matmul {{.*}}path = "q", role = "qkv"
// CHECK: qopt.matmul {{.*}}path = "k", role = "qkv"
// CHECK: qopt.matmul {{.*}}path = "v", role = "qkv"
// CHECK: qopt.matmul {{.*}}path = "o", role = "attention.out"
// CHECK: qopt.matmul {{.*}}path = "gate", role = "gate_up"
// CHECK: qopt.matmul {{.*}}path = "up", role = "gate_up"
// CHECK: qopt.matmul {{.*}}path = "down", role = "down"
// CHECK: qopt.matmul {{.*}}path = "pooler", role = "other"
// CHECK: qopt.matmul {{.*}}path = "lm_head", role = "head"
qopt.signature {inputs = [{name = "ids", role = "plain", type = !ids}, {name = "positions", role = "plain", type = !ids}, {name = "types", role = "plain", type = !ids}],
  outputs = [{name = "logits", role = "plain", type = !logits}, {name = "hidden", role = "plain", type = !x}], symbols = [], conditions = []}
func.func @main(%ids: !ids {qopt.name = "ids"}, %positions: !ids {qopt.name = "positions"}, %types: !ids {qopt.name = "types"},
                %table: tensor<32x8xf32> {qopt.name = "table"}, %small: tensor<2x8xf32> {qopt.name = "small"}, %w: tensor<8x8xf32> {qopt.name = "w"}, %f: tensor<2xf32> {qopt.name = "f"})
    -> (!logits {qopt.name = "logits"}, !x {qopt.name = "hidden"}) {
  %word = qopt.embedding %table[%ids] : tensor<32x8xf32>, !ids -> !x
  %type = qopt.embedding %small[%types] : tensor<2x8xf32>, !ids -> !x
  %x = onnx.node "Add"(%word, %type) {opset = 17 : i64} : (!x, !x) -> !x
  %turns = qopt.rotary_table %positions, %f : !ids, tensor<2xf32> -> tensor<2x4x4xf32>
  %q = qopt.matmul %x, %w {path = "q"} : (!x, tensor<8x8xf32>) -> !x
  %k = qopt.matmul %x, %w {path = "k"} : (!x, tensor<8x8xf32>) -> !x
  %v = qopt.matmul %x, %w {path = "v"} : (!x, tensor<8x8xf32>) -> !x
  %turned_q = qopt.rotary %q, %turns {num_heads = 2 : i64} : !x, tensor<2x4x4xf32> -> !x
  %biased_v = onnx.node "Add"(%v, %x) {opset = 17 : i64} : (!x, !x) -> !x
  %a = qopt.attention %turned_q, %k, %biased_v {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64} : !x, !x, !x -> !x
  %o = qopt.matmul %a, %w {path = "o"} : (!x, tensor<8x8xf32>) -> !x
  %gate = qopt.matmul %o, %w {path = "gate"} : (!x, tensor<8x8xf32>) -> !x
  %silu = qopt.silu %gate : !x -> !x
  %up = qopt.matmul %o, %w {path = "up"} : (!x, tensor<8x8xf32>) -> !x
  %gated = onnx.node "Mul"(%silu, %up) {opset = 17 : i64} : (!x, !x) -> !x
  %down = qopt.matmul %gated, %w {path = "down"} : (!x, tensor<8x8xf32>) -> !x
  %hidden = qopt.matmul %down, %w {path = "pooler"} : (!x, tensor<8x8xf32>) -> !x
  %logits = qopt.matmul %down, %table {path = "lm_head"} : (!x, tensor<32x8xf32>) -> !logits
  return %logits, %hidden : !logits, !x
}

// -----

// As many rows as the vocabulary, but no result: no head.
// CHECK-LABEL: func.func @main
// CHECK: qopt.matmul {{.*}}role = "other"
func.func @main(%ids: tensor<2x4xi64>, %table: tensor<32x8xf32>, %w: tensor<32x8xf32>) -> tensor<2x4x32xf32> {
  %x = qopt.embedding %table[%ids] : tensor<32x8xf32>, tensor<2x4xi64> -> tensor<2x4x8xf32>
  %y = qopt.matmul %x, %w : (tensor<2x4x8xf32>, tensor<32x8xf32>) -> tensor<2x4x32xf32>
  %z = onnx.node "Softmax"(%y) {opset = 17 : i64} : (tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  return %z : tensor<2x4x32xf32>
}

// -----

// Another function than @main keeps what it has.
// CHECK-LABEL: func.func @f
// CHECK-NOT: role
func.func @f(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// A cache has the path of the attention that reads it, which recipes know it by.
// CHECK: qopt.cache @c {{.*}}path = "layers.0.self_attn"
// CHECK-LABEL: func.func @main
qopt.cache @c {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%x: tensor<2x4x8xf32>, %w: tensor<8x8xf32>, %past: index) -> tensor<2x4x8xf32> {
  %k, %v = qopt.get_cache @c : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>
  %0 = qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64, path = "m.layers.0.self_attn"} : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32> -> tensor<2x4x8xf32>
  %1 = qopt.matmul %0, %w {path = "m.layers.0.mlp.up_proj"} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %2 = qopt.matmul %1, %w {path = "m.lm_head"} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  return %2 : tensor<2x4x8xf32>
}

//--- tied.mlir

// Copies of the table's bytes, as they are or the other way round, are the
// table. Others are not: other bytes, the same
// bytes read in another order, bytes that are not there.
// CHECK-LABEL: func.func @main
// CHECK: qopt.get_weight @table : tensor<3x2xf32>
// CHECK: %[[COPY:.*]] = qopt.get_weight @table : tensor<3x2xf32>
// CHECK: %[[OTHER:.*]] = qopt.get_weight @other : tensor<3x2xf32>
// CHECK: %[[TURNED:.*]] = qopt.get_weight @turned : tensor<3x2xf32>
// CHECK: %[[GONE:.*]] = qopt.get_weight @gone : tensor<3x2xf32>
// CHECK: %[[FLIPPED:.*]] = qopt.get_weight @table : tensor<3x2xf32>
// CHECK: qopt.matmul %{{.*}}, %[[COPY]]
// CHECK: qopt.matmul %{{.*}}, %[[OTHER]]
// CHECK: qopt.matmul %{{.*}}, %[[TURNED]]
// CHECK: qopt.matmul %{{.*}}, %[[GONE]]
// CHECK: qopt.matmul %{{.*}}, %[[FLIPPED]]
qopt.weight @table : tensor<3x2xf32> {file = "TIED", offset = 0 : i64, length = 24 : i64}
qopt.weight @copy : tensor<3x2xf32> {file = "TIED", offset = 24 : i64, length = 24 : i64}
qopt.weight @other : tensor<3x2xf32> {file = "TIED", offset = 48 : i64, length = 24 : i64}
qopt.weight @turned : tensor<3x2xf32> {file = "TIED", offset = 24 : i64, length = 24 : i64, transposed}
qopt.weight @flipped : tensor<3x2xf32> {file = "TIED", offset = 72 : i64, length = 24 : i64, transposed}
qopt.weight @gone : tensor<3x2xf32> {file = "no such file", offset = 0 : i64, length = 24 : i64}
func.func @main(%ids: tensor<4xi64>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %table = qopt.get_weight @table : tensor<3x2xf32>
  %copy = qopt.get_weight @copy : tensor<3x2xf32>
  %other = qopt.get_weight @other : tensor<3x2xf32>
  %turned = qopt.get_weight @turned : tensor<3x2xf32>
  %gone = qopt.get_weight @gone : tensor<3x2xf32>
  %flipped = qopt.get_weight @flipped : tensor<3x2xf32>
  %x = qopt.embedding %table[%ids] : tensor<3x2xf32>, tensor<4xi64> -> tensor<4x2xf32>
  %0 = qopt.matmul %x, %copy : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  %1 = qopt.matmul %x, %other : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  %2 = qopt.matmul %x, %turned : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  %3 = qopt.matmul %x, %gone : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  %4 = qopt.matmul %x, %flipped : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  return %0, %1, %2, %3, %4 : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>
}

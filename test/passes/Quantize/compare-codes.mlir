// RUN: qopt-opt %s --qopt-compare-codes --split-input-file --verify-diagnostics | FileCheck %s

!w4 = !qopt.qtensor<64x200, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>
!x = tensor<?x200xf32, #qopt.dims<"n", "200">>
!y = tensor<?x64xf32, #qopt.dims<"n", "64">>

// The float weight lies behind all others, on a cache line; what follows reads
// the twin; both results are outputs of function and signature.
// CHECK: qopt.weight @up : tensor<64x200xf32> {file = "m.onnx", length = 51200 : i64, method = "rtn", packed = !qopt.qtensor<64x200, {{.*}}>, packed_offset = 0 : i64}
// CHECK-NEXT: qopt.weight @up.float : tensor<64x200xf32> {file = "m.onnx", length = 51200 : i64, packed = tensor<2x200x32xf32>, packed_offset = 7936 : i64}
// CHECK: qopt.weight @scale
// CHECK: qopt.signature {{.*}}outputs = [{name = "y", {{[^}]*}}},
// CHECK-SAME: {activations = "int8-block", format = "codes = u4, block = 64, scale = f16, zero = u4", name = "/mlp/up/MatMul#codes", node = "/mlp/up/MatMul", path = "mlp.up", role = "plain", type = tensor<?x64xf32, #qopt.dims<"n", "64">>},
// CHECK-SAME: {name = "/mlp/up/MatMul#float", role = "plain", type = tensor<?x64xf32, #qopt.dims<"n", "64">>}]
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (tensor<{{.*}}> {qopt.name = "y"}, tensor<?x64xf32, #qopt.dims<"n", "64">> {qopt.name = "/mlp/up/MatMul#codes"}, tensor<?x64xf32, #qopt.dims<"n", "64">> {qopt.name = "/mlp/up/MatMul#float"})
// CHECK: %[[CODED:.*]] = qopt.get_weight @up : !qopt.qtensor
// CHECK: %[[FLOAT:.*]] = qopt.get_weight @up.float : tensor<2x200x32xf32>
// CHECK: %[[CODES:.*]] = qopt.matmul %[[X:.*]], %[[CODED]] {activations = "int8-block", path = "mlp.up", role = "gate_up"}
// CHECK-NEXT: %[[TWIN:.*]] = qopt.matmul %[[X]], %[[FLOAT]] {path = "mlp.up", role = "gate_up"}
// CHECK-NEXT: %[[Y:.*]] = qopt.silu %[[TWIN]]
// CHECK-NEXT: return %[[Y]], %[[CODES]], %[[TWIN]]
qopt.weight @up : tensor<64x200xf32> {file = "m.onnx", length = 51200 : i64, method = "rtn", packed = !w4, packed_offset = 0 : i64}
qopt.weight @scale : tensor<3xf32> {file = "m.onnx", length = 12 : i64, packed = tensor<3xf32>, packed_offset = 7872 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [{name = "y", role = "plain", type = !y}], symbols = ["n"]}
func.func @main(%x: !x) -> (!y {qopt.name = "y"}) {
  %w = qopt.get_weight @up : !w4
  %0 = qopt.matmul %x, %w {activations = "int8-block", path = "mlp.up", role = "gate_up"} : (!x, !w4) -> !y loc("/mlp/up/MatMul")
  %1 = qopt.silu %0 : !y -> !y
  return %1 : !y
}

// -----

!s8 = !qopt.qtensor<40x64, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>

// A table that is the weight of a product too is one weight in float as well,
// read from panels; another one is read row by row. Names that are taken get
// numbers; an op without a name has that of its path.
// CHECK: qopt.weight @tied.float : {{.*}}packed = tensor<2x64x32xf32>
// CHECK: qopt.weight @types.float : {{.*}}packed = tensor<40x64xf32>
// CHECK-NOT: qopt.weight
// CHECK-LABEL: func.func @main
// CHECK-SAME: qopt.name = "take#codes"}, tensor<2x64xf32> {qopt.name = "take#2#codes"}, tensor<2x64xf32> {qopt.name = "take#2#float"}, {{.*}}"take#3#codes"{{.*}}"take#3#float"{{.*}}"lm_head#codes"{{.*}}"lm_head#float"
// CHECK: qopt.embedding %{{.*}} : !qopt.qtensor<40x64
// CHECK-NEXT: qopt.embedding %{{.*}} {rows = 40 : i64} : tensor<2x64x32xf32>
// CHECK: qopt.embedding %{{.*}} : !qopt.qtensor<40x64
// CHECK-NEXT: qopt.embedding %{{.*}}] : tensor<40x64xf32>
// CHECK: qopt.matmul
// CHECK-NEXT: qopt.matmul {{.*}}tensor<2x64x32xf32>
qopt.weight @tied : tensor<40x64xf32> {file = "m.onnx", length = 10240 : i64, packed = !s8, packed_offset = 0 : i64}
qopt.weight @types : tensor<40x64xf32> {file = "m.onnx", length = 10240 : i64, packed = !s8, packed_offset = 8192 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [{name = "take#codes", role = "plain", type = tensor<2x40xf32>}], symbols = []}
func.func @main(%ids: tensor<2xi64>) -> (tensor<2x40xf32> {qopt.name = "take#codes"}) {
  %table = qopt.get_weight @tied : !s8
  %types = qopt.get_weight @types : !s8
  %0 = qopt.embedding %table[%ids] : !s8, tensor<2xi64> -> tensor<2x64xf32> loc("take")
  %1 = qopt.embedding %types[%ids] : !s8, tensor<2xi64> -> tensor<2x64xf32> loc("take")
  %2 = onnx.node "Add"(%0, %1) {opset = 17 : i64} : (tensor<2x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  %3 = qopt.matmul %2, %table {path = "lm_head"} : (tensor<2x64xf32>, !s8) -> tensor<2x40xf32>
  return %3 : tensor<2x40xf32>
}

// -----

!s8 = !qopt.qtensor<64x64, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>

// Of a decoder prefill is left, which runs single tokens as well.
// CHECK-LABEL: func.func @prefill
// CHECK-COUNT-2: qopt.matmul
// CHECK-NOT: @decode
qopt.weight @w : tensor<64x64xf32> {file = "m.onnx", length = 16384 : i64, packed = !s8, packed_offset = 0 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [], symbols = ["s"]}
func.func @prefill(%x: tensor<?x64xf32, #qopt.dims<"s", "64">>) -> tensor<?x64xf32, #qopt.dims<"s", "64">> {
  %w = qopt.get_weight @w : !s8
  %0 = qopt.matmul %x, %w : (tensor<?x64xf32, #qopt.dims<"s", "64">>, !s8) -> tensor<?x64xf32, #qopt.dims<"s", "64">>
  return %0 : tensor<?x64xf32, #qopt.dims<"s", "64">>
}
func.func @decode(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = qopt.get_weight @w : !s8
  %0 = qopt.matmul %x, %w : (tensor<1x64xf32>, !s8) -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}

// -----

// Nothing to compare: nothing changes.
// CHECK: qopt.weight @w
// CHECK-NOT: qopt.weight
// CHECK: outputs = [{name = "y"{{[^}]*}}}]
// CHECK-LABEL: func.func @prefill
// CHECK-SAME: -> (tensor<2x64xf32> {qopt.name = "y"}) {
// CHECK-COUNT-1: qopt.matmul
// CHECK: func.func @decode
qopt.weight @w : tensor<64x64xf32> {file = "m.onnx", length = 16384 : i64, packed = tensor<2x64x32xf16>, packed_offset = 0 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [{name = "y", role = "plain", type = tensor<2x64xf32>}], symbols = []}
func.func @prefill(%x: tensor<2x64xf32>) -> (tensor<2x64xf32> {qopt.name = "y"}) {
  %w = qopt.get_weight @w : tensor<2x64x32xf16>
  %0 = qopt.matmul %x, %w : (tensor<2x64xf32>, tensor<2x64x32xf16>) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}
func.func @decode(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  return %x : tensor<1x64xf32>
}

// -----

!s8 = !qopt.qtensor<64x64, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>
!rows = tensor<?x64xf32, #qopt.dims<"b*s", "64">>

// No output has such sizes.
// CHECK-NOT: @w.float
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: qopt.matmul
// CHECK-NOT: qopt.matmul
qopt.weight @w : tensor<64x64xf32> {file = "m.onnx", length = 16384 : i64, packed = !s8, packed_offset = 0 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [], symbols = ["b", "s"]}
func.func @main(%x: !rows) -> !rows {
  %w = qopt.get_weight @w : !s8
  // expected-warning @below {{is not compared with floats: a size of its result is not linear: 'tensor<?x64xf32, #qopt.dims<"b*s", "64">>'}}
  %0 = qopt.matmul %x, %w : (!rows, !s8) -> !rows
  return %0 : !rows
}

// -----

!s8 = !qopt.qtensor<64x64, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>

// The network runs in float, its caches too.
// CHECK: qopt.cache @c
// CHECK-NOT: storage
// CHECK-LABEL: func.func @prefill
// CHECK: qopt.get_cache @c : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>
qopt.weight @w : tensor<64x64xf32> {file = "m.onnx", length = 16384 : i64, packed = !s8, packed_offset = 0 : i64}
qopt.cache @c {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64, storage = i8}
qopt.signature {conditions = [], inputs = [], outputs = [{name = "y", role = "plain", type = tensor<2x64xf32>}], symbols = []}
func.func @prefill(%x: tensor<2x64xf32>) -> (tensor<2x64xf32> {qopt.name = "y"}) {
  %k, %v = qopt.get_cache @c : memref<?x2x?x384xi8>, memref<?x2x?x384xi8>
  %w = qopt.get_weight @w : !s8
  %0 = qopt.matmul %x, %w : (tensor<2x64xf32>, !s8) -> tensor<2x64xf32>
  return %0 : tensor<2x64xf32>
}

// -----

!s8 = !qopt.qtensor<32x70000, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>

// Activations are those that the product will have, not what its recipe wants.
// CHECK: qopt.signature {{.*}}{activations = "f32", format = "codes = s8, block = channel, scale = f32", name = "long#codes"
qopt.weight @w : tensor<32x70000xf32> {file = "m.onnx", length = 8960000 : i64, packed = !s8, packed_offset = 0 : i64}
qopt.signature {conditions = [], inputs = [], outputs = [{name = "y", role = "plain", type = tensor<2x32xf32>}], symbols = []}
func.func @main(%x: tensor<2x70000xf32>) -> (tensor<2x32xf32> {qopt.name = "y"}) {
  %w = qopt.get_weight @w : !s8
  %0 = qopt.matmul %x, %w {activations = "int8-token"} : (tensor<2x70000xf32>, !s8) -> tensor<2x32xf32> loc("long")
  return %0 : tensor<2x32xf32>
}

// RUN: qopt-opt %s --qopt-raise-rotary --split-input-file --mlir-print-local-scope | FileCheck %s

!tokens = tensor<1x?x16xf32, #qopt.dims<"1", "sequence", "16">>
!split = tensor<1x?x2x8xf32, #qopt.dims<"1", "sequence", "2", "8">>
!heads = tensor<1x2x?x8xf32, #qopt.dims<"1", "2", "sequence", "8">>
!half = tensor<1x2x?x4xf32, #qopt.dims<"1", "2", "sequence", "4">>
!positions = tensor<1x?xi64, #qopt.dims<"1", "sequence">>
!column = tensor<1x?x1xi64, #qopt.dims<"1", "sequence", "1">>
!number = tensor<1x?x1xf32, #qopt.dims<"1", "sequence", "1">>
!angle = tensor<1x?x4xf32, #qopt.dims<"1", "sequence", "4">>
!angles = tensor<1x?x8xf32, #qopt.dims<"1", "sequence", "8">>
!table = tensor<1x1x?x8xf32, #qopt.dims<"1", "1", "sequence", "8">>

// A batch of one has no index in the positions.
// CHECK-LABEL: func.func @batch_of_one(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[POSITIONS:[a-z0-9]*]]:
// CHECK: %[[TABLE:.*]] = qopt.rotary_table %[[POSITIONS]], %{{.*}} -> tensor<1x?x8xf32, #qopt.dims<"1", "sequence", "8">>
// CHECK: qopt.rotary %[[X]], %[[TABLE]] {num_heads = 2 : i64}
func.func @batch_of_one(%x: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %middle = arith.constant dense<4> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = arith.constant dense<3> : tensor<1xi64>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %angles = onnx.node "Concat"(%angle, %angle) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!angle, !angle) -> !angles
  %cos = onnx.node "Cos"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %sin = onnx.node "Sin"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %cosine = qopt.reshape %cos : !angles -> !table
  %sine = qopt.reshape %sin : !angles -> !table
  %lower = onnx.node "Slice"(%heads, %zero, %middle, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %upper = onnx.node "Slice"(%heads, %middle, %end, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %minus = onnx.node "Neg"(%upper) {opset = 18 : i64} : (!half) -> !half
  %rotated = onnx.node "Concat"(%minus, %lower) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// -----

qopt.weight @eight : tensor<8xf32> {file = "m.onnx", length = 32 : i64}

// The first half of a longer vector is no vector of the file.
// CHECK-LABEL: func.func @part_of_a_weight(
// CHECK-NOT: qopt.rotary
// CHECK: return
func.func @part_of_a_weight(%x: tensor<2x3x16xf32>, %positions: tensor<2x3xi64>) -> tensor<2x2x3x8xf32> {
  %eight = qopt.get_weight @eight : tensor<8xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %four = arith.constant dense<4> : tensor<1xi64>
  %frequencies = onnx.node "Slice"(%eight, %zero, %four) {opset = 18 : i64} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  %split = qopt.reshape %x : tensor<2x3x16xf32> -> tensor<2x3x2x8xf32>
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<2x3x2x8xf32>) -> tensor<2x2x3x8xf32>
  %place = qopt.reshape %positions : tensor<2x3xi64> -> tensor<2x3x1xi64>
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (tensor<2x3x1xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64} : (tensor<2x2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x2x3x8xf32>
  return %y : tensor<2x2x3x8xf32>
}

// CHECK-LABEL: func.func @part_of_a_constant(
// CHECK-NOT: qopt.rotary
// CHECK: return
func.func @part_of_a_constant(%x: tensor<2x3x16xf32>, %positions: tensor<2x3xi64>) -> tensor<2x2x3x8xf32> {
  %eight = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %four = arith.constant dense<4> : tensor<1xi64>
  %frequencies = onnx.node "Slice"(%eight, %zero, %four) {opset = 18 : i64} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  %split = qopt.reshape %x : tensor<2x3x16xf32> -> tensor<2x3x2x8xf32>
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<2x3x2x8xf32>) -> tensor<2x2x3x8xf32>
  %place = qopt.reshape %positions : tensor<2x3xi64> -> tensor<2x3x1xi64>
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (tensor<2x3x1xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64} : (tensor<2x2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x2x3x8xf32>
  return %y : tensor<2x2x3x8xf32>
}

// Nor are the first positions of more a matrix that the table could read.
// CHECK-LABEL: func.func @part_of_the_positions(
// CHECK-NOT: qopt.rotary
// CHECK: return
func.func @part_of_the_positions(%x: tensor<2x3x16xf32>, %positions: tensor<2x5xi64>) -> tensor<2x2x3x8xf32> {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %three = arith.constant dense<3> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %split = qopt.reshape %x : tensor<2x3x16xf32> -> tensor<2x3x2x8xf32>
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<2x3x2x8xf32>) -> tensor<2x2x3x8xf32>
  %first = onnx.node "Slice"(%positions, %zero, %three, %one) {opset = 18 : i64} : (tensor<2x5xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xi64>
  %place = qopt.reshape %first : tensor<2x3xi64> -> tensor<2x3x1xi64>
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (tensor<2x3x1xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64} : (tensor<2x2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x2x3x8xf32>
  return %y : tensor<2x2x3x8xf32>
}

// -----

qopt.weight @row : tensor<1x4xf32> {file = "m.onnx", offset = 0 : i64, length = 16 : i64}
qopt.weight @row.flat : tensor<4xf32> {file = "m.onnx", offset = 16 : i64, length = 16 : i64}

// A name that other bytes have is left to them.
// CHECK-DAG: qopt.weight @row.flat : tensor<4xf32> {{.*}}offset = 16 : i64
// CHECK-DAG: qopt.weight @row.flat_0 : tensor<4xf32> {file = "m.onnx", length = 16 : i64}
// CHECK-LABEL: func.func @name_that_is_taken(
// CHECK: %[[F:.*]] = qopt.get_weight @row.flat_0 : tensor<4xf32>
// CHECK: qopt.rotary_table %{{.*}}, %[[F]]
func.func @name_that_is_taken(%x: tensor<2x3x16xf32>, %positions: tensor<2x3xi64>) -> tensor<2x2x3x8xf32> {
  %frequencies = qopt.get_weight @row : tensor<1x4xf32>
  %split = qopt.reshape %x : tensor<2x3x16xf32> -> tensor<2x3x2x8xf32>
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<2x3x2x8xf32>) -> tensor<2x2x3x8xf32>
  %place = qopt.reshape %positions : tensor<2x3xi64> -> tensor<2x3x1xi64>
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (tensor<2x3x1xf32>, tensor<1x4xf32>) -> tensor<2x3x4xf32>
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64} : (tensor<2x2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x2x3x8xf32>
  return %y : tensor<2x2x3x8xf32>
}

// -----

// The op computes in f32.
// CHECK-LABEL: func.func @double_precision(
// CHECK-NOT: qopt.rotary
// CHECK: return
func.func @double_precision(%x: tensor<2x3x16xf64>, %positions: tensor<2x3xi64>) -> tensor<2x2x3x8xf64> {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %split = qopt.reshape %x : tensor<2x3x16xf64> -> tensor<2x3x2x8xf64>
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<2x3x2x8xf64>) -> tensor<2x2x3x8xf64>
  %place = qopt.reshape %positions : tensor<2x3xi64> -> tensor<2x3x1xi64>
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (tensor<2x3x1xi64>) -> tensor<2x3x1xf32>
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (tensor<2x3x1xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64} : (tensor<2x2x3x8xf64>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x2x3x8xf64>
  return %y : tensor<2x2x3x8xf64>
}

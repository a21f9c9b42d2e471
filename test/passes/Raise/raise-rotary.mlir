// RUN: qopt-opt %s --qopt-raise-rotary --mlir-print-local-scope | FileCheck %s

!tokens = tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
!split = tensor<?x?x2x8xf32, #qopt.dims<"batch", "sequence", "2", "8">>
!heads = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "sequence", "8">>
!half = tensor<?x2x?x4xf32, #qopt.dims<"batch", "2", "sequence", "4">>
!positions = tensor<?x?xi64, #qopt.dims<"batch", "sequence">>
!column = tensor<?x?x1xi64, #qopt.dims<"batch", "sequence", "1">>
!number = tensor<?x?x1xf32, #qopt.dims<"batch", "sequence", "1">>
!angle = tensor<?x?x4xf32, #qopt.dims<"batch", "sequence", "4">>
!angles = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
!table = tensor<?x1x?x8xf32, #qopt.dims<"batch", "1", "sequence", "8">>

qopt.weight @inv_freq : tensor<1x4x1xf32> {file = "m.onnx", offset = 64 : i64, length = 16 : i64}

// x * cos + rotate_half(x) * sin, and the view of heads behind it.
// CHECK-LABEL: func.func @rotate_half(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[POSITIONS:[a-z0-9]*]]:
// CHECK-DAG: %[[FREQUENCIES:.*]] = arith.constant dense<[1.000000e+00, 5.000000e-01, 2.500000e-01, 1.250000e-01]> : tensor<4xf32>
// CHECK: %[[TABLE:.*]] = qopt.rotary_table %[[POSITIONS]], %[[FREQUENCIES]] : {{.*}} -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
// CHECK: %[[Y:.*]] = qopt.rotary %[[X]], %[[TABLE]] {num_heads = 2 : i64} : {{.*}} -> tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
// CHECK: %[[SPLIT:.*]] = qopt.reshape %[[Y]] : {{.*}} -> tensor<?x?x2x8xf32, #qopt.dims<"batch", "sequence", "2", "8">>
// CHECK: %[[HEADS:.*]] = onnx.node "Transpose"(%[[SPLIT]]) {{.*}}perm = [0, 2, 1, 3]
// CHECK-NEXT: return %[[HEADS]]
func.func @rotate_half(%x: !tokens, %positions: !positions) -> !heads {
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

// CHECK-LABEL: func.func @factors_in_another_order(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: qopt.rotary %[[X]], %{{.*}} {num_heads = 2 : i64}
func.func @factors_in_another_order(%x: !tokens, %positions: !positions) -> !heads {
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
  %straight = onnx.node "Mul"(%cosine, %heads) {opset = 18 : i64} : (!table, !heads) -> !heads
  %turned = onnx.node "Mul"(%sine, %rotated) {opset = 18 : i64} : (!table, !heads) -> !heads
  %y = onnx.node "Add"(%turned, %straight) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// The outer product of [1, n, 1] and [batch, 1, steps] is position * frequency.
// CHECK-LABEL: func.func @frequencies_in_a_weight(
// CHECK: %[[W:.*]] = qopt.get_weight @inv_freq.flat : tensor<4xf32>
// CHECK: qopt.rotary_table %{{.*}}, %[[W]]
func.func @frequencies_in_a_weight(%x: !tokens, %positions: !positions) -> !heads {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %middle = arith.constant dense<4> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = arith.constant dense<3> : tensor<1xi64>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %column = qopt.get_weight @inv_freq : tensor<1x4x1xf32>
  %row = onnx.node "Cast"(%positions) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!positions) -> tensor<?x?xf32, #qopt.dims<"batch", "sequence">>
  %rows = qopt.reshape %row : tensor<?x?xf32, #qopt.dims<"batch", "sequence">> -> tensor<?x1x?xf32, #qopt.dims<"batch", "1", "sequence">>
  %product = onnx.node "MatMul"(%column, %rows) {opset = 18 : i64} : (tensor<1x4x1xf32>, tensor<?x1x?xf32, #qopt.dims<"batch", "1", "sequence">>) -> tensor<?x4x?xf32, #qopt.dims<"batch", "4", "sequence">>
  %angle = onnx.node "Transpose"(%product) {opset = 18 : i64, parameters = {perm = [0, 2, 1]}} : (tensor<?x4x?xf32, #qopt.dims<"batch", "4", "sequence">>) -> !angle
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

// CHECK-LABEL: func.func @scaled_tables(
// CHECK: qopt.rotary_table %{{.*}} {scaling = 1.250000e+00 : f64}
// CHECK: qopt.rotary %
func.func @scaled_tables(%x: !tokens, %positions: !positions) -> !heads {
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
  %factor = arith.constant dense<1.25> : tensor<f32>
  %other = arith.constant dense<1.25> : tensor<f32>
  %scaledcos = onnx.node "Mul"(%cos, %factor) {opset = 18 : i64} : (!angles, tensor<f32>) -> !angles
  %scaledsin = onnx.node "Mul"(%sin, %other) {opset = 18 : i64} : (!angles, tensor<f32>) -> !angles
  %cosine = qopt.reshape %scaledcos : !angles -> !table
  %sine = qopt.reshape %scaledsin : !angles -> !table
  %lower = onnx.node "Slice"(%heads, %zero, %middle, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %upper = onnx.node "Slice"(%heads, %middle, %end, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %minus = onnx.node "Neg"(%upper) {opset = 18 : i64} : (!half) -> !half
  %rotated = onnx.node "Concat"(%minus, %lower) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @scaled_differently(
// CHECK-NOT: qopt.rotary
func.func @scaled_differently(%x: !tokens, %positions: !positions) -> !heads {
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
  %factor = arith.constant dense<1.25> : tensor<f32>
  %other = arith.constant dense<1.5> : tensor<f32>
  %scaledcos = onnx.node "Mul"(%cos, %factor) {opset = 18 : i64} : (!angles, tensor<f32>) -> !angles
  %scaledsin = onnx.node "Mul"(%sin, %other) {opset = 18 : i64} : (!angles, tensor<f32>) -> !angles
  %cosine = qopt.reshape %scaledcos : !angles -> !table
  %sine = qopt.reshape %scaledsin : !angles -> !table
  %lower = onnx.node "Slice"(%heads, %zero, %middle, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %upper = onnx.node "Slice"(%heads, %middle, %end, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %minus = onnx.node "Neg"(%upper) {opset = 18 : i64} : (!half) -> !half
  %rotated = onnx.node "Concat"(%minus, %lower) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @sine_for_cosine(
// CHECK-NOT: qopt.rotary
func.func @sine_for_cosine(%x: !tokens, %positions: !positions) -> !heads {
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
  %cos = onnx.node "Sin"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %sin = onnx.node "Cos"(%angles) {opset = 18 : i64} : (!angles) -> !angles
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

// CHECK-LABEL: func.func @difference(
// CHECK-NOT: qopt.rotary
func.func @difference(%x: !tokens, %positions: !positions) -> !heads {
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
  %y = onnx.node "Sub"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// (-x[..half], x[half..]) keeps the halves where they are.
// CHECK-LABEL: func.func @lower_half_negated(
// CHECK-NOT: qopt.rotary
func.func @lower_half_negated(%x: !tokens, %positions: !positions) -> !heads {
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
  %minus = onnx.node "Neg"(%lower) {opset = 18 : i64} : (!half) -> !half
  %rotated = onnx.node "Concat"(%minus, %upper) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// (x[..half], -x[half..])
// CHECK-LABEL: func.func @upper_half_last(
// CHECK-NOT: qopt.rotary
func.func @upper_half_last(%x: !tokens, %positions: !positions) -> !heads {
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
  %rotated = onnx.node "Concat"(%lower, %minus) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @halves_of_another_tensor(
// CHECK-NOT: qopt.rotary
func.func @halves_of_another_tensor(%x: !tokens, %z: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %middle = arith.constant dense<4> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = arith.constant dense<3> : tensor<1xi64>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %othersplit = qopt.reshape %z : !tokens -> !split
  %otherheads = onnx.node "Transpose"(%othersplit) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %angles = onnx.node "Concat"(%angle, %angle) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!angle, !angle) -> !angles
  %cos = onnx.node "Cos"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %sin = onnx.node "Sin"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %cosine = qopt.reshape %cos : !angles -> !table
  %sine = qopt.reshape %sin : !angles -> !table
  %lower = onnx.node "Slice"(%otherheads, %zero, %middle, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %upper = onnx.node "Slice"(%otherheads, %middle, %end, %axis) {opset = 18 : i64} : (!heads, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !half
  %minus = onnx.node "Neg"(%upper) {opset = 18 : i64} : (!half) -> !half
  %rotated = onnx.node "Concat"(%minus, %lower) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!half, !half) -> !heads
  %straight = onnx.node "Mul"(%heads, %cosine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %turned = onnx.node "Mul"(%rotated, %sine) {opset = 18 : i64} : (!heads, !table) -> !heads
  %y = onnx.node "Add"(%straight, %turned) {opset = 18 : i64} : (!heads, !heads) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @positions_of_another_input(
// CHECK-NOT: qopt.rotary
func.func @positions_of_another_input(%x: !tokens, %positions: !positions, %others: !positions) -> !heads {
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
  %place2 = qopt.reshape %others : !positions -> !column
  %number2 = onnx.node "Cast"(%place2) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle2 = onnx.node "Mul"(%number2, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %angles2 = onnx.node "Concat"(%angle2, %angle2) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!angle, !angle) -> !angles
  %angles = onnx.node "Concat"(%angle, %angle) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!angle, !angle) -> !angles
  %cos = onnx.node "Cos"(%angles) {opset = 18 : i64} : (!angles) -> !angles
  %sin = onnx.node "Sin"(%angles2) {opset = 18 : i64} : (!angles) -> !angles
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

// Element i and element half + i must turn by one angle.
// CHECK-LABEL: func.func @halves_with_other_angles(
// CHECK-NOT: qopt.rotary
func.func @halves_with_other_angles(%x: !tokens, %positions: !positions) -> !heads {
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
  %fast = arith.constant dense<[8.0, 4.0, 2.0, 1.0]> : tensor<4xf32>
  %angle2 = onnx.node "Mul"(%number, %fast) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %angles = onnx.node "Concat"(%angle, %angle2) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!angle, !angle) -> !angles
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

// CHECK-LABEL: func.func @tables_from_outside(
// CHECK-NOT: qopt.rotary
func.func @tables_from_outside(%x: !tokens, %cos: !angles, %sin: !angles) -> !heads {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %middle = arith.constant dense<4> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = arith.constant dense<3> : tensor<1xi64>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
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

// The op works on tokens; heads that come from nowhere have none.
// CHECK-LABEL: func.func @no_view_of_tokens(
// CHECK-NOT: qopt.rotary
func.func @no_view_of_tokens(%heads: !heads, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %middle = arith.constant dense<4> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = arith.constant dense<3> : tensor<1xi64>
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

// CHECK-LABEL: func.func @node(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: %[[TABLE:.*]] = qopt.rotary_table
// CHECK: qopt.rotary %[[X]], %[[TABLE]] {num_heads = 2 : i64} :
func.func @node(%x: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64, parameters = {interleaved = 0 : i64}} : (!heads, !angle, !angle) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @node_interleaved(
// CHECK: qopt.rotary %{{.*}} {interleaved, num_heads = 2 : i64}
func.func @node_interleaved(%x: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin) {opset = 23 : i64, parameters = {interleaved = 1 : i64}} : (!heads, !angle, !angle) -> !heads
  return %y : !heads
}

// CHECK-LABEL: func.func @node_with_tables_swapped(
// CHECK-NOT: qopt.rotary
func.func @node_with_tables_swapped(%x: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %y = onnx.node "RotaryEmbedding"(%heads, %sin, %cos) {opset = 23 : i64, parameters = {interleaved = 0 : i64}} : (!heads, !angle, !angle) -> !heads
  return %y : !heads
}

// The node looks the tables up by position itself.
// CHECK-LABEL: func.func @node_with_positions(
// CHECK-NOT: qopt.rotary
func.func @node_with_positions(%x: !tokens, %positions: !positions) -> !heads {
  %frequencies = arith.constant dense<[1.0, 0.5, 0.25, 0.125]> : tensor<4xf32>
  %split = qopt.reshape %x : !tokens -> !split
  %heads = onnx.node "Transpose"(%split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!split) -> !heads
  %place = qopt.reshape %positions : !positions -> !column
  %number = onnx.node "Cast"(%place) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!column) -> !number
  %angle = onnx.node "Mul"(%number, %frequencies) {opset = 18 : i64} : (!number, tensor<4xf32>) -> !angle
  %cos = onnx.node "Cos"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %sin = onnx.node "Sin"(%angle) {opset = 23 : i64} : (!angle) -> !angle
  %y = onnx.node "RotaryEmbedding"(%heads, %cos, %sin, %positions) {opset = 23 : i64, parameters = {interleaved = 0 : i64}} : (!heads, !angle, !angle, !positions) -> !heads
  return %y : !heads
}

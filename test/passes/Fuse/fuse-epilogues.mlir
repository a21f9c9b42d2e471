// RUN: qopt-opt %s --qopt-fuse-epilogues --mlir-print-local-scope | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// A bias, a residual, a factor: one after the other, in this order.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[W:[a-z0-9]*]]: {{.*}}, %[[BIAS:[a-z0-9]*]]: tensor<4xf32>, %[[RESIDUAL:[a-z0-9]*]]: {{.*}}, %[[GATE:[a-z0-9]*]]:
// CHECK-NEXT: %[[Y:.*]] = qopt.matmul %[[X]], %[[W]] extras(%[[BIAS]], %[[RESIDUAL]], %[[GATE]]) epilogue {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[ACC]], %[[A]] : f32
// CHECK-NEXT: %[[DIFFERENCE:.*]] = arith.subf %[[B]], %[[SUM]] : f32
// CHECK-NEXT: %[[PRODUCT:.*]] = arith.mulf %[[DIFFERENCE]], %[[C]] : f32
// CHECK-NEXT: qopt.yield %[[PRODUCT]] : f32
// CHECK-NEXT: } {path = "up", role = "gate_up"} : ({{.*}}, tensor<4x8xf32>, tensor<4xf32>, {{.*}}) -> tensor<?x4xf32, #qopt.dims<"n", "4">>
// CHECK-NEXT: return %[[Y]]
func.func @chain(%x: !x, %w: tensor<4x8xf32>, %bias: tensor<4xf32>, %residual: !y, %gate: !y) -> !y {
  %0 = qopt.matmul %x, %w {path = "up", role = "gate_up"} : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%0, %bias) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  %2 = onnx.node "Sub"(%residual, %1) {opset = 17 : i64} : (!y, !y) -> !y
  %3 = onnx.node "Mul"(%2, %gate) {opset = 17 : i64} : (!y, !y) -> !y
  return %3 : !y
}

// x / (1 + exp(-x))
// CHECK-LABEL: func.func @silu(
// CHECK: qopt.matmul %{{.*}}, %{{.*}} epilogue {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
// CHECK-NEXT: %[[NEGATED:.*]] = arith.negf %[[ACC]]
// CHECK-NEXT: %[[POWER:.*]] = math.exp %[[NEGATED]]
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[POWER]], %[[ONE]]
// CHECK-NEXT: %[[Y:.*]] = arith.divf %[[ACC]], %[[SUM]]
// CHECK-NEXT: qopt.yield %[[Y]]
// CHECK-NOT: qopt.silu
func.func @silu(%x: !x, %w: tensor<4x8xf32>) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = qopt.silu %0 : !y -> !y
  return %1 : !y
}

// (x / 2) * (erf(x / sqrt(2)) + 1)
// CHECK-LABEL: func.func @gelu(
// CHECK: ^bb0(%[[ACC:.*]]: f32):
// CHECK-NEXT: %[[ROOT:.*]] = arith.constant 0.707106{{[0-9]*}} : f32
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[ACC]], %[[ROOT]]
// CHECK-NEXT: %[[ERF:.*]] = math.erf %[[SCALED]]
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[ERF]], %[[ONE]]
// CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: %[[SMALL:.*]] = arith.mulf %[[ACC]], %[[HALF]]
// CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[SMALL]], %[[SUM]]
// CHECK-NEXT: qopt.yield %[[Y]]
func.func @gelu(%x: !x, %w: tensor<4x8xf32>) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = qopt.gelu %0 : !y -> !y
  return %1 : !y
}

// The other operand is there only behind the product: the product moves.
// CHECK-LABEL: func.func @operand_made_later(
// CHECK: %[[LATE:.*]] = onnx.node "Neg"
// CHECK: qopt.matmul %{{.*}}, %{{.*}} extras(%[[LATE]])
func.func @operand_made_later(%x: !x, %w: tensor<4x8xf32>, %y: !y) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %late = onnx.node "Neg"(%y) {opset = 17 : i64} : (!y) -> !y
  %1 = onnx.node "Add"(%late, %0) {opset = 17 : i64} : (!y, !y) -> !y
  return %1 : !y
}

// Two products in one sum: the first takes the second as its extra.
// CHECK-LABEL: func.func @sum_of_products(
// CHECK: %[[B:.*]] = qopt.matmul %{{.*}}, %{{.*}} : (
// CHECK: qopt.matmul %{{.*}}, %{{.*}} extras(%[[B]]) epilogue
// CHECK-NOT: onnx.node
func.func @sum_of_products(%x: !x, %w: tensor<4x8xf32>) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %2 = onnx.node "Add"(%0, %1) {opset = 17 : i64} : (!y, !y) -> !y
  return %2 : !y
}

// A bias may be written with sizes of 1 before it.
// CHECK-LABEL: func.func @row_of_rank_2(
// CHECK-SAME: %[[BIAS:[a-z0-9]*]]: tensor<1x4xf32>)
// CHECK: %[[ROW:.*]] = qopt.reshape %[[BIAS]] : tensor<1x4xf32> -> tensor<4xf32>
// CHECK: qopt.matmul {{.*}} extras(%[[ROW]]) epilogue
// CHECK-NOT: onnx.node
func.func @row_of_rank_2(%x: !x, %w: tensor<4x8xf32>, %bias: tensor<1x4xf32>) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%0, %bias) {opset = 17 : i64} : (!y, tensor<1x4xf32>) -> !y
  return %1 : !y
}

// Logits of half precision, and their candidates, are the product's own; what
// else reads a cast keeps it.
// CHECK-LABEL: func.func @cast(
// CHECK: %[[Y:.*]] = qopt.matmul {{.*}} -> [[HALF:tensor<.*xf16.*>]]
// CHECK-NOT: onnx.node
// CHECK: qopt.candidates %[[Y]]
// CHECK: return %[[Y]]
func.func @cast(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>) -> (tensor<2x4xf16>, tensor<2x1xi64>) {
  %0 = qopt.matmul %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %1 = onnx.node "Cast"(%0) {opset = 17 : i64, parameters = {to = 10}} : (tensor<2x4xf32>) -> tensor<2x4xf16>
  %v, %t = qopt.candidates %1 : tensor<2x4xf16> -> tensor<2x1xf32>, tensor<2x1xi64>
  return %1, %t : tensor<2x4xf16>, tensor<2x1xi64>
}
// CHECK-LABEL: func.func @cast_that_is_read(
// CHECK: qopt.matmul {{.*}} -> tensor<2x4xf32>
// CHECK: onnx.node "Cast"
func.func @cast_that_is_read(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x4xf16> {
  %0 = qopt.matmul %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %1 = onnx.node "Cast"(%0) {opset = 17 : i64, parameters = {to = 10}} : (tensor<2x4xf32>) -> tensor<2x4xf16>
  %2 = onnx.node "Neg"(%1) {opset = 17 : i64} : (tensor<2x4xf16>) -> tensor<2x4xf16>
  return %2 : tensor<2x4xf16>
}

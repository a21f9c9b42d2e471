// RUN: qopt-opt %s --qopt-raise-activations | FileCheck %s

!x = tensor<4x8xf32>

// CHECK-LABEL: func.func @silu(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-DAG: %[[A:.*]] = qopt.silu %[[X]] : tensor<4x8xf32> -> tensor<4x8xf32>
// CHECK-DAG: %[[B:.*]] = qopt.silu %[[X]]
// CHECK-NOT: onnx.node
// CHECK: return %[[A]], %[[B]]
func.func @silu(%x: !x) -> (!x, !x) {
  %0 = onnx.node "Sigmoid"(%x) {opset = 17 : i64} : (!x) -> !x
  %1 = onnx.node "Mul"(%x, %0) {opset = 17 : i64} : (!x, !x) -> !x
  %2 = onnx.node "Mul"(%0, %x) {opset = 17 : i64} : (!x, !x) -> !x
  return %1, %2 : !x, !x
}

// A gate is a sigmoid of something else.
// CHECK-LABEL: func.func @gate(
// CHECK-NOT: qopt.silu
func.func @gate(%x: !x, %y: !x) -> !x {
  %0 = onnx.node "Sigmoid"(%y) {opset = 17 : i64} : (!x) -> !x
  %1 = onnx.node "Mul"(%x, %0) {opset = 17 : i64} : (!x, !x) -> !x
  return %1 : !x
}

// CHECK-LABEL: func.func @sigmoid_that_is_read_stays(
// CHECK-DAG: onnx.node "Sigmoid"
// CHECK-DAG: qopt.silu
func.func @sigmoid_that_is_read_stays(%x: !x) -> (!x, !x) {
  %0 = onnx.node "Sigmoid"(%x) {opset = 17 : i64} : (!x) -> !x
  %1 = onnx.node "Mul"(%x, %0) {opset = 17 : i64} : (!x, !x) -> !x
  return %0, %1 : !x, !x
}

// x * (erf(x / sqrt(2)) + 1) * 0.5
// CHECK-LABEL: func.func @gelu_half_last(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: %[[Y:.*]] = qopt.gelu %[[X]] : tensor<4x8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @gelu_half_last(%x: !x) -> !x {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Div"(%x, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "Erf"(%0) {opset = 17 : i64} : (!x) -> !x
  %2 = onnx.node "Add"(%1, %one) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %3 = onnx.node "Mul"(%x, %2) {opset = 17 : i64} : (!x, !x) -> !x
  %4 = onnx.node "Mul"(%3, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  return %4 : !x
}

// (0.5 * x) * (1 + erf(0.7071 * x)), in half precision's digits.
// CHECK-LABEL: func.func @gelu_half_first(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: %[[Y:.*]] = qopt.gelu %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @gelu_half_first(%x: !x) -> !x {
  %root = arith.constant dense<0.7070> : tensor<1xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%half, %x) {opset = 17 : i64} : (tensor<f32>, !x) -> !x
  %1 = onnx.node "Mul"(%root, %x) {opset = 17 : i64} : (tensor<1xf32>, !x) -> !x
  %2 = onnx.node "Erf"(%1) {opset = 17 : i64} : (!x) -> !x
  %3 = onnx.node "Add"(%one, %2) {opset = 17 : i64} : (tensor<f32>, !x) -> !x
  %4 = onnx.node "Mul"(%0, %3) {opset = 17 : i64} : (!x, !x) -> !x
  return %4 : !x
}

// x * ((1 + erf(x / sqrt(2))) / 2)
// CHECK-LABEL: func.func @gelu_half_inside(
// CHECK: qopt.gelu
// CHECK-NEXT: return
func.func @gelu_half_inside(%x: !x) -> !x {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %0 = onnx.node "Div"(%x, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "Erf"(%0) {opset = 17 : i64} : (!x) -> !x
  %2 = onnx.node "Add"(%1, %one) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %3 = onnx.node "Div"(%2, %two) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %4 = onnx.node "Mul"(%x, %3) {opset = 17 : i64} : (!x, !x) -> !x
  return %4 : !x
}

// Without the half, with another x, with another root, with 2 in place of 1.
// CHECK-LABEL: func.func @almost_gelu(
// CHECK-NOT: qopt.gelu
func.func @almost_gelu(%x: !x, %y: !x) -> (!x, !x, !x, !x) {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Div"(%x, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "Erf"(%0) {opset = 17 : i64} : (!x) -> !x
  %2 = onnx.node "Add"(%1, %one) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %whole = onnx.node "Mul"(%x, %2) {opset = 17 : i64} : (!x, !x) -> !x
  %3 = onnx.node "Mul"(%y, %2) {opset = 17 : i64} : (!x, !x) -> !x
  %other = onnx.node "Mul"(%3, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %4 = onnx.node "Div"(%x, %two) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %5 = onnx.node "Erf"(%4) {opset = 17 : i64} : (!x) -> !x
  %6 = onnx.node "Add"(%5, %one) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %7 = onnx.node "Mul"(%x, %6) {opset = 17 : i64} : (!x, !x) -> !x
  %scaled = onnx.node "Mul"(%7, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %8 = onnx.node "Add"(%1, %two) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %9 = onnx.node "Mul"(%x, %8) {opset = 17 : i64} : (!x, !x) -> !x
  %shifted = onnx.node "Mul"(%9, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  return %whole, %other, %scaled, %shifted : !x, !x, !x, !x
}

// CHECK-LABEL: func.func @gelu_of_a_product(
// CHECK: %[[X:.*]] = onnx.node "Mul"
// CHECK: %[[Y:.*]] = qopt.gelu %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @gelu_of_a_product(%a: !x, %b: !x) -> !x {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %x = onnx.node "Mul"(%a, %b) {opset = 17 : i64} : (!x, !x) -> !x
  %0 = onnx.node "Div"(%x, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "Erf"(%0) {opset = 17 : i64} : (!x) -> !x
  %2 = onnx.node "Add"(%1, %one) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %3 = onnx.node "Mul"(%x, %2) {opset = 17 : i64} : (!x, !x) -> !x
  %4 = onnx.node "Mul"(%3, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  return %4 : !x
}

// The ops compute in f32: what is computed in another precision stays.
// CHECK-LABEL: func.func @double_precision(
// CHECK-NOT: qopt
// CHECK: return
func.func @double_precision(%x: tensor<8xf64>) -> (tensor<8xf64>, tensor<8xf64>) {
  %root = arith.constant dense<1.4142135623730951> : tensor<f64>
  %one = arith.constant dense<1.0> : tensor<f64>
  %half = arith.constant dense<0.5> : tensor<f64>
  %0 = onnx.node "Sigmoid"(%x) {opset = 17 : i64} : (tensor<8xf64>) -> tensor<8xf64>
  %silu = onnx.node "Mul"(%x, %0) {opset = 17 : i64} : (tensor<8xf64>, tensor<8xf64>) -> tensor<8xf64>
  %1 = onnx.node "Div"(%x, %root) {opset = 17 : i64} : (tensor<8xf64>, tensor<f64>) -> tensor<8xf64>
  %2 = onnx.node "Erf"(%1) {opset = 17 : i64} : (tensor<8xf64>) -> tensor<8xf64>
  %3 = onnx.node "Add"(%2, %one) {opset = 17 : i64} : (tensor<8xf64>, tensor<f64>) -> tensor<8xf64>
  %4 = onnx.node "Mul"(%x, %3) {opset = 17 : i64} : (tensor<8xf64>, tensor<8xf64>) -> tensor<8xf64>
  %gelu = onnx.node "Mul"(%4, %half) {opset = 17 : i64} : (tensor<8xf64>, tensor<f64>) -> tensor<8xf64>
  return %silu, %gelu : tensor<8xf64>, tensor<8xf64>
}

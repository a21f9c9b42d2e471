// RUN: qopt-opt %s --qopt-fuse-epilogues --split-input-file --verify-diagnostics | FileCheck %s

!x = tensor<2x8xf32>
!y = tensor<2x4xf32>

// CHECK-LABEL: func.func @used_twice
// CHECK-NOT: epilogue
func.func @used_twice(%x: !x, %w: tensor<4x8xf32>) -> (!y, !y) {
  // expected-remark @below {{nothing is fused into the product: its result is used more than once}}
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = qopt.silu %0 : !y -> !y
  return %0, %1 : !y, !y
}

// CHECK-LABEL: func.func @square
// CHECK-NOT: epilogue
func.func @square(%x: !x, %w: tensor<4x8xf32>) -> !y {
  // expected-remark @below {{nothing is fused into the product: its result is used more than once}}
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Mul"(%0, %0) {opset = 17 : i64} : (!y, !y) -> !y
  return %1 : !y
}

// A vector of 4 could be one for each column; [2, 1] has one for each row.
// CHECK-LABEL: func.func @one_for_each_row
// CHECK-NOT: epilogue
func.func @one_for_each_row(%x: !x, %w: tensor<4x8xf32>, %rows: tensor<2x1xf32>) -> !y {
  // expected-remark @below {{the product is not fused with what follows: the other operand of its user has other sizes}}
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%0, %rows) {opset = 17 : i64} : (!y, tensor<2x1xf32>) -> !y
  return %1 : !y
}

// CHECK-LABEL: func.func @result_is_larger
// CHECK-NOT: epilogue
func.func @result_is_larger(%x: !x, %w: tensor<4x8xf32>, %many: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  // expected-remark @below {{the product is not fused with what follows: its user broadcasts it}}
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%0, %many) {opset = 17 : i64} : (!y, tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  return %1 : tensor<3x2x4xf32>
}

// What is not elementwise is no epilogue, and nothing to remark on.
// CHECK-LABEL: func.func @other_ops
// CHECK-NOT: epilogue
func.func @other_ops(%x: !x, %w: tensor<4x8xf32>, %s: tensor<4xf32>) -> (!y, !y) {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Softmax"(%0) {opset = 17 : i64} : (!y) -> !y
  %2 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %3 = qopt.rms_norm %2, %s {epsilon = 1.0e-5 : f64} : !y, tensor<4xf32> -> !y
  return %1, %3 : !y, !y
}

// The bias is fused, what stands behind it is not.
// CHECK-LABEL: func.func @as_far_as_it_goes
// CHECK: %[[Y:.*]] = qopt.matmul {{.*}} extras
// CHECK: onnx.node "Mul"(%[[Y]], %{{.*}})
func.func @as_far_as_it_goes(%x: !x, %w: tensor<4x8xf32>, %bias: tensor<4xf32>, %rows: tensor<2x1xf32>) -> !y {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y loc("product")
  // expected-remark @unknown {{not fused with what follows}}
  %1 = onnx.node "Add"(%0, %bias) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y loc("bias")
  %2 = onnx.node "Mul"(%1, %rows) {opset = 17 : i64} : (!y, tensor<2x1xf32>) -> !y
  return %2 : !y
}

// A product with an epilogue is a residual stream, which has many readers.
// CHECK-LABEL: func.func @residual_stream
// CHECK: %[[Y:.*]] = qopt.matmul {{.*}} extras(%{{.*}}) epilogue
// CHECK: onnx.node "Mul"(%[[Y]], %{{.*}})
func.func @residual_stream(%x: !x, %w: tensor<4x8xf32>, %residual: !y) -> (!y, !y) {
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%0, %residual) {opset = 17 : i64} : (!y, !y) -> !y
  %2 = onnx.node "Mul"(%1, %residual) {opset = 17 : i64} : (!y, !y) -> !y
  return %1, %2 : !y, !y
}

// -----

!x = tensor<2x8xf32>
!y = tensor<2x4xf32>

// CHECK-LABEL: func.func @no_epilogue
// CHECK-NOT: epilogue
func.func @no_epilogue(%x: !x, %w: tensor<4x8xf32>) -> !y {
  // expected-remark @below {{the product is not fused with what follows: no epilogue computes Tanh}}
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Tanh"(%0) {opset = 17 : i64} : (!y) -> !y
  return %1 : !y
}

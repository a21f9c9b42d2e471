// RUN: qopt-opt %s --qopt-fold-factors --split-input-file --verify-diagnostics | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// CHECK-NOT: _factor
qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64}
qopt.weight @divisor : tensor<4xf32> {file = "m", length = 16 : i64}

// CHECK-LABEL: func.func @used_twice
// CHECK: "Mul"
func.func @used_twice(%x: !x) -> (!y, !y) {
  %c = arith.constant dense<2.0> : tensor<f32>
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  // expected-remark @below {{its factor is not folded into a weight: what it multiplies is used more than once}}
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!y, tensor<f32>) -> !y
  return %0, %1 : !y, !y
}

// CHECK-LABEL: func.func @factor_is_not_constant
// CHECK: "Mul"
func.func @factor_is_not_constant(%x: !x, %c: tensor<4xf32>) -> !y {
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  // expected-remark @below {{not folded into a weight: its factor is not constant}}
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  return %1 : !y
}

// CHECK-LABEL: func.func @factor_for_each_row
// CHECK: "Mul"
func.func @factor_for_each_row(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %c = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  // expected-remark @below {{its factor is neither one number nor one for each element of the last dimension}}
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// 1 / 3 is rounded, 1 / 2^-149 is infinite, and of a weight nothing is known.
// CHECK-LABEL: func.func @divisors
// CHECK-COUNT-3: "Div"
func.func @divisors(%x: !x) -> (!y, !y, !y) {
  %three = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %tiny = arith.constant dense<1.0e-45> : tensor<f32>
  %weight = qopt.get_weight @divisor : tensor<4xf32>
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  // expected-remark @below {{it divides by what is not known to be a power of two}}
  %1 = onnx.node "Div"(%0, %three) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  %2 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  // expected-remark @below {{it divides by what is not known to be a power of two}}
  %3 = onnx.node "Div"(%2, %tiny) {opset = 17 : i64} : (!y, tensor<f32>) -> !y
  %4 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  // expected-remark @below {{it divides by what is not known to be a power of two}}
  %5 = onnx.node "Div"(%4, %weight) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  return %1, %3, %5 : !y, !y, !y
}

// A constant divided by a product, a sum with a residual, two tensors: nothing
// to fold and nothing to say.
// CHECK-LABEL: func.func @no_factors
// CHECK: "Div"
// CHECK-COUNT-2: "Mul"
func.func @no_factors(%x: !x, %residual: !y) -> (!y, !y, !y) {
  %c = arith.constant dense<2.0> : tensor<f32>
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Div"(%c, %0) {opset = 17 : i64} : (tensor<f32>, !y) -> !y
  %2 = onnx.node "Add"(%0, %residual) {opset = 17 : i64} : (!y, !y) -> !y
  %3 = onnx.node "Mul"(%2, %c) {opset = 17 : i64} : (!y, tensor<f32>) -> !y
  %4 = onnx.node "Mul"(%0, %residual) {opset = 17 : i64} : (!y, !y) -> !y
  return %1, %3, %4 : !y, !y, !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x16xf32, #qopt.dims<"n", "16">>

// The table is the head's weight, which is not multiplied.
// CHECK: qopt.weight @table : tensor<16x8xf32> {file = "m", length = 512 : i64}
// CHECK: "Mul"
qopt.weight @table : tensor<16x8xf32> {file = "m", length = 512 : i64}
func.func @tied(%ids: tensor<?xi64, #qopt.dims<"n">>) -> !y {
  %root = arith.constant dense<2.8284> : tensor<f32>
  %table = qopt.get_weight @table : tensor<16x8xf32>
  %0 = qopt.embedding %table[%ids] : tensor<16x8xf32>, tensor<?xi64, #qopt.dims<"n">> -> !x
  // expected-remark @below {{not folded into a weight: the weight @table is read elsewhere without it, and a second copy would cost more}}
  %1 = onnx.node "Mul"(%0, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %2 = qopt.silu %1 : !x -> !x
  %3 = qopt.matmul %2, %table : (!x, tensor<16x8xf32>) -> !y
  return %3 : !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>

// One product's weight is read without the factor: so the other keeps it, too.
// CHECK: qopt.weight @a : tensor<8x8xf32> {file = "m", length = 256 : i64}
// CHECK: qopt.weight @b : tensor<8x8xf32> {file = "m", length = 256 : i64}
// CHECK: "Mul"
qopt.weight @a : tensor<8x8xf32> {file = "m", length = 256 : i64}
qopt.weight @b : tensor<8x8xf32> {file = "m", length = 256 : i64}
func.func @all_or_none(%x: !x) -> (!x, !x, !x) {
  %c = arith.constant dense<2.5> : tensor<f32>
  %a = qopt.get_weight @a : tensor<8x8xf32>
  %b = qopt.get_weight @b : tensor<8x8xf32>
  // expected-remark @below {{the weight @b is read elsewhere without it}}
  %0 = onnx.node "Mul"(%x, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = qopt.matmul %0, %a : (!x, tensor<8x8xf32>) -> !x
  %2 = qopt.matmul %0, %b : (!x, tensor<8x8xf32>) -> !x
  %3 = qopt.matmul %x, %b : (!x, tensor<8x8xf32>) -> !x
  return %1, %2, %3 : !x, !x, !x
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>

// CHECK-LABEL: func.func @other_readers
// CHECK-COUNT-4: "Mul"
qopt.weight @a : tensor<8x8xf32> {file = "m", length = 256 : i64}
func.func @other_readers(%x: !x, %w: tensor<8x8xf32>, %s: tensor<8xf32>) -> (!x, !x, !x, !x, !x) {
  %c = arith.constant dense<2.5> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %a = qopt.get_weight @a : tensor<8x8xf32>
  // expected-remark @below {{not all readers of its result are products}}
  %0 = onnx.node "Mul"(%x, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = qopt.matmul %0, %a : (!x, tensor<8x8xf32>) -> !x
  %2 = qopt.matmul %x, %w : (!x, tensor<8x8xf32>) -> !x
  // expected-remark @below {{the product's weight is not constant}}
  %3 = onnx.node "Mul"(%2, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %4 = qopt.rms_norm %x, %s {epsilon = 1.0e-5 : f64} : !x, tensor<8xf32> -> !x
  // expected-remark @below {{the norm's scale or bias is not constant}}
  %5 = onnx.node "Mul"(%4, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %6 = onnx.node "Add"(%1, %one) {opset = 17 : i64} : (!x, tensor<1xf32>) -> !x
  // expected-remark @below {{the product's bias is not one number for each column}}
  %7 = onnx.node "Mul"(%6, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  return %0, %1, %3, %5, %7 : !x, !x, !x, !x, !x
}

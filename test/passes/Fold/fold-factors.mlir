// RUN: qopt-opt %s --qopt-fold-factors --split-input-file --mlir-print-local-scope --verify-diagnostics | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// A product's rows, by a vector and by one number.
// CHECK-DAG: qopt.weight @w.factor : tensor<4xf32> {value = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>}
// CHECK-DAG: qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64, row_factor = @w.factor}
// CHECK-DAG: qopt.weight @v.factor : tensor<1xf32> {value = dense<5.000000e-01> : tensor<1xf32>}
// CHECK-DAG: qopt.weight @v : tensor<4x8xf32> {file = "m", length = 128 : i64, offset = 128 : i64, row_factor = @v.factor}
qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64}
qopt.weight @v : tensor<4x8xf32> {file = "m", offset = 128 : i64, length = 128 : i64}
// CHECK-LABEL: func.func @rows
// CHECK: %[[W:.*]] = qopt.get_weight @w :
// CHECK: %[[V:.*]] = qopt.get_weight @v :
// CHECK: %[[A:.*]] = qopt.matmul %{{.*}}, %[[W]]
// CHECK: %[[B:.*]] = qopt.matmul %{{.*}}, %[[V]]
// CHECK: return %[[A]], %[[B]]
func.func @rows(%x: !x) -> (!y, !y) {
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %half = arith.constant dense<2.0> : tensor<f32>
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %v = qopt.get_weight @v : tensor<4x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  %2 = qopt.matmul %x, %v : (!x, tensor<4x8xf32>) -> !y
  %3 = onnx.node "Div"(%2, %half) {opset = 17 : i64} : (!y, tensor<f32>) -> !y
  return %1, %3 : !y, !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// The bias is multiplied, too: one of the file where it stands, a constant as a
// new weight. The factor is a weight.
// CHECK-DAG: qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64, row_factor = @gamma}
// CHECK-DAG: qopt.weight @bias : tensor<4xf32> {column_factor = @gamma, file = "m", length = 16 : i64, offset = 128 : i64}
// CHECK-DAG: qopt.weight @v : tensor<4x8xf32> {file = "m", length = 128 : i64, row_factor = @gamma}
// CHECK-DAG: qopt.weight @constant.scaled : tensor<4xf32> {column_factor = @gamma, value = dense<1.000000e+00> : tensor<4xf32>}
qopt.weight @w : tensor<4x8xf32> {file = "m", length = 128 : i64}
qopt.weight @v : tensor<4x8xf32> {file = "m", length = 128 : i64}
qopt.weight @bias : tensor<4xf32> {file = "m", offset = 128 : i64, length = 16 : i64}
qopt.weight @gamma : tensor<4xf32> {file = "m", offset = 144 : i64, length = 16 : i64}
// CHECK-LABEL: func.func @with_bias
// CHECK: %[[BIAS:.*]] = qopt.get_weight @bias
// CHECK: %[[SUM:.*]] = onnx.node "Add"(%[[BIAS]], %{{.*}})
// CHECK: %[[ONES:.*]] = qopt.get_weight @constant.scaled : tensor<4xf32>
// CHECK: %[[OTHER:.*]] = onnx.node "Add"(%{{.*}}, %[[ONES]])
// CHECK: return %[[SUM]], %[[OTHER]]
func.func @with_bias(%x: !x) -> (!y, !y) {
  %w = qopt.get_weight @w : tensor<4x8xf32>
  %v = qopt.get_weight @v : tensor<4x8xf32>
  %bias = qopt.get_weight @bias : tensor<4xf32>
  %gamma = qopt.get_weight @gamma : tensor<4xf32>
  %ones = arith.constant dense<1.0> : tensor<4xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<4x8xf32>) -> !y
  %1 = onnx.node "Add"(%bias, %0) {opset = 17 : i64} : (tensor<4xf32>, !y) -> !y
  %2 = onnx.node "Mul"(%gamma, %1) {opset = 17 : i64} : (tensor<4xf32>, !y) -> !y
  %3 = qopt.matmul %x, %v : (!x, tensor<4x8xf32>) -> !y
  %4 = onnx.node "Add"(%3, %ones) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  %5 = onnx.node "Mul"(%4, %gamma) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  return %2, %5 : !y, !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// Into the columns of all products that read it; two factors are one product.
// CHECK-DAG: qopt.weight @[[THREE:.*]] : tensor<1xf32> {value = dense<3.000000e+00> : tensor<1xf32>}
// CHECK-DAG: qopt.weight @[[PRODUCT:.*]] : tensor<8xf32> {column_factor = @[[THREE]], file = "m", length = 32 : i64}
// CHECK-DAG: qopt.weight @q : tensor<4x8xf32> {column_factor = @[[PRODUCT]], file = "m", length = 128 : i64}
// CHECK-DAG: qopt.weight @k : tensor<4x8xf32> {column_factor = @[[PRODUCT]], file = "m", length = 128 : i64, offset = 128 : i64}
qopt.weight @q : tensor<4x8xf32> {file = "m", length = 128 : i64}
qopt.weight @k : tensor<4x8xf32> {file = "m", offset = 128 : i64, length = 128 : i64}
qopt.weight @smooth : tensor<1x8xf32> {file = "m", length = 32 : i64}
// CHECK-LABEL: func.func @columns
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: qopt.matmul %[[X]], %
// CHECK: qopt.matmul %[[X]], %
func.func @columns(%x: !x) -> (!y, !y) {
  %q = qopt.get_weight @q : tensor<4x8xf32>
  %k = qopt.get_weight @k : tensor<4x8xf32>
  %smooth = qopt.get_weight @smooth : tensor<1x8xf32>
  %three = arith.constant dense<3.0> : tensor<1x1xf32>
  %0 = onnx.node "Mul"(%x, %smooth) {opset = 17 : i64} : (!x, tensor<1x8xf32>) -> !x
  %1 = onnx.node "Mul"(%three, %0) {opset = 17 : i64} : (tensor<1x1xf32>, !x) -> !x
  %2 = qopt.matmul %1, %q : (!x, tensor<4x8xf32>) -> !y
  %3 = qopt.matmul %1, %k : (!x, tensor<4x8xf32>) -> !y
  return %2, %3 : !y, !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>

// Norms; a scale that another norm reads becomes one of its own.
// CHECK-DAG: qopt.weight @scale.factor : tensor<1xf32> {value = dense<-2.000000e+00> : tensor<1xf32>}
// CHECK-DAG: qopt.weight @scale : tensor<8xf32> {column_factor = @scale.factor, file = "m", length = 32 : i64}
// CHECK-DAG: qopt.weight @bias : tensor<8xf32> {column_factor = @scale.factor, file = "m", length = 32 : i64, offset = 32 : i64}
// CHECK-DAG: qopt.weight @both : tensor<8xf32> {file = "m", length = 32 : i64, offset = 64 : i64}
// CHECK-DAG: qopt.weight @both.scaled : tensor<8xf32> {column_factor = @scale.factor, file = "m", length = 32 : i64, offset = 64 : i64}
qopt.weight @scale : tensor<8xf32> {file = "m", length = 32 : i64}
qopt.weight @bias : tensor<8xf32> {file = "m", offset = 32 : i64, length = 32 : i64}
qopt.weight @both : tensor<8xf32> {file = "m", offset = 64 : i64, length = 32 : i64}
// CHECK-LABEL: func.func @norms
// CHECK: %[[LAYER:.*]] = qopt.layer_norm %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<8xf32>)
// CHECK: %[[SCALE:.*]] = qopt.get_weight @both.scaled
// CHECK: %[[RMS:.*]] = qopt.rms_norm %{{.*}}, %[[SCALE]]
// CHECK: %[[OTHER:.*]] = qopt.rms_norm
// CHECK: return %[[LAYER]], %[[RMS]], %[[OTHER]]
func.func @norms(%x: !x) -> (!x, !x, !x) {
  %scale = qopt.get_weight @scale : tensor<8xf32>
  %bias = qopt.get_weight @bias : tensor<8xf32>
  %both = qopt.get_weight @both : tensor<8xf32>
  %c = arith.constant dense<-2.0> : tensor<1xf32>
  %0 = qopt.layer_norm %x, %scale bias(%bias : tensor<8xf32>) {epsilon = 1.0e-5 : f64} : !x, tensor<8xf32> -> !x
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!x, tensor<1xf32>) -> !x
  %2 = qopt.rms_norm %x, %both {epsilon = 1.0e-5 : f64} : !x, tensor<8xf32> -> !x
  // expected-remark @below {{its factor is folded into a copy of @both, which is read elsewhere without it}}
  %3 = onnx.node "Mul"(%2, %c) {opset = 17 : i64} : (!x, tensor<1xf32>) -> !x
  %4 = qopt.rms_norm %x, %both {epsilon = 1.0e-6 : f64} : !x, tensor<8xf32> -> !x
  return %1, %3, %4 : !x, !x, !x
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// Rows of a table, and constants by themselves: a Gemm's bias times beta.
// CHECK-DAG: qopt.weight @table : tensor<16x8xf32> {column_factor = @table.factor, file = "m", length = 512 : i64}
// CHECK-DAG: qopt.weight @bias : tensor<4xf32> {column_factor = @table.factor, file = "m", length = 16 : i64}
qopt.weight @table : tensor<16x8xf32> {file = "m", length = 512 : i64}
qopt.weight @bias : tensor<4xf32> {file = "m", length = 16 : i64}
// CHECK-LABEL: func.func @of_a_table
// CHECK-NOT: "Mul"
func.func @of_a_table(%ids: tensor<?xi64, #qopt.dims<"n">>, %y: !y) -> (!x, !y) {
  %table = qopt.get_weight @table : tensor<16x8xf32>
  %bias = qopt.get_weight @bias : tensor<4xf32>
  %root = arith.constant dense<2.8284> : tensor<f32>
  %0 = qopt.embedding %table[%ids] : tensor<16x8xf32>, tensor<?xi64, #qopt.dims<"n">> -> !x
  %1 = onnx.node "Mul"(%0, %root) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %2 = onnx.node "Mul"(%bias, %root) {opset = 17 : i64} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = onnx.node "Add"(%y, %2) {opset = 17 : i64} : (!y, tensor<4xf32>) -> !y
  return %1, %3 : !x, !y
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!one = tensor<1x8xf32>

// Two functions read the weight and multiply alike: it is multiplied once.
// CHECK: qopt.weight @w : tensor<8x8xf32> {file = "m", length = 256 : i64, row_factor = @w.factor}
// CHECK-NOT: "Mul"
// CHECK-NOT: .scaled
qopt.weight @w : tensor<8x8xf32> {file = "m", length = 256 : i64}
func.func @prefill(%x: !x) -> !x {
  %c = arith.constant dense<0.5> : tensor<f32>
  %w = qopt.get_weight @w : tensor<8x8xf32>
  %0 = qopt.matmul %x, %w : (!x, tensor<8x8xf32>) -> !x
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  return %1 : !x
}
func.func @decode(%x: !one) -> !one {
  %c = arith.constant dense<0.5> : tensor<f32>
  %w = qopt.get_weight @w : tensor<8x8xf32>
  %0 = qopt.matmul %x, %w : (!one, tensor<8x8xf32>) -> !one
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (!one, tensor<f32>) -> !one
  return %1 : !one
}

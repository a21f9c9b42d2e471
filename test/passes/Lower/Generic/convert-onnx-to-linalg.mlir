// RUN: qopt-opt %s -qopt-convert-onnx-to-linalg -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @broadcasts_with_symbols
// CHECK-DAG: %[[B:.*]] = qopt.dim "b"
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[B]]) : tensor<?x8xf32, #qopt.dims<"b", "8">>
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<?x8xf32, #qopt.dims<"b", "8">>, tensor<1x8xf32>)
// CHECK-SAME: outs(%[[EMPTY]]
// CHECK: arith.addf
func.func @broadcasts_with_symbols(%a: tensor<?x8xf32, #qopt.dims<"b", "8">>, %c: tensor<1x8xf32>) -> tensor<?x8xf32, #qopt.dims<"b", "8">> {
  %0 = onnx.node "Add"(%a, %c) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"b", "8">>, tensor<1x8xf32>) -> tensor<?x8xf32, #qopt.dims<"b", "8">>
  return %0 : tensor<?x8xf32, #qopt.dims<"b", "8">>
}

// -----

// CHECK-LABEL: func.func @views_move_nothing
// CHECK-NOT: linalg
// CHECK: qopt.reshape %{{.*}} : tensor<?x8xf32, #qopt.dims<"b", "8">> -> tensor<?xf32, #qopt.dims<"8*b">>
func.func @views_move_nothing(%a: tensor<?x8xf32, #qopt.dims<"b", "8">>) -> tensor<?xf32, #qopt.dims<"8*b">> {
  %s = arith.constant dense<-1> : tensor<1xi64>
  %0 = onnx.node "Reshape"(%a, %s) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"b", "8">>, tensor<1xi64>) -> tensor<?xf32, #qopt.dims<"8*b">>
  return %0 : tensor<?xf32, #qopt.dims<"8*b">>
}

// -----

// CHECK-LABEL: func.func @checks_positions
// CHECK: linalg.generic
// CHECK: qopt.fail_if %{{.*}}, "rows: index out of range"
// CHECK: tensor.extract
func.func @checks_positions(%d: tensor<4x8xf32>, %i: tensor<3xi64>) -> tensor<3x8xf32> {
  %0 = onnx.node "Gather"(%d, %i) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<3xi64>) -> tensor<3x8xf32> loc("rows")
  return %0 : tensor<3x8xf32>
}

// -----

// CHECK-LABEL: func.func @known_positions_need_no_check
// CHECK-NOT: qopt.fail_if
func.func @known_positions_need_no_check(%d: tensor<4x8xf32>) -> tensor<8xf32> {
  %i = arith.constant dense<-1> : tensor<i64>
  %0 = onnx.node "Gather"(%d, %i) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<i64>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: func.func @softmax_before_13_is_of_a_matrix
// CHECK: qopt.reshape %{{.*}} : tensor<2x3x4xf32> -> tensor<2x12xf32>
func.func @softmax_before_13_is_of_a_matrix(%a: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = onnx.node "Softmax"(%a) {opset = 11 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// A dimension that may be empty has no last position to stay at.
// CHECK-LABEL: func.func @reads_nothing_where_nothing_is
// CHECK: linalg.generic
// CHECK: qopt.fail_if
// CHECK: %[[SOME:.*]] = arith.cmpi sgt
// CHECK: scf.if %[[SOME]] -> (f32)
// CHECK: tensor.extract %{{.*}} : tensor<?x8xf32, #qopt.dims<"b", "8">>
func.func @reads_nothing_where_nothing_is(%d: tensor<?x8xf32, #qopt.dims<"b", "8">>, %i: tensor<3xi64>) -> tensor<3x8xf32> {
  %0 = onnx.node "Gather"(%d, %i) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"b", "8">>, tensor<3xi64>) -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Reduced axes from attributes or inputs, kept or dropped.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "ReduceMean"{{.*}} -> tensor<?x?x1xf32, #qopt.dims<"n", "s", "1">>{{$}}
// CHECK: onnx.node "ReduceMean"{{.*}} -> tensor<?x?x1xf32, #qopt.dims<"n", "s", "1">>{{$}}
// CHECK: onnx.node "ReduceSum"{{.*}} -> tensor<4xf32>{{$}}
// CHECK: onnx.node "ReduceMax"{{.*}} -> tensor<f32>{{$}}
// CHECK: onnx.node "ReduceSum"{{.*}} -> tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>{{$}}
// CHECK: onnx.node "ArgMax"{{.*}} -> tensor<?x4xi64, #qopt.dims<"n", "4">>{{$}}
func.func @main(%x: tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?xf32>, tensor<f32>, tensor<?x?x?xf32>, tensor<?x?xi64>) {
  %last = arith.constant dense<[-1]> : tensor<1xi64>
  %both = arith.constant dense<[0, 1]> : tensor<2xi64>
  %r0_0 = onnx.node "ReduceMean"(%x) {opset = 13 : i64, parameters = {axes = [-1], keepdims = 1 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "ReduceMean"(%x, %last) {opset = 18 : i64, parameters = {keepdims = 1 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "ReduceSum"(%x, %both) {opset = 13 : i64, parameters = {keepdims = 0 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>, tensor<2xi64>) -> tensor<?xf32>
  %r3_0 = onnx.node "ReduceMax"(%x) {opset = 11 : i64, parameters = {keepdims = 0 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> tensor<f32>
  %r4_0 = onnx.node "ReduceSum"(%x) {opset = 13 : i64, parameters = {noop_with_empty_axes = 1 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> tensor<?x?x?xf32>
  %r5_0 = onnx.node "ArgMax"(%x) {opset = 13 : i64, parameters = {axis = 1 : i64, keepdims = 0 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> tensor<?x?xi64>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?xf32>, tensor<f32>, tensor<?x?x?xf32>, tensor<?x?xi64>
}

// -----

// Recurrent layers.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "LSTM"{{.*}} -> (tensor<?x1x?x5xf32, #qopt.dims<"t", "1", "n", "5">>, tensor<1x?x5xf32, #qopt.dims<"1", "n", "5">>, tensor<1x?x5xf32, #qopt.dims<"1", "n", "5">>){{$}}
func.func @main(%x: tensor<?x?x4xf32, #qopt.dims<"t", "n", "4">>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %r0_0, %r0_1, %r0_2 = onnx.node "LSTM"(%x, %w, %r) {opset = 14 : i64} : (tensor<?x?x4xf32, #qopt.dims<"t", "n", "4">>, tensor<1x20x4xf32>, tensor<1x20x5xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  return %r0_0, %r0_1, %r0_2 : tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

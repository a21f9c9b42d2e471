// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Indices put their sizes in place of the axis.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Gather"{{.*}} -> tensor<?x?x2x4xf32, #qopt.dims<"n", "s", "2", "4">>{{$}}
// CHECK: onnx.node "Gather"{{.*}} -> tensor<?x8xf32, #qopt.dims<"n", "8">>{{$}}
// CHECK: onnx.node "GatherND"{{.*}} -> tensor<?x4xf32, #qopt.dims<"s", "4">>{{$}}
// CHECK: onnx.node "GatherND"{{.*}} -> tensor<?x?xf32, #qopt.dims<"n", "s">>{{$}}
// CHECK: onnx.node "GatherElements"{{.*}} -> tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>{{$}}
// CHECK: onnx.node "ScatterND"{{.*}} -> tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>{{$}}
// CHECK: onnx.node "OneHot"{{.*}} -> tensor<9x?x2xf32, #qopt.dims<"9", "s", "2">>{{$}}
// CHECK: onnx.node "TopK"{{.*}} -> (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<?x3x4xi64, #qopt.dims<"n", "3", "4">>){{$}}
func.func @main(%x: tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, %i: tensor<?x2xi64, #qopt.dims<"s", "2">>, %j: tensor<?x?x2xi64, #qopt.dims<"n", "s", "2">>, %e: tensor<?x?x4xi64, #qopt.dims<"n", "s", "4">>) -> (tensor<?x?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xi64>) {
  %scalar = arith.constant dense<1> : tensor<i64>
  %depth = arith.constant dense<9> : tensor<i64>
  %k = arith.constant dense<[3]> : tensor<1xi64>
  %r0_0 = onnx.node "Gather"(%x, %i) {opset = 13 : i64, parameters = {axis = 1 : i64}} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<?x2xi64, #qopt.dims<"s", "2">>) -> tensor<?x?x?x?xf32>
  %r1_0 = onnx.node "Gather"(%x, %scalar) {opset = 1 : i64, parameters = {axis = -1 : i64}} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<i64>) -> tensor<?x?xf32>
  %r2_0 = onnx.node "GatherND"(%x, %i) {opset = 13 : i64} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<?x2xi64, #qopt.dims<"s", "2">>) -> tensor<?x?xf32>
  %r3_0 = onnx.node "GatherND"(%x, %j) {opset = 13 : i64, parameters = {batch_dims = 1 : i64}} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<?x?x2xi64, #qopt.dims<"n", "s", "2">>) -> tensor<?x?xf32>
  %r4_0 = onnx.node "GatherElements"(%x, %e) {opset = 13 : i64, parameters = {axis = 1 : i64}} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<?x?x4xi64, #qopt.dims<"n", "s", "4">>) -> tensor<?x?x?xf32>
  %r5_0 = onnx.node "ScatterND"(%x, %i, %x) {opset = 16 : i64} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<?x2xi64, #qopt.dims<"s", "2">>, tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>) -> tensor<?x?x?xf32>
  %r6_0 = onnx.node "OneHot"(%i, %depth, %x) {opset = 11 : i64, parameters = {axis = 0 : i64}} : (tensor<?x2xi64, #qopt.dims<"s", "2">>, tensor<i64>, tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>) -> tensor<?x?x?xf32>
  %r7_0, %r7_1 = onnx.node "TopK"(%x, %k) {opset = 11 : i64, parameters = {axis = 1 : i64}} : (tensor<?x8x4xf32, #qopt.dims<"n", "8", "4">>, tensor<1xi64>) -> (tensor<?x?x?xf32>, tensor<?x?x?xi64>)
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r6_0, %r7_0, %r7_1 : tensor<?x?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xi64>
}

// -----

// How many there are is not known: no expression, but what the type says.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "NonZero"{{.*}} -> tensor<2x?xi64>{{$}}
// CHECK: onnx.node "Compress"{{.*}} -> tensor<?x8xf32>{{$}}
func.func @main(%x: tensor<?x8xf32, #qopt.dims<"n", "8">>) -> (tensor<?x?xi64>, tensor<?x?xf32>) {
  %r0_0 = onnx.node "NonZero"(%x) {opset = 13 : i64} : (tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<?x?xi64>
  %r1_0 = onnx.node "Compress"(%x, %x) {opset = 11 : i64, parameters = {axis = 0 : i64}} : (tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<?x?xf32>
  return %r0_0, %r1_0 : tensor<?x?xi64>, tensor<?x?xf32>
}

// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Convolutions and pools; a stride must divide a symbol to be told.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Conv"{{.*}} -> tensor<?x16x112x112xf32, #qopt.dims<"n", "16", "112", "112">>{{$}}
// CHECK: onnx.node "Conv"{{.*}} -> tensor<?x16x75x75xf32, #qopt.dims<"n", "16", "75", "75">>{{$}}
// CHECK: onnx.node "Conv"{{.*}} -> tensor<?x16x?x8xf32, #qopt.dims<"n", "16", "s", "8">>{{$}}
// CHECK: onnx.node "Conv"{{.*}} -> tensor<?x16x?x4xf32>{{$}}
// CHECK: onnx.node "MaxPool"{{.*}} -> tensor<?x3x112x112xf32, #qopt.dims<"n", "3", "112", "112">>{{$}}
// CHECK: onnx.node "GlobalAveragePool"{{.*}} -> tensor<?x3x1x1xf32, #qopt.dims<"n", "3", "1", "1">>{{$}}
// CHECK: onnx.node "ConvTranspose"{{.*}} -> tensor<?x6x448x448xf32, #qopt.dims<"n", "6", "448", "448">>{{$}}
func.func @main(%x: tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>, %y: tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, %w: tensor<16x3x3x3xf32>, %u: tensor<3x6x2x2xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %r0_0 = onnx.node "Conv"(%x, %w) {opset = 11 : i64, parameters = {strides = [2, 2], pads = [1, 1, 1, 1]}} : (tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>, tensor<16x3x3x3xf32>) -> tensor<?x?x?x?xf32>
  %r1_0 = onnx.node "Conv"(%x, %w) {opset = 11 : i64, parameters = {auto_pad = "SAME_UPPER", strides = [3, 3]}} : (tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>, tensor<16x3x3x3xf32>) -> tensor<?x?x?x?xf32>
  %r2_0 = onnx.node "Conv"(%y, %w) {opset = 11 : i64, parameters = {pads = [1, 1, 1, 1]}} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, tensor<16x3x3x3xf32>) -> tensor<?x?x?x?xf32>
  %r3_0 = onnx.node "Conv"(%y, %w) {opset = 11 : i64, parameters = {pads = [1, 1, 1, 1], strides = [2, 2]}} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, tensor<16x3x3x3xf32>) -> tensor<?x?x?x?xf32>
  %r4_0 = onnx.node "MaxPool"(%x) {opset = 12 : i64, parameters = {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1 : i64}} : (tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>) -> tensor<?x?x?x?xf32>
  %r5_0 = onnx.node "GlobalAveragePool"(%x) {opset = 1 : i64} : (tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>) -> tensor<?x?x?x?xf32>
  %r6_0 = onnx.node "ConvTranspose"(%x, %u) {opset = 11 : i64, parameters = {strides = [2, 2]}} : (tensor<?x3x224x224xf32, #qopt.dims<"n", "3", "224", "224">>, tensor<3x6x2x2xf32>) -> tensor<?x?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r6_0 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// -----

// Pad and Resize.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Pad"{{.*}} -> tensor<?x3x?x14xf32, #qopt.dims<"n", "3", "s + 4", "14">>{{$}}
// CHECK: onnx.node "Pad"{{.*}} -> tensor<?x3x?x14xf32, #qopt.dims<"n", "3", "s + 4", "14">>{{$}}
// CHECK: onnx.node "Pad"{{.*}} -> tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s + 3", "8">>{{$}}
// CHECK: onnx.node "Resize"{{.*}} -> tensor<?x3x?x4xf32, #qopt.dims<"n", "3", "2*s", "4">>{{$}}
// CHECK: onnx.node "Resize"{{.*}} -> tensor<1x3x16x16xf32>{{$}}
func.func @main(%x: tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %none = onnx.none
  %pads = arith.constant dense<[0, 0, 1, 2, 0, 0, 3, 4]> : tensor<8xi64>
  %sizes = arith.constant dense<[1, 3, 16, 16]> : tensor<4xi64>
  %pair = arith.constant dense<[1, 2]> : tensor<2xi64>
  %axis = arith.constant dense<[2]> : tensor<1xi64>
  %scales = arith.constant dense<[1.0, 1.0, 2.0, 0.5]> : tensor<4xf32>
  %r0_0 = onnx.node "Pad"(%x, %pads) {opset = 13 : i64} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, tensor<8xi64>) -> tensor<?x?x?x?xf32>
  %r1_0 = onnx.node "Pad"(%x) {opset = 10 : i64, parameters = {pads = [0, 0, 1, 2, 0, 0, 3, 4]}} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>) -> tensor<?x?x?x?xf32>
  %r2_0 = onnx.node "Pad"(%x, %pair, %none, %axis) {opset = 18 : i64} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, tensor<2xi64>, none, tensor<1xi64>) -> tensor<?x?x?x?xf32>
  %r3_0 = onnx.node "Resize"(%x, %none, %scales) {opset = 13 : i64} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, none, tensor<4xf32>) -> tensor<?x?x?x?xf32>
  %r4_0 = onnx.node "Resize"(%x, %none, %none, %sizes) {opset = 13 : i64} : (tensor<?x3x?x8xf32, #qopt.dims<"n", "3", "s", "8">>, none, none, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

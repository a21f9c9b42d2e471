// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Reshape: 0 keeps a size, -1 takes what is left, by division of expressions.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x?x4x64xf32, #qopt.dims<"n", "s", "4", "64">>{{$}}
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x?x4x64xf32, #qopt.dims<"n", "s", "4", "64">>{{$}}
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x256xf32, #qopt.dims<"n*s", "256">>{{$}}
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?xf32, #qopt.dims<"256*n*s">>{{$}}
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x4x?xf32, #qopt.dims<"n", "4", "64*s">>{{$}}
func.func @main(%x: tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<?x?x?xf32>) {
  %a = arith.constant dense<[0, 0, 4, 64]> : tensor<4xi64>
  %b = arith.constant dense<[0, -1, 4, 64]> : tensor<4xi64>
  %c = arith.constant dense<[-1, 256]> : tensor<2xi64>
  %d = arith.constant dense<[-1]> : tensor<1xi64>
  %e = arith.constant dense<[0, 4, -1]> : tensor<3xi64>
  %r0_0 = onnx.node "Reshape"(%x, %a) {opset = 14 : i64, parameters = {allowzero = 0 : i64}} : (tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  %r1_0 = onnx.node "Reshape"(%x, %b) {opset = 5 : i64} : (tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  %r2_0 = onnx.node "Reshape"(%x, %c) {opset = 13 : i64} : (tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>, tensor<2xi64>) -> tensor<?x?xf32>
  %r3_0 = onnx.node "Reshape"(%x, %d) {opset = 13 : i64} : (tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>, tensor<1xi64>) -> tensor<?xf32>
  %r4_0 = onnx.node "Reshape"(%x, %e) {opset = 21 : i64} : (tensor<?x?x256xf32, #qopt.dims<"n", "s", "256">>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<?x?x?xf32>
}

// -----

// With allowzero, 0 is a size.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<0x7xf32>{{$}}
func.func @main(%x: tensor<?x0xf32, #qopt.dims<"n", "0">>) -> (tensor<?x?xf32>) {
  %a = arith.constant dense<[0, 7]> : tensor<2xi64>
  %r0_0 = onnx.node "Reshape"(%x, %a) {opset = 14 : i64, parameters = {allowzero = 1 : i64}} : (tensor<?x0xf32, #qopt.dims<"n", "0">>, tensor<2xi64>) -> tensor<?x?xf32>
  return %r0_0 : tensor<?x?xf32>
}

// -----

// Axes from attributes and from inputs, counted from either end.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Squeeze"{{.*}} -> tensor<?x?x1xf32, #qopt.dims<"n", "s", "1">>{{$}}
// CHECK: onnx.node "Squeeze"{{.*}} -> tensor<?x?xf32, #qopt.dims<"n", "s">>{{$}}
// CHECK: onnx.node "Squeeze"{{.*}} -> tensor<?x?xf32, #qopt.dims<"n", "s">>{{$}}
// CHECK: onnx.node "Unsqueeze"{{.*}} -> tensor<1x?x1x?x1x1xf32, #qopt.dims<"1", "n", "1", "s", "1", "1">>{{$}}
// CHECK: onnx.node "Unsqueeze"{{.*}} -> tensor<?x1x1x?x1xf32, #qopt.dims<"n", "1", "1", "s", "1">>{{$}}
// CHECK: onnx.node "Flatten"{{.*}} -> tensor<?x1xf32, #qopt.dims<"n*s", "1">>{{$}}
// CHECK: onnx.node "Flatten"{{.*}} -> tensor<1x?xf32, #qopt.dims<"1", "n*s">>{{$}}
// CHECK: onnx.node "Transpose"{{.*}} -> tensor<?x?x1x1xf32, #qopt.dims<"n", "s", "1", "1">>{{$}}
// CHECK: onnx.node "Transpose"{{.*}} -> tensor<1x?x1x?xf32, #qopt.dims<"1", "s", "1", "n">>{{$}}
func.func @main(%x: tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %a = arith.constant dense<[1]> : tensor<1xi64>
  %b = arith.constant dense<[0, -1]> : tensor<2xi64>
  %r0_0 = onnx.node "Squeeze"(%x, %a) {opset = 13 : i64} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "Squeeze"(%x) {opset = 11 : i64, parameters = {axes = [-1, 1]}} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?xf32>
  %r2_0 = onnx.node "Squeeze"(%x) {opset = 13 : i64} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?xf32>
  %r3_0 = onnx.node "Unsqueeze"(%x, %b) {opset = 13 : i64} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>, tensor<2xi64>) -> tensor<?x?x?x?x?x?xf32>
  %r4_0 = onnx.node "Unsqueeze"(%x) {opset = 11 : i64, parameters = {axes = [2]}} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?x?x?x?xf32>
  %r5_0 = onnx.node "Flatten"(%x) {opset = 13 : i64, parameters = {axis = 3 : i64}} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?xf32>
  %r6_0 = onnx.node "Flatten"(%x) {opset = 13 : i64, parameters = {axis = -4 : i64}} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?xf32>
  %r7_0 = onnx.node "Transpose"(%x) {opset = 13 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?x?x?xf32>
  %r8_0 = onnx.node "Transpose"(%x) {opset = 13 : i64} : (tensor<?x1x?x1xf32, #qopt.dims<"n", "1", "s", "1">>) -> tensor<?x?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r6_0, %r7_0, %r8_0 : tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// -----

// Sizes add up along the axis of Concat, and are given or equal in Split.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Concat"{{.*}} -> tensor<?x?x4xf32, #qopt.dims<"n", "p + s", "4">>{{$}}
// CHECK: onnx.node "Split"{{.*}} -> (tensor<?x?x1xf32, #qopt.dims<"n", "p", "1">>, tensor<?x?x3xf32, #qopt.dims<"n", "p", "3">>){{$}}
// CHECK: onnx.node "Split"{{.*}} -> (tensor<?x?x3xf32, #qopt.dims<"n", "p", "3">>, tensor<?x?x1xf32, #qopt.dims<"n", "p", "1">>){{$}}
// CHECK: onnx.node "Split"{{.*}} -> (tensor<?x?x2xf32, #qopt.dims<"n", "p", "2">>, tensor<?x?x2xf32, #qopt.dims<"n", "p", "2">>){{$}}
// CHECK: onnx.node "Split"{{.*}} -> (tensor<?x?x2xf32, #qopt.dims<"n", "p", "2">>, tensor<?x?x2xf32, #qopt.dims<"n", "p", "2">>, tensor<?x?x0xf32, #qopt.dims<"n", "p", "0">>){{$}}
func.func @main(%a: tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>, %b: tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %parts = arith.constant dense<[1, 3]> : tensor<2xi64>
  %odd = arith.constant dense<[1]> : tensor<1xi64>
  %r0_0 = onnx.node "Concat"(%a, %b) {opset = 13 : i64, parameters = {axis = -2 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>, tensor<?x?x4xf32, #qopt.dims<"n", "s", "4">>) -> tensor<?x?x?xf32>
  %r1_0, %r1_1 = onnx.node "Split"(%a, %parts) {opset = 13 : i64, parameters = {axis = 2 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>, tensor<2xi64>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  %r2_0, %r2_1 = onnx.node "Split"(%a) {opset = 11 : i64, parameters = {axis = -1 : i64, split = [3, 1]}} : (tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  %r3_0, %r3_1 = onnx.node "Split"(%a) {opset = 11 : i64, parameters = {axis = -1 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  %r4_0, %r4_1, %r4_2 = onnx.node "Split"(%a) {opset = 18 : i64, parameters = {axis = -1 : i64, num_outputs = 3 : i64}} : (tensor<?x?x4xf32, #qopt.dims<"n", "p", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  return %r0_0, %r1_0, %r1_1, %r2_0, %r2_1, %r3_0, %r3_1, %r4_0, %r4_1, %r4_2 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

// -----

// Expand and Tile, depth and space.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Expand"{{.*}} -> tensor<?x4x?xf32, #qopt.dims<"n", "4", "s">>{{$}}
// CHECK: onnx.node "Tile"{{.*}} -> tensor<?x2x?xf32, #qopt.dims<"n", "2", "3*s">>{{$}}
// CHECK: onnx.node "DepthToSpace"{{.*}} -> tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "2*s", "8">>{{$}}
func.func @main(%x: tensor<?x1x?xf32, #qopt.dims<"n", "1", "s">>, %d: tensor<?x8x?x4xf32, #qopt.dims<"n", "8", "s", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %shape = arith.constant dense<[4, 1]> : tensor<2xi64>
  %times = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  %r0_0 = onnx.node "Expand"(%x, %shape) {opset = 13 : i64} : (tensor<?x1x?xf32, #qopt.dims<"n", "1", "s">>, tensor<2xi64>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "Tile"(%x, %times) {opset = 13 : i64} : (tensor<?x1x?xf32, #qopt.dims<"n", "1", "s">>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "DepthToSpace"(%d) {opset = 13 : i64, parameters = {blocksize = 2 : i64}} : (tensor<?x8x?x4xf32, #qopt.dims<"n", "8", "s", "4">>) -> tensor<?x?x?x?xf32>
  return %r0_0, %r1_0, %r2_0 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?x?xf32>
}

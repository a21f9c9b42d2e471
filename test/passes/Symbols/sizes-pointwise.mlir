// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Operands are broadcast; 1 gives way, symbols stay.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Add"{{.*}} -> tensor<?x4x?xf32, #qopt.dims<"n", "4", "m">>{{$}}
// CHECK: onnx.node "Sum"{{.*}} -> tensor<?x4x?xf32, #qopt.dims<"n", "4", "m">>{{$}}
// CHECK: onnx.node "Where"{{.*}} -> tensor<?x4x?xf32, #qopt.dims<"n", "4", "m">>{{$}}
// CHECK: onnx.node "PRelu"{{.*}} -> tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>{{$}}
func.func @main(%a: tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>, %b: tensor<4x?xf32, #qopt.dims<"4", "m">>, %c: tensor<1xf32>, %d: tensor<?x4x?xi1, #qopt.dims<"n", "4", "m">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %r0_0 = onnx.node "Add"(%a, %b) {opset = 7 : i64} : (tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>, tensor<4x?xf32, #qopt.dims<"4", "m">>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "Sum"(%a, %b, %c) {opset = 13 : i64} : (tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>, tensor<4x?xf32, #qopt.dims<"4", "m">>, tensor<1xf32>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "Where"(%d, %a, %c) {opset = 16 : i64} : (tensor<?x4x?xi1, #qopt.dims<"n", "4", "m">>, tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>, tensor<1xf32>) -> tensor<?x?x?xf32>
  %r3_0 = onnx.node "PRelu"(%a, %c) {opset = 16 : i64} : (tensor<?x1x?xf32, #qopt.dims<"n", "1", "m">>, tensor<1xf32>) -> tensor<?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

// -----

// Results like the operand, and their second results.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Softmax"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "Erf"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "CumSum"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "Trilu"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "Cast"{{.*}} -> tensor<?x3x4xf16, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "LayerNormalization"{{.*}} -> (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<?x3x1xf32, #qopt.dims<"n", "3", "1">>, tensor<?x3x1xf32, #qopt.dims<"n", "3", "1">>){{$}}
// CHECK: onnx.node "RMSNormalization"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "BatchNormalization"{{.*}} -> tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>{{$}}
// CHECK: onnx.node "Dropout"{{.*}} -> (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<?x3x4xi1, #qopt.dims<"n", "3", "4">>){{$}}
func.func @main(%a: tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, %w: tensor<4xf32>, %v: tensor<3xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf16>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xi1>) {
  %k = arith.constant dense<1> : tensor<i64>
  %r0_0 = onnx.node "Softmax"(%a) {opset = 11 : i64, parameters = {axis = 1 : i64}} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "Erf"(%a) {opset = 9 : i64} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "CumSum"(%a, %k) {opset = 14 : i64} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<i64>) -> tensor<?x?x?xf32>
  %r3_0 = onnx.node "Trilu"(%a) {opset = 14 : i64, parameters = {upper = 0 : i64}} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>) -> tensor<?x?x?xf32>
  %r4_0 = onnx.node "Cast"(%a) {opset = 9 : i64, parameters = {to = 10 : i64}} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>) -> tensor<?x?x?xf16>
  %r5_0, %r5_1, %r5_2 = onnx.node "LayerNormalization"(%a, %w, %w) {opset = 17 : i64, parameters = {axis = -1 : i64}} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<4xf32>, tensor<4xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
  %r6_0 = onnx.node "RMSNormalization"(%a, %w) {opset = 23 : i64, parameters = {axis = -1 : i64}} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<4xf32>) -> tensor<?x?x?xf32>
  %r7_0 = onnx.node "BatchNormalization"(%a, %v, %v, %v, %v) {opset = 15 : i64} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x?x?xf32>
  %r8_0, %r8_1 = onnx.node "Dropout"(%a) {opset = 10 : i64} : (tensor<?x3x4xf32, #qopt.dims<"n", "3", "4">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xi1>)
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r5_1, %r5_2, %r6_0, %r7_0, %r8_0, %r8_1 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf16>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xi1>
}

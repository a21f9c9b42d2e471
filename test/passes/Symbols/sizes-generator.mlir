// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Ranges and constants of a shape. Where data decide, nothing is known.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Range"{{.*}} -> tensor<?xi64>{{$}}
// CHECK: onnx.node "EyeLike"{{.*}} -> tensor<?x?xf32, #qopt.dims<"n", "s">>{{$}}
// CHECK: onnx.node "RandomNormal"{{.*}} -> tensor<2x3xf32>{{$}}
func.func @main(%x: tensor<?x?xf32, #qopt.dims<"n", "s">>, %k: tensor<i64>) -> (tensor<?xi64>, tensor<?x?xf32>, tensor<?x?xf32>) {
  %zero = arith.constant dense<0> : tensor<i64>
  %two = arith.constant dense<2> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<[0]> : tensor<1xi64>
  %r0_0 = onnx.node "Range"(%zero, %k, %one) {opset = 11 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %r1_0 = onnx.node "EyeLike"(%x) {opset = 9 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "s">>) -> tensor<?x?xf32>
  %r2_0 = onnx.node "RandomNormal"() {opset = 1 : i64, parameters = {shape = [2, 3]}} : () -> tensor<?x?xf32>
  return %r0_0, %r1_0, %r2_0 : tensor<?xi64>, tensor<?x?xf32>, tensor<?x?xf32>
}

// -----

// A shape that is made of sizes.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "ConstantOfShape"{{.*}} -> tensor<?x?xf32, #qopt.dims<"s", "n">>
// CHECK: onnx.node "Range"{{.*}} -> tensor<?xi64, #qopt.dims<"s">>
func.func @main(%x: tensor<?x?xf32, #qopt.dims<"n", "s">>) -> (tensor<?x?xf32>, tensor<?xi64>) {
  %order = arith.constant dense<[1, 0]> : tensor<2xi64>
  %first = arith.constant dense<0> : tensor<i64>
  %second = arith.constant dense<1> : tensor<i64>
  %shape = onnx.node "Shape"(%x) {opset = 15 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "s">>) -> tensor<2xi64>
  %swapped = onnx.node "Gather"(%shape, %order) {opset = 15 : i64} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %0 = onnx.node "ConstantOfShape"(%swapped) {opset = 15 : i64} : (tensor<2xi64>) -> tensor<?x?xf32>
  %n = onnx.node "Gather"(%shape, %first) {opset = 15 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %s = onnx.node "Gather"(%shape, %second) {opset = 15 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %end = onnx.node "Add"(%n, %s) {opset = 15 : i64} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %1 = onnx.node "Range"(%n, %end, %second) {opset = 15 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %0, %1 : tensor<?x?xf32>, tensor<?xi64>
}

// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Bounds are clamped, counted from the end, and may be missing.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x64xf32, #qopt.dims<"n", "s - 1", "64">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<?x?x64xf32, #qopt.dims<"n", "s - 1", "64">>{{$}}
// CHECK: onnx.node "Slice"{{.*}} -> tensor<10x?x4xf32, #qopt.dims<"10", "s", "4">>{{$}}
func.func @main(%x: tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>) -> (tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %zero = arith.constant dense<[0]> : tensor<1xi64>
  %half = arith.constant dense<[32]> : tensor<1xi64>
  %max = arith.constant dense<[9223372036854775807]> : tensor<1xi64>
  %min = arith.constant dense<[-9223372036854775808]> : tensor<1xi64>
  %minus = arith.constant dense<[-1]> : tensor<1xi64>
  %two = arith.constant dense<[2]> : tensor<1xi64>
  %one = arith.constant dense<[1]> : tensor<1xi64>
  %r0_0 = onnx.node "Slice"(%x, %zero, %half, %two, %one) {opset = 13 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r1_0 = onnx.node "Slice"(%x, %half, %max, %two) {opset = 10 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "Slice"(%x, %max, %min, %one, %minus) {opset = 13 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r3_0 = onnx.node "Slice"(%x, %minus, %min, %two, %minus) {opset = 13 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r4_0 = onnx.node "Slice"(%x, %one, %max, %two, %two) {opset = 13 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r5_0 = onnx.node "Slice"(%x) {opset = 9 : i64, parameters = {starts = [0], ends = [-1], axes = [1]}} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>) -> tensor<?x?x?xf32>
  %r6_0 = onnx.node "Slice"(%x, %one, %max, %one) {opset = 13 : i64} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?xf32>
  %r7_0 = onnx.node "Slice"(%x) {opset = 1 : i64, parameters = {starts = [5, 70], ends = [9, 80], axes = [2, 0]}} : (tensor<?x?x64xf32, #qopt.dims<"n", "s", "64">>) -> tensor<?x?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r6_0, %r7_0 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

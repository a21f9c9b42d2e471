// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope > %t
// RUN: qopt-opt %t --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | diff %t -

// Nodes that change nothing are gone; those that look alike and do are not.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32
// CHECK-NEXT: %{{.*}} = arith.constant
// CHECK: %[[REVERSED:.*]] = onnx.node "Slice"
// CHECK: %[[TURNED:.*]] = onnx.node "Transpose"
// CHECK: %[[HALF:.*]] = onnx.node "Cast"
// CHECK-NOT: onnx.node
// CHECK: return %[[X]], %[[REVERSED]], %[[TURNED]], %[[HALF]]
func.func @main(%x: tensor<?x8xf32, #qopt.dims<"n", "8">>) -> (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf16>) {
  %shape = arith.constant dense<[-1, 8]> : tensor<2xi64>
  %ones = arith.constant dense<1> : tensor<2xi64>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %minus = arith.constant dense<-1> : tensor<1xi64>
  %max = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %min = arith.constant dense<-9223372036854775807> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %0 = onnx.node "Identity"(%x) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<?x?xf32>
  %1 = onnx.node "Reshape"(%0, %shape) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %2 = onnx.node "Expand"(%1, %ones) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %3 = onnx.node "Tile"(%2, %ones) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %4 = onnx.node "Flatten"(%3) {opset = 17 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %5 = onnx.node "Slice"(%4, %zero, %max, %one) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  %6 = onnx.node "Cast"(%5) {opset = 17 : i64, parameters = {to = 1 : i64}} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %7 = onnx.node "Concat"(%6) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %8 = onnx.node "Transpose"(%7) {opset = 17 : i64, parameters = {perm = [0, 1]}} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %9:2 = onnx.node "Dropout"(%8) {opset = 17 : i64} : (tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xi1>)
  %reversed = onnx.node "Slice"(%9#0, %minus, %min, %one, %minus) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  %turned = onnx.node "Transpose"(%9#0) {opset = 17 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %half = onnx.node "Cast"(%9#0) {opset = 17 : i64, parameters = {to = 10 : i64}} : (tensor<?x?xf32>) -> tensor<?x?xf16>
  return %9#0, %reversed, %turned, %half : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf16>
}

// -----

// Unused nodes are gone, but for those that draw random numbers.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: onnx.node "Relu"
// CHECK: onnx.node "RandomNormal"
// CHECK-NOT: onnx.node
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32, #qopt.dims<"n">> {
  %0 = onnx.node "Relu"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32>
  %1 = onnx.node "RandomNormal"() {opset = 17 : i64, parameters = {shape = [2]}} : () -> tensor<2xf32>
  return %x : tensor<?xf32, #qopt.dims<"n">>
}

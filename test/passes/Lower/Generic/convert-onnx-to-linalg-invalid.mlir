// RUN: qopt-opt %s -qopt-convert-onnx-to-linalg -split-input-file -verify-diagnostics

// All nodes are reported, not the first alone.
func.func @every_node(%a: tensor<4xf32>, %s: tensor<4xf64>, %u: tensor<*xf32>) {
  // expected-error @below {{'Frobnicate' cannot be lowered: operator Frobnicate is not supported}}
  %0 = onnx.node "Frobnicate"(%a) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{'Gelu' cannot be lowered: operators of domain com.microsoft are not supported}}
  %1 = onnx.node "Gelu"(%a) {domain = "com.microsoft", opset = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{'Exp' cannot be lowered: elements of type f64 are not supported (input 0)}}
  %2 = onnx.node "Exp"(%s) {opset = 17 : i64} : (tensor<4xf64>) -> tensor<4xf64>
  // expected-error @below {{'Neg' cannot be lowered: input 0 has no known rank}}
  %3 = onnx.node "Neg"(%u) {opset = 17 : i64} : (tensor<*xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @shape_in_data(%a: tensor<4xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error @below {{'Reshape' cannot be lowered: output 0 has a data-dependent shape}}
  %0 = onnx.node "Reshape"(%a, %s) {opset = 17 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @steering_in_data(%a: tensor<4x8xf32>, %s: tensor<1xi64>) -> tensor<2x8xf32> {
  // expected-error @below {{'Slice' cannot be lowered: the starts are not known when compiling}}
  %0 = onnx.node "Slice"(%a, %s, %s) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

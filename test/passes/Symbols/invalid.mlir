// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --verify-diagnostics

func.func @main(%a: tensor<?x4xf32, #qopt.dims<"n", "4">>, %b: tensor<3xf32>) -> tensor<?x?xf32> {
  // expected-error@unknown {{Add node '/layer/Add' expects operands that broadcast, but got [n, 4] and [3]}}
  %0 = onnx.node "Add"(%a, %b) {opset = 17 : i64} : (tensor<?x4xf32, #qopt.dims<"n", "4">>, tensor<3xf32>) -> tensor<?x?xf32> loc("/layer/Add")
  return %0 : tensor<?x?xf32>
}

// -----

qopt.weight @w : tensor<5x2xf32> {file = "m.onnx", length = 40 : i64}
func.func @main(%a: tensor<?x4xf32, #qopt.dims<"n", "4">>) -> tensor<?x?xf32> {
  %w = qopt.get_weight @w : tensor<5x2xf32>
  // expected-error@+1 {{MatMul node expects operands that agree in the summed size, but got [n, 4] and [5, 2]}}
  %0 = onnx.node "MatMul"(%a, %w) {opset = 17 : i64} : (tensor<?x4xf32, #qopt.dims<"n", "4">>, tensor<5x2xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%a: tensor<?xf32, #qopt.dims<"n">>, %b: tensor<?xf32, #qopt.dims<"n + 1">>) -> tensor<?xf32> {
  // expected-error@+1 {{Add node expects operands that broadcast, but got [n] and [n + 1]}}
  %0 = onnx.node "Add"(%a, %b) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>, tensor<?xf32, #qopt.dims<"n + 1">>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%a: tensor<6xf32>) -> tensor<?x?xf32> {
  %shape = arith.constant dense<[4, -1]> : tensor<2xi64>
  // expected-error@+1 {{Reshape node expects as many elements as its shape [4, ?] has, but got [6]}}
  %0 = onnx.node "Reshape"(%a, %shape) {opset = 17 : i64} : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%a: tensor<?x3xf32, #qopt.dims<"n", "3">>) -> tensor<?x?xf32> {
  %shape = arith.constant dense<[0, 4]> : tensor<2xi64>
  // expected-error@+1 {{Reshape node expects as many elements as its shape [n, 4] has, but got [n, 3]}}
  %0 = onnx.node "Reshape"(%a, %shape) {opset = 17 : i64} : (tensor<?x3xf32, #qopt.dims<"n", "3">>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{Concat node expects operands that agree but in axis 0, but got [2, 3] and [2, 4]}}
  %0 = onnx.node "Concat"(%a, %b) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%a: tensor<2x3xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{ReduceSum node expects axes in range, but got [2, 3]}}
  %0 = onnx.node "ReduceSum"(%a) {opset = 11 : i64, parameters = {axes = [2]}} : (tensor<2x3xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%a: tensor<2x3xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{Transpose node expects a permutation of the input's dimensions, but got [2, 3]}}
  %0 = onnx.node "Transpose"(%a) {opset = 11 : i64, parameters = {perm = [1, 1]}} : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x5x9xf32>) -> tensor<?x?x?x?xf32> {
  // expected-error@+1 {{Attention node expects query, key and value that fit each other, but got [1, 4, 3, 8] and [1, 4, 5, 9] and [1, 4, 5, 9]}}
  %0 = onnx.node "Attention"(%q, %k, %k) {opset = 23 : i64} : (tensor<1x4x3x8xf32>, tensor<1x4x5x9xf32>, tensor<1x4x5x9xf32>) -> tensor<?x?x?x?xf32>
  return %0 : tensor<?x?x?x?xf32>
}

// -----

qopt.weight @table : tensor<99xf32> {file = "m.onnx", length = 396 : i64}
func.func @main() -> tensor<?xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %nine = arith.constant dense<100> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %table = qopt.get_weight @table : tensor<99xf32>
  %i = onnx.node "Range"(%zero, %nine, %one) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  // expected-error@+1 {{Gather node expects indices below the size of its data, up to 100, but got [99]}}
  %0 = onnx.node "Gather"(%table, %i) {opset = 17 : i64} : (tensor<99xf32>, tensor<?xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

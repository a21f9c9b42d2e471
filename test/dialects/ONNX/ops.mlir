// RUN: qopt-opt %s | qopt-opt | FileCheck %s
// RUN: qopt-opt %s --mlir-print-op-generic | qopt-opt | FileCheck %s

// CHECK-LABEL: func.func @nodes
func.func @nodes(%x: tensor<?x4xf32>, %c: tensor<i1>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK: %[[NONE:.*]] = onnx.none
  %none = onnx.none
  // CHECK: onnx.node "Clip"(%{{.*}}, %[[NONE]], %[[NONE]]) {opset = 17 : i64} : (tensor<?x4xf32>, none, none) -> tensor<?x4xf32>
  %0 = onnx.node "Clip"(%x, %none, %none) {opset = 17 : i64} : (tensor<?x4xf32>, none, none) -> tensor<?x4xf32>
  // CHECK: onnx.node "Custom"(%{{.*}}) {domain = "com.example", opset = 2 : i64, parameters = {axes = [0, 1], mode = "linear", value = dense<1> : tensor<2xi64>}, scope = "model.layers.0"} : (tensor<?x4xf32>) -> (tensor<?x4xf32>, none)
  %1:2 = onnx.node "Custom"(%0) {domain = "com.example", opset = 2 : i64, parameters = {axes = [0, 1], mode = "linear", value = dense<1> : tensor<2xi64>}, scope = "model.layers.0"} : (tensor<?x4xf32>) -> (tensor<?x4xf32>, none)
  // CHECK: onnx.node "If"(%{{.*}}) graphs {
  // CHECK: onnx.yield %{{.*}} : tensor<?x4xf32>
  // CHECK: }, {
  // CHECK: onnx.yield %{{.*}} : tensor<?x4xf32>
  // CHECK: } {opset = 17 : i64, subgraphs = ["then_branch", "else_branch"]} : (tensor<i1>) -> tensor<?x4xf32>
  %2 = onnx.node "If"(%c) graphs {
    onnx.yield %0 : tensor<?x4xf32>
  }, {
    onnx.yield %1#0 : tensor<?x4xf32>
  } {opset = 17 : i64, subgraphs = ["then_branch", "else_branch"]} : (tensor<i1>) -> tensor<?x4xf32>
  return %1#0, %2 : tensor<?x4xf32>, tensor<?x4xf32>
}

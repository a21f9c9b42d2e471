// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// An operator that nobody knows keeps what its type says.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Mystery"{{.*}} -> tensor<?x7xf32>{{$}}
// CHECK: onnx.node "Relu"{{.*}} -> tensor<?x7xf32>{{$}}
// CHECK: onnx.node "Add"{{.*}} -> tensor<?x7xf32, #qopt.dims<"n", "7">>{{$}}
// CHECK: onnx.node "MatMul"{{.*}} : (tensor<?x7xf32>, tensor<*xf32>) -> tensor<*xf32>
func.func @main(%x: tensor<?x7xf32, #qopt.dims<"n", "7">>, %u: tensor<*xf32>) -> (tensor<?x?xf32>, tensor<*xf32>) {
  %0 = onnx.node "Mystery"(%x) {opset = 1 : i64, domain = "somewhere"} : (tensor<?x7xf32, #qopt.dims<"n", "7">>) -> tensor<?x7xf32>
  %1 = onnx.node "Relu"(%0) {opset = 17 : i64} : (tensor<?x7xf32>) -> tensor<?x?xf32>
  %column = onnx.node "Softmax"(%x) {opset = 17 : i64} : (tensor<?x7xf32, #qopt.dims<"n", "7">>) -> tensor<?x?xf32>
  %2 = onnx.node "Add"(%column, %x) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<?x7xf32, #qopt.dims<"n", "7">>) -> tensor<?x?xf32>
  %3 = onnx.node "MatMul"(%1, %u) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %2, %3 : tensor<?x?xf32>, tensor<*xf32>
}

// -----

// An unknown size does not hide a known one: the number of elements tells it.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x4xf32, #qopt.dims<"2*n", "4">>
func.func @main(%x: tensor<?x8xf32, #qopt.dims<"n", "8">>, %k: tensor<1xi64>) -> tensor<?x?xf32> {
  %four = arith.constant dense<4> : tensor<1xi64>
  %shape = onnx.node "Concat"(%k, %four) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %0 = onnx.node "Reshape"(%x, %shape) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Numbers that do not fit are unknown, not wrapped.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Mul"
// CHECK: onnx.node "Cast"
// CHECK: onnx.node "Div"
// CHECK: onnx.node "ConstantOfShape"{{.*}} -> tensor<?xf32>
func.func @main() -> (tensor<i64>, tensor<i8>, tensor<i64>, tensor<?xf32>) {
  %max = arith.constant dense<9223372036854775807> : tensor<i64>
  %min = arith.constant dense<-9223372036854775808> : tensor<i64>
  %minus = arith.constant dense<-1> : tensor<i64>
  %two = arith.constant dense<2> : tensor<i64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %0 = onnx.node "Mul"(%max, %two) {opset = 17 : i64} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %1 = onnx.node "Cast"(%max) {opset = 17 : i64, parameters = {to = 3 : i64}} : (tensor<i64>) -> tensor<i8>
  %2 = onnx.node "Div"(%min, %minus) {opset = 17 : i64} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %shape = onnx.node "Reshape"(%0, %one) {opset = 17 : i64} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %3 = onnx.node "ConstantOfShape"(%shape) {opset = 17 : i64} : (tensor<1xi64>) -> tensor<?xf32>
  return %0, %1, %2, %3 : tensor<i64>, tensor<i8>, tensor<i64>, tensor<?xf32>
}

// -----

// Nodes of subgraphs get sizes too; an If has those that its branches agree in.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "If"
// CHECK: onnx.node "Relu"{{.*}} -> tensor<?x3xf32, #qopt.dims<"n", "3">>
// CHECK: onnx.node "Exp"{{.*}} -> tensor<?x3xf32, #qopt.dims<"n", "3">>
// CHECK: return %{{.*}} : tensor<?x3xf32, #qopt.dims<"n", "3">>
func.func @main(%c: tensor<i1>, %x: tensor<?x3xf32, #qopt.dims<"n", "3">>) -> tensor<?x?xf32> {
  %0 = "onnx.node"(%c) <{op_type = "If", opset = 17 : i64, subgraphs = ["then_branch", "else_branch"]}> ({
    %1 = onnx.node "Relu"(%x) {opset = 17 : i64} : (tensor<?x3xf32, #qopt.dims<"n", "3">>) -> tensor<?x?xf32>
    onnx.yield %1 : tensor<?x?xf32>
  }, {
    %2 = onnx.node "Exp"(%x) {opset = 17 : i64} : (tensor<?x3xf32, #qopt.dims<"n", "3">>) -> tensor<?x?xf32>
    onnx.yield %2 : tensor<?x?xf32>
  }) : (tensor<i1>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Without @main, nothing happens.
// CHECK-NOT: qopt.signature
// CHECK: func.func @other(%{{.*}}: tensor<?xf32>)
func.func @other(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

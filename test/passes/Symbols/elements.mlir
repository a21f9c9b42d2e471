// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Where(shape == -1, ones, shape) is the shape: a size is never -1. All of it folds,
// and Expand to the same sizes is gone.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<?x1x?x?xi1, #qopt.dims<"n", "1", "m", "m">>
// CHECK-NOT: onnx.node
// CHECK: return %[[X]]
func.func @main(%x: tensor<?x1x?x?xi1, #qopt.dims<"n", "1", "m", "m">>) -> tensor<?x?x?x?xi1> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %minus = arith.constant dense<-1> : tensor<i64>
  %dropped = arith.constant dense<-1> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %first = arith.constant dense<0> : tensor<i64>
  %shape = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?x1x?x?xi1, #qopt.dims<"n", "1", "m", "m">>) -> tensor<4xi64>
  %n = onnx.node "Gather"(%shape, %first) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %m = onnx.node "Gather"(%shape, %two) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %n1 = onnx.node "Unsqueeze"(%n, %zero) {opset = 17 : i64} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %m1 = onnx.node "Unsqueeze"(%m, %zero) {opset = 17 : i64} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %all = onnx.node "Concat"(%n1, %dropped, %m1, %m1) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %flat = onnx.node "Reshape"(%all, %dropped) {opset = 17 : i64, parameters = {allowzero = 0 : i64}} : (tensor<4xi64>, tensor<1xi64>) -> tensor<4xi64>
  %length = onnx.node "Shape"(%flat) {opset = 17 : i64} : (tensor<4xi64>) -> tensor<1xi64>
  %ones = onnx.node "ConstantOfShape"(%length) {opset = 17 : i64, parameters = {value = dense<1> : tensor<1xi64>}} : (tensor<1xi64>) -> tensor<?xi64>
  %minuses = onnx.node "Mul"(%ones, %minus) {opset = 17 : i64} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %isMinus = onnx.node "Equal"(%flat, %minuses) {opset = 17 : i64} : (tensor<4xi64>, tensor<?xi64>) -> tensor<4xi1>
  %wanted = onnx.node "Where"(%isMinus, %ones, %flat) {opset = 17 : i64} : (tensor<4xi1>, tensor<?xi64>, tensor<4xi64>) -> tensor<4xi64>
  %y = onnx.node "Expand"(%x, %wanted) {opset = 17 : i64} : (tensor<?x1x?x?xi1, #qopt.dims<"n", "1", "m", "m">>, tensor<4xi64>) -> tensor<?x?x?x?xi1>
  return %y : tensor<?x?x?x?xi1>
}

// -----

// Half of a size and a scale from a size, in float, in the precision of each node.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<32> : tensor<i64>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<0.353553385> : tensor<1xf32>
// CHECK-NOT: onnx.node
// CHECK: return %[[HALF]], %[[SCALE]]
func.func @main(%x: tensor<?x64xf32, #qopt.dims<"n", "64">>) -> (tensor<i64>, tensor<1xf32>) {
  %last = arith.constant dense<-1> : tensor<1xi64>
  %max = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %two = arith.constant dense<2> : tensor<i64>
  %index = arith.constant dense<1> : tensor<i64>
  %shape = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?x64xf32, #qopt.dims<"n", "64">>) -> tensor<2xi64>
  %size = onnx.node "Gather"(%shape, %index) {opset = 17 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %half = onnx.node "Div"(%size, %two) {opset = 17 : i64} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %cast = onnx.node "Cast"(%half) {opset = 17 : i64, parameters = {to = 7 : i64}} : (tensor<i64>) -> tensor<i64>
  %tail = onnx.node "Slice"(%shape, %last, %max) {opset = 17 : i64} : (tensor<2xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %real = onnx.node "Cast"(%tail) {opset = 17 : i64, parameters = {to = 1 : i64}} : (tensor<1xi64>) -> tensor<1xf32>
  %root = onnx.node "Sqrt"(%real) {opset = 17 : i64} : (tensor<1xf32>) -> tensor<1xf32>
  %inverse = onnx.node "Div"(%one, %root) {opset = 17 : i64} : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %scale = onnx.node "Sqrt"(%inverse) {opset = 17 : i64} : (tensor<1xf32>) -> tensor<1xf32>
  return %cast, %scale : tensor<i64>, tensor<1xf32>
}

// -----

// Arithmetic on sizes: what remains is one expression for each element.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[A:.*]] = qopt.dim "n + 1"
// CHECK-DAG: %[[B:.*]] = qopt.dim "2*n*n"
// CHECK-DAG: %[[C:.*]] = qopt.dim "-n"
// CHECK: tensor.from_elements %{{.*}}, %{{.*}}, %{{.*}} : tensor<3xi64>
// CHECK-NOT: onnx.node
// CHECK: return
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">>) -> tensor<3xi64> {
  %one = arith.constant dense<1> : tensor<1xi64>
  %four = arith.constant dense<4> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<1xi64>
  %n = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<1xi64>
  %a = onnx.node "Add"(%n, %one) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %square = onnx.node "Pow"(%n, %two) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %many = onnx.node "Mul"(%square, %four) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %b = onnx.node "Div"(%many, %two) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %c = onnx.node "Neg"(%n) {opset = 17 : i64} : (tensor<1xi64>) -> tensor<1xi64>
  %all = onnx.node "Concat"(%a, %b, %c) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  return %all : tensor<3xi64>
}

// -----

// What is decided by signs, and what is not.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[TRUE:.*]] = arith.constant dense<true> : tensor<1xi1>
// CHECK-DAG: %[[FALSE:.*]] = arith.constant dense<false> : tensor<1xi1>
// CHECK: %[[OPEN:.*]] = onnx.node "Less"
// CHECK: %[[HALF:.*]] = onnx.node "Div"
// CHECK: return %[[TRUE]], %[[FALSE]], %[[OPEN]], %[[HALF]]
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">>) -> (tensor<1xi1>, tensor<1xi1>, tensor<1xi1>, tensor<1xi64>) {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %five = arith.constant dense<5> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<1xi64>
  %n = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<1xi64>
  %more = onnx.node "Add"(%n, %one) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %0 = onnx.node "GreaterOrEqual"(%n, %zero) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %1 = onnx.node "Equal"(%n, %more) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %2 = onnx.node "Less"(%n, %five) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %3 = onnx.node "Div"(%n, %two) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  return %0, %1, %2, %3 : tensor<1xi1>, tensor<1xi1>, tensor<1xi1>, tensor<1xi64>
}

// -----

// Constants of any kind that the operators give: Min, Max, Mod, ReduceProd, Range,
// Split, Tile, Not, Reciprocal, division towards zero.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: arith.constant dense<[3, 1, 2]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<24> : tensor<i64>
// CHECK-DAG: arith.constant dense<[0, 2, 4]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<[2, 3, 4, 2, 3, 4]> : tensor<6xi64>
// CHECK-DAG: arith.constant dense<[false, true, true]> : tensor<3xi1>
// CHECK-DAG: arith.constant dense<2.500000e-01> : tensor<f32>
// CHECK-DAG: arith.constant dense<-3> : tensor<i64>
// CHECK-NOT: onnx.node
func.func @main() -> (tensor<3xi64>, tensor<i64>, tensor<?xi64>, tensor<?xi64>, tensor<3xi1>, tensor<f32>, tensor<i64>) {
  %a = arith.constant dense<[2, 3, 4]> : tensor<3xi64>
  %b = arith.constant dense<[5, 2, 1]> : tensor<3xi64>
  %five = arith.constant dense<5> : tensor<i64>
  %zero = arith.constant dense<0> : tensor<i64>
  %two = arith.constant dense<2> : tensor<i64>
  %four = arith.constant dense<4.0> : tensor<f32>
  %times = arith.constant dense<2> : tensor<1xi64>
  %minus = arith.constant dense<-7> : tensor<i64>
  %min = onnx.node "Min"(%a, %b) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %max = onnx.node "Max"(%a, %b) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %0 = onnx.node "Sub"(%max, %min) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %mod = onnx.node "Mod"(%0, %five) {opset = 17 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  %fixed = arith.constant dense<[3, 1, 3]> : tensor<3xi64>
  %near = onnx.node "Min"(%mod, %fixed) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %tie = arith.constant dense<[3, 1, 2]> : tensor<3xi64>
  %same = onnx.node "Min"(%near, %tie) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %1 = onnx.node "ReduceProd"(%a) {opset = 17 : i64, parameters = {axes = [0], keepdims = 0 : i64}} : (tensor<3xi64>) -> tensor<i64>
  %2 = onnx.node "Range"(%zero, %five, %two) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %3 = onnx.node "Tile"(%a, %times) {opset = 17 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<?xi64>
  %greater = onnx.node "Greater"(%b, %a) {opset = 17 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi1>
  %4 = onnx.node "Not"(%greater) {opset = 17 : i64} : (tensor<3xi1>) -> tensor<3xi1>
  %5 = onnx.node "Reciprocal"(%four) {opset = 17 : i64} : (tensor<f32>) -> tensor<f32>
  %6 = onnx.node "Div"(%minus, %two) {opset = 17 : i64} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %same, %1, %2, %3, %4, %5, %6 : tensor<3xi64>, tensor<i64>, tensor<?xi64>, tensor<?xi64>, tensor<3xi1>, tensor<f32>, tensor<i64>
}

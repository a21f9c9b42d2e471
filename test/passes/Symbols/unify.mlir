// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// A mask whose length is a symbol of its own is as long as the graph reads it, and
// the sizes get the names of their roles.
// CHECK: qopt.signature {conditions = [],
// CHECK-SAME: name = "attention_mask", role = "plain", type = tensor<?x?xi64, #qopt.dims<"batch", "past + sequence">>
// CHECK-SAME: symbols = ["batch", "sequence", "past"]
// CHECK-LABEL: func.func @main(
// CHECK-SAME: tensor<?x?xi64, #qopt.dims<"batch", "sequence">> {qopt.name = "input_ids"}
// CHECK-SAME: tensor<?x?xi64, #qopt.dims<"batch", "past + sequence">> {qopt.name = "attention_mask"}
// CHECK-SAME: tensor<?x2x?x4xf32, #qopt.dims<"batch", "2", "past", "4">> {qopt.name = "past.key"}
// CHECK: onnx.node "GatherND"
// CHECK-SAME: -> tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "past + sequence">>
qopt.weight @w : tensor<10x8xf32> {file = "m.onnx", length = 320 : i64}
func.func @main(%ids: tensor<?x?xi64, #qopt.dims<"b", "t">> {qopt.name = "input_ids"},
                %mask: tensor<?x?xi64, #qopt.dims<"b", "s53">> {qopt.name = "attention_mask"},
                %past: tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "p", "4">> {qopt.name = "past.key"})
    -> (tensor<?x2x?x4xf32> {qopt.name = "present.key"}, tensor<?x?x?x?xi1> {qopt.name = "seen"}) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %last = arith.constant dense<-1> : tensor<1xi64>
  %axes = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  %front = arith.constant dense<[0, 1, 2]> : tensor<3xi64>
  %heads = arith.constant dense<[0, 0, 2, 4]> : tensor<4xi64>
  %table = qopt.get_weight @w : tensor<10x8xf32>
  %x = onnx.node "Gather"(%table, %ids) {opset = 18 : i64} : (tensor<10x8xf32>, tensor<?x?xi64, #qopt.dims<"b", "t">>) -> tensor<?x?x8xf32>
  %y = onnx.node "Reshape"(%x, %heads) {opset = 18 : i64} : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %key = onnx.node "Transpose"(%y) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %present = onnx.node "Concat"(%past, %key) {opset = 18 : i64, parameters = {axis = -2 : i64}} : (tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "p", "4">>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %shape = onnx.node "Shape"(%present) {opset = 18 : i64} : (tensor<?x2x?x4xf32>) -> tensor<4xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %total = onnx.node "Gather"(%shape, %two) {opset = 18 : i64} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %batch = onnx.node "Gather"(%shape, %zero) {opset = 18 : i64} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %bool = onnx.node "Cast"(%mask) {opset = 18 : i64, parameters = {to = 9 : i64}} : (tensor<?x?xi64, #qopt.dims<"b", "s53">>) -> tensor<?x?xi1>
  %rows = onnx.node "Range"(%zero, %batch, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %columns = onnx.node "Range"(%zero, %total, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %rows4 = onnx.node "Unsqueeze"(%rows, %axes) {opset = 18 : i64} : (tensor<?xi64>, tensor<3xi64>) -> tensor<?x1x1x1xi64>
  %columns4 = onnx.node "Unsqueeze"(%columns, %front) {opset = 18 : i64} : (tensor<?xi64>, tensor<3xi64>) -> tensor<1x1x1x?xi64>
  %both = onnx.node "Max"(%rows4, %columns4) {opset = 18 : i64} : (tensor<?x1x1x1xi64>, tensor<1x1x1x?xi64>) -> tensor<?x1x1x?xi64>
  %full = onnx.node "Shape"(%both) {opset = 18 : i64, parameters = {start = 0 : i64}} : (tensor<?x1x1x?xi64>) -> tensor<4xi64>
  %rows5 = onnx.node "Expand"(%rows4, %full) {opset = 18 : i64} : (tensor<?x1x1x1xi64>, tensor<4xi64>) -> tensor<?x?x?x?xi64>
  %columns5 = onnx.node "Expand"(%columns4, %full) {opset = 18 : i64} : (tensor<1x1x1x?xi64>, tensor<4xi64>) -> tensor<?x?x?x?xi64>
  %rows6 = onnx.node "Unsqueeze"(%rows5, %last) {opset = 18 : i64} : (tensor<?x?x?x?xi64>, tensor<1xi64>) -> tensor<?x?x?x?x1xi64>
  %columns6 = onnx.node "Unsqueeze"(%columns5, %last) {opset = 18 : i64} : (tensor<?x?x?x?xi64>, tensor<1xi64>) -> tensor<?x?x?x?x1xi64>
  %indices = onnx.node "Concat"(%rows6, %columns6) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (tensor<?x?x?x?x1xi64>, tensor<?x?x?x?x1xi64>) -> tensor<?x?x?x?x2xi64>
  %seen = onnx.node "GatherND"(%bool, %indices) {opset = 18 : i64} : (tensor<?x?xi1>, tensor<?x?x?x?x2xi64>) -> tensor<?x?x?x?xi1>
  return %present, %seen : tensor<?x2x?x4xf32>, tensor<?x?x?x?xi1>
}

// -----

// Rows of a flattened mask are read by row * length + column.
// CHECK: qopt.signature {conditions = [],
// CHECK-SAME: symbols = ["n", "m"]
// CHECK: func.func @main(%{{.*}}: tensor<?x?xi64, #qopt.dims<"n", "m">> {qopt.name = "mask"}
func.func @main(%mask: tensor<?x?xi64, #qopt.dims<"n", "s">> {qopt.name = "mask"},
                %x: tensor<?x?xf32, #qopt.dims<"n", "m">> {qopt.name = "x"}) -> (tensor<?x?xi64> {qopt.name = "y"}) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %column = arith.constant dense<1> : tensor<1xi64>
  %last = arith.constant dense<-1> : tensor<1xi64>
  %size = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "m">>) -> tensor<2xi64>
  %n = onnx.node "Gather"(%size, %zero) {opset = 17 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %m = onnx.node "Gather"(%size, %one) {opset = 17 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %own = onnx.node "Shape"(%mask) {opset = 17 : i64} : (tensor<?x?xi64, #qopt.dims<"n", "s">>) -> tensor<2xi64>
  %length = onnx.node "Gather"(%own, %one) {opset = 17 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %flat = onnx.node "Reshape"(%mask, %last) {opset = 17 : i64} : (tensor<?x?xi64, #qopt.dims<"n", "s">>, tensor<1xi64>) -> tensor<?xi64>
  %i = onnx.node "Range"(%zero, %n, %one) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %j = onnx.node "Range"(%zero, %m, %one) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %row = onnx.node "Unsqueeze"(%i, %column) {opset = 17 : i64} : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %start = onnx.node "Mul"(%row, %length) {opset = 17 : i64} : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %index = onnx.node "Add"(%start, %j) {opset = 17 : i64} : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi64>
  %y = onnx.node "Gather"(%flat, %index) {opset = 17 : i64} : (tensor<?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  return %y : tensor<?x?xi64>
}

// -----

// Of two symbols that must be equal, the one that stands in fewer places goes; a
// size without expression goes first. All other types follow.
// CHECK: symbols = ["n", "m"]
// CHECK: func.func @main(%{{.*}}: tensor<?x?xf32, #qopt.dims<"n", "m">>{{.*}}, %{{.*}}: tensor<?x?xf32, #qopt.dims<"n", "m">>{{.*}}, %{{.*}}: tensor<?xf32, #qopt.dims<"m">>
func.func @main(%a: tensor<?x?xf32, #qopt.dims<"n", "m">> {qopt.name = "a"},
                %b: tensor<?x?xf32> {qopt.name = "b"},
                %c: tensor<?xf32, #qopt.dims<"k">> {qopt.name = "c"}) -> tensor<?x?xf32> {
  %0 = onnx.node "Add"(%a, %b) {opset = 17 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "m">>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %1 = onnx.node "Mul"(%0, %c) {opset = 17 : i64} : (tensor<?x?xf32>, tensor<?xf32, #qopt.dims<"k">>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// -----

// A symbol that a constant must equal becomes that constant.
// CHECK: symbols = ["n"]
// CHECK: func.func @main(%{{.*}}: tensor<?x8xf32, #qopt.dims<"n", "8">>
qopt.weight @w : tensor<8x4xf32> {file = "m.onnx", length = 128 : i64}
func.func @main(%a: tensor<?x?xf32, #qopt.dims<"n", "m">> {qopt.name = "a"}) -> tensor<?x?xf32> {
  %w = qopt.get_weight @w : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%a, %w) {opset = 17 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "m">>, tensor<8x4xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Factors that both sides share do not matter.
// CHECK: symbols = ["n", "m"]
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x2x?xf32, #qopt.dims<"n", "2", "2*m">>
func.func @main(%a: tensor<?x?xf32, #qopt.dims<"n", "m">> {qopt.name = "a"},
                %b: tensor<?xf32, #qopt.dims<"k">> {qopt.name = "b"},
                %c: tensor<?x4x?xf32, #qopt.dims<"n", "4", "m">> {qopt.name = "c"}) -> tensor<?x2x?xf32> {
  %shape = onnx.node "Shape"(%a) {opset = 17 : i64, parameters = {end = 1 : i64}} : (tensor<?x?xf32, #qopt.dims<"n", "m">>) -> tensor<1xi64>
  %k = onnx.node "Shape"(%b) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"k">>) -> tensor<1xi64>
  %two = arith.constant dense<2> : tensor<1xi64>
  %double = onnx.node "Mul"(%k, %two) {opset = 17 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %all = onnx.node "Concat"(%shape, %two, %double) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %0 = onnx.node "Reshape"(%c, %all) {opset = 17 : i64} : (tensor<?x4x?xf32, #qopt.dims<"n", "4", "m">>, tensor<3xi64>) -> tensor<?x2x?xf32>
  return %0 : tensor<?x2x?xf32>
}

// -----

// An equation that replaces no symbol becomes two conditions.
// CHECK: conditions = [{expression = "a + b - 8", message = "a + b must be at least 8"},
// CHECK-SAME: {expression = "8 - a - b", message = "a + b must be at most 8"}]
qopt.weight @w : tensor<8x2xf32> {file = "m.onnx", length = 64 : i64}
func.func @main(%a: tensor<?x2xf32, #qopt.dims<"a", "2">> {qopt.name = "x"},
                %b: tensor<?x2xf32, #qopt.dims<"b", "2">> {qopt.name = "y"}) -> tensor<?x2xf32> {
  %w = qopt.get_weight @w : tensor<8x2xf32>
  %0 = onnx.node "Concat"(%a, %b) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<?x2xf32, #qopt.dims<"a", "2">>, tensor<?x2xf32, #qopt.dims<"b", "2">>) -> tensor<?x2xf32>
  %1 = onnx.node "Add"(%0, %w) {opset = 17 : i64} : (tensor<?x2xf32>, tensor<8x2xf32>) -> tensor<?x2xf32>
  return %1 : tensor<?x2xf32>
}

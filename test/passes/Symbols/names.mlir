// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// An input's size without expression is named after the input; the names are unique.
// CHECK: symbols = ["my_input_0", "my_input_1", "my_input_2_", "my_input_2"]
// CHECK: func.func @main(%{{.*}}: tensor<?x?x?xf32, #qopt.dims<"my_input_0", "my_input_1", "my_input_2_">> {qopt.name = "my input"}
func.func @main(%a: tensor<?x?x?xf32, #qopt.dims<"?", "?", "?">> {qopt.name = "my input"},
                %b: tensor<?xf32, #qopt.dims<"my_input_2">> {qopt.name = "b"})
    -> (tensor<?x?x?xf32, #qopt.dims<"?", "?", "?">>, tensor<?xf32, #qopt.dims<"my_input_2">>) {
  return %a, %b : tensor<?x?x?xf32, #qopt.dims<"?", "?", "?">>, tensor<?xf32, #qopt.dims<"my_input_2">>
}

// -----

// Roles take their names; a symbol that has such a name already makes room.
// CHECK: symbols = ["past", "batch", "sequence", "batch_"]
// CHECK: func.func @main(
// CHECK-SAME: tensor<1x2x?x4xf32, #qopt.dims<"1", "2", "past", "4">>
// CHECK-SAME: tensor<?x?xi32, #qopt.dims<"batch", "sequence">>
// CHECK-SAME: tensor<?xf32, #qopt.dims<"batch_">>
qopt.weight @w : tensor<10x8xf32> {file = "m.onnx", length = 320 : i64}
qopt.weight @new : tensor<1x2x1x4xf32> {file = "m.onnx", length = 32 : i64}
func.func @main(%past: tensor<1x2x?x4xf32, #qopt.dims<"1", "2", "sequence", "4">> {qopt.name = "cache"},
                %ids: tensor<?x?xi32, #qopt.dims<"n", "past">> {qopt.name = "ids"},
                %other: tensor<?xf32, #qopt.dims<"batch">> {qopt.name = "other"})
    -> (tensor<?x?x8xf32>, tensor<1x2x?x4xf32>, tensor<?xf32, #qopt.dims<"batch">>) {
  %table = qopt.get_weight @w : tensor<10x8xf32>
  %new = qopt.get_weight @new : tensor<1x2x1x4xf32>
  %x = onnx.node "Gather"(%table, %ids) {opset = 18 : i64} : (tensor<10x8xf32>, tensor<?x?xi32, #qopt.dims<"n", "past">>) -> tensor<?x?x8xf32>
  %present = onnx.node "Concat"(%past, %new) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (tensor<1x2x?x4xf32, #qopt.dims<"1", "2", "sequence", "4">>, tensor<1x2x1x4xf32>) -> tensor<1x2x?x4xf32>
  return %x, %present, %other : tensor<?x?x8xf32>, tensor<1x2x?x4xf32>, tensor<?xf32, #qopt.dims<"batch">>
}

// -----

// Without token ids, nothing is renamed; the past of an Attention node is one.
// CHECK: symbols = ["n", "m", "past"]
func.func @main(%ids: tensor<?x?xi64, #qopt.dims<"n", "m">> {qopt.name = "input_ids"},
                %q: tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "m", "4">> {qopt.name = "q"},
                %past: tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "p", "4">> {qopt.name = "past"})
    -> (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) {
  %none = onnx.none
  %0:3 = onnx.node "Attention"(%q, %q, %q, %none, %past, %past) {opset = 23 : i64} : (tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "m", "4">>, tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "m", "4">>, tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "m", "4">>, none, tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "p", "4">>, tensor<?x2x?x4xf32, #qopt.dims<"n", "2", "p", "4">>) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>)
  return %0#0, %0#1, %0#2 : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>
}

// RUN: qopt-opt %s --qopt-raise-attention --split-input-file --mlir-print-local-scope | FileCheck %s

// Dimensions of one element have no index: masks are recognised all the same.

!x = tensor<1x?x32xf32, #qopt.dims<"1", "sequence", "32">>
!xsplit = tensor<1x?x4x8xf32, #qopt.dims<"1", "sequence", "4", "8">>
!xheads = tensor<1x4x?x8xf32, #qopt.dims<"1", "4", "sequence", "8">>
!mask = tensor<1x?xi64, #qopt.dims<"1", "sequence">>
!row = tensor<1x1x1x?xi64, #qopt.dims<"1", "1", "1", "sequence">>
!rowb = tensor<1x1x1x?xi1, #qopt.dims<"1", "1", "1", "sequence">>
!rowf = tensor<1x1x1x?xf32, #qopt.dims<"1", "1", "1", "sequence">>

// CHECK-LABEL: module {
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[MASK:[a-z0-9]*]]:
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] padding(%[[MASK]] : tensor<1x?xi64, #qopt.dims<"1", "sequence">>) {empty_row = #qopt<empty_row zero>
qopt.signature {inputs = [], outputs = [], symbols = ["sequence"], conditions = []}
func.func @main(%q: !x, %mask: !mask) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %none = arith.constant dense<0.0> : tensor<f32>
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %padding = qopt.reshape %mask : !mask -> !row
  %bool = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!row) -> !rowb
  %bias = onnx.node "Where"(%bool, %none, %infinite) {opset = 18 : i64} : (!rowb, tensor<f32>, tensor<f32>) -> !rowf
  %y = onnx.node "Attention"(%query, %query, %query, %bias) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !rowf) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!mask = tensor<1x?xi64, #qopt.dims<"1", "sequence">>
!row = tensor<1x1x1x?xi64, #qopt.dims<"1", "1", "1", "sequence">>
!rowb = tensor<1x1x1x?xi1, #qopt.dims<"1", "1", "1", "sequence">>
!rowf = tensor<1x1x1x?xf32, #qopt.dims<"1", "1", "1", "sequence">>

// One row for the whole batch is no padding by row: it is added.
// CHECK-LABEL: module {
// CHECK: func.func @main(
// CHECK: %[[BIAS:.*]] = onnx.node "Where"
// CHECK: qopt.attention {{.*}} mask(%[[BIAS]] :
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %mask: !mask) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %none = arith.constant dense<0.0> : tensor<f32>
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %padding = qopt.reshape %mask : !mask -> !row
  %bool = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!row) -> !rowb
  %bias = onnx.node "Where"(%bool, %none, %infinite) {opset = 18 : i64} : (!rowb, tensor<f32>, tensor<f32>) -> !rowf
  %y = onnx.node "Attention"(%query, %query, %query, %bias) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !rowf) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<?x1x32xf32, #qopt.dims<"batch", "1", "32">>
!xsplit = tensor<?x1x4x8xf32, #qopt.dims<"batch", "1", "4", "8">>
!xheads = tensor<?x4x1x8xf32, #qopt.dims<"batch", "4", "1", "8">>
!past = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "past", "8">>
!all = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "past + 1", "8">>
!order = tensor<1x1x1x?xi1, #qopt.dims<"1", "1", "1", "past + 1">>

// One query, which sees what is not behind it: causal.
// CHECK-LABEL: module {
// CHECK: func.func @main(
// CHECK: qopt.attention {{.*}} cache({{[^)]*}}) {causal
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "past"], conditions = []}
func.func @main(%q: !x, %past_key: !past, %past_value: !past) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %keys = onnx.node "Concat"(%past_key, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  %values = onnx.node "Concat"(%past_value, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %n = qopt.dim "past"
  %n_i64 = arith.index_cast %n : index to i64
  %place = tensor.from_elements %n_i64 : tensor<i64>
  %m = qopt.dim "past + 1"
  %m_i64 = arith.index_cast %m : index to i64
  %length = tensor.from_elements %m_i64 : tensor<i64>
  %range = onnx.node "Range"(%zero, %length, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"past + 1">>
  %seen = onnx.node "LessOrEqual"(%range, %place) {opset = 18 : i64} : (tensor<?xi64, #qopt.dims<"past + 1">>, tensor<i64>) -> tensor<?xi1, #qopt.dims<"past + 1">>
  %order = qopt.reshape %seen : tensor<?xi1, #qopt.dims<"past + 1">> -> !order
  %y = onnx.node "Attention"(%query, %keys, %values, %order) {opset = 23 : i64} : (!xheads, !all, !all, !order) -> !xheads
  return %y : !xheads
}

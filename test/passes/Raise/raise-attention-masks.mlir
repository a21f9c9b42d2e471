// RUN: qopt-opt %s --qopt-raise-attention --split-input-file --mlir-print-local-scope | FileCheck %s

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!bias = tensor<?x1x?x?xf32, #qopt.dims<"batch", "1", "sequence", "sequence">>

// The node: its own scale, or one by the size of a head; truths and numbers as masks.
// CHECK-LABEL: module {
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[K:[a-z0-9]*]]: {{[^%]*}}, %[[V:[a-z0-9]*]]: {{[^%]*}}, %[[NUMBERS:[a-z0-9]*]]:
// CHECK: qopt.attention %[[Q]], %[[K]], %[[V]] {empty_row = #qopt<empty_row zero>, {{.*}}scale = 3.000000e+00 : f64}
// CHECK: qopt.attention %[[Q]], %[[K]], %[[V]] {causal, {{.*}}scale = 0.3535533905{{[0-9]*}} : f64}
// CHECK: qopt.attention %[[Q]], %[[K]], %[[V]] mask(%[[NUMBERS]] : tensor<?x1x?x?xf32, {{[^)]*}}) {empty_row
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x, %numbers: !bias) -> (!xheads, !xheads, !xheads) {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %0 = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64, parameters = {scale = 3.0 : f32}} : (!xheads, !xheads, !xheads) -> !xheads
  %1 = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64, parameters = {is_causal = 1 : i64}} : (!xheads, !xheads, !xheads) -> !xheads
  %2 = onnx.node "Attention"(%query, %key, %value, %numbers) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !bias) -> !xheads
  return %0, %1, %2 : !xheads, !xheads, !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "sequence">>
!allowed = tensor<?x1x?x?xi1, #qopt.dims<"batch", "1", "sequence", "sequence">>

// A cap on the scores, scores that are read, tokens in place of heads, truths that
// nobody can explain.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK-COUNT-4: onnx.node "Attention"
// CHECK-NOT: qopt.attention
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x, %truths: !allowed) -> (!xheads, !xheads, !scores, !x, !xheads) {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %0 = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64, parameters = {softcap = 30.0 : f32}} : (!xheads, !xheads, !xheads) -> !xheads
  %none = onnx.none
  %1:4 = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64} : (!xheads, !xheads, !xheads) -> (!xheads, !xheads, !xheads, !scores)
  %2 = onnx.node "Attention"(%q, %k, %v) {opset = 23 : i64, parameters = {q_num_heads = 4 : i64, kv_num_heads = 4 : i64}} : (!x, !x, !x) -> !x
  %3 = onnx.node "Attention"(%query, %key, %value, %truths) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !allowed) -> !xheads
  return %0, %1#0, %1#3, %2, %3 : !xheads, !xheads, !scores, !x, !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "sequence">>
!row = tensor<?x1x1x?xi64, #qopt.dims<"batch", "1", "1", "sequence">>
!rowf = tensor<?x1x1x?xf32, #qopt.dims<"batch", "1", "1", "sequence">>
!rowb = tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "sequence">>
!order = tensor<1x1x?x?xi1, #qopt.dims<"1", "1", "sequence", "sequence">>
!orderf = tensor<1x1x?x?xf32, #qopt.dims<"1", "1", "sequence", "sequence">>
!allowed = tensor<?x1x?x?xi1, #qopt.dims<"batch", "1", "sequence", "sequence">>
!bias = tensor<?x1x?x?xf32, #qopt.dims<"batch", "1", "sequence", "sequence">>

// What hides a key: the order of steps, in four spellings; a row of padding that is
// one, or not zero; both. Scores of minus infinity leave it open what a query gives
// that sees nothing, the lowest number makes it the mean.
// CHECK-LABEL: module {
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[MASK:[a-z0-9]*]]:
// CHECK: %[[ONE:.*]] = arith.constant dense<1> : tensor<i64>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] {causal, empty_row = #qopt<empty_row zero>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] {causal, empty_row = #qopt<empty_row zero>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] {causal, empty_row = #qopt<empty_row zero>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] {causal, empty_row = #qopt<empty_row mean>
// CHECK: %[[ISONE:.*]] = onnx.node "Equal"(%[[MASK]], %[[ONE]])
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] padding(%[[ISONE]] : tensor<?x?xi1, {{[^)]*}}) {empty_row = #qopt<empty_row mean>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] padding(%[[MASK]] : tensor<?x?xi64, {{[^)]*}}) {empty_row = #qopt<empty_row zero>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] padding(%[[MASK]] : tensor<?x?xi64, {{[^)]*}}) {causal, empty_row = #qopt<empty_row mean>
// CHECK-NOT: onnx.node "Attention"
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %mask: !mask) -> (!xheads, !xheads, !xheads, !xheads, !xheads, !xheads, !xheads) {
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %lowest = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %none = arith.constant dense<0.0> : tensor<f32>
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %s = qopt.dim "sequence"
  %s_i64 = arith.index_cast %s : index to i64
  %length = tensor.from_elements %s_i64 : tensor<i64>
  %range = onnx.node "Range"(%zero, %length, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"sequence">>
  %rows = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<?x1xi64, #qopt.dims<"sequence", "1">>
  %columns = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<1x?xi64, #qopt.dims<"1", "sequence">>
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %le_2 = onnx.node "LessOrEqual"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %le = qopt.reshape %le_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %0 = onnx.node "Attention"(%query, %query, %query, %le) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !order) -> !xheads
  %ge_2 = onnx.node "GreaterOrEqual"(%rows, %columns) {opset = 18 : i64} : (tensor<?x1xi64, #qopt.dims<"sequence", "1">>, tensor<1x?xi64, #qopt.dims<"1", "sequence">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %ge = qopt.reshape %ge_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %1 = onnx.node "Attention"(%query, %query, %query, %ge) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !order) -> !xheads
  %later_2 = onnx.node "Greater"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %later = qopt.reshape %later_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %early = onnx.node "Not"(%later) {opset = 18 : i64} : (!order) -> !order
  %inf = onnx.node "Where"(%early, %none, %infinite) {opset = 18 : i64} : (!order, tensor<f32>, tensor<f32>) -> !orderf
  %2 = onnx.node "Attention"(%query, %query, %query, %inf) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !orderf) -> !xheads
  %behind_2 = onnx.node "Less"(%rows, %columns) {opset = 18 : i64} : (tensor<?x1xi64, #qopt.dims<"sequence", "1">>, tensor<1x?xi64, #qopt.dims<"1", "sequence">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %behind = qopt.reshape %behind_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %low = onnx.node "Where"(%behind, %lowest, %none) {opset = 18 : i64} : (!order, tensor<f32>, tensor<f32>) -> !orderf
  %3 = onnx.node "Attention"(%query, %query, %query, %low) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !orderf) -> !xheads
  %padding = qopt.reshape %mask : !mask -> !row
  %whole = arith.constant dense<1.0> : tensor<f32>
  %float = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 1 : i64}} : (!row) -> !rowf
  %hidden = onnx.node "Sub"(%whole, %float) {opset = 18 : i64} : (tensor<f32>, !rowf) -> !rowf
  %ishidden = onnx.node "Cast"(%hidden) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!rowf) -> !rowb
  %padbias = onnx.node "Where"(%ishidden, %lowest, %hidden) {opset = 18 : i64} : (!rowb, tensor<f32>, !rowf) -> !rowf
  %4 = onnx.node "Attention"(%query, %query, %query, %padbias) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !rowf) -> !xheads
  %bool = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!row) -> !rowb
  %5 = onnx.node "Attention"(%query, %query, %query, %bool) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !rowb) -> !xheads
  %both = onnx.node "And"(%le, %bool) {opset = 18 : i64} : (!order, !rowb) -> !allowed
  %bothbias = onnx.node "Where"(%both, %none, %lowest) {opset = 18 : i64} : (!allowed, tensor<f32>, tensor<f32>) -> !bias
  %6 = onnx.node "Attention"(%query, %query, %query, %bothbias) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !bias) -> !xheads
  return %0, %1, %2, %3, %4, %5, %6 : !xheads, !xheads, !xheads, !xheads, !xheads, !xheads, !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "sequence">>
!row = tensor<?x1x1x?xi64, #qopt.dims<"batch", "1", "1", "sequence">>
!rowb = tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "sequence">>
!order = tensor<1x1x?x?xi1, #qopt.dims<"1", "1", "sequence", "sequence">>
!allowed = tensor<?x1x?x?xi1, #qopt.dims<"batch", "1", "sequence", "sequence">>

// What looks alike: a step further or one less, the other triangle, padding by row,
// one of two conditions. As truths they are not raised.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK-COUNT-5: onnx.node "Attention"
// CHECK-NOT: qopt.attention
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %mask: !mask) -> (!xheads, !xheads, !xheads, !xheads, !xheads) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %s = qopt.dim "sequence"
  %s_i64 = arith.index_cast %s : index to i64
  %length = tensor.from_elements %s_i64 : tensor<i64>
  %range = onnx.node "Range"(%zero, %length, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"sequence">>
  %rows = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<?x1xi64, #qopt.dims<"sequence", "1">>
  %columns = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<1x?xi64, #qopt.dims<"1", "sequence">>
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %next = onnx.node "Add"(%rows, %one) {opset = 18 : i64} : (tensor<?x1xi64, #qopt.dims<"sequence", "1">>, tensor<i64>) -> tensor<?x1xi64, #qopt.dims<"sequence", "1">>
  %further_2 = onnx.node "LessOrEqual"(%columns, %next) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %further = qopt.reshape %further_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %0 = onnx.node "Attention"(%query, %query, %query, %further) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !order) -> !xheads
  %less_2 = onnx.node "Less"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %less = qopt.reshape %less_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %1 = onnx.node "Attention"(%query, %query, %query, %less) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !order) -> !xheads
  %other_2 = onnx.node "GreaterOrEqual"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %other = qopt.reshape %other_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %2 = onnx.node "Attention"(%query, %query, %query, %other) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !order) -> !xheads
  %column = qopt.reshape %mask : !mask -> tensor<?x1x?x1xi64, #qopt.dims<"batch", "1", "sequence", "1">>
  %byrow = onnx.node "Cast"(%column) {opset = 18 : i64, parameters = {to = 9 : i64}} : (tensor<?x1x?x1xi64, #qopt.dims<"batch", "1", "sequence", "1">>) -> tensor<?x1x?x1xi1, #qopt.dims<"batch", "1", "sequence", "1">>
  %3 = onnx.node "Attention"(%query, %query, %query, %byrow) {opset = 23 : i64} : (!xheads, !xheads, !xheads, tensor<?x1x?x1xi1, #qopt.dims<"batch", "1", "sequence", "1">>) -> !xheads
  %padding = qopt.reshape %mask : !mask -> !row
  %bool = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!row) -> !rowb
  %le_2 = onnx.node "LessOrEqual"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %le = qopt.reshape %le_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %either = onnx.node "Or"(%le, %bool) {opset = 18 : i64} : (!order, !rowb) -> !allowed
  %4 = onnx.node "Attention"(%query, %query, %query, %either) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !allowed) -> !xheads
  return %0, %1, %2, %3, %4 : !xheads, !xheads, !xheads, !xheads, !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!order = tensor<1x1x?x?xi1, #qopt.dims<"1", "1", "sequence", "sequence">>
!orderf = tensor<1x1x?x?xf32, #qopt.dims<"1", "1", "sequence", "sequence">>

// A key that is 10000 lower can still be seen, and a number may be added to what is
// seen: such masks are added as they are.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK: %[[FADED:.*]] = onnx.node "Where"
// CHECK: qopt.attention %{{.*}} mask(%[[FADED]] : tensor<1x1x?x?xf32, {{[^)]*}}) {empty_row
// CHECK: %[[LIFTED:.*]] = onnx.node "Where"
// CHECK: qopt.attention %{{.*}} mask(%[[LIFTED]] : tensor<1x1x?x?xf32, {{[^)]*}}) {empty_row
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x) -> (!xheads, !xheads) {
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %lowest = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %none = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-10000.0> : tensor<f32>
  %some = arith.constant dense<0.5> : tensor<f32>
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %s = qopt.dim "sequence"
  %s_i64 = arith.index_cast %s : index to i64
  %length = tensor.from_elements %s_i64 : tensor<i64>
  %range = onnx.node "Range"(%zero, %length, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"sequence">>
  %rows = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<?x1xi64, #qopt.dims<"sequence", "1">>
  %columns = qopt.reshape %range : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<1x?xi64, #qopt.dims<"1", "sequence">>
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %le_2 = onnx.node "LessOrEqual"(%columns, %rows) {opset = 18 : i64} : (tensor<1x?xi64, #qopt.dims<"1", "sequence">>, tensor<?x1xi64, #qopt.dims<"sequence", "1">>) -> tensor<?x?xi1, #qopt.dims<"sequence", "sequence">>
  %le = qopt.reshape %le_2 : tensor<?x?xi1, #qopt.dims<"sequence", "sequence">> -> !order
  %faded = onnx.node "Where"(%le, %none, %low) {opset = 18 : i64} : (!order, tensor<f32>, tensor<f32>) -> !orderf
  %0 = onnx.node "Attention"(%query, %query, %query, %faded) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !orderf) -> !xheads
  %lifted = onnx.node "Where"(%le, %some, %lowest) {opset = 18 : i64} : (!order, tensor<f32>, tensor<f32>) -> !orderf
  %1 = onnx.node "Attention"(%query, %query, %query, %lifted) {opset = 23 : i64} : (!xheads, !xheads, !xheads, !orderf) -> !xheads
  return %0, %1 : !xheads, !xheads
}

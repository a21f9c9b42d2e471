// RUN: qopt-opt %s --qopt-raise-attention --split-input-file --mlir-print-local-scope | FileCheck %s

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!few = tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!fewsplit = tensor<?x?x2x8xf32, #qopt.dims<"batch", "sequence", "2", "8">>
!fewheads = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "sequence", "8">>
!past = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past", "8">>
!present = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past + sequence", "8">>
!one = tensor<?x2x1x?x8xf32, #qopt.dims<"batch", "2", "1", "past + sequence", "8">>
!many = tensor<?x2x2x?x8xf32, #qopt.dims<"batch", "2", "2", "past + sequence", "8">>
!all = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "past + sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "past + sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "past + sequence">>
!truth = tensor<?x4x?x?xi1, #qopt.dims<"batch", "4", "sequence", "past + sequence">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "past + sequence">>

// Grouped heads over a past and new steps: the past becomes a cache, which the
// signature tells; the present is no result any more. Both scales count.
// CHECK-LABEL: module {
// CHECK: qopt.signature
// CHECK-SAME: inputs = [{name = "q", role = "plain", {{[^}]*}}}, {name = "k", {{[^}]*}}}, {name = "v", {{[^}]*}}}, {name = "mask", role = "plain", {{[^}]*}}}, {cache = 0 : i64, name = "past.key", role = "past_key", {{[^}]*}}}, {cache = 0 : i64, name = "past.value", role = "past_value", {{[^}]*}}}]
// CHECK-SAME: outputs = [{name = "y", role = "plain", {{[^}]*}}}, {cache = 0 : i64, name = "present.key", role = "present_key", {{[^}]*}}}, {cache = 0 : i64, name = "present.value", role = "present_value", {{[^}]*}}}]
// CHECK: qopt.cache @cache0 {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[K:[a-z0-9]*]]: {{[^%]*}}, %[[V:[a-z0-9]*]]: {{[^%]*}}, %[[MASK:[a-z0-9]*]]: {{[^%]*}}) ->
// CHECK-NOT: qopt.name = "present
// CHECK: %[[KEYS:.*]], %[[VALUES:.*]] = qopt.get_cache @cache0 : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>
// CHECK: %[[PAST:.*]] = qopt.dim "past"
// CHECK: %[[Y:.*]] = qopt.attention %[[Q]], %[[K]], %[[V]] padding(%[[MASK]] : {{.*}}) cache(%[[KEYS]], %[[VALUES]], %[[PAST]] : {{.*}}) {causal, empty_row = #qopt<empty_row zero>, num_heads = 4 : i64, num_kv_heads = 2 : i64, path = "layer", scale = 2.500000e-01 : f64}
// CHECK-SAME: -> tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
// CHECK: %[[SPLIT:.*]] = qopt.reshape %[[Y]]
// CHECK: %[[HEADS:.*]] = onnx.node "Transpose"(%[[SPLIT]]) {{.*}}perm = [0, 2, 1, 3]
// CHECK: return %[[HEADS]] : tensor<?x4x?x8xf32
qopt.signature {inputs = [{name = "q", role = "plain", type = !x}, {name = "k", role = "plain", type = !few}, {name = "v", role = "plain", type = !few},
    {name = "mask", role = "plain", type = !mask}, {name = "past.key", role = "plain", type = !past}, {name = "past.value", role = "plain", type = !past}],
  outputs = [{name = "y", role = "plain", type = !xheads}, {name = "present.key", role = "plain", type = !present}, {name = "present.value", role = "plain", type = !present}],
  symbols = ["batch", "sequence", "past"], conditions = []}
func.func @main(%q: !x {qopt.name = "q"}, %k: !few {qopt.name = "k"}, %v: !few {qopt.name = "v"}, %mask: !mask {qopt.name = "mask"},
                %past_key: !past {qopt.name = "past.key"}, %past_value: !past {qopt.name = "past.value"})
    -> (!xheads {qopt.name = "y"}, !present {qopt.name = "present.key"}, !present {qopt.name = "present.value"}) {
  %b = qopt.dim "batch"
  %batch = arith.index_cast %b : index to i64
  %t = qopt.dim "past + sequence"
  %steps = arith.index_cast %t : index to i64
  %c2 = arith.constant 2 : i64
  %c8 = arith.constant 8 : i64
  %repeated = tensor.from_elements %batch, %c2, %c2, %steps, %c8 : tensor<5xi64>
  %none = arith.constant dense<0xFF800000> : tensor<f32>
  %seen = arith.constant dense<0.0> : tensor<f32>
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %p = qopt.dim "past"
  %past_i64 = arith.index_cast %p : index to i64
  %first = tensor.from_elements %past_i64 : tensor<i64>
  %all_steps = tensor.from_elements %steps : tensor<i64>
  %s = qopt.dim "sequence"
  %s_i64 = arith.index_cast %s : index to i64
  %new_steps = tensor.from_elements %s_i64 : tensor<i64>
  %range = onnx.node "Range"(%zero, %new_steps, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"sequence">>
  %queries = onnx.node "Add"(%range, %first) {opset = 18 : i64} : (tensor<?xi64, #qopt.dims<"sequence">>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"sequence">>
  %steps_range = onnx.node "Range"(%zero, %all_steps, %one) {opset = 18 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #qopt.dims<"past + sequence">>
  %rows = qopt.reshape %queries : tensor<?xi64, #qopt.dims<"sequence">> -> tensor<1x1x?x1xi64, #qopt.dims<"1", "1", "sequence", "1">>
  %columns = qopt.reshape %steps_range : tensor<?xi64, #qopt.dims<"past + sequence">> -> tensor<1x1x1x?xi64, #qopt.dims<"1", "1", "1", "past + sequence">>
  %order = onnx.node "LessOrEqual"(%columns, %rows) {opset = 18 : i64} : (tensor<1x1x1x?xi64, #qopt.dims<"1", "1", "1", "past + sequence">>, tensor<1x1x?x1xi64, #qopt.dims<"1", "1", "sequence", "1">>) -> tensor<1x1x?x?xi1, #qopt.dims<"1", "1", "sequence", "past + sequence">>
  %bool = onnx.node "Cast"(%mask) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!mask) -> tensor<?x?xi1, #qopt.dims<"batch", "past + sequence">>
  %padding = qopt.reshape %bool : tensor<?x?xi1, #qopt.dims<"batch", "past + sequence">> -> tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "past + sequence">>
  %allowed = onnx.node "And"(%order, %padding) {opset = 18 : i64} : (tensor<1x1x?x?xi1, #qopt.dims<"1", "1", "sequence", "past + sequence">>, tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "past + sequence">>) -> tensor<?x1x?x?xi1, #qopt.dims<"batch", "1", "sequence", "past + sequence">>
  %bias = onnx.node "Where"(%allowed, %seen, %none) {opset = 18 : i64} : (tensor<?x1x?x?xi1, #qopt.dims<"batch", "1", "sequence", "past + sequence">>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32, #qopt.dims<"batch", "1", "sequence", "past + sequence">>
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !few -> !fewsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %value_split = qopt.reshape %v : !few -> !fewsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %key_all = onnx.node "Concat"(%past_key, %key) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !fewheads) -> !present
  %value_all = onnx.node "Concat"(%past_value, %value) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !fewheads) -> !present
  %key_one = qopt.reshape %key_all : !present -> !one
  %key_many = onnx.node "Expand"(%key_one, %repeated) {opset = 18 : i64} : (!one, tensor<5xi64>) -> !many
  %keys = qopt.reshape %key_many : !many -> !all
  %value_one = qopt.reshape %value_all : !present -> !one
  %value_many = onnx.node "Expand"(%value_one, %repeated) {opset = 18 : i64} : (!one, tensor<5xi64>) -> !many
  %values = qopt.reshape %value_many : !many -> !all
  %turned = onnx.node "Transpose"(%keys) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!all) -> !turned
  %scale = arith.constant dense<0.5> : tensor<f32>
  %small_query = onnx.node "Mul"(%query, %scale) {opset = 18 : i64} : (!xheads, tensor<f32>) -> !xheads
  %small_keys = onnx.node "Mul"(%turned, %scale) {opset = 18 : i64} : (!turned, tensor<f32>) -> !turned
  %scores = onnx.node "MatMul"(%small_query, %small_keys) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %masked = onnx.node "Add"(%scores, %bias) {opset = 18 : i64} : (!scores, tensor<?x1x?x?xf32, #qopt.dims<"batch", "1", "sequence", "past + sequence">>) -> !scores
  %weights = onnx.node "Softmax"(%masked) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!scores) -> !scores
  %nothing = arith.constant dense<0.0> : tensor<f32>
  %nan = onnx.node "IsNaN"(%weights) {opset = 18 : i64} : (!scores) -> !truth
  %guarded = onnx.node "Where"(%nan, %nothing, %weights) {opset = 18 : i64} : (!truth, tensor<f32>, !scores) -> !scores
  %y = onnx.node "MatMul"(%guarded, %values) {opset = 18 : i64, scope = "layer"} : (!scores, !all) -> !xheads
  return %y, %key_all, %value_all : !xheads, !present, !present
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!few = tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!fewsplit = tensor<?x?x2x8xf32, #qopt.dims<"batch", "sequence", "2", "8">>
!fewheads = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "sequence", "8">>
!past = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past", "8">>
!present = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past + sequence", "8">>
!one = tensor<?x2x1x?x8xf32, #qopt.dims<"batch", "2", "1", "past + sequence", "8">>
!many = tensor<?x2x2x?x8xf32, #qopt.dims<"batch", "2", "2", "past + sequence", "8">>
!all = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "past + sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "past + sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "past + sequence">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "past + sequence">>

// The steps of the past come behind the new ones: no cache.
// CHECK-LABEL: module {
// CHECK: role = "plain"
// CHECK-NOT: past_key
// CHECK-NOT: qopt.cache
// CHECK: func.func @main({{.*}}qopt.name = "past.value"
// CHECK-NOT: qopt.attention
// CHECK: onnx.node "Softmax"
// CHECK-NOT: qopt.attention
qopt.signature {inputs = [{name = "q", role = "plain", type = !x}, {name = "k", role = "plain", type = !few}, {name = "v", role = "plain", type = !few},
    {name = "mask", role = "plain", type = !mask}, {name = "past.key", role = "plain", type = !past}, {name = "past.value", role = "plain", type = !past}],
  outputs = [{name = "y", role = "plain", type = !xheads}, {name = "present.key", role = "plain", type = !present}, {name = "present.value", role = "plain", type = !present}],
  symbols = ["batch", "sequence", "past"], conditions = []}
func.func @main(%q: !x {qopt.name = "q"}, %k: !few {qopt.name = "k"}, %v: !few {qopt.name = "v"}, %mask: !mask {qopt.name = "mask"},
                %past_key: !past {qopt.name = "past.key"}, %past_value: !past {qopt.name = "past.value"})
    -> (!xheads {qopt.name = "y"}, !present {qopt.name = "present.key"}, !present {qopt.name = "present.value"}) {
  %b = qopt.dim "batch"
  %batch = arith.index_cast %b : index to i64
  %t = qopt.dim "past + sequence"
  %steps = arith.index_cast %t : index to i64
  %c2 = arith.constant 2 : i64
  %c8 = arith.constant 8 : i64
  %repeated = tensor.from_elements %batch, %c2, %c2, %steps, %c8 : tensor<5xi64>
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !few -> !fewsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %value_split = qopt.reshape %v : !few -> !fewsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %key_all = onnx.node "Concat"(%key, %past_key) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!fewheads, !past) -> !present
  %value_all = onnx.node "Concat"(%value, %past_value) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!fewheads, !past) -> !present
  %key_one = qopt.reshape %key_all : !present -> !one
  %key_many = onnx.node "Expand"(%key_one, %repeated) {opset = 18 : i64} : (!one, tensor<5xi64>) -> !many
  %keys = qopt.reshape %key_many : !many -> !all
  %value_one = qopt.reshape %value_all : !present -> !one
  %value_many = onnx.node "Expand"(%value_one, %repeated) {opset = 18 : i64} : (!one, tensor<5xi64>) -> !many
  %values = qopt.reshape %value_many : !many -> !all
  %turned = onnx.node "Transpose"(%keys) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!all) -> !turned
  %scale = arith.constant dense<0.5> : tensor<f32>
  %small_query = onnx.node "Mul"(%query, %scale) {opset = 18 : i64} : (!xheads, tensor<f32>) -> !xheads
  %small_keys = onnx.node "Mul"(%turned, %scale) {opset = 18 : i64} : (!turned, tensor<f32>) -> !turned
  %scores = onnx.node "MatMul"(%small_query, %small_keys) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %weights = onnx.node "Softmax"(%scores) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!scores) -> !scores
  %y = onnx.node "MatMul"(%weights, %values) {opset = 18 : i64} : (!scores, !all) -> !xheads
  return %y, %key_all, %value_all : !xheads, !present, !present
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!few = tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!fewsplit = tensor<?x?x2x8xf32, #qopt.dims<"batch", "sequence", "2", "8">>
!fewheads = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "sequence", "8">>
!past = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past", "8">>
!present = tensor<?x2x?x8xf32, #qopt.dims<"batch", "2", "past + sequence", "8">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "past + sequence">>

// The node counts causal steps from the first key, not from the past.
// CHECK-LABEL: module {
// CHECK-NOT: qopt.cache
// CHECK: func.func @main({{.*}}qopt.name = "past.value"
// CHECK-NOT: qopt.attention
// CHECK: onnx.node "Attention"
qopt.signature {inputs = [{name = "q", role = "plain", type = !x}, {name = "k", role = "plain", type = !few}, {name = "v", role = "plain", type = !few},
    {name = "mask", role = "plain", type = !mask}, {name = "past.key", role = "plain", type = !past}, {name = "past.value", role = "plain", type = !past}],
  outputs = [{name = "y", role = "plain", type = !xheads}, {name = "present.key", role = "plain", type = !present}, {name = "present.value", role = "plain", type = !present}],
  symbols = ["batch", "sequence", "past"], conditions = []}
func.func @main(%q: !x {qopt.name = "q"}, %k: !few {qopt.name = "k"}, %v: !few {qopt.name = "v"}, %mask: !mask {qopt.name = "mask"},
                %past_key: !past {qopt.name = "past.key"}, %past_value: !past {qopt.name = "past.value"})
    -> (!xheads {qopt.name = "y"}, !present {qopt.name = "present.key"}, !present {qopt.name = "present.value"}) {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !few -> !fewsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %value_split = qopt.reshape %v : !few -> !fewsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %key_all = onnx.node "Concat"(%past_key, %key) {opset = 18 : i64, parameters = {axis = -2 : i64}} : (!past, !fewheads) -> !present
  %value_all = onnx.node "Concat"(%past_value, %value) {opset = 18 : i64, parameters = {axis = -2 : i64}} : (!past, !fewheads) -> !present
  %y = onnx.node "Attention"(%query, %key_all, %value_all) {opset = 23 : i64, parameters = {is_causal = 1 : i64}} : (!xheads, !present, !present) -> !xheads
  return %y, %key_all, %value_all : !xheads, !present, !present
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "sequence">>

// Decomposed without past: a quotient in the scores, one head for each.
// CHECK-LABEL: module {
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[K:[a-z0-9]*]]: {{[^%]*}}, %[[V:[a-z0-9]*]]:
// CHECK: qopt.attention %[[Q]], %[[K]], %[[V]] {empty_row = #qopt<empty_row zero>, num_heads = 4 : i64, num_kv_heads = 4 : i64, scale = 2.500000e-01 : f64}
// CHECK-NOT: onnx.node "Softmax"
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %turned = onnx.node "Transpose"(%key) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!xheads) -> !turned
  %scores = onnx.node "MatMul"(%query, %turned) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %four = arith.constant dense<4.0> : tensor<f32>
  %scaled = onnx.node "Div"(%scores, %four) {opset = 18 : i64} : (!scores, tensor<f32>) -> !scores
  %weights = onnx.node "Softmax"(%scaled) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!scores) -> !scores
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!scores, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "sequence">>

// The softmax is over the queries.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK-NOT: qopt.attention
// CHECK: onnx.node "Softmax"
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %turned = onnx.node "Transpose"(%key) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!xheads) -> !turned
  %scores = onnx.node "MatMul"(%query, %turned) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %four = arith.constant dense<4.0> : tensor<f32>
  %scaled = onnx.node "Div"(%scores, %four) {opset = 18 : i64} : (!scores, tensor<f32>) -> !scores
  %weights = onnx.node "Softmax"(%scaled) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!scores) -> !scores
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!scores, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

// Square heads whose last two dimensions do not change places: the product is with
// the keys as they are.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK-NOT: qopt.attention
// CHECK: onnx.node "Softmax"
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %scores = onnx.node "MatMul"(%query, %key) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  %weights = onnx.node "Softmax"(%scores) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!xheads) -> !xheads
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "sequence">>

// Without the signature nobody could be told of caches: nothing is raised.
// CHECK-LABEL: module {
// CHECK: func.func @main
// CHECK-NOT: qopt.attention
// CHECK: onnx.node "Softmax"
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %turned = onnx.node "Transpose"(%key) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!xheads) -> !turned
  %scores = onnx.node "MatMul"(%query, %turned) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %four = arith.constant dense<4.0> : tensor<f32>
  %scaled = onnx.node "Div"(%scores, %four) {opset = 18 : i64} : (!scores, tensor<f32>) -> !scores
  %weights = onnx.node "Softmax"(%scaled) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!scores) -> !scores
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!scores, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<?x?x32xf32, #qopt.dims<"batch", "sequence", "32">>
!xsplit = tensor<?x?x4x8xf32, #qopt.dims<"batch", "sequence", "4", "8">>
!xheads = tensor<?x4x?x8xf32, #qopt.dims<"batch", "4", "sequence", "8">>
!turned = tensor<?x4x8x?xf32, #qopt.dims<"batch", "4", "8", "sequence">>
!scores = tensor<?x4x?x?xf32, #qopt.dims<"batch", "4", "sequence", "sequence">>
!mask = tensor<?x?xi64, #qopt.dims<"batch", "sequence">>
!row = tensor<?x1x1x?xi64, #qopt.dims<"batch", "1", "1", "sequence">>
!rowf = tensor<?x1x1x?xf32, #qopt.dims<"batch", "1", "1", "sequence">>
!rowb = tensor<?x1x1x?xi1, #qopt.dims<"batch", "1", "1", "sequence">>

// A query that sees no key, its scores being minus infinity, gives what softmax
// gives: no number, unless something makes it zero.
// CHECK-LABEL: module {
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: {{[^%]*}}, %[[MASK:[a-z0-9]*]]:
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] padding(%[[MASK]] : {{[^)]*}}) {empty_row = #qopt<empty_row nan>
qopt.signature {inputs = [], outputs = [], symbols = ["batch", "sequence"], conditions = []}
func.func @main(%q: !x, %mask: !mask) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %none = arith.constant dense<0.0> : tensor<f32>
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %padding = qopt.reshape %mask : !mask -> !row
  %bool = onnx.node "Cast"(%padding) {opset = 18 : i64, parameters = {to = 9 : i64}} : (!row) -> !rowb
  %bias = onnx.node "Where"(%bool, %none, %infinite) {opset = 18 : i64} : (!rowb, tensor<f32>, tensor<f32>) -> !rowf
  %turned = onnx.node "Transpose"(%query) {opset = 18 : i64, parameters = {perm = [0, 1, 3, 2]}} : (!xheads) -> !turned
  %scores = onnx.node "MatMul"(%query, %turned) {opset = 18 : i64} : (!xheads, !turned) -> !scores
  %masked = onnx.node "Add"(%bias, %scores) {opset = 18 : i64} : (!rowf, !scores) -> !scores
  %weights = onnx.node "Softmax"(%masked) {opset = 18 : i64, parameters = {axis = 3 : i64}} : (!scores) -> !scores
  %y = onnx.node "MatMul"(%weights, %query) {opset = 18 : i64} : (!scores, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x4x32xf32>
!xsplit = tensor<1x4x4x8xf32>
!xheads = tensor<1x4x4x8xf32>
!past = tensor<1x4x6x8xf32>
!all = tensor<1x4x10x8xf32>

// Arguments without a name have no place in the signature.
// CHECK-LABEL: module {
// CHECK: qopt.signature {{.*}}inputs = []
// CHECK: func.func @main(%[[Q:[a-z0-9]*]]: tensor<1x4x32xf32>) -> tensor<1x4x4x8xf32>
// CHECK: qopt.attention %[[Q]], %[[Q]], %[[Q]] cache(
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %past_key: !past, %past_value: !past) -> (!xheads, !all) {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %keys = onnx.node "Concat"(%past_key, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  %values = onnx.node "Concat"(%past_value, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  %y = onnx.node "Attention"(%query, %keys, %values) {opset = 23 : i64} : (!xheads, !all, !all) -> !xheads
  return %y, %keys : !xheads, !all
}

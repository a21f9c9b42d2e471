// RUN: qopt-opt %s --qopt-split-decoder --split-input-file --allow-unregistered-dialect --mlir-print-local-scope --verify-diagnostics | FileCheck %s

// One step: every size, number and type says so; the weights are shared.
// CHECK-LABEL: module {
// CHECK-COUNT-1: qopt.weight @w
// CHECK-NOT: qopt.weight
// CHECK-NOT: @main
// CHECK: func.func @prefill(%{{.*}}: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) -> (tensor<?xf32, #qopt.dims<"8*batch*sequence">> {qopt.name = "y"})
// CHECK: qopt.get_weight @w
// CHECK: qopt.dim "past + sequence"
// CHECK: qopt.matmul {{.*}} -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
// CHECK: qopt.reshape {{.*}} -> tensor<?xf32, #qopt.dims<"8*batch*sequence">>
// CHECK: func.func @decode(%[[X:.*]]: tensor<?x1x8xf32, #qopt.dims<"batch", "1", "8">> {qopt.name = "x"}) -> (tensor<?xf32, #qopt.dims<"8*batch">> {qopt.name = "y"})
// CHECK-DAG: %[[W:.*]] = qopt.get_weight @w
// CHECK-DAG: %[[T:.*]] = qopt.dim "past + 1"
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: "test.sizes"(%[[T]], %[[ONE]])
// CHECK: %[[Y:.*]] = qopt.matmul %[[X]], %[[W]] {{.*}} -> tensor<?x1x8xf32, #qopt.dims<"batch", "1", "8">>
// CHECK: qopt.reshape %[[Y]] : {{.*}} -> tensor<?xf32, #qopt.dims<"8*batch">>
// CHECK-NOT: sequence
qopt.weight @w : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
qopt.weight @unread : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
qopt.cache @cache0 {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
func.func @main(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) -> (tensor<?xf32, #qopt.dims<"8*batch*sequence">> {qopt.name = "y"}) {
  %w = qopt.get_weight @w : tensor<8x8xf32>
  %t = qopt.dim "past + sequence"
  %s = qopt.dim "sequence"
  "test.sizes"(%t, %s) : (index, index) -> ()
  %0 = qopt.matmul %x, %w : (tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
  %1 = qopt.reshape %0 : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> -> tensor<?xf32, #qopt.dims<"8*batch*sequence">>
  return %1 : tensor<?xf32, #qopt.dims<"8*batch*sequence">>
}

// -----

// A model without caches has one entry; weights that nobody reads go all the same.
// CHECK-LABEL: module {
// CHECK-NOT: qopt.weight
// CHECK: func.func @main(%{{.*}}: tensor<?xf32, #qopt.dims<"sequence">>)
// CHECK-NOT: func.func
qopt.weight @unread : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
func.func @main(%x: tensor<?xf32, #qopt.dims<"sequence">>) -> tensor<?xf32, #qopt.dims<"sequence">> {
  return %x : tensor<?xf32, #qopt.dims<"sequence">>
}

// -----

// Prefill computes the norm, the head and the cast of the rows that are asked
// for; decode has one.
// CHECK-LABEL: module {
// CHECK: qopt.signature {{.*}}symbols = ["batch", "sequence", "past", "logit_rows", "candidates"]
// CHECK: func.func @prefill(%[[X:.*]]: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}, %[[ROWS:.*]]: tensor<?x?x1xi64, #qopt.dims<"batch", "logit_rows", "1">> {qopt.logit_rows, qopt.type = tensor<?x?x1xi64, #qopt.dims<"batch", "logit_rows", "1">>})
// CHECK-SAME: -> (tensor<?x?x16xf16, #qopt.dims<"batch", "logit_rows", "16">> {qopt.name = "logits", qopt.type = tensor<?x?x16xf16, #qopt.dims<"batch", "logit_rows", "16">>}, tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "hidden"},
// CHECK-SAME: tensor<?x?x?xf32, #qopt.dims<"batch", "logit_rows", "candidates">> {qopt.candidates = 0 : i64, qopt.type = tensor<?x?x?xf32, #qopt.dims<"batch", "logit_rows", "candidates">>},
// CHECK-SAME: tensor<?x?x?xi64, #qopt.dims<"batch", "logit_rows", "candidates">> {qopt.candidates = 1 : i64, qopt.type = tensor<?x?x?xi64, #qopt.dims<"batch", "logit_rows", "candidates">>})
// CHECK: %[[SILU:.*]] = qopt.silu %[[X]]
// CHECK: %[[TAKEN:.*]] = onnx.node "GatherND"(%[[SILU]], %[[ROWS]]) {{.*}}batch_dims = 1{{.*}} -> tensor<?x?x8xf32, #qopt.dims<"batch", "logit_rows", "8">>
// CHECK: %[[NORM:.*]] = qopt.rms_norm %[[TAKEN]]
// CHECK: %[[Y:.*]] = qopt.matmul %[[NORM]], {{.*}} -> tensor<?x?x16xf32, #qopt.dims<"batch", "logit_rows", "16">>
// CHECK: %[[CAST:.*]] = onnx.node "Cast"(%[[Y]])
// CHECK: %[[BEST:.*]]:2 = qopt.candidates %[[CAST]] :
// CHECK: return %[[CAST]], %[[SILU]], %[[BEST]]#0, %[[BEST]]#1
// CHECK: func.func @decode
// CHECK-NOT: logit_rows
// CHECK: %[[LOGITS:.*]] = onnx.node "Cast"
// CHECK: qopt.candidates %[[LOGITS]] : {{.*}} -> tensor<?x1x?xf32, #qopt.dims<"batch", "1", "candidates">>, tensor<?x1x?xi64, #qopt.dims<"batch", "1", "candidates">>
qopt.signature {conditions = [], inputs = [{name = "x", type = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>}], outputs = [{name = "logits", role = "logits", type = tensor<?x?x16xf16, #qopt.dims<"batch", "sequence", "16">>}, {name = "hidden", type = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>}], symbols = ["batch", "sequence", "past"]}
qopt.weight @s : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
qopt.weight @w : tensor<16x8xf32> {file = "m.onnx", length = 512 : i64}
qopt.cache @cache0 {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
func.func @main(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) -> (tensor<?x?x16xf16, #qopt.dims<"batch", "sequence", "16">> {qopt.name = "logits"}, tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "hidden"}) {
  %s = qopt.get_weight @s : tensor<8xf32>
  %w = qopt.get_weight @w : tensor<16x8xf32>
  %0 = qopt.silu %x : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
  %1 = qopt.rms_norm %0, %s {epsilon = 1.0e-5 : f64} : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>, tensor<8xf32> -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
  %2 = qopt.matmul %1, %w : (tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>, tensor<16x8xf32>) -> tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>
  %3 = onnx.node "Cast"(%2) {opset = 17 : i64, parameters = {to = 10}} : (tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>) -> tensor<?x?x16xf16, #qopt.dims<"batch", "sequence", "16">>
  return %3, %0 : tensor<?x?x16xf16, #qopt.dims<"batch", "sequence", "16">>, tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
}

// -----

// Logits that are no product of each token: all of them are computed.
// CHECK-LABEL: module {
// CHECK: qopt.signature {{.*}}symbols = ["batch", "sequence", "past", "candidates"]
// CHECK: func.func @prefill(%{{.*}}: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) ->
qopt.signature {conditions = [], inputs = [{name = "x", type = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>}], outputs = [{name = "logits", role = "logits", type = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>}], symbols = ["batch", "sequence", "past"]}
qopt.cache @cache0 {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
func.func @main(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) -> (tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "logits"}) {
  // expected-remark @below {{logits of all tokens are computed when those of the last one are asked for: they are not made by a product of each token}}
  %0 = qopt.silu %x : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> -> tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
  return %0 : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>
}

// -----

// Logits without rows have no candidates.
// CHECK-LABEL: module {
// CHECK: qopt.signature {{.*}}symbols = ["batch", "sequence"]
// CHECK-NOT: qopt.candidates
qopt.signature {conditions = [], inputs = [{name = "x", type = tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">>}], outputs = [{name = "logits", role = "logits", type = tensor<?xf32, #qopt.dims<"8*batch*sequence">>}], symbols = ["batch", "sequence"]}
qopt.cache @cache0 {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
func.func @main(%x: tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> {qopt.name = "x"}) -> (tensor<?xf32, #qopt.dims<"8*batch*sequence">> {qopt.name = "logits"}) {
  // expected-remark @+2 {{logits of all tokens are computed}}
  // expected-remark @+1 {{samplers search all logits for the largest: logits are not [batch, time steps, vocabulary]}}
  %0 = qopt.reshape %x : tensor<?x?x8xf32, #qopt.dims<"batch", "sequence", "8">> -> tensor<?xf32, #qopt.dims<"8*batch*sequence">>
  return %0 : tensor<?xf32, #qopt.dims<"8*batch*sequence">>
}

// RUN: qopt-opt %s --qopt-split-decoder --split-input-file --allow-unregistered-dialect --mlir-print-local-scope | FileCheck %s

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

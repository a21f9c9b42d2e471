// RUN: qopt-opt %s --qopt-outline-layers --split-input-file --mlir-print-local-scope | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>

// Two layers between a first and a last product: one function, which gets the
// weights and makes constants for itself.
// CHECK-LABEL: module {
// CHECK: func.func private @main_layer(%[[X:[a-z0-9]*]]: tensor<?x8xf32, #qopt.dims<"n", "8">>, %[[W:[a-z0-9]*]]: tensor<8x8xf32>, %[[S:[a-z0-9]*]]: tensor<8xf32>) -> tensor<?x8xf32, #qopt.dims<"n", "8">> {
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[UP:.*]] = qopt.matmul %[[X]], %[[W]] {path = "layers.*.up"}
// CHECK: %[[SCALED:.*]] = onnx.node "Mul"(%[[UP]], %[[HALF]])
// CHECK: %[[NORM:.*]] = qopt.rms_norm %[[SCALED]], %[[S]] {epsilon = {{.*}}, path = "layers.*.norm"}
// CHECK: %[[SUM:.*]] = onnx.node "Add"(%[[NORM]], %[[X]])
// CHECK-NEXT: return %[[SUM]]
// CHECK: func.func @main(%[[IN:[a-z0-9]*]]:
// CHECK-DAG: %[[W0:.*]] = qopt.get_weight @w0
// CHECK-DAG: %[[S0:.*]] = qopt.get_weight @s0
// CHECK-DAG: %[[W1:.*]] = qopt.get_weight @w1
// CHECK-DAG: %[[S1:.*]] = qopt.get_weight @s1
// CHECK: %[[FIRST:.*]] = qopt.matmul %[[IN]], %[[W0]] {path = "embed"}
// CHECK: %[[A:.*]] = call @main_layer(%[[FIRST]], %[[W0]], %[[S0]])
// CHECK: %[[B:.*]] = call @main_layer(%[[A]], %[[W1]], %[[S1]])
// CHECK: %[[LAST:.*]] = qopt.matmul %[[B]], %[[W0]] {path = "head"}
// CHECK-NEXT: return %[[LAST]]
// CHECK-NOT: func.func
qopt.weight @w0 : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
qopt.weight @s0 : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
qopt.weight @w1 : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
qopt.weight @s1 : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
func.func @main(%x: !x) -> !x {
  %half = arith.constant dense<0.5> : tensor<f32>
  %w0 = qopt.get_weight @w0 : tensor<8x8xf32>
  %s0 = qopt.get_weight @s0 : tensor<8xf32>
  %w1 = qopt.get_weight @w1 : tensor<8x8xf32>
  %s1 = qopt.get_weight @s1 : tensor<8xf32>
  %first = qopt.matmul %x, %w0 {path = "embed"} : (!x, tensor<8x8xf32>) -> !x
  %0 = qopt.matmul %first, %w0 {path = "layers.0.up"} : (!x, tensor<8x8xf32>) -> !x
  %1 = onnx.node "Mul"(%0, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %2 = qopt.rms_norm %1, %s0 {epsilon = 1.0e-5 : f64, path = "layers.0.norm"} : !x, tensor<8xf32> -> !x
  %3 = onnx.node "Add"(%2, %first) {opset = 17 : i64} : (!x, !x) -> !x
  %4 = qopt.matmul %3, %w1 {path = "layers.1.up"} : (!x, tensor<8x8xf32>) -> !x
  %5 = onnx.node "Mul"(%4, %half) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %6 = qopt.rms_norm %5, %s1 {epsilon = 1.0e-5 : f64, path = "layers.1.norm"} : !x, tensor<8xf32> -> !x
  %7 = onnx.node "Add"(%6, %3) {opset = 17 : i64} : (!x, !x) -> !x
  %last = qopt.matmul %7, %w0 {path = "head"} : (!x, tensor<8x8xf32>) -> !x
  return %last : !x
}

// -----

// An epsilon, a constant, an order of operands, an op of an epilogue: each pair
// of layers differs in one of them, and stays.
// CHECK-LABEL: module {
// CHECK-NOT: private
// CHECK-NOT: call
func.func @attributes(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.rms_norm %x, %s {epsilon = 1.0e-5 : f64, path = "layers.0.norm"} : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
  %1 = qopt.rms_norm %0, %s {epsilon = 1.0e-6 : f64, path = "layers.1.norm"} : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
func.func @constants(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %a = arith.constant dense<0.5> : tensor<f32>
  %b = arith.constant dense<0.25> : tensor<f32>
  %0 = qopt.matmul %x, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = onnx.node "Mul"(%0, %a) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %2 = qopt.matmul %1, %w {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = onnx.node "Mul"(%2, %b) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}
func.func @operands(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = onnx.node "Sub"(%0, %y) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = qopt.matmul %1, %w {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = onnx.node "Sub"(%y, %2) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}
func.func @epilogues(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w epilogue {
  ^bb0(%acc: f32):
    %y = arith.negf %acc : f32
    qopt.yield %y : f32
  } {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.matmul %0, %w epilogue {
  ^bb0(%acc: f32):
    %y = math.exp %acc : f32
    qopt.yield %y : f32
  } {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
func.func @which_value_is_read(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = onnx.node "Add"(%0, %x) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = qopt.matmul %1, %w {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = onnx.node "Add"(%2, %2) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// A layer that is there once is no function; nor are paths without a number.
// CHECK-LABEL: module {
// CHECK-NOT: private
// CHECK-NOT: call
func.func @once(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
func.func @without_numbers(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "first.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.matmul %0, %w {path = "second.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// Layers of two kinds by turns are two functions.
// CHECK-LABEL: module {
// CHECK-DAG: func.func private @[[SILU:main_layer[_0-9]*]]({{.*}} {{[{]}}{{[[:space:]]+}}%{{.*}} = qopt.silu
// CHECK-DAG: func.func private @[[GELU:main_layer[_0-9]*]]({{.*}} {{[{]}}{{[[:space:]]+}}%{{.*}} = qopt.gelu
// CHECK: func.func @main(%[[X:[a-z0-9]*]]:
// CHECK: %[[A:.*]] = call @[[SILU]](%[[X]],
// CHECK: %[[B:.*]] = call @[[GELU]](%[[A]],
// CHECK: %[[C:.*]] = call @[[SILU]](%[[B]],
// CHECK: %[[D:.*]] = call @[[GELU]](%[[C]],
// CHECK: return %[[D]]
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %a = qopt.silu %x {path = "layers.0.act"} : tensor<4x8xf32> -> tensor<4x8xf32>
  %0 = qopt.matmul %a, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %b = qopt.gelu %0 {path = "layers.1.act"} : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = qopt.matmul %b, %w {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %c = qopt.silu %1 {path = "layers.2.act"} : tensor<4x8xf32> -> tensor<4x8xf32>
  %2 = qopt.matmul %c, %w {path = "layers.2.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %d = qopt.gelu %2 {path = "layers.3.act"} : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = qopt.matmul %d, %w {path = "layers.3.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// Each layer gets its own cache; the past it computes for itself.
// CHECK-LABEL: module {
// CHECK: func.func private @decode_layer({{.*}}memref<?x1x?x8x32xf32>, %{{[a-z0-9]*}}: memref<?x1x?x32x8xf32>
// CHECK: qopt.dim "past"
// CHECK: func.func @decode
// CHECK-DAG: %[[K0:.*]], %[[V0:.*]] = qopt.get_cache @cache0
// CHECK-DAG: %[[K1:.*]], %[[V1:.*]] = qopt.get_cache @cache1
// CHECK: call @decode_layer({{.*}}%[[K0]], %[[V0]]{{[,)]}}
// CHECK: call @decode_layer({{.*}}%[[K1]], %[[V1]]{{[,)]}}
// CHECK-NOT: qopt.attention
qopt.cache @cache0 {heads = 1 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
qopt.cache @cache1 {heads = 1 : i64, index = 1 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
func.func @decode(%x: tensor<1x1x8xf32>) -> tensor<1x1x8xf32> {
  %past = qopt.dim "past"
  %k0, %v0 = qopt.get_cache @cache0 : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>
  %k1, %v1 = qopt.get_cache @cache1 : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>
  %0 = qopt.attention %x, %x, %x cache(%k0, %v0, %past : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>) {causal, empty_row = #qopt<empty_row zero>, num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64, path = "layers.0.attn"} : tensor<1x1x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32> -> tensor<1x1x8xf32>
  %1 = qopt.attention %0, %0, %0 cache(%k1, %v1, %past : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>) {causal, empty_row = #qopt<empty_row zero>, num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64, path = "layers.1.attn"} : tensor<1x1x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32> -> tensor<1x1x8xf32>
  return %1 : tensor<1x1x8xf32>
}

// -----

// Two values of each layer are read outside: the function has two results.
// CHECK-LABEL: module {
// CHECK: func.func private @two_results_layer({{.*}}) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK: %[[UP:.*]] = qopt.matmul
// CHECK: %[[SILU:.*]] = qopt.silu %[[UP]]
// CHECK: return %[[UP]], %[[SILU]]
// CHECK: func.func @two_results
// CHECK: %[[A:.*]]:2 = call @two_results_layer(
// CHECK: %[[B:.*]]:2 = call @two_results_layer(%[[A]]#1,
// CHECK: return %[[A]]#0, %[[B]]#0, %[[B]]#1
func.func @two_results(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = qopt.matmul %x, %w {path = "layers.0.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.silu %0 : tensor<4x8xf32> -> tensor<4x8xf32>
  %2 = qopt.matmul %1, %w {path = "layers.1.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = qopt.silu %2 : tensor<4x8xf32> -> tensor<4x8xf32>
  return %0, %2, %3 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// Numbers in paths are names: they may be large, and need not follow each other.
// CHECK-LABEL: module {
// CHECK: func.func private @main_layer(
// CHECK: func.func @main(
// CHECK-COUNT-3: call @main_layer(
// CHECK: path = "block.9223372036854775807.up"
// CHECK: path = "block.99999999999999999999.up"
// CHECK: func.func private @declared(
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %0 = qopt.matmul %x, %w {path = "block.7.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = qopt.matmul %0, %w {path = "block.2147483647.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %2 = qopt.matmul %1, %w {path = "block.400000000000.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = qopt.matmul %2, %w {path = "block.9223372036854775807.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %4 = qopt.matmul %3, %w {path = "block.99999999999999999999.up"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}
func.func private @declared(tensor<4x8xf32>)

// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Matrix products, with vectors and with leading sizes that broadcast.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "MatMul"{{.*}} -> tensor<?x2x?x?xf32, #qopt.dims<"n", "2", "s", "t">>{{$}}
// CHECK: onnx.node "MatMul"{{.*}} -> tensor<?x1x?xf32, #qopt.dims<"n", "1", "s">>{{$}}
// CHECK: onnx.node "MatMul"{{.*}} -> tensor<2x?xf32, #qopt.dims<"2", "t">>{{$}}
// CHECK: onnx.node "MatMul"{{.*}} -> tensor<f32>{{$}}
// CHECK: onnx.node "Gemm"{{.*}} -> tensor<?x5xf32, #qopt.dims<"s", "5">>{{$}}
// CHECK: onnx.node "Gemm"{{.*}} -> tensor<5x?xf32, #qopt.dims<"5", "s">>{{$}}
// CHECK: onnx.node "Einsum"{{.*}} -> tensor<?x2x?x?xf32, #qopt.dims<"n", "2", "s", "t">>{{$}}
// CHECK: onnx.node "Einsum"{{.*}} -> tensor<?x5xf32, #qopt.dims<"s", "5">>{{$}}
func.func @main(%a: tensor<?x1x?x8xf32, #qopt.dims<"n", "1", "s", "8">>, %b: tensor<2x8x?xf32, #qopt.dims<"2", "8", "t">>, %v: tensor<8xf32>, %m: tensor<?x8xf32, #qopt.dims<"s", "8">>, %w: tensor<8x5xf32>, %c: tensor<5xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<f32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>) {
  %r0_0 = onnx.node "MatMul"(%a, %b) {opset = 13 : i64} : (tensor<?x1x?x8xf32, #qopt.dims<"n", "1", "s", "8">>, tensor<2x8x?xf32, #qopt.dims<"2", "8", "t">>) -> tensor<?x?x?x?xf32>
  %r1_0 = onnx.node "MatMul"(%a, %v) {opset = 13 : i64} : (tensor<?x1x?x8xf32, #qopt.dims<"n", "1", "s", "8">>, tensor<8xf32>) -> tensor<?x?x?xf32>
  %r2_0 = onnx.node "MatMul"(%v, %b) {opset = 13 : i64} : (tensor<8xf32>, tensor<2x8x?xf32, #qopt.dims<"2", "8", "t">>) -> tensor<?x?xf32>
  %r3_0 = onnx.node "MatMul"(%v, %v) {opset = 13 : i64} : (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>
  %r4_0 = onnx.node "Gemm"(%m, %w, %c) {opset = 13 : i64} : (tensor<?x8xf32, #qopt.dims<"s", "8">>, tensor<8x5xf32>, tensor<5xf32>) -> tensor<?x?xf32>
  %r5_0 = onnx.node "Gemm"(%w, %m) {opset = 9 : i64, parameters = {transA = 1 : i64, transB = 1 : i64}} : (tensor<8x5xf32>, tensor<?x8xf32, #qopt.dims<"s", "8">>) -> tensor<?x?xf32>
  %r6_0 = onnx.node "Einsum"(%a, %b) {opset = 12 : i64, parameters = {equation = "...ik,...kj->...ij"}} : (tensor<?x1x?x8xf32, #qopt.dims<"n", "1", "s", "8">>, tensor<2x8x?xf32, #qopt.dims<"2", "8", "t">>) -> tensor<?x?x?x?xf32>
  %r7_0 = onnx.node "Einsum"(%m, %w) {opset = 12 : i64, parameters = {equation = "ab,bc"}} : (tensor<?x8xf32, #qopt.dims<"s", "8">>, tensor<8x5xf32>) -> tensor<?x?xf32>
  return %r0_0, %r1_0, %r2_0, %r3_0, %r4_0, %r5_0, %r6_0, %r7_0 : tensor<?x?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<f32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?xf32>
}

// -----

// Attention with heads apart, with a past.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Attention"{{.*}} -> (tensor<?x4x?x16xf32, #qopt.dims<"n", "4", "s", "16">>, tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "past + s", "8">>, tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "past + s", "16">>, tensor<?x4x?x?xf32, #qopt.dims<"n", "4", "s", "past + s">>){{$}}
// CHECK: onnx.node "Attention"{{.*}} -> tensor<?x4x?x16xf32, #qopt.dims<"n", "4", "s", "16">>{{$}}
func.func @main(%q: tensor<?x4x?x8xf32, #qopt.dims<"n", "4", "s", "8">>, %k: tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "s", "8">>, %v: tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "s", "16">>, %pk: tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "p", "8">>, %pv: tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "p", "16">>, %mask: tensor<?x?xf32, #qopt.dims<"s", "p + s">>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) {
  %none = onnx.none
  %r0_0, %r0_1, %r0_2, %r0_3 = onnx.node "Attention"(%q, %k, %v, %mask, %pk, %pv) {opset = 23 : i64} : (tensor<?x4x?x8xf32, #qopt.dims<"n", "4", "s", "8">>, tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "s", "8">>, tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "s", "16">>, tensor<?x?xf32, #qopt.dims<"s", "p + s">>, tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "p", "8">>, tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "p", "16">>) -> (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>)
  %r1_0 = onnx.node "Attention"(%q, %k, %v, %none) {opset = 24 : i64, parameters = {is_causal = 1 : i64}} : (tensor<?x4x?x8xf32, #qopt.dims<"n", "4", "s", "8">>, tensor<?x2x?x8xf32, #qopt.dims<"n", "2", "s", "8">>, tensor<?x2x?x16xf32, #qopt.dims<"n", "2", "s", "16">>, none) -> tensor<?x?x?x?xf32>
  return %r0_0, %r0_1, %r0_2, %r0_3, %r1_0 : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>
}

// -----

// Attention with heads in the last dimension.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "Attention"{{.*}} -> tensor<?x?x16xf32, #qopt.dims<"n", "s", "16">>{{$}}
func.func @main(%q: tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>, %k: tensor<?x?x16xf32, #qopt.dims<"n", "t", "16">>, %v: tensor<?x?x8xf32, #qopt.dims<"n", "t", "8">>) -> (tensor<?x?x?xf32>) {
  %r0_0 = onnx.node "Attention"(%q, %k, %v) {opset = 23 : i64, parameters = {q_num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>, tensor<?x?x16xf32, #qopt.dims<"n", "t", "16">>, tensor<?x?x8xf32, #qopt.dims<"n", "t", "8">>) -> tensor<?x?x?xf32>
  return %r0_0 : tensor<?x?x?xf32>
}

// -----

// Rotary embeddings are like their input.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.node "RotaryEmbedding"{{.*}} -> tensor<?x4x?x64xf32, #qopt.dims<"n", "4", "s", "64">>{{$}}
func.func @main(%x: tensor<?x4x?x64xf32, #qopt.dims<"n", "4", "s", "64">>, %c: tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>) -> (tensor<?x?x?x?xf32>) {
  %r0_0 = onnx.node "RotaryEmbedding"(%x, %c, %c) {opset = 23 : i64} : (tensor<?x4x?x64xf32, #qopt.dims<"n", "4", "s", "64">>, tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>, tensor<?x?x32xf32, #qopt.dims<"n", "s", "32">>) -> tensor<?x?x?x?xf32>
  return %r0_0 : tensor<?x?x?x?xf32>
}

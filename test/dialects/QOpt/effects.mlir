// RUN: qopt-opt %s --cse --canonicalize | FileCheck %s

// Tensor forms are pure: equal ones are one, and what nobody reads is gone.
// CHECK-LABEL: func.func @pure
// CHECK-COUNT-1: qopt.silu
// CHECK-NOT: qopt
// CHECK: return
qopt.weight @w : tensor<4xf32> {file = "m.onnx", length = 16 : i64}
func.func @pure(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %s: tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = qopt.silu %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = qopt.silu %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %2 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %3 = qopt.rms_norm %x, %s {epsilon = 0.5 : f64} : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
  %4 = qopt.get_weight @w : tensor<4xf32>
  %5 = qopt.dim "n"
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Activations that are rounded once stay as they are, and codes of one tensor
// are made once, unless they are of other blocks or scales.
// CHECK-LABEL: func.func @rounded
// CHECK: %[[R:.*]] = qopt.round %{{.*}} : tensor<4x64xf32> -> tensor<4x64xbf16>
// CHECK-NOT: qopt.round
// CHECK: %[[A:.*]], %[[B:.*]], %[[C:.*]] = qopt.quantize %{{.*}} {block = 32 : i64}
// CHECK: %[[D:.*]], %{{.*}}, %{{.*}} = qopt.quantize %{{.*}} {block = 32 : i64, per_token}
// CHECK: %[[E:.*]], %{{.*}}, %{{.*}} = qopt.quantize %{{.*}} {block = 64 : i64}
// CHECK-NOT: qopt.quantize
// CHECK: return %[[R]], %[[R]], %[[A]], %[[A]], %[[D]], %[[E]]
func.func @rounded(%x: tensor<4x64xf32>) -> (tensor<4x64xbf16>, tensor<4x64xbf16>, tensor<4x64xi8>, tensor<4x64xi8>, tensor<4x64xi8>, tensor<4x64xi8>) {
  %0 = qopt.round %x : tensor<4x64xf32> -> tensor<4x64xbf16>
  %1 = qopt.round %0 : tensor<4x64xbf16> -> tensor<4x64xbf16>
  %a, %b, %c = qopt.quantize %x {block = 32 : i64} : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x2xf32>, tensor<4x2xi32>
  %d, %e, %f = qopt.quantize %x {block = 32 : i64} : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x2xf32>, tensor<4x2xi32>
  %g, %h, %i = qopt.quantize %x {block = 32 : i64, per_token} : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x1xf32>, tensor<4x2xi32>
  %j, %k, %l = qopt.quantize %x {block = 64 : i64} : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x1xf32>, tensor<4x1xi32>
  return %0, %1, %a, %d, %g, %j : tensor<4x64xbf16>, tensor<4x64xbf16>, tensor<4x64xi8>, tensor<4x64xi8>, tensor<4x64xi8>, tensor<4x64xi8>
}

// Buffer forms write: both stay, in order.
// CHECK-LABEL: func.func @writes
// CHECK: qopt.silu
// CHECK: qopt.gelu
// CHECK: qopt.silu
func.func @writes(%x: memref<4xf32>, %y: memref<4xf32>) {
  qopt.silu %x outs(%y : memref<4xf32>) : memref<4xf32>
  qopt.gelu %y outs(%x : memref<4xf32>) : memref<4xf32>
  qopt.silu %x outs(%y : memref<4xf32>) : memref<4xf32>
  return
}

// Candidates that nobody reads go; a product that finds them writes their lists.
// CHECK-LABEL: func.func @candidates
// CHECK-NOT: qopt.candidates
// CHECK-COUNT-2: qopt.matmul
// CHECK: return
func.func @candidates(%l: tensor<4x64xf32>, %x: memref<4x8xf32>, %w: memref<64x8xf32>, %y: memref<4x64xf32>, %v: memref<4x2xf32>, %t: memref<4x2xi64>, %o: memref<4x16xi32>) {
  %0, %1 = qopt.candidates %l : tensor<4x64xf32> -> tensor<4x2xf32>, tensor<4x2xi64>
  qopt.matmul %x, %w outs(%y : memref<4x64xf32>) candidates(%v, %t, %o : memref<4x2xf32>, memref<4x2xi64>, memref<4x16xi32>) : (memref<4x8xf32>, memref<64x8xf32>)
  qopt.matmul %x, %w outs(%y : memref<4x64xf32>) candidates(%v, %t, %o : memref<4x2xf32>, memref<4x2xi64>, memref<4x16xi32>) : (memref<4x8xf32>, memref<64x8xf32>)
  return
}

// Attention writes its cache, though it has a result that nobody reads.
// CHECK-LABEL: func.func @writes_the_cache
// CHECK: qopt.attention
func.func @writes_the_cache(%x: tensor<1x1x8xf32>, %k: memref<?x1x?x8x32xf32>, %v: memref<?x1x?x32x8xf32>, %past: index) {
  %0 = qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x1x?x8x32xf32>, memref<?x1x?x32x8xf32>) {empty_row = #qopt<empty_row zero>, num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64} : tensor<1x1x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32> -> tensor<1x1x8xf32>
  return
}

// CHECK-LABEL: func.func @may_fail
// CHECK: qopt.fail_if
func.func @may_fail(%bad: i1) {
  qopt.fail_if %bad, "bad"
  return
}

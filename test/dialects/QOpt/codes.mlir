// RUN: qopt-opt %s | qopt-opt | FileCheck %s

// Formats and layouts, as attributes and in types; parts in any order.
// CHECK: qopt.weight @a {{.*}} method = "rtn", packed = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, {{(#qopt.layout)?}}<panels>>
qopt.weight @a : tensor<64x256xf32> {file = "m.onnx", length = 65536 : i64, method = "rtn", packed = !qopt.qtensor<64x256, #qopt.format<block = 64, zero = u4, scale = f16, codes = u4>, #qopt.layout<panels>>, packed_offset = 0 : i64}
// CHECK: packed = !qopt.qtensor<64x256, #qopt.format<codes = s8, block = channel, scale = f32>, {{(#qopt.layout)?}}<panels>>
qopt.weight @b : tensor<64x256xf32> {file = "m.onnx", length = 65536 : i64, packed = !qopt.qtensor<64x256, #qopt.format<codes = s8, block = channel, scale = f32, zero = none>, #qopt.layout<panels>>}
// CHECK: logical
qopt.weight @c : tensor<64x256xf32> {file = "m.onnx", length = 65536 : i64, packed = !qopt.qtensor<64x256, #qopt.format<codes = u3, block = tensor, scale = bf16, zero = f16>, #qopt.layout<logical>>}

!w4 = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>
// CHECK-LABEL: func.func @tensors
func.func @tensors(%x: tensor<?x256xf32>, %ids: tensor<?xi64>) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x256xf32>) {
  // CHECK: %[[W:.*]] = qopt.get_weight @a : !qopt.qtensor<
  %w = qopt.get_weight @a : !w4
  // CHECK: qopt.matmul %{{.*}}, %[[W]] : (tensor<?x256xf32>, !qopt.qtensor<
  %0 = qopt.matmul %x, %w : (tensor<?x256xf32>, !w4) -> tensor<?x64xf32>
  // CHECK: %[[R:.*]] = qopt.round %{{.*}} : tensor<?x256xf32> -> tensor<?x256xbf16>
  %r = qopt.round %x : tensor<?x256xf32> -> tensor<?x256xbf16>
  %1 = qopt.matmul %r, %w : (tensor<?x256xbf16>, !w4) -> tensor<?x64xf32>
  // CHECK: %[[C:.*]], %[[S:.*]], %[[Z:.*]] = qopt.quantize %{{.*}} {block = 64 : i64, per_token{{.*}}} : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>, tensor<?x4xi32>
  %c, %s, %z = qopt.quantize %x {block = 64 : i64, per_token} : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>, tensor<?x4xi32>
  // CHECK: qopt.matmul %[[C]], %[[W]] quantized(%[[S]], %[[Z]] : tensor<?x1xf32>, tensor<?x4xi32>)
  %2 = qopt.matmul %c, %w quantized(%s, %z : tensor<?x1xf32>, tensor<?x4xi32>) : (tensor<?x256xi8>, !w4) -> tensor<?x64xf32>
  // CHECK: qopt.embedding %[[W]][
  %3 = qopt.embedding %w[%ids] : !w4, tensor<?xi64> -> tensor<?x256xf32>
  return %0, %1, %2, %3 : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x256xf32>
}

// 64 columns are two panels of 64 bytes of zeros and four groups of 1024 + 64.
// CHECK-LABEL: func.func @buffers
func.func @buffers(%x: memref<?x256xf32>, %w: memref<8832xi8>, %c: memref<?x256xi8>, %s: memref<?x4xf32>, %z: memref<?x4xi32>, %y: memref<?x64xf32>) {
  // CHECK: qopt.quantize %{{.*}} outs(%{{.*}}, %{{.*}}, %{{.*}} : memref<?x256xi8>, memref<?x4xf32>, memref<?x4xi32>) {block = 64 : i64
  qopt.quantize %x outs(%c, %s, %z : memref<?x256xi8>, memref<?x4xf32>, memref<?x4xi32>) {block = 64 : i64} : memref<?x256xf32>
  // CHECK: qopt.matmul {{.*}} {weight_type = !qopt.qtensor<
  qopt.matmul %c, %w quantized(%s, %z : memref<?x4xf32>, memref<?x4xi32>) outs(%y : memref<?x64xf32>) {weight_type = !w4} : (memref<?x256xi8>, memref<8832xi8>)
  return
}

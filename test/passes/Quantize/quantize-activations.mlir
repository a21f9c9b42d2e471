// RUN: qopt-opt %s --qopt-quantize-activations --verify-diagnostics | FileCheck %s

!x = tensor<?x200xf32, #qopt.dims<"n", "200">>
!y = tensor<?x64xf32, #qopt.dims<"n", "64">>
!g64 = !qopt.qtensor<64x200, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>
!bytes = !qopt.qtensor<64x200, #qopt.format<codes = u8, block = 64, scale = f16>, #qopt.layout<panels>>
!channel = !qopt.qtensor<64x200, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>

// Products that want the same of a tensor share it; rows of 200 are 256 codes,
// four groups.
// CHECK-LABEL: func.func @shared
// CHECK: %[[C:.*]], %[[S:.*]], %[[Z:.*]] = qopt.quantize %{{.*}} {block = 64 : i64, unsigned_many} : tensor<?x200xf32, {{.*}}> -> tensor<?x256xi8, #qopt.dims<"n", "256">>, tensor<?x4xf32, #qopt.dims<"n", "4">>, tensor<?x4xi32, #qopt.dims<"n", "4">>
// CHECK-NOT: qopt.quantize
// CHECK: qopt.matmul %[[C]], %{{.*}} quantized(%[[S]], %[[Z]]{{.*}} {unsigned_many}
// CHECK: qopt.matmul %[[C]], %{{.*}} quantized(%[[S]], %[[Z]]{{.*}} {unsigned_many}
func.func @shared(%x: !x, %a: !g64, %b: !g64) -> (!y, !y) {
  %0 = qopt.matmul %x, %a {activations = "int8-block"} : (!x, !g64) -> !y
  %1 = qopt.matmul %x, %b {activations = "int8-block"} : (!x, !g64) -> !y
  return %0, %1 : !y, !y
}

// Where one of them reads bytes in place, which are unsigned, codes are signed.
// CHECK-LABEL: func.func @bytes
// CHECK-NOT: unsigned_many
// CHECK: return
func.func @bytes(%x: !x, %a: !g64, %b: !bytes) -> (!y, !y) {
  %0 = qopt.matmul %x, %a {activations = "int8-block"} : (!x, !g64) -> !y
  %1 = qopt.matmul %x, %b {activations = "int8-block"} : (!x, !bytes) -> !y
  return %0, %1 : !y, !y
}

// Scales per token and per block are different codes; a channel is a token.
// CHECK-LABEL: func.func @apart
// CHECK-DAG: qopt.quantize %{{.*}} {block = 64 : i64, per_token, unsigned_many} : {{.*}} -> tensor<?x256xi8, {{.*}}>, tensor<?x1xf32
// CHECK-DAG: qopt.quantize %{{.*}} {block = 200 : i64, per_token} : {{.*}} -> tensor<?x256xi8, {{.*}}>, tensor<?x1xf32, {{.*}}>, tensor<?x1xi32
// CHECK-DAG: %[[R:.*]] = qopt.round %{{.*}} -> tensor<?x200xbf16, #qopt.dims<"n", "200">>
// CHECK: qopt.matmul %[[R]], %{{.*}} : (tensor<?x200xbf16
// CHECK-NOT: activations
func.func @apart(%x: !x, %a: !g64, %b: !channel) -> (!y, !y, !y) {
  %0 = qopt.matmul %x, %a {activations = "int8-token"} : (!x, !g64) -> !y
  %1 = qopt.matmul %x, %b {activations = "int8-block"} : (!x, !channel) -> !y
  %2 = qopt.matmul %x, %a {activations = "bf16"} : (!x, !g64) -> !y
  return %0, %1, %2 : !y, !y, !y
}

// CHECK-LABEL: func.func @floats
// CHECK-NOT: qopt.quantize
// CHECK: qopt.matmul %{{.*}}, %{{.*}} : (tensor<?x200xf32
func.func @floats(%x: !x, %w: tensor<64x200xf32>) -> !y {
  // expected-remark @below {{its input stays f32: its weight is of floats}}
  %0 = qopt.matmul %x, %w {activations = "int8-token"} : (!x, tensor<64x200xf32>) -> !y
  return %0 : !y
}

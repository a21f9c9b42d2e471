// RUN: qopt-opt %s --qopt-order-products | FileCheck %s

!x = tensor<?x64xf32, #qopt.dims<"n", "64">>
!w = tensor<2x64x32xf32>

qopt.weight @q : tensor<64x64xf32> {file = "w.bin", offset = 0 : i64, length = 16384 : i64, packed = !w, packed_offset = 0 : i64}
qopt.weight @k : tensor<64x64xf32> {file = "w.bin", offset = 0 : i64, length = 16384 : i64, packed = !w, packed_offset = 16384 : i64}

// The key's product and its weight stand with the query's; what reads the query
// comes behind both.
// CHECK-LABEL: func.func @query_and_key
// CHECK: %[[K:.*]] = qopt.get_weight @k
// CHECK-NEXT: qopt.matmul %arg0, %{{.*}}
// CHECK-NEXT: qopt.matmul %arg0, %[[K]]
// CHECK-NEXT: qopt.silu
func.func @query_and_key(%x: !x) -> (!x, !x) {
  %q = qopt.get_weight @q : !w
  %0 = qopt.matmul %x, %q : (!x, !w) -> !x
  %1 = qopt.silu %0 : !x -> !x
  %k = qopt.get_weight @k : !w
  %2 = qopt.matmul %x, %k : (!x, !w) -> !x
  return %1, %2 : !x, !x
}

// One that reads what is computed between stays there.
// CHECK-LABEL: func.func @dependent
// CHECK: qopt.matmul
// CHECK-NEXT: qopt.silu
// CHECK: qopt.matmul
func.func @dependent(%x: !x) -> !x {
  %q = qopt.get_weight @q : !w
  %0 = qopt.matmul %x, %q : (!x, !w) -> !x
  %1 = qopt.silu %0 : !x -> !x
  %k = qopt.get_weight @k : !w
  %2 = qopt.matmul %x, %k extras(%1) epilogue {
  ^bb0(%acc: f32, %g: f32):
    %m = arith.mulf %acc, %g : f32
    qopt.yield %m : f32
  } : (!x, !w, !x) -> !x
  return %2 : !x
}

// Products of different inputs stay too.
// CHECK-LABEL: func.func @two_inputs
// CHECK: qopt.matmul %arg0
// CHECK-NEXT: qopt.silu
// CHECK: qopt.matmul %arg1
func.func @two_inputs(%x: !x, %y: !x) -> (!x, !x) {
  %q = qopt.get_weight @q : !w
  %0 = qopt.matmul %x, %q : (!x, !w) -> !x
  %1 = qopt.silu %0 : !x -> !x
  %2 = qopt.matmul %y, %q : (!x, !w) -> !x
  return %1, %2 : !x, !x
}

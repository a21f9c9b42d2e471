// RUN: qopt-opt %s --qopt-fuse-candidates --split-input-file --verify-diagnostics | FileCheck %s

!x = memref<?x1x16xf32>
!w = memref<2x16x32xf32>
!y = memref<?x1x64xf32>
!v = memref<?x1x?xf32>
!t = memref<?x1x?xi64>
!o = memref<?x1x16xi32>

// The product moves behind the memory of the lists; the logits are still its
// result, for calls without candidates.
// CHECK-LABEL: func.func @head
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x1x16xf32>, %[[W:[a-z0-9]*]]: memref<2x16x32xf32>, %[[Y:[a-z0-9]*]]: memref<?x1x64xf32>, %[[V:[a-z0-9]*]]: {{.*}}, %[[T:[a-z0-9]*]]: {{[^,]*}}, %{{[a-z0-9]*}}: index)
// CHECK: %[[O:.*]] = memref.alloc
// CHECK-NEXT: qopt.matmul %[[X]], %[[W]] outs(%[[Y]] : memref<?x1x64xf32>) candidates(%[[V]], %[[T]], %[[O]] :
// CHECK-NOT: qopt.candidates
func.func @head(%x: !x, %w: !w, %y: !y, %v: !v, %t: !t, %n: index) {
  qopt.matmul %x, %w outs(%y : !y) : (!x, !w)
  %o = memref.alloc(%n) : !o
  qopt.candidates %y outs(%v, %t, %o : !v, !t, !o) : !y
  return
}

// -----

!x = memref<?x1x16xf32>
!w = memref<2x16x32xf32>
!y = memref<?x1x64xf32>
!v = memref<?x1x?xf32>
!t = memref<?x1x?xi64>
!o = memref<?x1x16xi32>

// CHECK-LABEL: func.func @logits_are_read
// CHECK: qopt.matmul {{.*}} outs(%{{.*}} : memref<?x1x64xf32>) :
// CHECK: qopt.silu
// CHECK: qopt.candidates
func.func @logits_are_read(%x: !x, %w: !w, %y: !y, %v: !v, %t: !t, %o: !o, %z: !y) {
  qopt.matmul %x, %w outs(%y : !y) : (!x, !w)
  qopt.silu %y outs(%z : !y) : !y
  // expected-remark @below {{all logits are written and searched: another op reads or writes them}}
  qopt.candidates %y outs(%v, %t, %o : !v, !t, !o) : !y
  return
}

// -----

!x = memref<?x1x16xf32>
!w = memref<2x16x32xf32>
!y = memref<?x1x64xf32>
!v = memref<?x1x?xf32>
!t = memref<?x1x?xi64>
!o = memref<?x1x16xi32>

// What stands between might write what the product reads.
// CHECK-LABEL: func.func @another_op_between
// CHECK: qopt.matmul {{.*}} outs(%{{.*}} : memref<?x1x64xf32>) :
// CHECK: qopt.candidates
func.func @another_op_between(%x: !x, %w: !w, %y: !y, %v: !v, %t: !t, %o: !o) {
  qopt.matmul %x, %w outs(%y : !y) : (!x, !w)
  qopt.silu %x outs(%x : !x) : !x
  // expected-remark @below {{all logits are written and searched: another op stands behind the product}}
  qopt.candidates %y outs(%v, %t, %o : !v, !t, !o) : !y
  return
}

// -----

!y = memref<?x1x64xf32>
!v = memref<?x1x?xf32>
!t = memref<?x1x?xi64>
!o = memref<?x1x16xi32>

// CHECK-LABEL: func.func @no_product
// CHECK: qopt.candidates
func.func @no_product(%y: !y, %v: !v, %t: !t, %o: !o) {
  // expected-remark @below {{all logits are written and searched: they are not what a product writes}}
  qopt.candidates %y outs(%v, %t, %o : !v, !t, !o) : !y
  return
}

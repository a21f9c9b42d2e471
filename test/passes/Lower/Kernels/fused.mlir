// RUN: qopt-opt %s --qopt-lower-kernels=isa=x86-64-v4 --canonicalize --cse | FileCheck %s

!x = memref<?x256xf32>
!y = memref<?x64xf32>
!w = memref<2x256x32xf32>

// One loop: an item does the work of both.
// CHECK-LABEL: func.func @items
// CHECK-COUNT-1: scf.forall
// CHECK-NOT: scf.forall
func.func @items(%x: !x, %s: memref<256xf32>, %n: !x, %r: memref<?x256xbf16>) {
  qopt.fused items {
    qopt.rms_norm %x, %s outs(%n : !x) {epsilon = 1.0e-5 : f64} : !x, memref<256xf32>
    qopt.round %n outs(%r : memref<?x256xbf16>) : !x
  }
  return
}

// One loop over the items of one, then those of the other.
// CHECK-LABEL: func.func @apart
// CHECK: %[[ALL:.*]] = arith.addi %[[FIRST:[0-9]+]], %[[FIRST]] : index
// CHECK-NEXT: scf.forall (%[[ITEM:.*]]) in (%[[ALL]])
// CHECK: %[[IS:.*]] = arith.cmpi slt, %[[ITEM]], %[[FIRST]]
// CHECK: scf.if %[[IS]]
// CHECK: arith.subi %[[ITEM]], %[[FIRST]]
// CHECK-NOT: scf.forall
func.func @apart(%x: !x, %a: !w, %b: !w, %y: !y, %z: !y) {
  qopt.fused apart {
    qopt.matmul %x, %a outs(%y : !y) : (!x, !w)
    qopt.matmul %x, %b outs(%z : !y) : (!x, !w)
  }
  return
}

!c = memref<?x256xi8>
!s = memref<?x4xf32>
!z = memref<?x4xi32>
!wc = memref<35328xi8>
!r = memref<?x256xf32>
!q = !qopt.qtensor<256x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

// What only the items read is scratch: of 576 rows and two panels, row after row of an item's columns, seen as what it was.
// CHECK-LABEL: func.func @local_result
// CHECK: scf.forall
// CHECK: %[[LOCAL:.*]] = qopt.scratch : memref<36864xf32>
// CHECK: %[[FLAT:.*]] = memref.reinterpret_cast %[[LOCAL]]
// CHECK: vector.store %{{.*}}, %[[FLAT]]
// CHECK: vector.load %[[FLAT]]
// CHECK-NOT: scf.forall
func.func @local_result(%c: !c, %s: !s, %z: !z, %w: !wc, %n: index, %d: !c, %t: !s, %u: !z) {
  qopt.fused items {
    %y = memref.alloc(%n) : !r
    qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%y : !r) {weight_type = !q} : (!c, !wc)
    qopt.quantize %y outs(%d, %t, %u : !c, !s, !z) {block = 64 : i64} : !r
  }
  return
}

// One loop: two panels, then the blocks of their columns.
// CHECK-LABEL: func.func @product_and_quantize
// CHECK-COUNT-1: scf.forall
// CHECK: arith.fptosi
// CHECK-NOT: scf.forall
func.func @product_and_quantize(%c: !c, %s: !s, %z: !z, %w: !wc, %y: !r, %d: !c, %t: !s, %u: !z) {
  qopt.fused items {
    qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%y : !r) {weight_type = !q} : (!c, !wc)
    qopt.quantize %y outs(%d, %t, %u : !c, !s, !z) {block = 64 : i64} : !r
  }
  return
}

// RUN: qopt-opt %s --qopt-fuse-loops --split-input-file --verify-diagnostics | FileCheck %s

!x = memref<?x256xf32>
!c = memref<?x256xi8>
!s = memref<?x1xf32>
!z = memref<?x4xi32>
!y = memref<?x64xf32>
!w = memref<8832xi8>
!q = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

// A product with candidates has more than a loop.
// CHECK-LABEL: func.func @candidates
// CHECK-NOT: qopt.fused
// CHECK: return
func.func @candidates(%c: !c, %a: !w, %s: !s, %z: !z, %y0: !y, %y1: !y, %v: memref<?x?xf32>, %t: memref<?x?xi64>, %o: memref<?x16xi32>) {
  qopt.matmul %c, %a quantized(%s, %z : !s, !z) outs(%y0 : !y) {weight_type = !q} : (!c, !w)
  qopt.matmul %c, %a quantized(%s, %z : !s, !z) outs(%y1 : !y) candidates(%v, %t, %o : memref<?x?xf32>, memref<?x?xi64>, memref<?x16xi32>) {weight_type = !q} : (!c, !w)
  return
}

// A norm and what quantizes its rows; products of one input, which do not read
// one another.
// CHECK-LABEL: func.func @norm_and_products
// CHECK: memref.alloc
// CHECK: qopt.fused items {
// CHECK-NEXT: qopt.rms_norm
// CHECK-NEXT: qopt.quantize
// CHECK-NEXT: {{^ *}}}
// CHECK: qopt.fused apart {
// CHECK-NEXT: qopt.matmul
// CHECK-NEXT: qopt.matmul
// CHECK-NEXT: qopt.matmul
// CHECK-NEXT: {{^ *}}}
func.func @norm_and_products(%x: !x, %scale: memref<256xf32>, %a: !w, %b: !w, %v: memref<2x256x32xf32>, %n: index) {
  %norm = memref.alloc(%n) : !x
  qopt.rms_norm %x, %scale outs(%norm : !x) {epsilon = 1.0e-5 : f64} : !x, memref<256xf32>
  %c = memref.alloc(%n) : !c
  %s = memref.alloc(%n) : !s
  %z = memref.alloc(%n) : !z
  qopt.quantize %norm outs(%c, %s, %z : !c, !s, !z) {block = 64 : i64, per_token} : !x
  %y0 = memref.alloc(%n) : !y
  qopt.matmul %c, %a quantized(%s, %z : !s, !z) outs(%y0 : !y) {weight_type = !q} : (!c, !w)
  %y1 = memref.alloc(%n) : !y
  qopt.matmul %c, %b quantized(%s, %z : !s, !z) outs(%y1 : !y) {weight_type = !q} : (!c, !w)
  %y2 = memref.alloc(%n) : !y
  qopt.matmul %c, %b quantized(%s, %z : !s, !z) outs(%y2 : !y) {weight_type = !q} : (!c, !w)
  return
}

// -----

!x = memref<?x256xf32>
!y = memref<?x64xf32>
!w = memref<2x256x32xf32>

// The second product reads the first one's result, item by item.
// CHECK-LABEL: func.func @gate_and_up
// CHECK: qopt.fused items {
// CHECK-NEXT: qopt.matmul
// CHECK-NEXT: qopt.matmul
func.func @gate_and_up(%x: !x, %a: !w, %b: !w, %n: index) {
  %gate = memref.alloc(%n) : !y
  qopt.matmul %x, %a outs(%gate : !y) : (!x, !w)
  %up = memref.alloc(%n) : !y
  qopt.matmul %x, %b extras(%gate) outs(%up : !y) epilogue {
  ^bb0(%acc: f32, %g: f32):
    %m = arith.mulf %acc, %g : f32
    qopt.yield %m : f32
  } : (!x, !w, !y)
  return
}

// -----

!x = memref<?x256xf32>
!y = memref<?x64xf32>

// Items of weights of other types are other columns.
// CHECK-LABEL: func.func @types
// CHECK-NOT: qopt.fused
func.func @types(%x: !x, %a: memref<2x256x32xf32>, %b: memref<2x256x32xf16>, %n: index) {
  %gate = memref.alloc(%n) : !y
  qopt.matmul %x, %a outs(%gate : !y) : (!x, memref<2x256x32xf32>)
  %up = memref.alloc(%n) : !y
  // expected-remark @below {{qopt.matmul does not share the loop of the op before it: it reads the result of a product with a weight of another type}}
  qopt.matmul %x, %b extras(%gate) outs(%up : !y) epilogue {
  ^bb0(%acc: f32, %g: f32):
    %m = arith.mulf %acc, %g : f32
    qopt.yield %m : f32
  } : (!x, memref<2x256x32xf16>, !y)
  return
}

// -----

!x = memref<?x256xf32>
!w = memref<8x256x32xf32>

// A product whose input is the other's result; results that may be one buffer;
// an op between them that writes.
// CHECK-LABEL: func.func @apart
// CHECK-NOT: qopt.fused
func.func @apart(%x: !x, %a: !w, %b: !w, %n: index, %out: !x, %other: !x) {
  %y = memref.alloc(%n) : !x
  qopt.matmul %x, %a outs(%y : !x) : (!x, !w)
  qopt.matmul %y, %b outs(%out : !x) : (!x, !w)
  qopt.matmul %x, %a outs(%out : !x) : (!x, !w)
  // expected-remark @below {{it writes where a product before it reads or writes}}
  qopt.matmul %x, %b outs(%other : !x) : (!x, !w)
  qopt.silu %x outs(%out : !x) : !x
  qopt.matmul %x, %b outs(%y : !x) : (!x, !w)
  return
}

// -----

!x = memref<?x256xf32>

// Items of a product are columns: a row is whole when all of them are done.
// CHECK-LABEL: func.func @rows_of_a_product
// CHECK-NOT: qopt.fused
func.func @rows_of_a_product(%x: !x, %w: memref<8x256x32xf32>, %y: !x, %r: memref<?x256xbf16>) {
  qopt.matmul %x, %w outs(%y : !x) : (!x, memref<8x256x32xf32>)
  // expected-remark @below {{qopt.round does not share the loop of the op before it: its rows are the work of several items of the product}}
  qopt.round %y outs(%r : memref<?x256xbf16>) : !x
  return
}

// -----

!x = memref<?x256xi8>
!s = memref<?x4xf32>
!z = memref<?x4xi32>
!y = memref<?x256xf32>
!w = memref<35328xi8>
!q = !qopt.qtensor<256x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

// Blocks of columns are quantized by the item that makes them, which has the
// products' results for itself.
// CHECK-LABEL: func.func @gate_up_and_quantize
// CHECK: qopt.fused items {
// CHECK-NEXT: %[[UP:.*]] = memref.alloc(%{{.*}}) : memref<?x256xf32>
// CHECK-NEXT: %[[GATE:.*]] = memref.alloc(%{{.*}}) : memref<?x256xf32>
// CHECK-NEXT: qopt.matmul {{.*}} outs(%[[GATE]] :
// CHECK-NEXT: qopt.matmul {{.*}} extras(%[[GATE]]) outs(%[[UP]] :
// CHECK: qopt.quantize %[[UP]]
// CHECK-NEXT: {{^ *}}}
// CHECK-NEXT: qopt.matmul
func.func @gate_up_and_quantize(%c: !x, %s: !s, %z: !z, %a: !w, %b: !w, %n: index, %out: !y) {
  %gate = memref.alloc(%n) : !y
  qopt.matmul %c, %a quantized(%s, %z : !s, !z) outs(%gate : !y) {weight_type = !q} : (!x, !w)
  %up = memref.alloc(%n) : !y
  qopt.matmul %c, %b quantized(%s, %z : !s, !z) extras(%gate) outs(%up : !y) epilogue {
  ^bb0(%acc: f32, %g: f32):
    %m = arith.mulf %acc, %g : f32
    qopt.yield %m : f32
  } {weight_type = !q} : (!x, !w, !y)
  %d = memref.alloc(%n) : !x
  %t = memref.alloc(%n) : !s
  %u = memref.alloc(%n) : !z
  qopt.quantize %up outs(%d, %t, %u : !x, !s, !z) {block = 64 : i64} : !y
  qopt.matmul %d, %a quantized(%t, %u : !s, !z) outs(%out : !y) {weight_type = !q} : (!x, !w)
  return
}

// -----

!x = memref<?x256xi8>
!f = memref<?x256xf32>
!s = memref<?x4xf32>
!t = memref<?x1xf32>
!z = memref<?x4xi32>
!w = memref<35328xi8>
!q = !qopt.qtensor<256x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

// A scale for a row needs all its columns; items of floats are other columns.
// CHECK-LABEL: func.func @not_quantized
// CHECK-NOT: qopt.fused
func.func @not_quantized(%c: !x, %s: !s, %t: !t, %z: !z, %w: !w, %f: !f, %v: memref<8x256x32xf32>, %y: !f) {
  qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%f : !f) {weight_type = !q} : (!x, !w)
  // expected-remark @below {{does not share the loop of the op before it: its rows are the work of several items of the product}}
  qopt.quantize %f outs(%c, %t, %z : !x, !t, !z) {block = 64 : i64, per_token} : !f
  qopt.matmul %y, %v outs(%f : !f) : (!f, memref<8x256x32xf32>)
  // expected-remark @below {{does not share the loop of the op before it: items of a product of floats are no whole blocks of columns}}
  qopt.quantize %f outs(%c, %s, %z : !x, !s, !z) {block = 64 : i64} : !f
  return
}

// -----

!x = memref<?x256xf32>
!y = memref<?x64xf32>
!w = memref<2x256x32xf32>

// What stands between two products of one input parts them.
// CHECK-LABEL: func.func @between
// CHECK-NOT: qopt.fused
func.func @between(%x: !x, %a: !w, %b: !w, %n: index, %other: !y) {
  %q = memref.alloc(%n) : !y
  qopt.matmul %x, %a outs(%q : !y) : (!x, !w)
  qopt.silu %other outs(%other : !y) : !y
  %k = memref.alloc(%n) : !y
  // expected-remark @below {{qopt.matmul does not share a loop with the products of its input: another op stands between them}}
  qopt.matmul %x, %b outs(%k : !y) : (!x, !w)
  return
}

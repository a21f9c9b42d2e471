// RUN: qopt-opt %s --qopt-plan-memory --split-input-file | FileCheck %s
// RUN: qopt-opt %s --qopt-plan-memory --canonicalize --split-input-file | FileCheck %s --check-prefix=SIZES

// %a and %c are never alive at once: they share the first place, %b has another.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<64xf32>, %[[Y:[a-z0-9]*]]: memref<64xf32>, %[[ARENA:[a-z0-9]*]]: memref<?xi8>)
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: %[[SECOND:.*]] = arith.addi %[[FIRST]], %{{.*}} : index
// CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[FIRST]]][] : memref<?xi8> to memref<64xf32>
// CHECK: %[[B:.*]] = memref.view %[[ARENA]][%[[SECOND]]][] : memref<?xi8> to memref<64xf32>
// CHECK: %[[C:.*]] = memref.view %[[ARENA]][%[[FIRST]]][] : memref<?xi8> to memref<64xf32>
// CHECK: qopt.silu %[[X]] outs(%[[A]]
// CHECK: qopt.silu %[[A]] outs(%[[B]]
// CHECK: qopt.silu %[[B]] outs(%[[C]]
// CHECK: qopt.silu %[[C]] outs(%[[Y]]
// CHECK-NOT: memref.alloc
// SIZES-LABEL: func.func @chain_arena_bytes() -> index
// SIZES: %[[ALL:.*]] = arith.constant 512 : index
// SIZES: return %[[ALL]]
// SIZES-LABEL: func.func @chain(
// SIZES: arith.constant 256 : index
func.func @chain(%x: memref<64xf32>, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  qopt.silu %x outs(%a : memref<64xf32>) : memref<64xf32>
  qopt.silu %a outs(%b : memref<64xf32>) : memref<64xf32>
  qopt.silu %b outs(%c : memref<64xf32>) : memref<64xf32>
  qopt.silu %c outs(%y : memref<64xf32>) : memref<64xf32>
  return
}

// -----

// The first buffer is read at the end again, through a view: nothing is shared.
// SIZES-LABEL: func.func @alive_through_a_view_arena_bytes() -> index
// SIZES: arith.constant 768 : index
func.func @alive_through_a_view(%x: memref<64xf32>, %y: memref<8x8xf32>) {
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  %view = memref.reinterpret_cast %a to offset: [0], sizes: [8, 8], strides: [8, 1] : memref<64xf32> to memref<8x8xf32>
  qopt.silu %x outs(%a : memref<64xf32>) : memref<64xf32>
  qopt.silu %a outs(%b : memref<64xf32>) : memref<64xf32>
  qopt.silu %b outs(%c : memref<64xf32>) : memref<64xf32>
  qopt.silu %view outs(%y : memref<8x8xf32>) : memref<8x8xf32>
  return
}

// -----

// Nor is a buffer that a loop reads free before the loop ends.
// SIZES-LABEL: func.func @alive_in_a_loop_arena_bytes() -> index
// SIZES: arith.constant 512 : index
func.func @alive_in_a_loop(%x: memref<64xf32>, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  qopt.silu %x outs(%a : memref<64xf32>) : memref<64xf32>
  scf.forall (%i) in (64) {
    %e = memref.load %a[%i] : memref<64xf32>
    memref.store %e, %b[%i] : memref<64xf32>
  }
  qopt.silu %b outs(%y : memref<64xf32>) : memref<64xf32>
  return
}

// -----

// Places start on cache lines: 4 and 68 bytes are 64 and 128.
// SIZES-LABEL: func.func @aligned_arena_bytes() -> index
// SIZES: arith.constant 192 : index
// SIZES-LABEL: func.func @aligned(
// SIZES-DAG: %[[SECOND:.*]] = arith.constant 64 : index
// SIZES-DAG: memref.view %{{.*}}[%[[SECOND]]][] : memref<?xi8> to memref<17xf32>
func.func @aligned(%x: memref<1xf32>, %y: memref<17xf32>) {
  %a = memref.alloc() : memref<1xf32>
  %b = memref.alloc() : memref<17xf32>
  qopt.silu %x outs(%a : memref<1xf32>) : memref<1xf32>
  qopt.silu %y outs(%b : memref<17xf32>) : memref<17xf32>
  memref.copy %b, %y : memref<17xf32> to memref<17xf32>
  memref.copy %a, %x : memref<1xf32> to memref<1xf32>
  return
}

// -----

// Of sizes over one symbol the larger is known: n is at most 2 n + 1.
// CHECK-LABEL: func.func @grows_arena_bytes() -> index
// CHECK-NOT: qopt.dim "4*n"
// CHECK: qopt.dim "8*n + 4"
// CHECK-NOT: qopt.dim "4*n"
// CHECK-LABEL: func.func @grows(
func.func @grows(%x: memref<?xf32>, %y: memref<?xf32>) {
  %n = qopt.dim "n"
  %m = qopt.dim "2*n + 1"
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%m) : memref<?xf32>
  qopt.silu %x outs(%a : memref<?xf32>) : memref<?xf32>
  memref.copy %a, %x : memref<?xf32> to memref<?xf32>
  qopt.silu %y outs(%b : memref<?xf32>) : memref<?xf32>
  memref.copy %b, %y : memref<?xf32> to memref<?xf32>
  return
}

// -----

// Of sizes over two symbols neither is: two places, though one is free.
// CHECK-LABEL: func.func @unordered_arena_bytes() -> index
// CHECK: qopt.dim "4*n"
// CHECK: qopt.dim "4*m"
// CHECK: return
// CHECK-LABEL: func.func @unordered(
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: memref.view %{{.*}}[%[[FIRST]]][%{{.*}}]
// CHECK-NOT: memref.view %{{.*}}[%[[FIRST]]][%{{.*}}]
// CHECK: return
func.func @unordered(%x: memref<?xf32>, %y: memref<?xf32>) {
  %n = qopt.dim "n"
  %m = qopt.dim "m"
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%m) : memref<?xf32>
  qopt.silu %x outs(%a : memref<?xf32>) : memref<?xf32>
  memref.copy %a, %x : memref<?xf32> to memref<?xf32>
  qopt.silu %y outs(%b : memref<?xf32>) : memref<?xf32>
  memref.copy %b, %y : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A function that is called gets the arena behind its caller's own part, as
// large as it needs; calls one after the other may use the same part.
// SIZES-LABEL: func.func @layer_arena_bytes() -> index
// SIZES: arith.constant 64 : index
// SIZES-LABEL: func.func private @layer(
// SIZES-SAME: memref<16xf32>, %{{.*}}: memref<16xf32>, %{{.*}}: memref<?xi8>)
// SIZES-LABEL: func.func @calls_arena_bytes() -> index
// SIZES-DAG: %[[OWN:.*]] = arith.constant 64 : index
// SIZES: %[[BYTES:.*]] = call @layer_arena_bytes()
// SIZES: %[[MOST:.*]] = arith.maxsi %[[BYTES]], %{{.*}}
// SIZES: %[[ALL:.*]] = arith.addi %[[MOST]], %[[OWN]]
// SIZES-NOT: @layer_arena_bytes
// SIZES: return %[[ALL]]
// SIZES-LABEL: func.func @calls(
// SIZES-SAME: %[[X:[a-z0-9]*]]: memref<16xf32>, %[[Y:[a-z0-9]*]]: memref<16xf32>, %[[ARENA:[a-z0-9]*]]: memref<?xi8>)
// SIZES: %[[BEHIND:.*]] = arith.constant 64 : index
// SIZES: %[[A:.*]] = memref.view %[[ARENA]]
// SIZES: %[[SIZE:.*]] = call @layer_arena_bytes()
// SIZES: %[[PART:.*]] = memref.view %[[ARENA]][%[[BEHIND]]][%[[SIZE]]] : memref<?xi8> to memref<?xi8>
// SIZES: call @layer(%[[X]], %[[A]], %[[PART]])
// SIZES: %[[SIZE2:.*]] = call @layer_arena_bytes()
// SIZES: %[[PART2:.*]] = memref.view %[[ARENA]][%[[BEHIND]]][%[[SIZE2]]]
// SIZES: call @layer(%[[A]], %[[Y]], %[[PART2]])
func.func private @layer(%x: memref<16xf32>, %y: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  qopt.silu %x outs(%a : memref<16xf32>) : memref<16xf32>
  qopt.silu %a outs(%y : memref<16xf32>) : memref<16xf32>
  return
}
func.func @calls(%x: memref<16xf32>, %y: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  call @layer(%x, %a) : (memref<16xf32>, memref<16xf32>) -> ()
  call @layer(%a, %y) : (memref<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

// A function that is declared alone has no arena, and gets none.
// CHECK: func.func private @elsewhere(memref<64xf32>)
// CHECK-NOT: @elsewhere_arena_bytes
// CHECK-LABEL: func.func @calls_elsewhere(
// CHECK-SAME: %[[X:.*]]: memref<64xf32>, %{{.*}}: memref<?xi8>)
// CHECK: call @elsewhere(%[[X]]) : (memref<64xf32>) -> ()
func.func private @elsewhere(memref<64xf32>)
func.func @calls_elsewhere(%x: memref<64xf32>) {
  call @elsewhere(%x) : (memref<64xf32>) -> ()
  return
}

// -----

!c = memref<?x256xi8>
!s = memref<?x4xf32>
!z = memref<?x4xi32>
!y = memref<?x256xf32>
!q = !qopt.qtensor<256x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

// What items have for themselves is in no arena.
// CHECK-LABEL: func.func @of_items(
// CHECK-NOT: memref.view
// CHECK: qopt.fused items {
// CHECK-NEXT: memref.alloc
func.func @of_items(%c: !c, %s: !s, %z: !z, %w: memref<35328xi8>, %n: index, %d: !c, %t: !s, %u: !z) {
  qopt.fused items {
    %local = memref.alloc(%n) : !y
    qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%local : !y) {weight_type = !q} : (!c, memref<35328xi8>)
    qopt.quantize %local outs(%d, %t, %u : !c, !s, !z) {block = 64 : i64} : !y
  }
  return
}

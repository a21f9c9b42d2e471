// RUN: qopt-opt %s -qopt-lower-kernels=isa=x86-64-v4 -canonicalize -cse -split-input-file | FileCheck %s --check-prefixes=CHECK,V4
// RUN: qopt-opt %s -qopt-lower-kernels=isa=x86-64-v3 -canonicalize -cse -split-input-file | FileCheck %s --check-prefixes=CHECK,V3
// RUN: qopt-opt %s -qopt-lower-kernels=isa=x86-64 -canonicalize -cse -split-input-file | FileCheck %s --check-prefixes=CHECK,BASE
// RUN: not qopt-opt %s -qopt-lower-kernels=isa=vax -split-input-file 2>&1 | FileCheck %s --check-prefix=ISA

// ISA: error: expects the name of an ISA version, but got 'vax'

// One row: whole panels of 32 columns, each read once, in eight sums.
// CHECK-LABEL: func.func @row
// CHECK-NOT: memref.alloc
// CHECK: scf.forall
// V4: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// V3: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// BASE: scf.for {{.*}} iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: arith.addf {{.*}} fastmath<contract>
// CHECK-NOT: qopt.matmul
func.func @row(%x: memref<1x256xf32>, %w: memref<8x256x32xbf16>, %y: memref<1x256xf32>) {
  qopt.matmul %x, %w outs(%y : memref<1x256xf32>) : (memref<1x256xf32>, memref<8x256x32xbf16>)
  return
}

// -----

// Many rows, K a multiple of 4 KB: input and partial sums in scratch memory.
// The epilogue is on vectors.
// CHECK-LABEL: func.func @many
// CHECK-NOT: memref.alloc
// CHECK: scf.forall
// CHECK: qopt.scratch
// CHECK-NOT: qopt.matmul
// V4: arith.maximumf {{.*}} : vector<16xf32>
// V3: arith.maximumf {{.*}} : vector<8xf32>
// BASE: arith.maximumf {{.*}} : vector<4xf32>
func.func @many(%x: memref<64x1024xf32>, %w: memref<2x1024x32xf32>, %b: memref<64xf32>, %y: memref<64x64xf32>) {
  qopt.matmul %x, %w extras(%b) outs(%y : memref<64x64xf32>) epilogue {
  ^bb0(%a: f32, %e: f32):
    %s = arith.addf %a, %e : f32
    %z = arith.constant 0.0 : f32
    %m = arith.maximumf %s, %z : f32
    qopt.yield %m : f32
  } : (memref<64x1024xf32>, memref<2x1024x32xf32>, memref<64xf32>)
  return
}

// -----

// f16 is widened in the inner loop.
// CHECK-LABEL: func.func @half
// V4: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// V3: arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
// BASE: arith.extf {{.*}} : vector<4xf16> to vector<4xf32>
func.func @half(%x: memref<?x64xf32>, %w: memref<1x64x32xf16>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w outs(%y : memref<?x32xf32>) : (memref<?x64xf32>, memref<1x64x32xf16>)
  return
}

// -----

// New keys go to the cache first, in a loop of their own; a single step is
// written by the item that reads the head. Powers of two are made of bits.
// CHECK-LABEL: func.func @prefill
// CHECK: scf.forall
// CHECK: scf.forall
// CHECK: arith.shli {{.*}} : vector<{{.*}}xi32>
// CHECK-NOT: scf.forall
// CHECK-NOT: memref.alloc
func.func @prefill(%q: memref<?x?x128xf32>, %k: memref<?x?x64xf32>, %y: memref<?x?x128xf32>, %kc: memref<?x2x?x32x32xf32>, %vc: memref<?x2x?x32x32xf32>, %past: index) {
  qopt.attention %q, %k, %k cache(%kc, %vc, %past : memref<?x2x?x32x32xf32>, memref<?x2x?x32x32xf32>)
    outs(%y : memref<?x?x128xf32>) {num_heads = 4 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, causal, empty_row = #qopt<empty_row zero>}
    : memref<?x?x128xf32>, memref<?x?x64xf32>, memref<?x?x64xf32>
  return
}

// One step: an item is a part of the steps of a head, whole panels of them, at
// least 256 where there are several. All query heads of the head read a key
// that is loaded once; lines ahead are prefetched. Who counts the last part
// merges them: there is one parallel loop.
// CHECK-LABEL: func.func @decode
// CHECK: qopt.prefetch_distance
// CHECK: %[[WHOLE:.*]] = arith.divui %{{.*}}, %c256
// CHECK: arith.minsi {{.*}}%[[WHOLE]]
// CHECK: %[[STEPS:.*]] = arith.muli %{{.*}}, %c32
// CHECK: %[[COUNT:.*]] = arith.divui %{{.*}}, %[[STEPS]]
// CHECK: %[[IS_SPLIT:.*]] = arith.cmpi sgt, %[[COUNT]], %c1
// CHECK: scf.for
// CHECK: memref.store %c0_i32, %{{.*}} : memref<1xi32>
// CHECK: scf.forall
// CHECK: memref.prefetch
// V4: %[[KEY:.*]] = vector.load {{.*}} : memref<?xf32>, vector<16xf32>
// V4: arith.mulf %{{.*}}, %[[KEY]]
// V4: arith.mulf %{{.*}}, %[[KEY]]
// CHECK: scf.if %[[IS_SPLIT]]
// CHECK: memref.atomic_rmw addi %c1_i32, %{{.*}} : (i32, memref<1xi32>) -> i32
// CHECK: scf.if
// CHECK: scf.if %[[IS_SPLIT]]
// CHECK: arith.shli {{.*}} : vector<{{.*}}xi32>
// CHECK-NOT: scf.forall
// CHECK: return
func.func @decode(%q: memref<?x1x128xf32>, %k: memref<?x1x64xf32>, %y: memref<?x1x128xf32>, %kc: memref<?x2x?x32x32xf32>, %vc: memref<?x2x?x32x32xf32>, %past: index, %parts: memref<?x2x5184xi8>) {
  qopt.attention %q, %k, %k cache(%kc, %vc, %past : memref<?x2x?x32x32xf32>, memref<?x2x?x32x32xf32>) parts(%parts : memref<?x2x5184xi8>)
    outs(%y : memref<?x1x128xf32>) {num_heads = 4 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, causal, empty_row = #qopt<empty_row zero>}
    : memref<?x1x128xf32>, memref<?x1x64xf32>, memref<?x1x64xf32>
  return
}

// -----

// A cache of f16: new keys and values are narrowed, all are widened.
// CHECK-LABEL: func.func @half_cache
// CHECK: arith.truncf {{.*}} : f32 to f16
// V4: arith.truncf {{.*}} : vector<16xf32> to vector<16xf16>
// V4: arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// V3: arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
func.func @half_cache(%q: memref<?x1x128xf32>, %k: memref<?x1x64xf32>, %y: memref<?x1x128xf32>, %kc: memref<?x2x?x32x32xf16>, %vc: memref<?x2x?x32x32xf16>, %past: index, %parts: memref<?x2x5184xi8>) {
  qopt.attention %q, %k, %k cache(%kc, %vc, %past : memref<?x2x?x32x32xf16>, memref<?x2x?x32x32xf16>) parts(%parts : memref<?x2x5184xi8>)
    outs(%y : memref<?x1x128xf32>) {num_heads = 4 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, causal, empty_row = #qopt<empty_row zero>}
    : memref<?x1x128xf32>, memref<?x1x64xf32>, memref<?x1x64xf32>
  return
}

// Codes are widened in the inner loop; scales stand behind the codes of a head,
// 32 of them in each panel, and multiply scores and weights.
// CHECK-LABEL: func.func @coded_cache
// CHECK: %[[SCALES:.*]] = memref.view %{{.*}} : memref<?xi8> to memref<?xf32>
// CHECK: memref.store {{.*}}, %[[SCALES]]
// V4: arith.sitofp {{.*}} : vector<16xi8> to vector<16xf32>
// V3: arith.sitofp {{.*}} : vector<8xi8> to vector<8xf32>
// BASE: arith.sitofp {{.*}} : vector<4xi8> to vector<4xf32>
// CHECK: arith.shli {{.*}} : vector<{{.*}}xi32>
func.func @coded_cache(%q: memref<?x1x128xf32>, %k: memref<?x1x64xf32>, %y: memref<?x1x128xf32>, %kc: memref<?x2x?x1152xi8>, %vc: memref<?x2x?x1152xi8>, %past: index, %parts: memref<?x2x5184xi8>) {
  qopt.attention %q, %k, %k cache(%kc, %vc, %past : memref<?x2x?x1152xi8>, memref<?x2x?x1152xi8>) parts(%parts : memref<?x2x5184xi8>)
    outs(%y : memref<?x1x128xf32>) {num_heads = 4 : i64, num_kv_heads = 2 : i64, scale = 1.0 : f64, causal, empty_row = #qopt<empty_row zero>}
    : memref<?x1x128xf32>, memref<?x1x64xf32>, memref<?x1x64xf32>
  return
}

// -----

// An id outside of the table is reported; the row is then the first.
// CHECK-LABEL: func.func @embedding
// CHECK: scf.forall
// CHECK: %[[BAD:.*]] = arith.cmpi uge
// CHECK: qopt.fail_if %[[BAD]]
// CHECK: arith.select %[[BAD]]
func.func @embedding(%t: memref<100x64xf32>, %i: memref<?x?xi64>, %y: memref<?x?x64xf32>) {
  qopt.embedding %t[%i] outs(%y : memref<?x?x64xf32>) : memref<100x64xf32>, memref<?x?xi64>
  return
}

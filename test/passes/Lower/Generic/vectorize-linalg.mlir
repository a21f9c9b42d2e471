// RUN: qopt-opt %s -qopt-vectorize-linalg=isa=x86-64-v3 -split-input-file | FileCheck %s
// RUN: qopt-opt %s -qopt-vectorize-linalg=isa=x86-64-v4 -split-input-file | FileCheck %s --check-prefix=V4

// Dimensions that lie behind each other are one loop.
// CHECK-LABEL: func.func @collapses
// CHECK: scf.forall
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: vector.load %{{.*}} : memref<?xf32>, vector<8xf32>
// CHECK: arith.mulf %{{.*}} : vector<8xf32>
// V4: arith.mulf %{{.*}} : vector<16xf32>
func.func @collapses(%a: memref<?x?x64xf32>, %c: memref<?x?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<?x?x64xf32>) outs(%c : memref<?x?x64xf32>) {
  ^bb0(%x: f32, %z: f32):
    %r = arith.mulf %x, %x : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Booleans are bytes in memory.
// CHECK-LABEL: func.func @booleans
// CHECK: vector.load %{{.*}} : memref<?xi8>, vector<8xi8>
// CHECK: arith.cmpi ne
// CHECK: arith.xori %{{.*}} : vector<8xi1>
func.func @booleans(%a: memref<?xi1>, %c: memref<?xi1>) {
  %one = arith.constant true
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : memref<?xi1>) outs(%c : memref<?xi1>) {
  ^bb0(%x: i1, %z: i1):
    %r = arith.xori %x, %one : i1
    linalg.yield %r : i1
  }
  return
}

// -----

// A failure in any lane is one of the call.
// CHECK-LABEL: func.func @failures
// CHECK: %[[ANY:.*]] = vector.reduction <or>
// CHECK: qopt.fail_if %[[ANY]], "negative"
func.func @failures(%a: memref<?xi32>, %c: memref<?xi32>) {
  %zero = arith.constant 0 : i32
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : memref<?xi32>) outs(%c : memref<?xi32>) {
  ^bb0(%x: i32, %z: i32):
    %n = arith.cmpi slt, %x, %zero : i32
    qopt.fail_if %n, "negative"
    linalg.yield %x : i32
  }
  return
}

// -----

// A scalar operand is read from above.
// CHECK-LABEL: func.func @fills
// CHECK-SAME: %[[NUMBER:.*]]: f32
// CHECK: %[[VECTOR:.*]] = vector.broadcast %[[NUMBER]] : f32 to vector<8xf32>
// CHECK: vector.store %[[VECTOR]]
func.func @fills(%n: f32, %c: memref<?x?xf32>) {
  linalg.fill ins(%n : f32) outs(%c : memref<?x?xf32>)
  return
}

// -----

// A check has no result: nothing is computed on vectors, nothing is carried.
// CHECK-LABEL: func.func @checks
// CHECK: scf.forall
// CHECK: memref.load %{{.*}} : memref<?xi32>
// CHECK: qopt.fail_if
// CHECK: qopt.fail_if
func.func @checks(%a: memref<?x?xi32>, %s: memref<i32>) {
  %zero = arith.constant 0 : i32
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<?x?xi32>) {
  ^bb0(%x: i32):
    %n = arith.cmpi slt, %x, %zero : i32
    qopt.fail_if %n, "negative"
    linalg.yield
  }
  "linalg.generic"() <{indexing_maps = [], iterator_types = [], operandSegmentSizes = array<i32: 0, 0>}> ({
    %x = memref.load %s[] : memref<i32>
    %n = arith.cmpi slt, %x, %zero : i32
    qopt.fail_if %n, "negative"
    linalg.yield
  }) : () -> ()
  return
}

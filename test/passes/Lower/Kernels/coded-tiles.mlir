// RUN: qopt-opt %s -qopt-lower-kernels=isa=x86-64-v4-amx -canonicalize -cse -split-input-file | FileCheck %s
// RUN: qopt-opt %s -qopt-lower-kernels=isa=x86-64-v4-vnni -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=VNNI

// Zeros are subtracted where codes of 4 bits become bytes, so tiles multiply signed with signed; 64 elements of K at once, whose rows
// follow one another: (k / 64 * M + row) * 64. Up to 16 rows, of which 16 are a case of their own, unpack a group while tiles work on
// the one before, fetch what comes later, and scale what tiles summed up. For more a panel is unpacked once, each block fetches a share
// of the next one, and a group is scaled while tiles work on the next. What is left of many rows has tiles of its own height.
// CHECK-LABEL: func.func @codes_of_4_bits
// CHECK: %[[M:.*]] = memref.dim %arg0, %c0
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// CHECK: arith.subi {{.*}} : vector<64xi8>
// CHECK: scf.for
// CHECK: %[[STRIDE:.*]] = arith.muli %[[M]], %c64
// CHECK: %[[CHUNK:.*]] = arith.divui %{{.*}}, %c64
// CHECK: arith.muli %[[CHUNK]], %[[STRIDE]]
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tilestored64"
// CHECK: memref.prefetch
// CHECK: arith.subi {{.*}} : vector<64xi8>
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK: } else {
// CHECK: arith.subi {{.*}} : vector<64xi8>
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tilestored64"
// CHECK: memref.prefetch
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK: arith.subi {{.*}} : vector<64xi8>
// CHECK: memref.prefetch
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilezero"
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tileloadd64"
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilestored64"
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tilestored64"
// CHECK: llvm.call_intrinsic "llvm.x86.tilerelease"
// VNNI-LABEL: func.func @codes_of_4_bits
// VNNI-NOT: tilezero
// VNNI: vpdpbusd
func.func @codes_of_4_bits(%x: memref<?x128xi8>, %w: memref<2240xi8>, %s: memref<?x2xf32>, %z: memref<?x2xi32>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w quantized(%s, %z : memref<?x2xf32>, memref<?x2xi32>) outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x128, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>}
    : (memref<?x128xi8>, memref<2240xi8>)
  return
}

// -----

// Codes of 8 bits lie as tiles want them and are read in place; unsigned, their zero is subtracted from the sums.
// CHECK-LABEL: func.func @codes_of_8_bits
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbsud"
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
func.func @codes_of_8_bits(%x: memref<?x128xi8>, %w: memref<4224xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w quantized(%s, %z : memref<?x1xf32>, memref<?x1xi32>) outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x128, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>}
    : (memref<?x128xi8>, memref<4224xi8>)
  return
}

// -----

// Of one group that is all of K the sums go back to their tiles, 512 elements at a time: 1,536 are three ranges.
// CHECK-LABEL: func.func @one_long_group
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tdpbsud"
// CHECK: scf.for %{{.*}} = %c0 to %c48 step %c16
// CHECK: scf.if
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilezero"
// CHECK: } else {
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tileloadd64"
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c2
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tdpbsud"
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilestored64"
// CHECK: scf.if
// CHECK: arith.sitofp
func.func @one_long_group(%x: memref<?x1536xi8>, %w: memref<49280xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w quantized(%s, %z : memref<?x1xf32>, memref<?x1xi32>) outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x1536, #qopt.format<codes = s8, block = channel, scale = f32>, #qopt.layout<panels>>}
    : (memref<?x1536xi8>, memref<49280xi8>)
  return
}

// -----

// Groups of 16 end inside of a tile.
// CHECK-LABEL: func.func @groups_of_16
// CHECK-NOT: tilezero
// CHECK: vpdpbusd
func.func @groups_of_16(%x: memref<?x64xi8>, %w: memref<1280xi8>, %s: memref<?x4xf32>, %z: memref<?x4xi32>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w quantized(%s, %z : memref<?x4xf32>, memref<?x4xi32>) outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x64, #qopt.format<codes = u4, block = 16, scale = f16, zero = midpoint>, #qopt.layout<panels>>}
    : (memref<?x64xi8>, memref<1280xi8>)
  return
}

// -----

// Inputs of bf16 are copied tile by tile and meet codes less their zeros, which bf16 holds exactly: the upper halves of two f32 make a dword. 32 elements of K
// are a row of a tile; the sums are f32 and are scaled group by group.
// CHECK-LABEL: func.func @inputs_of_bf16
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// CHECK: arith.subf {{.*}} : vector<16xf32>
// CHECK: arith.shrui {{.*}} : vector<16xi32>
// CHECK: arith.ori {{.*}} : vector<16xi32>
// CHECK: vector.load %{{.*}} : memref<?xbf16>, vector<32xbf16>
// CHECK-NEXT: vector.bitcast
// CHECK: vector.store %{{.*}} : memref<{{.*}}xi8>, vector<64xi8>
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tileloadd64"
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tdpbf16ps"
// CHECK-NOT: tdpb{{s|u}}
// CHECK: llvm.call_intrinsic "llvm.x86.tilerelease"
// VNNI-LABEL: func.func @inputs_of_bf16
// VNNI-NOT: tilezero
func.func @inputs_of_bf16(%x: memref<?x128xbf16>, %w: memref<2240xi8>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x128, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>}
    : (memref<?x128xbf16>, memref<2240xi8>)
  return
}

// -----

// A zero of floats is none that bf16 holds; rows that are no multiple of 32 would bring the next row's elements.
// CHECK-LABEL: func.func @zeros_of_floats
// CHECK-NOT: tilezero
func.func @zeros_of_floats(%x: memref<?x128xbf16>, %w: memref<2560xi8>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x128, #qopt.format<codes = u4, block = 64, scale = f32, zero = f32>, #qopt.layout<panels>>}
    : (memref<?x128xbf16>, memref<2560xi8>)
  return
}
func.func @ragged_rows(%x: memref<?x100xbf16>, %w: memref<2240xi8>, %y: memref<?x32xf32>) {
  qopt.matmul %x, %w outs(%y : memref<?x32xf32>) {weight_type =
    !qopt.qtensor<32x100, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>}
    : (memref<?x100xbf16>, memref<2240xi8>)
  return
}

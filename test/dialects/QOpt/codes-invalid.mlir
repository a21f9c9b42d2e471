// RUN: qopt-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{block}}
func.func private @block(!qopt.qtensor<64x256, #qopt.format<codes = u4, block = 40, scale = f16>, #qopt.layout<panels>>)

// -----

// expected-error @below {{codes}}
func.func private @bits(!qopt.qtensor<64x256, #qopt.format<codes = u9, block = 64, scale = f16>, #qopt.layout<panels>>)

// -----

// expected-error @below {{midpoint}}
func.func private @midpoint(!qopt.qtensor<64x256, #qopt.format<codes = s4, block = 64, scale = f16, zero = midpoint>, #qopt.layout<panels>>)

// -----

// expected-error @below {{expects a matrix NxK, but got 1 sizes}}
func.func private @rank(!qopt.qtensor<64, #qopt.format<codes = u4, block = 64, scale = f16>, #qopt.layout<panels>>)

// -----

// expected-error @below {{expects sizes of at least 1, but got 0x64}}
func.func private @empty(!qopt.qtensor<0x64, #qopt.format<codes = u4, block = 64, scale = f16>, #qopt.layout<panels>>)

// -----

!w = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16>, #qopt.layout<panels>>
func.func @bytes(%x: memref<?x256xf32>, %w: memref<64xi8>, %y: memref<?x64xf32>) {
  // expected-error @below {{'qopt.matmul' op expects a weight_type whose bytes are 'memref<64xi8>'}}
  qopt.matmul %x, %w outs(%y : memref<?x64xf32>) {weight_type = !w} : (memref<?x256xf32>, memref<64xi8>)
  return
}

// -----

func.func @type(%x: memref<?x256xf32>, %w: memref<8704xi8>, %y: memref<?x64xf32>) {
  // expected-error @below {{'qopt.matmul' op expects a weight_type whose bytes are 'memref<8704xi8>'}}
  qopt.matmul %x, %w outs(%y : memref<?x64xf32>) : (memref<?x256xf32>, memref<8704xi8>)
  return
}

// -----

!w = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16>, #qopt.layout<panels>>
func.func @scales(%c: tensor<?x256xi8>, %w: !w) {
  // expected-error @below {{'qopt.matmul' op expects scales and sums beside int8 codes alone}}
  %0 = qopt.matmul %c, %w : (tensor<?x256xi8>, !w) -> tensor<?x64xf32>
  return
}

// -----

!w = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16>, #qopt.layout<panels>>
func.func @groups(%c: tensor<?x256xi8>, %s: tensor<?x2xf32>, %z: tensor<?x4xi32>, %w: !w) {
  // expected-error @below {{'qopt.matmul' op expects sums for 4 groups and as many scales, or one, but got 4 and 2}}
  %0 = qopt.matmul %c, %w quantized(%s, %z : tensor<?x2xf32>, tensor<?x4xi32>) : (tensor<?x256xi8>, !w) -> tensor<?x64xf32>
  return
}

// -----

func.func @float_weight(%c: tensor<?x256xi8>, %s: tensor<?x1xf32>, %z: tensor<?x4xi32>, %w: tensor<64x256xf32>) {
  // expected-error @below {{'qopt.matmul' op expects a weight of codes for an input of codes}}
  %0 = qopt.matmul %c, %w quantized(%s, %z : tensor<?x1xf32>, tensor<?x4xi32>) : (tensor<?x256xi8>, tensor<64x256xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @sizes(%x: tensor<?x200xf32>) {
  // expected-error @below {{'qopt.quantize' op expects codes of i8, scales of f32 and sums of i32 with last sizes 256, 4 and 4}}
  %c, %s, %z = qopt.quantize %x {block = 64 : i64} : tensor<?x200xf32> -> tensor<?x200xi8>, tensor<?x4xf32>, tensor<?x4xi32>
  return
}

// -----

!y = memref<?x64xf32>

func.func @allocation_of_floats(%x: memref<?x256xf32>, %w: memref<2x256x32xf32>, %y: !y, %n: index) {
  // expected-error @below {{'qopt.fused' op expects items that share an allocation, and a product of codes that writes it}}
  qopt.fused items {
    %local = memref.alloc(%n) : !y
    qopt.matmul %x, %w outs(%local : !y) : (memref<?x256xf32>, memref<2x256x32xf32>)
    qopt.silu %local outs(%y : !y) : !y
  }
  return
}

// -----

!c = memref<?x256xi8>
!s = memref<?x4xf32>
!z = memref<?x4xi32>
!y = memref<?x64xf32>
!q = !qopt.qtensor<64x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>

func.func @allocation_apart(%c: !c, %s: !s, %z: !z, %w: memref<8832xi8>, %y: !y, %n: index) {
  // expected-error @below {{'qopt.fused' op expects items that share an allocation, and a product of codes that writes it}}
  qopt.fused apart {
    %local = memref.alloc(%n) : !y
    qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%local : !y) {weight_type = !q} : (!c, memref<8832xi8>)
    qopt.matmul %c, %w quantized(%s, %z : !s, !z) outs(%y : !y) {weight_type = !q} : (!c, memref<8832xi8>)
  }
  return
}

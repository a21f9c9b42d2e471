// RUN: qopt-opt %s -qopt-lower-kernels -split-input-file -verify-diagnostics

func.func @half_input(%x: memref<4x8xf16>, %y: memref<4x8xf16>) {
  // expected-error @+1 {{'qopt.silu' op cannot be lowered to a kernel: expects dense buffers of f32, but got 'memref<4x8xf16>'}}
  qopt.silu %x outs(%y : memref<4x8xf16>) : memref<4x8xf16>
  return
}

// -----

func.func @strided(%x: memref<4x8xf32, strided<[16, 1]>>, %y: memref<4x8xf32>) {
  // expected-error @+1 {{expects dense buffers of f32, but got 'memref<4x8xf32, strided<[16, 1]>>'}}
  qopt.gelu %x outs(%y : memref<4x8xf32>) : memref<4x8xf32, strided<[16, 1]>>
  return
}

// -----

func.func @not_packed(%x: memref<4x8xf32>, %w: memref<16x8xf32>, %y: memref<4x16xf32>) {
  // expected-remark @+1 {{weight is not packed in panels: every use packs it again}}
  qopt.matmul %x, %w outs(%y : memref<4x16xf32>) : (memref<4x8xf32>, memref<16x8xf32>)
  return
}

// -----

func.func @dynamic_weight(%x: memref<4x8xf32>, %w: memref<?x8xf32>, %y: memref<4x?xf32>) {
  // expected-error @+1 {{cannot be lowered to a kernel: expects constant K and N, but got 'memref<?x8xf32>' and 'memref<4x?xf32>'}}
  qopt.matmul %x, %w outs(%y : memref<4x?xf32>) : (memref<4x8xf32>, memref<?x8xf32>)
  return
}

// -----

func.func @cache_of_bf16(%q: memref<?x1x8xf32>, %kc: memref<?x1x?x8x32xbf16>, %vc: memref<?x1x?x32x8xbf16>, %past: index, %parts: memref<?x1x1088xi8>) {
  // expected-error @+1 {{cannot be lowered to a kernel: expects dense caches of f32, f16 or i8, but got 'memref<?x1x?x8x32xbf16>'}}
  qopt.attention %q, %q, %q cache(%kc, %vc, %past : memref<?x1x?x8x32xbf16>, memref<?x1x?x32x8xbf16>) parts(%parts : memref<?x1x1088xi8>) outs(%q : memref<?x1x8xf32>)
    {num_heads = 1 : i64, num_kv_heads = 1 : i64, scale = 1.0 : f64, empty_row = #qopt<empty_row zero>} : memref<?x1x8xf32>, memref<?x1x8xf32>, memref<?x1x8xf32>
  return
}

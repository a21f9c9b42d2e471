// RUN: printf 'rules:\n  - {match: {role: kv_cache, path: "layers.0.*"}, format: f16}\n  - {match: {role: kv_cache, path: "layers.1.*"}, format: int8-channel}\n' > %t.yaml
// RUN: qopt-opt %s --qopt-assign-storage=recipe=%t.yaml | FileCheck %s
// RUN: printf 'rules:\n  - {match: {role: kv_cache}, format: f32}\n' > %t.f32.yaml
// RUN: qopt-opt %s --qopt-assign-storage=recipe=%t.f32.yaml | FileCheck %s --check-prefix=F32
// RUN: qopt-opt %s --qopt-assign-storage=recipe=bf16 | FileCheck %s --check-prefix=F32
// RUN: printf 'rules:\n  - {match: {role: kv_cache, path: "layers.3.*"}, format: f16}\n' > %t.none.yaml
// RUN: not qopt-opt %s --qopt-assign-storage=recipe=%t.none.yaml 2>&1 | FileCheck %s --check-prefix=NONE

// Both functions read what the rule says: of codes so many bytes for 32 time
// steps with their scales. A rule for everything says nothing of caches.
// CHECK: qopt.cache @a {{.*}}path = "layers.0.attn", storage = f16, value_dim = 16 : i64}
// CHECK: qopt.cache @b {{.*}}path = "layers.1.attn", storage = i8, value_dim = 16 : i64}
// CHECK: qopt.cache @c {{.*}}path = "layers.2.attn", value_dim = 16 : i64}
// CHECK-COUNT-2: qopt.get_cache @a : memref<?x2x?x8x32xf16>, memref<?x2x?x32x16xf16>
// CHECK: qopt.get_cache @b : memref<?x2x?x384xi8>, memref<?x2x?x640xi8>
// CHECK: qopt.get_cache @c : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>

// F32-NOT: storage
// F32: qopt.get_cache @b : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>

// NONE: no cache matches {role: kv_cache, path: layers.3.*}
qopt.cache @a {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 16 : i64, path = "layers.0.attn"}
qopt.cache @b {heads = 2 : i64, index = 1 : i64, key_dim = 8 : i64, value_dim = 16 : i64, path = "layers.1.attn"}
qopt.cache @c {heads = 2 : i64, index = 2 : i64, key_dim = 8 : i64, value_dim = 16 : i64, path = "layers.2.attn"}
func.func @prefill() {
  %k, %v = qopt.get_cache @a : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  return
}
func.func @decode() {
  %k, %v = qopt.get_cache @a : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  %l, %w = qopt.get_cache @b : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  %m, %x = qopt.get_cache @c : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  return
}

// RUN: qopt-opt %s --mlir-print-local-scope | qopt-opt --mlir-print-local-scope | FileCheck %s
// RUN: qopt-opt %s --mlir-print-op-generic | qopt-opt --mlir-print-local-scope | FileCheck %s

// CHECK: qopt.signature {conditions = [{expression = "16 - n", message = "too long"}], inputs = [{name = "x", role = "plain", type = tensor<?xf32, #qopt.dims<"n">>}], messages = ["a"], outputs = [], scratch_bytes = 64 : i64, symbols = ["n"]}
qopt.signature {inputs = [{name = "x", role = "plain", type = tensor<?xf32, #qopt.dims<"n">>}], outputs = [], symbols = ["n"],
  conditions = [{expression = "16 - n", message = "too long"}], messages = ["a"], scratch_bytes = 64 : i64}
// CHECK: qopt.weight @range : tensor<2x4xf16> {file = "m.onnx", length = 16 : i64, offset = 64 : i64, packed = tensor<1x4x32xf32>, packed_offset = 128 : i64, transposed}
qopt.weight @range : tensor<2x4xf16> {file = "m.onnx", offset = 64 : i64, length = 16 : i64, transposed, packed = tensor<1x4x32xf32>, packed_offset = 128 : i64}
// CHECK: qopt.weight @value : tensor<2xf32> {value = dense<1.000000e+00> : tensor<2xf32>}
qopt.weight @value : tensor<2xf32> {value = dense<1.0> : tensor<2xf32>}
// CHECK: qopt.cache @cache0 {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
qopt.cache @cache0 {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 8 : i64}
// CHECK: qopt.cache @cache1 {heads = 2 : i64, index = 1 : i64, key_dim = 8 : i64, path = "p", storage = i8, value_dim = 16 : i64}
qopt.cache @cache1 {heads = 2 : i64, index = 1 : i64, key_dim = 8 : i64, value_dim = 16 : i64, storage = i8, path = "p"}

// CHECK-LABEL: func.func @tensors
func.func @tensors(%x: tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, %ids: tensor<2x?xi64, #qopt.dims<"2", "s">>, %w: tensor<16x16xf16>, %v: tensor<16xf32>,
                   %table: tensor<2x?x4xf32, #qopt.dims<"2", "s", "4">>, %f: tensor<2xf32>, %mask: tensor<1x1x?x?xf32, #qopt.dims<"1", "1", "s", "s">>) {
  // CHECK: qopt.get_weight @range : tensor<2x4xf32>
  %0 = qopt.get_weight @range : tensor<2x4xf32>
  // CHECK: qopt.dim "past + 2*s"
  %1 = qopt.dim "past + 2*s"
  // CHECK: qopt.reshape %{{.*}} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<?xf32, #qopt.dims<"32*s">>
  %2 = qopt.reshape %x : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<?xf32, #qopt.dims<"32*s">>
  // CHECK: qopt.embedding %{{.*}}[%{{.*}}] {path = "p", role = "embedding"} : tensor<16x16xf16>, tensor<2x?xi64, #qopt.dims<"2", "s">> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  %3 = qopt.embedding %w[%ids] {path = "p", role = "embedding"} : tensor<16x16xf16>, tensor<2x?xi64, #qopt.dims<"2", "s">> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.candidates %{{.*}} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<2x?x4xf32, #qopt.dims<"2", "s", "4">>, tensor<2x?x4xi64, #qopt.dims<"2", "s", "4">>
  %best, %whose = qopt.candidates %x : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<2x?x4xf32, #qopt.dims<"2", "s", "4">>, tensor<2x?x4xi64, #qopt.dims<"2", "s", "4">>
  // CHECK: qopt.matmul %{{.*}}, %{{.*}} : (tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<16x16xf16>) -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  %4 = qopt.matmul %x, %w : (tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<16x16xf16>) -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.matmul %{{.*}}, %{{.*}} extras(%{{.*}}, %{{.*}}) epilogue {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32):
  // CHECK-NEXT: %[[D:.*]] = arith.addf %[[A]], %[[B]]
  // CHECK-NEXT: qopt.yield %[[D]] : f32
  // CHECK-NEXT: } {path = "p", role = "other"} : ({{.*}}, tensor<16x16xf16>, tensor<16xf32>, tensor<2x?x16xf32, {{.*}}>) -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  %5 = qopt.matmul %x, %w extras(%v, %x) epilogue {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.addf %a, %b : f32
    qopt.yield %d : f32
  } {path = "p", role = "other"} : (tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<16x16xf16>, tensor<16xf32>, tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>) -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.rms_norm %{{.*}}, %{{.*}} {epsilon = 5.000000e-01 : f64} : {{.*}}, tensor<16xf32> -> {{.*}}
  %6 = qopt.rms_norm %x, %v {epsilon = 0.5 : f64} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<16xf32> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.layer_norm %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<16xf32>) {epsilon = 5.000000e-01 : f64, path = "p"}
  %7 = qopt.layer_norm %x, %v bias(%v : tensor<16xf32>) {epsilon = 0.5 : f64, path = "p"} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<16xf32> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.rotary_table %{{.*}}, %{{.*}} {scaling = 2.000000e+00 : f64} : tensor<2x?xi64, {{.*}}>, tensor<2xf32> -> tensor<2x?x4xf32, {{.*}}>
  %8 = qopt.rotary_table %ids, %f {scaling = 2.0 : f64} : tensor<2x?xi64, #qopt.dims<"2", "s">>, tensor<2xf32> -> tensor<2x?x4xf32, #qopt.dims<"2", "s", "4">>
  // CHECK: qopt.rotary %{{.*}}, %{{.*}} {interleaved, num_heads = 4 : i64}
  %9 = qopt.rotary %x, %table {interleaved, num_heads = 4 : i64} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<2x?x4xf32, #qopt.dims<"2", "s", "4">> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.attention %{{.*}}, %{{.*}}, %{{.*}} padding(%{{.*}} : tensor<2x?xi64, {{.*}}) mask(%{{.*}} : tensor<1x1x?x?xf32, {{.*}}) {causal, empty_row = #qopt<empty_row mean>, num_heads = 4 : i64, num_kv_heads = 4 : i64, scale = 5.000000e-01 : f64}
  %10 = qopt.attention %x, %x, %x padding(%ids : tensor<2x?xi64, #qopt.dims<"2", "s">>) mask(%mask : tensor<1x1x?x?xf32, #qopt.dims<"1", "1", "s", "s">>) {causal, empty_row = #qopt<empty_row mean>, num_heads = 4 : i64, num_kv_heads = 4 : i64, scale = 0.5 : f64} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.attention %{{.*}} {empty_row = #qopt<empty_row nan>, num_heads = 2 : i64
  %n = qopt.attention %x, %x, %x {empty_row = #qopt<empty_row nan>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>, tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">> -> tensor<2x?x16xf32, #qopt.dims<"2", "s", "16">>
  // CHECK: qopt.silu %{{.*}} : tensor<16xf32> -> tensor<16xf32>
  %11 = qopt.silu %v : tensor<16xf32> -> tensor<16xf32>
  // CHECK: qopt.gelu %{{.*}} : tensor<16xf32> -> tensor<16xf32>
  %12 = qopt.gelu %v : tensor<16xf32> -> tensor<16xf32>
  return
}

// CHECK-LABEL: func.func @buffers
func.func @buffers(%x: memref<2x?x16xf32>, %one: memref<2x1x16xf32>, %parts: memref<2x2x1088xi8>, %ids: memref<2x?xi64>, %w: memref<1x16x32xf16>, %v: memref<16xf32>, %table: memref<2x?x4xf32>, %f: memref<2xf32>, %n: index, %bad: i1) {
  // CHECK: qopt.get_cache @cache1 : memref<?x2x?x384xi8>, memref<?x2x?x640xi8>
  %ck, %cv = qopt.get_cache @cache1 : memref<?x2x?x384xi8>, memref<?x2x?x640xi8>
  // CHECK: %[[K:.*]], %[[V:.*]] = qopt.get_cache @cache0 : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>
  %k, %c = qopt.get_cache @cache0 : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>
  // CHECK: qopt.embedding %{{.*}}[%{{.*}}] outs(%{{.*}} : memref<2x?x16xf32>) {rows = 16 : i64} : memref<1x16x32xf16>, memref<2x?xi64>
  qopt.embedding %w[%ids] outs(%x : memref<2x?x16xf32>) {rows = 16 : i64} : memref<1x16x32xf16>, memref<2x?xi64>
  %values = memref.alloc() : memref<2x1x8xf32>
  %tokens = memref.alloc() : memref<2x1x8xi64>
  %locks = memref.alloc() : memref<2x1x16xi32>
  // CHECK: qopt.candidates %{{.*}} outs(%{{.*}}, %{{.*}}, %{{.*}} : memref<2x1x8xf32>, memref<2x1x8xi64>, memref<2x1x16xi32>) : memref<2x?x16xf32>
  qopt.candidates %x outs(%values, %tokens, %locks : memref<2x1x8xf32>, memref<2x1x8xi64>, memref<2x1x16xi32>) : memref<2x?x16xf32>
  // CHECK: qopt.matmul %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x16xf32>) candidates(%{{.*}}, %{{.*}}, %{{.*}} : memref<2x1x8xf32>, memref<2x1x8xi64>, memref<2x1x16xi32>) :
  qopt.matmul %x, %w outs(%x : memref<2x?x16xf32>) candidates(%values, %tokens, %locks : memref<2x1x8xf32>, memref<2x1x8xi64>, memref<2x1x16xi32>) : (memref<2x?x16xf32>, memref<1x16x32xf16>)
  // CHECK: qopt.matmul %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x16xf32>) : (memref<2x?x16xf32>, memref<1x16x32xf16>)
  qopt.matmul %x, %w outs(%x : memref<2x?x16xf32>) : (memref<2x?x16xf32>, memref<1x16x32xf16>)
  // CHECK: qopt.rms_norm %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x16xf32>) {epsilon
  qopt.rms_norm %x, %v outs(%x : memref<2x?x16xf32>) {epsilon = 0.5 : f64} : memref<2x?x16xf32>, memref<16xf32>
  // CHECK: qopt.layer_norm %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x16xf32>) {epsilon
  qopt.layer_norm %x, %v outs(%x : memref<2x?x16xf32>) {epsilon = 0.5 : f64} : memref<2x?x16xf32>, memref<16xf32>
  // CHECK: qopt.rotary_table %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x4xf32>)
  qopt.rotary_table %ids, %f outs(%table : memref<2x?x4xf32>) : memref<2x?xi64>, memref<2xf32>
  // CHECK: qopt.rotary %{{.*}}, %{{.*}} outs(%{{.*}} : memref<2x?x16xf32>) {num_heads = 4 : i64}
  qopt.rotary %x, %table outs(%x : memref<2x?x16xf32>) {num_heads = 4 : i64} : memref<2x?x16xf32>, memref<2x?x4xf32>
  // CHECK: qopt.attention %{{.*}}, %{{.*}}, %{{.*}} cache(%[[K]], %[[V]], %{{.*}} : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) outs(%{{.*}} : memref<2x?x16xf32>) {empty_row = #qopt<empty_row zero>
  qopt.attention %x, %x, %x cache(%k, %c, %n : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) outs(%x : memref<2x?x16xf32>) {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : memref<2x?x16xf32>, memref<2x?x16xf32>, memref<2x?x16xf32>
  // CHECK: qopt.attention {{.*}}cache({{.*}}) parts(%{{.*}} : memref<2x2x1088xi8>) outs(
  qopt.attention %one, %one, %one cache(%k, %c, %n : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>) parts(%parts : memref<2x2x1088xi8>) outs(%one : memref<2x1x16xf32>) {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : memref<2x1x16xf32>, memref<2x1x16xf32>, memref<2x1x16xf32>
  // CHECK: qopt.silu %{{.*}} outs(%{{.*}} : memref<16xf32>) : memref<16xf32>
  qopt.silu %v outs(%v : memref<16xf32>) : memref<16xf32>
  // CHECK: qopt.gelu %{{.*}} outs(%{{.*}} : memref<16xf32>) : memref<16xf32>
  qopt.gelu %v outs(%v : memref<16xf32>) : memref<16xf32>
  // CHECK: qopt.fail_if %{{.*}}, "bad"
  qopt.fail_if %bad, "bad"
  // CHECK: qopt.scratch : memref<64xi8>
  %s = qopt.scratch : memref<64xi8>
  return
}

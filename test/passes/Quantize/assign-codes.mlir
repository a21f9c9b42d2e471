// RUN: qopt-opt %s --qopt-assign-storage=recipe=w4a8 | FileCheck %s
// RUN: printf 'rules:\n  - match: {path: "*.up"}\n    format: int4-g32\n    method: {name: rtn, search: minmax}\n' > %t.yaml
// RUN: qopt-opt %s --qopt-assign-storage=recipe=%t.yaml | FileCheck %s --check-prefix=PATH
// RUN: printf 'rules:\n  - match: {role: gate_up}\n    format: f16\n  - match: {role: down}\n    format: f16\n' > %t.none.yaml
// RUN: printf 'rules:\n  - {match: {role: embedding}, format: int8-channel}\n' > %t.tied.yaml
// RUN: qopt-opt %s --qopt-assign-storage=recipe=%t.tied.yaml | FileCheck %s --check-prefix=TIED
// RUN: printf 'rules:\n  - {match: {role: embedding}, format: int8-channel}\n  - {match: {role: head}, format: int4-g64}\n' > %t.both.yaml
// RUN: qopt-opt %s --qopt-assign-storage=recipe=%t.both.yaml 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not qopt-opt %s --qopt-assign-storage=recipe=%t.none.yaml 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not qopt-opt %s --qopt-assign-storage=recipe=w5 2>&1 | FileCheck %s --check-prefix=NAME

// Codes by role; the tied table is one weight, read by both from its panels.
// CHECK: qopt.weight @tied {{.*}}method = "rtn", packed = !qopt.qtensor<40x64, #qopt.format<codes = s8, block = channel, scale = f32>
// CHECK: qopt.weight @up {{.*}}method = "rtn", packed = !qopt.qtensor<40x64, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>
// CHECK: qopt.weight @scale {{.*}}packed = tensor<64xf32>
// CHECK: %[[TABLE:.*]] = qopt.get_weight @tied : !qopt.qtensor<40x64
// CHECK: qopt.embedding %[[TABLE]]
// CHECK: qopt.matmul {{.*}}activations = "int8-block"{{.*}}role = "gate_up"
// CHECK: qopt.matmul {{.*}}activations = "int8-token"{{.*}}role = "head"

// What no rule matches stays f32.
// PATH: qopt.weight @tied {{.*}}packed = tensor<2x64x32xf32>
// PATH: qopt.weight @up {{.*}}method_options = {search = "minmax"}, packed = !qopt.qtensor<40x64, #qopt.format<codes = u4, block = 32
// PATH: qopt.embedding {{.*}}rows = 40 : i64

// Of a tied table the head's rule, and the embedding's where there is none.
// TIED: qopt.weight @tied {{.*}}packed = !qopt.qtensor<40x64, #qopt.format<codes = s8, block = channel, scale = f32>
// BOTH: remark: the table is the weight of a product too: the product's rule holds for both
// BOTH: qopt.weight @tied {{.*}}packed = !qopt.qtensor<40x64, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>

// NONE: none.yaml:4:5: no weight matches {role: down}
// NAME: unknown recipe 'w5'
qopt.weight @tied : tensor<40x64xf32> {file = "m.onnx", length = 10240 : i64}
qopt.weight @up : tensor<40x64xf32> {file = "m.onnx", length = 10240 : i64}
qopt.weight @scale : tensor<64xf32> {file = "m.onnx", length = 256 : i64}
func.func @f(%ids: tensor<2xi64>) -> (tensor<2x40xf32>, tensor<2x40xf32>) {
  %table = qopt.get_weight @tied : tensor<40x64xf32>
  %up = qopt.get_weight @up : tensor<40x64xf32>
  %scale = qopt.get_weight @scale : tensor<64xf32>
  %0 = qopt.embedding %table[%ids] {role = "embedding"} : tensor<40x64xf32>, tensor<2xi64> -> tensor<2x64xf32>
  %1 = qopt.rms_norm %0, %scale {epsilon = 1.0e-5 : f64} : tensor<2x64xf32>, tensor<64xf32> -> tensor<2x64xf32>
  %2 = qopt.matmul %1, %up {path = "layers.0.up", role = "gate_up"} : (tensor<2x64xf32>, tensor<40x64xf32>) -> tensor<2x40xf32>
  %3 = qopt.matmul %1, %table {path = "head", role = "head"} : (tensor<2x64xf32>, tensor<40x64xf32>) -> tensor<2x40xf32>
  return %2, %3 : tensor<2x40xf32>, tensor<2x40xf32>
}

// RUN: qopt-opt %s --qopt-assign-storage --split-input-file | FileCheck %s --check-prefixes=CHECK,F32
// RUN: qopt-opt %s --qopt-assign-storage=recipe=f16 --split-input-file | FileCheck %s --check-prefixes=CHECK,F16
// RUN: qopt-opt %s --qopt-assign-storage=recipe=bf16 --split-input-file | FileCheck %s --check-prefixes=CHECK,BF16

// Products lie in panels of 32 columns (40 are two panels), tables row by row,
// both in the storage type; what is computed with, in f32, whatever the file
// has; integers as they are. Places follow the first use, on cache lines: a
// panel of f32 is 1024 bytes. Nobody reads the last.
// CHECK-LABEL: module {
// F32-DAG: qopt.weight @table : tensor<5x8xf32> {{.*}}packed = tensor<5x8xf32>, packed_offset = 0 : i64
// F32-DAG: qopt.weight @scale : tensor<8xf16> {{.*}}packed = tensor<8xf32>, packed_offset = 192 : i64
// F32-DAG: qopt.weight @up : tensor<40x8xf32> {{.*}}packed = tensor<2x8x32xf32>, packed_offset = 256 : i64
// F32-DAG: qopt.weight @steps : tensor<40xi64> {{.*}}packed = tensor<40xi64>, packed_offset = 2304 : i64
// F16-DAG: qopt.weight @table : tensor<5x8xf32> {{.*}}packed = tensor<5x8xf16>, packed_offset = 0 : i64
// F16-DAG: qopt.weight @scale : tensor<8xf16> {{.*}}packed = tensor<8xf32>, packed_offset = 128 : i64
// F16-DAG: qopt.weight @up : tensor<40x8xf32> {{.*}}packed = tensor<2x8x32xf16>, packed_offset = 192 : i64
// F16-DAG: qopt.weight @steps : tensor<40xi64> {{.*}}packed = tensor<40xi64>, packed_offset = 1216 : i64
// BF16-DAG: qopt.weight @table : {{.*}}packed = tensor<5x8xbf16>
// BF16-DAG: qopt.weight @scale : {{.*}}packed = tensor<8xf32>
// BF16-DAG: qopt.weight @up : {{.*}}packed = tensor<2x8x32xbf16>
// BF16-DAG: qopt.weight @steps : {{.*}}packed = tensor<40xi64>
// CHECK-NOT: qopt.weight @unread
// CHECK: func.func @f
// F32: %[[TABLE:.*]] = qopt.get_weight @table : tensor<5x8xf32>
// F16: %[[TABLE:.*]] = qopt.get_weight @table : tensor<5x8xf16>
// BF16: %[[TABLE:.*]] = qopt.get_weight @table : tensor<5x8xbf16>
// CHECK: %[[SCALE:.*]] = qopt.get_weight @scale : tensor<8xf32>
// F32: %[[UP:.*]] = qopt.get_weight @up : tensor<2x8x32xf32>
// F16: %[[UP:.*]] = qopt.get_weight @up : tensor<2x8x32xf16>
// BF16: %[[UP:.*]] = qopt.get_weight @up : tensor<2x8x32xbf16>
// CHECK: %[[STEPS:.*]] = qopt.get_weight @steps : tensor<40xi64>
// CHECK: qopt.embedding %[[TABLE]][
// CHECK: qopt.rms_norm %{{.*}}, %[[SCALE]]
// CHECK: qopt.matmul %{{.*}}, %[[UP]] {{.*}} -> tensor<2x40xf32>
qopt.weight @unread : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
qopt.weight @steps : tensor<40xi64> {file = "m.onnx", length = 320 : i64}
qopt.weight @scale : tensor<8xf16> {file = "m.onnx", length = 16 : i64}
qopt.weight @up : tensor<40x8xf32> {file = "m.onnx", length = 1280 : i64}
qopt.weight @table : tensor<5x8xf32> {file = "m.onnx", length = 160 : i64}
func.func @f(%ids: tensor<2xi64>) -> (tensor<2x40xf32>, tensor<40xi64>) {
  %table = qopt.get_weight @table : tensor<5x8xf32>
  %scale = qopt.get_weight @scale : tensor<8xf32>
  %up = qopt.get_weight @up : tensor<40x8xf32>
  %steps = qopt.get_weight @steps : tensor<40xi64>
  %0 = qopt.embedding %table[%ids] : tensor<5x8xf32>, tensor<2xi64> -> tensor<2x8xf32>
  %1 = qopt.rms_norm %0, %scale {epsilon = 1.0e-5 : f64} : tensor<2x8xf32>, tensor<8xf32> -> tensor<2x8xf32>
  %2 = qopt.matmul %1, %up : (tensor<2x8xf32>, tensor<40x8xf32>) -> tensor<2x40xf32>
  %3 = onnx.node "Neg"(%steps) {opset = 17 : i64} : (tensor<40xi64>) -> tensor<40xi64>
  return %2, %3 : tensor<2x40xf32>, tensor<40xi64>
}

// -----

// A table that is the weight of a product too is read from the panels.
// CHECK-LABEL: module {
// CHECK-COUNT-1: qopt.weight @
// CHECK-NOT: qopt.weight @
// CHECK: func.func @f
// F16: %[[A:.*]] = qopt.get_weight @tied : tensor<2x8x32xf16>
// F16: %[[B:.*]] = qopt.get_weight @tied : tensor<2x8x32xf16>
// F16: qopt.embedding %[[A]]{{.*}} -> tensor<2x8xf32>
// F16: qopt.matmul %{{.*}}, %[[B]] {{.*}} -> tensor<2x40xf32>
qopt.weight @tied : tensor<40x8xf32> {file = "m.onnx", length = 1280 : i64}
func.func @f(%ids: tensor<2xi64>) -> tensor<2x40xf32> {
  %table = qopt.get_weight @tied : tensor<40x8xf32>
  %head = qopt.get_weight @tied : tensor<40x8xf32>
  %0 = qopt.embedding %table[%ids] : tensor<40x8xf32>, tensor<2xi64> -> tensor<2x8xf32>
  %1 = qopt.matmul %0, %head : (tensor<2x8xf32>, tensor<40x8xf32>) -> tensor<2x40xf32>
  return %1 : tensor<2x40xf32>
}

// -----

// A weight that other ops read too lies there twice; what a product has as input
// is no weight of it.
// CHECK-LABEL: module {
// F16-DAG: qopt.weight @w : tensor<32x32xf32> {{.*}}packed = tensor<1x32x32xf16>
// F16-DAG: qopt.weight @w.dense : tensor<32x32xf32> {file = "m.onnx", length = 4096 : i64, offset = 64 : i64, packed = tensor<32x32xf32>
// CHECK: func.func @twice
// CHECK-DAG: %[[DENSE:.*]] = qopt.get_weight @w.dense : tensor<32x32xf32>
// F16-DAG: %[[PANELS:.*]] = qopt.get_weight @w : tensor<1x32x32xf16>
// F16: onnx.node "Neg"(%[[DENSE]])
// F16: %[[AGAIN:.*]] = qopt.get_weight @w.dense : tensor<32x32xf32>
// F16: qopt.matmul %[[AGAIN]], %[[PANELS]]
qopt.weight @w : tensor<32x32xf32> {file = "m.onnx", offset = 64 : i64, length = 4096 : i64}
func.func @twice() -> (tensor<32x32xf32>, tensor<32x32xf32>) {
  %w = qopt.get_weight @w : tensor<32x32xf32>
  %0 = onnx.node "Neg"(%w) {opset = 17 : i64} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %again = qopt.get_weight @w : tensor<32x32xf32>
  %1 = qopt.matmul %again, %w : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  return %0, %1 : tensor<32x32xf32>, tensor<32x32xf32>
}

// -----

// Double precision is never computed with in f32.
// CHECK-LABEL: module {
// CHECK: qopt.weight @d : {{.*}}packed = tensor<8xf64>, packed_offset = 0 : i64
// CHECK: qopt.get_weight @d : tensor<8xf64>
qopt.weight @d : tensor<8xf64> {file = "m.onnx", length = 64 : i64}
func.func @double() -> tensor<8xf64> {
  %d = qopt.get_weight @d : tensor<8xf64>
  %0 = onnx.node "Neg"(%d) {opset = 17 : i64} : (tensor<8xf64>) -> tensor<8xf64>
  return %0 : tensor<8xf64>
}

// -----

// Factors stay without a place of their own, and those of factors; what only an
// unread weight needs goes with it. One that is read as well is stored as it is.
// CHECK-LABEL: module {
// CHECK-NOT: @unread
// CHECK-NOT: @of_unread
// CHECK: qopt.weight @w : tensor<32x8xf32> {column_factor = @product, file = "m.onnx", length = 1024 : i64, packed = {{.*}}, packed_offset = 0 : i64, row_factor = @read}
// CHECK: qopt.weight @product : tensor<8xf32> {column_factor = @one, file = "m.onnx", length = 32 : i64}
// CHECK: qopt.weight @one : tensor<1xf32> {value = dense<2.000000e+00> : tensor<1xf32>}
// CHECK: qopt.weight @read : tensor<32xf32> {file = "m.onnx", length = 128 : i64, packed = tensor<32xf32>, packed_offset = {{[0-9]+}} : i64}
qopt.weight @unread : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @of_unread}
qopt.weight @of_unread : tensor<1xf32> {value = dense<3.0> : tensor<1xf32>}
qopt.weight @w : tensor<32x8xf32> {file = "m.onnx", length = 1024 : i64, column_factor = @product, row_factor = @read}
qopt.weight @product : tensor<8xf32> {file = "m.onnx", length = 32 : i64, column_factor = @one}
qopt.weight @one : tensor<1xf32> {value = dense<2.0> : tensor<1xf32>}
qopt.weight @read : tensor<32xf32> {file = "m.onnx", length = 128 : i64}
func.func @factors(%x: tensor<4x8xf32>) -> (tensor<4x32xf32>, tensor<32xf32>) {
  %w = qopt.get_weight @w : tensor<32x8xf32>
  %read = qopt.get_weight @read : tensor<32xf32>
  %0 = qopt.matmul %x, %w : (tensor<4x8xf32>, tensor<32x8xf32>) -> tensor<4x32xf32>
  return %0, %read : tensor<4x32xf32>, tensor<32xf32>
}

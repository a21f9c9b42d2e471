// RUN: qopt-opt %s --qopt-raise-movement --mlir-print-local-scope | FileCheck %s

// CHECK-LABEL: func.func @views_in_a_row(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: %[[VIEW:.*]] = qopt.reshape %[[X]] : tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">> -> tensor<?xf32, #qopt.dims<"8*n">>
// CHECK-NEXT: return %[[VIEW]]
func.func @views_in_a_row(%x: tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">>) -> tensor<?xf32, #qopt.dims<"8*n">> {
  %0 = onnx.node "Squeeze"(%x) {opset = 17 : i64} : (tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">>) -> tensor<?x8xf32, #qopt.dims<"n", "8">>
  %1 = onnx.node "Identity"(%0) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<?x8xf32, #qopt.dims<"n", "8">>
  %2 = onnx.node "Unsqueeze"(%1) {opset = 17 : i64} : (tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">>
  %3 = onnx.node "Flatten"(%2) {opset = 17 : i64} : (tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">>) -> tensor<1x?xf32, #qopt.dims<"1", "8*n">>
  %4 = onnx.node "Reshape"(%3) {opset = 17 : i64} : (tensor<1x?xf32, #qopt.dims<"1", "8*n">>) -> tensor<?xf32, #qopt.dims<"8*n">>
  return %4 : tensor<?xf32, #qopt.dims<"8*n">>
}

// CHECK-LABEL: func.func @there_and_back(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: return %[[X]]
func.func @there_and_back(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = onnx.node "Reshape"(%x) {opset = 17 : i64} : (tensor<4x8xf32>) -> tensor<32xf32>
  %1 = onnx.node "Reshape"(%0) {opset = 17 : i64} : (tensor<32xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @a_view_that_is_read_stays(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-DAG: %[[FLAT:.*]] = qopt.reshape %[[X]] : tensor<4x8xf32> -> tensor<32xf32>
// CHECK-DAG: %[[SPLIT:.*]] = qopt.reshape %[[X]] : tensor<4x8xf32> -> tensor<8x4xf32>
// CHECK: return %[[FLAT]], %[[SPLIT]]
func.func @a_view_that_is_read_stays(%x: tensor<4x8xf32>) -> (tensor<32xf32>, tensor<8x4xf32>) {
  %0 = onnx.node "Reshape"(%x) {opset = 17 : i64} : (tensor<4x8xf32>) -> tensor<32xf32>
  %1 = onnx.node "Reshape"(%0) {opset = 17 : i64} : (tensor<32xf32>) -> tensor<8x4xf32>
  return %0, %1 : tensor<32xf32>, tensor<8x4xf32>
}

// A reshape to sizes that nobody knows stays a node, and so does one of
// another domain.
// CHECK-LABEL: func.func @unknown_sizes(
// CHECK-NOT: qopt.reshape
// CHECK: onnx.node "Reshape"
// CHECK-NOT: qopt.reshape
// CHECK: onnx.node "Reshape"
// CHECK-NOT: qopt.reshape
func.func @unknown_sizes(%x: tensor<4x8xf32>, %s: tensor<2xi64>) -> (tensor<?x?xf32>, tensor<32xf32>) {
  %0 = onnx.node "Reshape"(%x, %s) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %1 = onnx.node "Reshape"(%x, %s) {domain = "com.example", opset = 1 : i64} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<32xf32>
  return %0, %1 : tensor<?x?xf32>, tensor<32xf32>
}

// The result's dimension i is the middle's perm2[i], the input's perm1[perm2[i]].
// CHECK-LABEL: func.func @two_transposes_are_one(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: %[[T:.*]] = onnx.node "Transpose"(%[[X]]) {{.*}}perm = [1, 0, 3, 2]{{.*}} : (tensor<2x3x4x5xf32>) -> tensor<3x2x5x4xf32>
// CHECK-NEXT: return %[[T]]
func.func @two_transposes_are_one(%x: tensor<2x3x4x5xf32>) -> tensor<3x2x5x4xf32> {
  %0 = onnx.node "Transpose"(%x) {opset = 17 : i64, parameters = {perm = [3, 1, 0, 2]}} : (tensor<2x3x4x5xf32>) -> tensor<5x3x2x4xf32>
  %1 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [1, 2, 0, 3]}} : (tensor<5x3x2x4xf32>) -> tensor<3x2x5x4xf32>
  return %1 : tensor<3x2x5x4xf32>
}

// Without a permutation a transpose reverses the dimensions.
// CHECK-LABEL: func.func @reversed_twice(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: return %[[X]]
func.func @reversed_twice(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = onnx.node "Transpose"(%x) {opset = 17 : i64} : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
  %1 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [2, 1, 0]}} : (tensor<4x3x2xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @moving_ones_moves_nothing(
// CHECK-NEXT: %[[VIEW:.*]] = qopt.reshape %{{.*}} : tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">> -> tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">>
// CHECK-NEXT: return %[[VIEW]]
func.func @moving_ones_moves_nothing(%x: tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">>) -> tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">> {
  %0 = onnx.node "Transpose"(%x) {opset = 17 : i64, parameters = {perm = [1, 0, 2]}} : (tensor<?x1x8xf32, #qopt.dims<"n", "1", "8">>) -> tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">>
  return %0 : tensor<1x?x8xf32, #qopt.dims<"1", "n", "8">>
}

// A size that is a symbol may be more than one.
// CHECK-LABEL: func.func @symbols_are_not_ones(
// CHECK-NOT: qopt.reshape
// CHECK: onnx.node "Transpose"
// CHECK-NOT: qopt.reshape
func.func @symbols_are_not_ones(%x: tensor<?x?xf32, #qopt.dims<"n", "m">>) -> tensor<?x?xf32, #qopt.dims<"m", "n">> {
  %0 = onnx.node "Transpose"(%x) {opset = 17 : i64} : (tensor<?x?xf32, #qopt.dims<"n", "m">>) -> tensor<?x?xf32, #qopt.dims<"m", "n">>
  return %0 : tensor<?x?xf32, #qopt.dims<"m", "n">>
}

// CHECK-LABEL: func.func @transpose_of_merged_heads(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: %[[T:.*]] = onnx.node "Transpose"(%[[X]]) {{.*}}perm = [0, 1, 3, 2]{{.*}} -> tensor<?x4x64x?xf32, #qopt.dims<"b", "4", "64", "s">>
// CHECK-NEXT: return %[[T]]
func.func @transpose_of_merged_heads(%x: tensor<?x4x?x64xf32, #qopt.dims<"b", "4", "s", "64">>) -> tensor<?x4x64x?xf32, #qopt.dims<"b", "4", "64", "s">> {
  %0 = onnx.node "Reshape"(%x) {opset = 17 : i64} : (tensor<?x4x?x64xf32, #qopt.dims<"b", "4", "s", "64">>) -> tensor<?x?x64xf32, #qopt.dims<"4*b", "s", "64">>
  %1 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [0, 2, 1]}} : (tensor<?x?x64xf32, #qopt.dims<"4*b", "s", "64">>) -> tensor<?x64x?xf32, #qopt.dims<"4*b", "64", "s">>
  %2 = onnx.node "Reshape"(%1) {opset = 17 : i64} : (tensor<?x64x?xf32, #qopt.dims<"4*b", "64", "s">>) -> tensor<?x4x64x?xf32, #qopt.dims<"b", "4", "64", "s">>
  return %2 : tensor<?x4x64x?xf32, #qopt.dims<"b", "4", "64", "s">>
}

// Merged as [b, 4], split as [4, b]: the heads of the batches are mixed.
// The transpose of the whole is then one of the input seen as [4, b, s, 64].
// CHECK-LABEL: func.func @split_in_another_order(
// CHECK-NEXT: %[[VIEW:.*]] = qopt.reshape %{{.*}} -> tensor<4x?x?x64xf32, #qopt.dims<"4", "b", "s", "64">>
// CHECK-NEXT: %[[T:.*]] = onnx.node "Transpose"(%[[VIEW]]) {{.*}}perm = [0, 1, 3, 2]
// CHECK-NEXT: return %[[T]]
func.func @split_in_another_order(%x: tensor<?x4x?x64xf32, #qopt.dims<"b", "4", "s", "64">>) -> tensor<4x?x64x?xf32, #qopt.dims<"4", "b", "64", "s">> {
  %0 = onnx.node "Reshape"(%x) {opset = 17 : i64} : (tensor<?x4x?x64xf32, #qopt.dims<"b", "4", "s", "64">>) -> tensor<?x?x64xf32, #qopt.dims<"4*b", "s", "64">>
  %1 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [0, 2, 1]}} : (tensor<?x?x64xf32, #qopt.dims<"4*b", "s", "64">>) -> tensor<?x64x?xf32, #qopt.dims<"4*b", "64", "s">>
  %2 = onnx.node "Reshape"(%1) {opset = 17 : i64} : (tensor<?x64x?xf32, #qopt.dims<"4*b", "64", "s">>) -> tensor<4x?x64x?xf32, #qopt.dims<"4", "b", "64", "s">>
  return %2 : tensor<4x?x64x?xf32, #qopt.dims<"4", "b", "64", "s">>
}

// The split crosses the dimension that moved, or the first dimension moved.
// CHECK-LABEL: func.func @splits_something_else(
// CHECK: onnx.node "Transpose"({{.*}}perm = [0, 2, 1]{{.*}} -> tensor<6x4x8xf32>
// CHECK: qopt.reshape %{{.*}} : tensor<6x4x8xf32> -> tensor<6x2x2x8xf32>
// CHECK: onnx.node "Transpose"({{.*}}perm = [1, 0, 2]{{.*}} -> tensor<8x6x4xf32>
// CHECK: qopt.reshape %{{.*}} : tensor<8x6x4xf32> -> tensor<2x4x6x4xf32>
func.func @splits_something_else(%x: tensor<2x3x8x4xf32>) -> (tensor<6x2x2x8xf32>, tensor<2x4x6x4xf32>) {
  %0 = onnx.node "Reshape"(%x) {opset = 17 : i64} : (tensor<2x3x8x4xf32>) -> tensor<6x8x4xf32>
  %1 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [0, 2, 1]}} : (tensor<6x8x4xf32>) -> tensor<6x4x8xf32>
  %2 = onnx.node "Reshape"(%1) {opset = 17 : i64} : (tensor<6x4x8xf32>) -> tensor<6x2x2x8xf32>
  %3 = onnx.node "Transpose"(%0) {opset = 17 : i64, parameters = {perm = [1, 0, 2]}} : (tensor<6x8x4xf32>) -> tensor<8x6x4xf32>
  %4 = onnx.node "Reshape"(%3) {opset = 17 : i64} : (tensor<8x6x4xf32>) -> tensor<2x4x6x4xf32>
  return %2, %4 : tensor<6x2x2x8xf32>, tensor<2x4x6x4xf32>
}

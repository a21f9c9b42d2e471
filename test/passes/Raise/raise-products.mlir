// RUN: qopt-opt %s --qopt-raise-products --mlir-print-local-scope | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!y = tensor<?x4xf32, #qopt.dims<"n", "4">>

// A copy of the declaration that reads the same bytes the other way round; of
// one that is transposed already, the plain one.
// CHECK-DAG: qopt.weight @up.weight : tensor<8x4xf32> {file = "m.onnx", length = 128 : i64, offset = 64 : i64}
// CHECK-DAG: qopt.weight @up.weight.transposed : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64, offset = 64 : i64, transposed}
// CHECK-DAG: qopt.weight @turned : tensor<8x4xf32> {file = "m.onnx", length = 128 : i64, transposed}
// CHECK-DAG: qopt.weight @turned.transposed : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64}
// CHECK-DAG: qopt.weight @half.transposed : tensor<4x8xf16> {file = "m.onnx", length = 64 : i64, transposed}
// CHECK-NOT: qopt.weight @rows.transposed
// CHECK-NOT: qopt.weight @inline.transposed
qopt.weight @up.weight : tensor<8x4xf32> {file = "m.onnx", offset = 64 : i64, length = 128 : i64}
qopt.weight @turned : tensor<8x4xf32> {file = "m.onnx", length = 128 : i64, transposed}
qopt.weight @half : tensor<8x4xf16> {file = "m.onnx", length = 64 : i64}
qopt.weight @rows : tensor<4x8xf32> {file = "m.onnx", length = 128 : i64}
qopt.weight @inline : tensor<8x4xf32> {value = dense<1.0> : tensor<8x4xf32>}

// MatMul's factor is [K, N], the product's weight [N, K].
// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: %[[W:.*]] = qopt.get_weight @up.weight.transposed : tensor<4x8xf32>
// CHECK: %[[Y:.*]] = qopt.matmul %[[X]], %[[W]] {path = "up"} : (tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<4x8xf32>) -> tensor<?x4xf32, #qopt.dims<"n", "4">>
// CHECK-NEXT: return %[[Y]]
func.func @matmul(%x: !x) -> !y {
  %w = qopt.get_weight @up.weight : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%x, %w) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  return %0 : !y
}

// CHECK-LABEL: func.func @transposed_in_the_file(
// CHECK: %[[W:.*]] = qopt.get_weight @turned.transposed : tensor<4x8xf32>
// CHECK: qopt.matmul %{{.*}}, %[[W]]
func.func @transposed_in_the_file(%x: !x) -> !y {
  %w = qopt.get_weight @turned : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%x, %w) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  return %0 : !y
}

// A transpose of [N, K] gives [K, N]: the weight is read as it lies.
// CHECK-LABEL: func.func @transpose_node(
// CHECK: %[[W:.*]] = qopt.get_weight @rows : tensor<4x8xf32>
// CHECK: qopt.matmul %{{.*}}, %[[W]]
// CHECK-NOT: Transpose
func.func @transpose_node(%x: !x) -> !y {
  %w = qopt.get_weight @rows : tensor<4x8xf32>
  %0 = onnx.node "Transpose"(%w) {opset = 17 : i64, parameters = {perm = [1, 0]}} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %1 = onnx.node "MatMul"(%x, %0) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  return %1 : !y
}

// The weight keeps its type in the file, the read is in f32.
// CHECK-LABEL: func.func @half_in_the_file(
// CHECK: %[[W:.*]] = qopt.get_weight @half.transposed : tensor<4x8xf32>
// CHECK: qopt.matmul %{{.*}}, %[[W]]
func.func @half_in_the_file(%x: !x) -> !y {
  %w = qopt.get_weight @half : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%x, %w) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  return %0 : !y
}

// CHECK-LABEL: func.func @gemm(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[BIAS:[a-z0-9]*]]: tensor<4xf32>
// CHECK: %[[W:.*]] = qopt.get_weight @up.weight.transposed
// CHECK: %[[A:.*]] = qopt.matmul %[[X]], %[[W]]
// CHECK-NEXT: %[[SUM:.*]] = onnx.node "Add"(%[[A]], %[[BIAS]])
// CHECK: %[[B:.*]] = qopt.matmul %[[X]], %{{.*}} {path = "rows"} : ({{.*}}, tensor<4x8xf32>)
// CHECK: return %[[SUM]], %[[B]]
func.func @gemm(%x: !x, %bias: tensor<4xf32>) -> (!y, !y) {
  %w = qopt.get_weight @up.weight : tensor<8x4xf32>
  %rows = qopt.get_weight @rows : tensor<4x8xf32>
  %0 = onnx.node "Gemm"(%x, %w, %bias) {opset = 17 : i64} : (!x, tensor<8x4xf32>, tensor<4xf32>) -> !y
  %1 = onnx.node "Gemm"(%x, %rows) {opset = 17 : i64, parameters = {transB = 1 : i64}, scope = "rows"} : (!x, tensor<4x8xf32>) -> !y
  return %0, %1 : !y, !y
}

// Factors are Mul nodes; beta without a bias is none.
// CHECK-LABEL: func.func @gemm_with_factors(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[BIAS:[a-z0-9]*]]: tensor<4xf32>
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2.000000e+00> : tensor<f32>
// CHECK-DAG: %[[THREE:.*]] = arith.constant dense<3.000000e+00> : tensor<f32>
// CHECK: %[[A:.*]] = qopt.matmul %[[X]]
// CHECK: %[[SCALED:.*]] = onnx.node "Mul"(%[[A]], %[[TWO]])
// CHECK: %[[B:.*]] = qopt.matmul %[[X]]
// CHECK-DAG: %[[PRODUCT:.*]] = onnx.node "Mul"(%[[B]], %[[TWO]]) {{.*}} -> tensor<?x4xf32, #qopt.dims<"n", "4">>
// CHECK-DAG: %[[ADDEND:.*]] = onnx.node "Mul"(%[[BIAS]], %[[THREE]]) {{.*}} -> tensor<4xf32>
// CHECK: %[[SUM:.*]] = onnx.node "Add"(%[[PRODUCT]], %[[ADDEND]])
// CHECK: return %[[SCALED]], %[[SUM]]
func.func @gemm_with_factors(%x: !x, %bias: tensor<4xf32>) -> (!y, !y) {
  %w = qopt.get_weight @up.weight : tensor<8x4xf32>
  %0 = onnx.node "Gemm"(%x, %w) {opset = 17 : i64, parameters = {alpha = 2.0 : f32, beta = 4.0 : f32}} : (!x, tensor<8x4xf32>) -> !y
  %1 = onnx.node "Gemm"(%x, %w, %bias) {opset = 17 : i64, parameters = {alpha = 2.0 : f32, beta = 3.0 : f32}} : (!x, tensor<8x4xf32>, tensor<4xf32>) -> !y
  return %0, %1 : !y, !y
}

// CHECK-LABEL: func.func @gemm_of_columns(
// CHECK: onnx.node "Gemm"
// CHECK-NOT: qopt.matmul
func.func @gemm_of_columns(%t: tensor<8x8xf32>) -> tensor<8x4xf32> {
  %w = qopt.get_weight @up.weight : tensor<8x4xf32>
  %0 = onnx.node "Gemm"(%t, %w) {opset = 17 : i64, parameters = {transA = 1 : i64}} : (tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}

// Two activations; the weight as the first factor; values in the module, which
// no file range holds the other way round; a vector.
// CHECK-LABEL: func.func @no_product_with_a_weight(
// CHECK-COUNT-4: onnx.node "MatMul"
// CHECK-NOT: qopt.matmul
func.func @no_product_with_a_weight(%x: !x, %w: tensor<8x4xf32>, %v: tensor<8xf32>) -> (!y, tensor<4x4xf32>, !y, tensor<4xf32>) {
  %up = qopt.get_weight @up.weight : tensor<8x4xf32>
  %rows = qopt.get_weight @rows : tensor<4x8xf32>
  %inline = qopt.get_weight @inline : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%x, %w) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  %1 = onnx.node "MatMul"(%rows, %w) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %2 = onnx.node "MatMul"(%x, %inline) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  %3 = onnx.node "MatMul"(%v, %up) {opset = 17 : i64} : (tensor<8xf32>, tensor<8x4xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3 : !y, tensor<4x4xf32>, !y, tensor<4xf32>
}

// CHECK-LABEL: func.func @embedding(
// CHECK-SAME: %[[IDS:[a-z0-9]*]]:
// CHECK: %[[TABLE:.*]] = qopt.get_weight @rows : tensor<4x8xf32>
// CHECK: qopt.embedding %[[TABLE]][%[[IDS]]] {path = "model.embed_tokens"} : tensor<4x8xf32>, tensor<?xi64, #qopt.dims<"n">> -> tensor<?x8xf32, #qopt.dims<"n", "8">>
func.func @embedding(%ids: tensor<?xi64, #qopt.dims<"n">>) -> !x {
  %table = qopt.get_weight @rows : tensor<4x8xf32>
  %0 = onnx.node "Gather"(%table, %ids) {opset = 17 : i64, scope = "model.embed_tokens"} : (tensor<4x8xf32>, tensor<?xi64, #qopt.dims<"n">>) -> !x
  return %0 : !x
}

// Columns of a table, and rows of what is no weight.
// CHECK-LABEL: func.func @other_gathers(
// CHECK-COUNT-2: onnx.node "Gather"
// CHECK-NOT: qopt.embedding
func.func @other_gathers(%ids: tensor<2xi64>, %data: tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<2x8xf32>) {
  %table = qopt.get_weight @rows : tensor<4x8xf32>
  %0 = onnx.node "Gather"(%table, %ids) {opset = 17 : i64, parameters = {axis = 1 : i64}} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<4x2xf32>
  %1 = onnx.node "Gather"(%data, %ids) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  return %0, %1 : tensor<4x2xf32>, tensor<2x8xf32>
}

// A name that something else has already is left to it: the same bytes are one
// weight, others get a name of their own.
// CHECK-LABEL: func.func @names_that_are_taken(
// CHECK: %[[W:.*]] = qopt.get_weight @taken.transposed_0 : tensor<4x8xf32>
// CHECK: qopt.matmul %{{.*}}, %[[W]]
// CHECK: %[[W:.*]] = qopt.get_weight @there.transposed : tensor<4x8xf32>
// CHECK: qopt.matmul %{{.*}}, %[[W]]
qopt.weight @taken : tensor<8x4xf32> {file = "m.onnx", offset = 0 : i64, length = 128 : i64}
qopt.weight @taken.transposed : tensor<4x8xf32> {file = "m.onnx", offset = 128 : i64, length = 128 : i64}
qopt.weight @there : tensor<8x4xf32> {file = "m.onnx", offset = 256 : i64, length = 128 : i64}
qopt.weight @there.transposed : tensor<4x8xf32> {file = "m.onnx", offset = 256 : i64, length = 128 : i64, transposed}
func.func @names_that_are_taken(%x: !x) -> (!y, !y) {
  %taken = qopt.get_weight @taken : tensor<8x4xf32>
  %there = qopt.get_weight @there : tensor<8x4xf32>
  %0 = onnx.node "MatMul"(%x, %taken) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  %1 = onnx.node "MatMul"(%x, %there) {opset = 17 : i64} : (!x, tensor<8x4xf32>) -> !y
  return %0, %1 : !y, !y
}

// A transpose that leaves both dimensions where they are is none; without
// permutation it turns them round.
// CHECK-LABEL: func.func @permutations(
// CHECK-DAG: %[[W:.*]] = qopt.get_weight @square :
// CHECK-DAG: %[[TURNED:.*]] = qopt.get_weight @square.transposed
// CHECK: qopt.matmul %{{.*}}, %[[TURNED]]
// CHECK: qopt.matmul %{{.*}}, %[[W]]
qopt.weight @square : tensor<8x8xf32> {file = "m.onnx", length = 256 : i64}
func.func @permutations(%x: !x) -> (!x, !x) {
  %w = qopt.get_weight @square : tensor<8x8xf32>
  %same = onnx.node "Transpose"(%w) {opset = 17 : i64, parameters = {perm = [0, 1]}} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %turned = onnx.node "Transpose"(%w) {opset = 17 : i64} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %0 = onnx.node "MatMul"(%x, %same) {opset = 17 : i64} : (!x, tensor<8x8xf32>) -> !x
  %1 = onnx.node "MatMul"(%x, %turned) {opset = 17 : i64} : (!x, tensor<8x8xf32>) -> !x
  return %0, %1 : !x, !x
}

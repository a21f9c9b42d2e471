// RUN: qopt-opt %s --qopt-promote-floats --mlir-print-local-scope | FileCheck %s

// CHECK: qopt.weight @w : tensor<8xf16>
qopt.weight @w : tensor<8xf16> {file = "m.onnx", length = 16 : i64}

// The arguments and results keep their types; what lies between is f32.
// CHECK-LABEL: func.func @converts_at_the_boundary(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf16, #qopt.dims<"n", "8">>) -> tensor<?x8xf16, #qopt.dims<"n", "8">>
// CHECK: %[[WIDE:.*]] = onnx.node "Cast"(%[[X]]) {{.*}}to = 1 : i64{{.*}} -> tensor<?x8xf32, #qopt.dims<"n", "8">>
// CHECK: %[[W:.*]] = qopt.get_weight @w : tensor<8xf32>
// CHECK: %[[SUM:.*]] = onnx.node "Add"(%[[WIDE]], %[[W]]) {{.*}} -> tensor<?x8xf32, #qopt.dims<"n", "8">>
// CHECK: %[[NARROW:.*]] = onnx.node "Cast"(%[[SUM]]) {{.*}}to = 10 : i64{{.*}} -> tensor<?x8xf16, #qopt.dims<"n", "8">>
// CHECK: return %[[NARROW]]
func.func @converts_at_the_boundary(%x: tensor<?x8xf16, #qopt.dims<"n", "8">>) -> tensor<?x8xf16, #qopt.dims<"n", "8">> {
  %w = qopt.get_weight @w : tensor<8xf16>
  %0 = onnx.node "Add"(%x, %w) {opset = 17 : i64} : (tensor<?x8xf16, #qopt.dims<"n", "8">>, tensor<8xf16>) -> tensor<?x8xf16, #qopt.dims<"n", "8">>
  return %0 : tensor<?x8xf16, #qopt.dims<"n", "8">>
}

// CHECK-LABEL: func.func @bfloat_has_another_number(
// CHECK: onnx.node "Neg"({{.*}}tensor<4xf32>) -> tensor<4xf32>
// CHECK: onnx.node "Cast"({{.*}}to = 16 : i64{{.*}} -> tensor<4xbf16>
func.func @bfloat_has_another_number(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %0 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xbf16>) -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// Conversions between what are now f32 are gone, others stay.
// CHECK-LABEL: func.func @conversions_vanish(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<4xf32>, %[[I:[a-z0-9]*]]: tensor<4xi64>
// CHECK-NOT: onnx.node "Cast"(%[[X]])
// CHECK: %[[F:.*]] = onnx.node "Cast"(%[[I]]) {{.*}}to = 1 : i64{{.*}} -> tensor<4xf32>
// CHECK: %[[SUM:.*]] = onnx.node "Add"(%[[X]], %[[F]])
// CHECK-NOT: onnx.node "Cast"
// CHECK: return %[[SUM]]
func.func @conversions_vanish(%x: tensor<4xf32>, %i: tensor<4xi64>) -> tensor<4xf32> {
  %0 = onnx.node "Cast"(%x) {opset = 17 : i64, parameters = {to = 10 : i64}} : (tensor<4xf32>) -> tensor<4xf16>
  %1 = onnx.node "Cast"(%i) {opset = 17 : i64, parameters = {to = 10 : i64}} : (tensor<4xi64>) -> tensor<4xf16>
  %2 = onnx.node "Add"(%0, %1) {opset = 17 : i64} : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  %3 = onnx.node "Cast"(%2) {opset = 17 : i64, parameters = {to = 1 : i64}} : (tensor<4xf16>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// A value in half precision is exact in f32: 0.1 is not what f32 calls 0.1.
// CHECK-LABEL: func.func @constants_keep_their_value(
// CHECK: arith.constant dense<[0.0999755859, -6.550400e+04, 0xFF800000]> : tensor<3xf32>
// CHECK: onnx.node "ConstantOfShape"{{.*}}value = dense<5.000000e-01> : tensor<1xf32>{{.*}} -> tensor<3xf32>
func.func @constants_keep_their_value(%s: tensor<1xi64>) -> tensor<3xf32> {
  %c = arith.constant dense<[0.1, -65504.0, 0xFC00]> : tensor<3xf16>
  %0 = onnx.node "ConstantOfShape"(%s) {opset = 17 : i64, parameters = {value = dense<0.5> : tensor<1xf16>}} : (tensor<1xi64>) -> tensor<3xf16>
  %1 = onnx.node "Mul"(%c, %0) {opset = 17 : i64} : (tensor<3xf16>, tensor<3xf16>) -> tensor<3xf16>
  %2 = onnx.node "Cast"(%1) {opset = 17 : i64, parameters = {to = 1 : i64}} : (tensor<3xf16>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}

// CHECK-LABEL: func.func @subgraphs_too(
// CHECK: onnx.node "If"
// CHECK: onnx.node "Neg"({{.*}}tensor<4xf32>) -> tensor<4xf32>
// CHECK: onnx.yield %{{.*}} : tensor<4xf32>
// CHECK: subgraphs = {{.*}} : (tensor<i1>) -> tensor<4xf32>
func.func @subgraphs_too(%c: tensor<i1>, %x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = onnx.node "If"(%c) graphs {
    %1 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xf16>) -> tensor<4xf16>
    onnx.yield %1 : tensor<4xf16>
  }, {
    onnx.yield %x : tensor<4xf16>
  } {opset = 17 : i64, subgraphs = ["then_branch", "else_branch"]} : (tensor<i1>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// Double precision and integers are left as they are.
// CHECK-LABEL: func.func @others_stay(
// CHECK-NEXT: onnx.node "Neg"(%{{.*}}) {opset = 17 : i64} : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-NEXT: onnx.node "Cast"(%{{.*}}) {opset = 17 : i64, parameters = {to = 7 : i64}} : (tensor<4xf64>) -> tensor<4xi64>
// CHECK-NEXT: return
func.func @others_stay(%x: tensor<4xf64>) -> tensor<4xi64> {
  %0 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xf64>) -> tensor<4xf64>
  %1 = onnx.node "Cast"(%0) {opset = 17 : i64, parameters = {to = 7 : i64}} : (tensor<4xf64>) -> tensor<4xi64>
  return %1 : tensor<4xi64>
}

// CHECK-LABEL: func.func @every_return(
// CHECK: onnx.node "Cast"({{.*}}to = 10 : i64
// CHECK-NEXT: return
// CHECK: onnx.node "Cast"({{.*}}to = 10 : i64
// CHECK-NEXT: return
func.func @every_return(%c: i1, %x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xf16>) -> tensor<4xf16>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  return %0 : tensor<4xf16>
^bb2:
  return %x : tensor<4xf16>
}

// CHECK: func.func private @declared(tensor<4xf16>)
func.func private @declared(tensor<4xf16>)

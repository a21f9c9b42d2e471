// RUN: qopt-opt %s --qopt-raise-norms --mlir-print-local-scope | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"n", "8">>
!one = tensor<?x1xf32, #qopt.dims<"n", "1">>

// x * (1 / sqrt(mean(x^2) + epsilon)) * scale
// CHECK-LABEL: func.func @times_reciprocal(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[SCALE:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[NORM:.*]] = qopt.rms_norm %[[X]], %[[SCALE]] {epsilon = 9.99{{[0-9]*}}E-6 : f64, path = "model.norm"} : tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<8xf32> -> tensor<?x8xf32, #qopt.dims<"n", "8">>
// CHECK-NEXT: return %[[NORM]]
func.func @times_reciprocal(%x: !x, %scale: tensor<8xf32>) -> !x {
  %two = arith.constant dense<2.0> : tensor<f32>
  %epsilon = arith.constant dense<1.0e-5> : tensor<f32>
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %0 = onnx.node "Pow"(%x, %two) {opset = 18 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "ReduceMean"(%0, %axis) {opset = 18 : i64} : (!x, tensor<1xi64>) -> !one
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 18 : i64} : (!one, tensor<f32>) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 18 : i64} : (!one) -> !one
  %4 = onnx.node "Reciprocal"(%3) {opset = 18 : i64} : (!one) -> !one
  %5 = onnx.node "Mul"(%x, %4) {opset = 18 : i64} : (!x, !one) -> !x
  %6 = onnx.node "Mul"(%scale, %5) {opset = 18 : i64, scope = "model.norm"} : (tensor<8xf32>, !x) -> !x
  return %6 : !x
}

// Axes as an attribute, x * x, one divided by, operands the other way round.
// CHECK-LABEL: func.func @times_one_over(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[SCALE:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[NORM:.*]] = qopt.rms_norm %[[X]], %[[SCALE]] {epsilon = 5.000000e-01 : f64}
// CHECK-NEXT: return %[[NORM]]
func.func @times_one_over(%x: !x, %scale: tensor<8xf32>) -> !x {
  %one = arith.constant dense<1.0> : tensor<f32>
  %epsilon = arith.constant dense<0.5> : tensor<1xf32>
  %0 = onnx.node "Mul"(%x, %x) {opset = 17 : i64} : (!x, !x) -> !x
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [1]}} : (!x) -> !one
  %2 = onnx.node "Add"(%epsilon, %1) {opset = 17 : i64} : (tensor<1xf32>, !one) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (!one) -> !one
  %4 = onnx.node "Div"(%one, %3) {opset = 17 : i64} : (tensor<f32>, !one) -> !one
  %5 = onnx.node "Mul"(%4, %x) {opset = 17 : i64} : (!one, !x) -> !x
  %6 = onnx.node "Mul"(%5, %scale) {opset = 17 : i64} : (!x, tensor<8xf32>) -> !x
  return %6 : !x
}

// CHECK-LABEL: func.func @divided_by_root(
// CHECK: qopt.rms_norm
// CHECK-NEXT: return
func.func @divided_by_root(%x: !x, %scale: tensor<8xf32>) -> !x {
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%x, %x) {opset = 17 : i64} : (!x, !x) -> !x
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [-1]}} : (!x) -> !one
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (!one, tensor<f32>) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (!one) -> !one
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (!x, !one) -> !x
  %5 = onnx.node "Mul"(%4, %scale) {opset = 17 : i64} : (!x, tensor<8xf32>) -> !x
  return %5 : !x
}

// The mean is of y, what is divided is x.
// CHECK-LABEL: func.func @mean_of_another_tensor(
// CHECK-NOT: qopt.rms_norm
func.func @mean_of_another_tensor(%x: !x, %y: !x, %scale: tensor<8xf32>) -> !x {
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%y, %y) {opset = 17 : i64} : (!x, !x) -> !x
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [-1]}} : (!x) -> !one
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (!one, tensor<f32>) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (!one) -> !one
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (!x, !one) -> !x
  %5 = onnx.node "Mul"(%4, %scale) {opset = 17 : i64} : (!x, tensor<8xf32>) -> !x
  return %5 : !x
}

// CHECK-LABEL: func.func @cube_is_no_square(
// CHECK-NOT: qopt.rms_norm
func.func @cube_is_no_square(%x: !x, %scale: tensor<8xf32>) -> !x {
  %three = arith.constant dense<3.0> : tensor<f32>
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Pow"(%x, %three) {opset = 17 : i64} : (!x, tensor<f32>) -> !x
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [-1]}} : (!x) -> !one
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (!one, tensor<f32>) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (!one) -> !one
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (!x, !one) -> !x
  %5 = onnx.node "Mul"(%4, %scale) {opset = 17 : i64} : (!x, tensor<8xf32>) -> !x
  return %5 : !x
}

// Square tensors, so that only the axis tells the difference.
// CHECK-LABEL: func.func @over_the_first_dimension(
// CHECK-NOT: qopt.rms_norm
func.func @over_the_first_dimension(%x: tensor<8x8xf32>, %scale: tensor<8xf32>) -> tensor<8x8xf32> {
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%x, %x) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [0]}} : (tensor<8x8xf32>) -> tensor<1x8xf32>
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<1x8xf32>) -> tensor<8x8xf32>
  %5 = onnx.node "Mul"(%4, %scale) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
  return %5 : tensor<8x8xf32>
}

// Without the dimension kept, [8] of means is broadcast along the wrong one.
// CHECK-LABEL: func.func @dimension_not_kept(
// CHECK-NOT: qopt.rms_norm
func.func @dimension_not_kept(%x: tensor<8x8xf32>, %scale: tensor<8xf32>) -> tensor<8x8xf32> {
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%x, %x) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [1], keepdims = 0 : i64}} : (tensor<8x8xf32>) -> tensor<8xf32>
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (tensor<8xf32>) -> tensor<8xf32>
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
  %5 = onnx.node "Mul"(%4, %scale) {opset = 17 : i64} : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
  return %5 : tensor<8x8xf32>
}

// A scale for every element, or one for all, is no scale of rms_norm.
// CHECK-LABEL: func.func @scale_of_other_sizes(
// CHECK-NOT: qopt.rms_norm
func.func @scale_of_other_sizes(%x: !x, %each: !x, %all: tensor<1xf32>) -> (!x, !x) {
  %epsilon = arith.constant dense<0.5> : tensor<f32>
  %0 = onnx.node "Mul"(%x, %x) {opset = 17 : i64} : (!x, !x) -> !x
  %1 = onnx.node "ReduceMean"(%0) {opset = 17 : i64, parameters = {axes = [-1]}} : (!x) -> !one
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 17 : i64} : (!one, tensor<f32>) -> !one
  %3 = onnx.node "Sqrt"(%2) {opset = 17 : i64} : (!one) -> !one
  %4 = onnx.node "Div"(%x, %3) {opset = 17 : i64} : (!x, !one) -> !x
  %5 = onnx.node "Mul"(%4, %each) {opset = 17 : i64} : (!x, !x) -> !x
  %6 = onnx.node "Mul"(%4, %all) {opset = 17 : i64} : (!x, tensor<1xf32>) -> !x
  return %5, %6 : !x, !x
}

// CHECK-LABEL: func.func @nodes(
// CHECK-SAME: %[[X:[a-z0-9]*]]: {{.*}}, %[[SCALE:[a-z0-9]*]]: tensor<8xf32>, %[[BIAS:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[A:.*]] = qopt.rms_norm %[[X]], %[[SCALE]] {epsilon = 2.500000e-01 : f64}
// CHECK: %[[B:.*]] = qopt.layer_norm %[[X]], %[[SCALE]] bias(%[[BIAS]] : tensor<8xf32>) {epsilon = 9.99{{[0-9]*}}E-6 : f64, path = "encoder.norm"}
// CHECK: %[[C:.*]] = qopt.layer_norm %[[X]], %[[SCALE]] {epsilon = 9.99{{[0-9]*}}E-6 : f64}
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @nodes(%x: !x, %scale: tensor<8xf32>, %bias: tensor<8xf32>) -> (!x, !x, !x) {
  %0 = onnx.node "RMSNormalization"(%x, %scale) {opset = 23 : i64, parameters = {epsilon = 0.25 : f32}} : (!x, tensor<8xf32>) -> !x
  %1:3 = onnx.node "LayerNormalization"(%x, %scale, %bias) {opset = 17 : i64} : (!x, tensor<8xf32>, tensor<8xf32>) -> (!x, !one, !one) loc("/encoder/norm/LayerNormalization")
  %2 = onnx.node "LayerNormalization"(%x, %scale) {opset = 17 : i64, parameters = {axis = 1 : i64}} : (!x, tensor<8xf32>) -> !x
  return %0, %1#0, %2 : !x, !x, !x
}

// Over two dimensions; with statistics that are read; with a bias for all.
// CHECK-LABEL: func.func @nodes_that_stay(
// CHECK-COUNT-3: onnx.node "LayerNormalization"
// CHECK-NOT: qopt.layer_norm
func.func @nodes_that_stay(%x: tensor<4x8xf32>, %whole: tensor<4x8xf32>, %scale: tensor<8xf32>, %bias: tensor<1xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x8xf32>) {
  %0 = onnx.node "LayerNormalization"(%x, %whole) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1:2 = onnx.node "LayerNormalization"(%x, %scale) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  %2 = onnx.node "LayerNormalization"(%x, %scale, %bias) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<1xf32>) -> tensor<4x8xf32>
  return %0, %1#0, %1#1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x8xf32>
}

// The op computes in f32.
// CHECK-LABEL: func.func @double_precision(
// CHECK-NOT: qopt
// CHECK: return
func.func @double_precision(%x: tensor<4x8xf64>, %scale: tensor<8xf64>) -> tensor<4x8xf64> {
  %two = arith.constant dense<2.0> : tensor<f64>
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %epsilon = arith.constant dense<1.0e-5> : tensor<f64>
  %0 = onnx.node "Pow"(%x, %two) {opset = 18 : i64} : (tensor<4x8xf64>, tensor<f64>) -> tensor<4x8xf64>
  %1 = onnx.node "ReduceMean"(%0, %axis) {opset = 18 : i64} : (tensor<4x8xf64>, tensor<1xi64>) -> tensor<4x1xf64>
  %2 = onnx.node "Add"(%1, %epsilon) {opset = 18 : i64} : (tensor<4x1xf64>, tensor<f64>) -> tensor<4x1xf64>
  %3 = onnx.node "Sqrt"(%2) {opset = 18 : i64} : (tensor<4x1xf64>) -> tensor<4x1xf64>
  %4 = onnx.node "Div"(%x, %3) {opset = 18 : i64} : (tensor<4x8xf64>, tensor<4x1xf64>) -> tensor<4x8xf64>
  %5 = onnx.node "Mul"(%4, %scale) {opset = 18 : i64} : (tensor<4x8xf64>, tensor<8xf64>) -> tensor<4x8xf64>
  return %5 : tensor<4x8xf64>
}

// RUN: qopt-opt %s --split-input-file --verify-diagnostics

func.func @opset(%x: tensor<4xf32>) {
  // expected-error @below {{'onnx.node' op expects an opset of at least 1, but got 0}}
  %0 = onnx.node "Neg"(%x) {opset = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @subgraphs(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @below {{'onnx.node' op expects one name for each of its 1 subgraphs, but got 0}}
  %0 = onnx.node "If"(%c) graphs {
    onnx.yield %x : tensor<4xf32>
  } {opset = 17 : i64} : (tensor<i1>) -> tensor<4xf32>
  return
}

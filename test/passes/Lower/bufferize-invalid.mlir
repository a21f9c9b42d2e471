// RUN: qopt-opt %s --qopt-bufferize --split-input-file --verify-diagnostics

func.func @unknown_size(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{'qopt.silu' op cannot be lowered to buffers: the sizes of 'tensor<?x8xf32>' are not known expressions}}
  %0 = qopt.silu %x : tensor<?x8xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// What has neither a destination nor a meaning here.
func.func @node(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'onnx.node' op cannot be lowered to buffers}}
  %0 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// expected-error @below {{'func.func' op expects one block}}
func.func @branches(%x: tensor<8xf32>) -> tensor<8xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<8xf32>
}

// -----

// expected-error @below {{'func.func' op expects one block}}
func.func private @declaration(tensor<8xf32>) -> tensor<8xf32>

// -----

func.func @view_of_unknown_size(%x: tensor<4x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{'qopt.reshape' op cannot be lowered to buffers: the sizes of 'tensor<?x4xf32>' are not known expressions}}
  %0 = qopt.reshape %x : tensor<4x4xf32> -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// expected-error @below {{'func.func' op expects ranked tensors, but got 'tensor<*xf32>'}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// A body reads elements of tensors and nothing else of them.
func.func @size_in_a_body(%x: tensor<4xf32>, %n: index) {
  %zero = arith.constant 0 : index
  scf.forall (%i) in (%n) {
    // expected-error @below {{'tensor.dim' op cannot be lowered to buffers}}
    %d = tensor.dim %x, %zero : tensor<4xf32>
    memref.alloca(%d) : memref<?xf32>
  }
  return
}

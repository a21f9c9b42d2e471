// RUN: qopt-opt %s --qopt-lower-call --split-input-file --verify-diagnostics

// expected-error @below {{expects a qopt.signature}}
module {
  func.func @f() {
    return
  }
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = ["batch"], conditions = []}
func.func @f() -> index {
  // expected-error @below {{symbol 'sequence' is not in the signature}}
  %n = qopt.dim "batch + sequence"
  return %n : index
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = ["batch"], conditions = []}
func.func @f() -> index {
  // expected-error @below {{'qopt.dim' op expects an expression, but got "batch +"}}
  %n = qopt.dim "batch +"
  return %n : index
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = ["batch"], conditions = []}
qopt.weight @w : tensor<8xf32> {file = "m.onnx", length = 32 : i64}
func.func @f() {
  // expected-error @below {{'qopt.get_weight' op cannot be lowered: the weight has no place in the artifact}}
  %w = qopt.get_weight @w : memref<8xf32>
  return
}

// -----

// A model without a symbol "batch" has no caches.
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
qopt.cache @cache0 {heads = 2 : i64, index = 0 : i64, key_dim = 8 : i64, value_dim = 16 : i64}
func.func @f() {
  // expected-error @below {{symbol 'batch' is not in the signature}}
  %k, %v = qopt.get_cache @cache0 : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  return
}

// -----

qopt.signature {inputs = [], outputs = [{name = "x", role = "plain", type = tensor<4xf32>}], symbols = [], conditions = []}
// expected-error @below {{'func.func' op has an argument that is no tensor of the signature}}
func.func @main(%x: memref<4xf32> {qopt.name = "x"}, %arena: memref<?xi8>) {
  return
}

// -----

qopt.signature {inputs = [{name = "x", role = "plain", type = tensor<?xf32>}], outputs = [], symbols = [], conditions = []}
// expected-error @below {{'func.func' op has a tensor of unknown sizes: "x"}}
func.func @main(%x: memref<?xf32> {qopt.name = "x"}, %arena: memref<?xi8>) {
  return
}

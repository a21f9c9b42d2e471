// RUN: qopt-opt %s --qopt-raise-attention --split-input-file --verify-diagnostics | FileCheck %s

// Every case stays as it is, and the remark says why.
// CHECK-NOT: qopt.attention

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: it has a softcap}}
  %y = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64, parameters = {softcap = 30.0 : f32}} : (!xheads, !xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: its softmax is not in f32}}
  %y = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64, parameters = {softmax_precision = 10 : i64}} : (!xheads, !xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x, %past: !xheads) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %none = onnx.none
  // expected-remark @below {{attention is not fused: it has a past or lengths of its own}}
  %y = onnx.node "Attention"(%query, %key, %value, %none, %past, %past) {opset = 23 : i64} : (!xheads, !xheads, !xheads, none, !xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> (!xheads, !xheads) {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: its further outputs are used}}
  %y:2 = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64} : (!xheads, !xheads, !xheads) -> (!xheads, !xheads)
  return %y#0, %y#1 : !xheads, !xheads
}

// -----

!x = tensor<1x8x32xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-remark @below {{attention is not fused: its queries are not by heads of a constant size}}
  %y = onnx.node "Attention"(%q, %k, %v) {opset = 23 : i64, parameters = {q_num_heads = 4 : i64, kv_num_heads = 4 : i64}} : (!x, !x, !x) -> !x
  return %y : !x
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%query: !xheads, %k: !x, %v: !x) -> !xheads {
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: queries, keys or values are no heads of tokens}}
  %y = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64} : (!xheads, !xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x, %mask: tensor<8x8xi1>) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: its mask is neither understood nor f32 of rank 4}}
  %y = onnx.node "Attention"(%query, %key, %value, %mask) {opset = 23 : i64} : (!xheads, !xheads, !xheads, tensor<8x8xi1>) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>
!few = tensor<1x8x24xf32>
!fewsplit = tensor<1x8x3x8xf32>
!fewheads = tensor<1x3x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !few, %v: !few) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !few -> !fewsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  %value_split = qopt.reshape %v : !few -> !fewsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!fewsplit) -> !fewheads
  // expected-remark @below {{attention is not fused: the numbers of heads do not divide each other}}
  %y = onnx.node "Attention"(%query, %key, %value) {opset = 23 : i64} : (!xheads, !fewheads, !fewheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>
!past = tensor<1x4x2x8xf32>
!all = tensor<1x4x10x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x, %past_key: !past, %past_value: !past) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %keys = onnx.node "Concat"(%past_key, %key) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  %values = onnx.node "Concat"(%past_value, %value) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  // expected-remark @below {{attention is not fused: is_causal beside a past counts from the first key}}
  %y = onnx.node "Attention"(%query, %keys, %values) {opset = 23 : i64, parameters = {is_causal = 1 : i64}} : (!xheads, !all, !all) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>
!past = tensor<1x4x2x8xf32>
!all = tensor<1x4x10x8xf32>
!y = tensor<1x10x32xf32>
!ysplit = tensor<1x10x4x8xf32>
!yheads = tensor<1x4x10x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !y, %past_key: !past) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !y -> !ysplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!ysplit) -> !yheads
  %keys = onnx.node "Concat"(%past_key, %key) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !all
  // expected-remark @below {{attention is not fused: only one of keys and values has a past}}
  %y = onnx.node "Attention"(%query, %keys, %value) {opset = 23 : i64} : (!xheads, !all, !yheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %scores = onnx.node "MatMul"(%query, %key) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  %weights = onnx.node "Softmax"(%scores) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!xheads) -> !xheads
  // expected-remark @below {{attention is not fused: its keys are not transposed}}
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf32>
!xsplit = tensor<1x8x4x8xf32>
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %k: !x, %v: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %key_split = qopt.reshape %k : !x -> !xsplit
  %key = onnx.node "Transpose"(%key_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %value_split = qopt.reshape %v : !x -> !xsplit
  %value = onnx.node "Transpose"(%value_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %scores = onnx.node "Tanh"(%query) {opset = 18 : i64} : (!xheads) -> !xheads
  %weights = onnx.node "Softmax"(%scores) {opset = 18 : i64, parameters = {axis = -1 : i64}} : (!xheads) -> !xheads
  // expected-remark @below {{attention is not fused: its scores are no product of queries and keys, with a mask added}}
  %y = onnx.node "MatMul"(%weights, %value) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

// A product of two activations alone looks like no attention.
!xheads = tensor<1x4x8x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%a: !xheads, %b: !xheads) -> !xheads {
  %y = onnx.node "MatMul"(%a, %b) {opset = 18 : i64} : (!xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x4x32xf32>
!xsplit = tensor<1x4x4x8xf32>
!xheads = tensor<1x4x4x8xf32>
!past = tensor<1x4x?x8xf32>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x, %past_key: !past, %past_value: !past) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  %keys = onnx.node "Concat"(%past_key, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !past
  %values = onnx.node "Concat"(%past_value, %query) {opset = 18 : i64, parameters = {axis = 2 : i64}} : (!past, !xheads) -> !past
  // expected-remark @below {{attention is not fused: the sizes of its keys are unknown}}
  %y = onnx.node "Attention"(%query, %keys, %values) {opset = 23 : i64} : (!xheads, !past, !past) -> !xheads
  return %y : !xheads
}

// -----

!x = tensor<1x8x32xf64>
!xsplit = tensor<1x8x4x8xf64>
!xheads = tensor<1x4x8x8xf64>

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @main(%q: !x) -> !xheads {
  %query_split = qopt.reshape %q : !x -> !xsplit
  %query = onnx.node "Transpose"(%query_split) {opset = 18 : i64, parameters = {perm = [0, 2, 1, 3]}} : (!xsplit) -> !xheads
  // expected-remark @below {{attention is not fused: queries, keys or values are not f32}}
  %y = onnx.node "Attention"(%query, %query, %query) {opset = 23 : i64} : (!xheads, !xheads, !xheads) -> !xheads
  return %y : !xheads
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func private @main(tensor<1x8x32xf32>)

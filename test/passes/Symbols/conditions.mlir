// RUN: qopt-opt %s --qopt-propagate-symbols --split-input-file --mlir-print-local-scope | FileCheck %s

// Positions are the first of a table: the sequence may not be longer.
// CHECK: qopt.signature {conditions = [{expression = "512 - sequence",
// CHECK-SAME: message = "sequence (size 1 of input_ids) must be at most 512 (node /embeddings/Slice)"}]
// CHECK-SAME: symbols = ["batch", "sequence"]
// CHECK: %[[LENGTH:.*]] = qopt.dim "sequence"
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[LENGTH]] : index to i64
// CHECK: %[[END:.*]] = tensor.from_elements %[[NUMBER]] : tensor<1xi64>
// CHECK: onnx.node "Slice"(%{{.*}}, %{{.*}}, %[[END]], %{{.*}}) {{.*}} -> tensor<1x?xi64, #qopt.dims<"1", "sequence">>
// CHECK: onnx.node "Add"{{.*}} -> tensor<?x?x384xf32, #qopt.dims<"batch", "sequence", "384">>
qopt.weight @positions : tensor<1x512xi64> {file = "m.onnx", length = 4096 : i64}
qopt.weight @words : tensor<30522x384xf32> {file = "m.onnx", length = 46881792 : i64}
qopt.weight @table : tensor<512x384xf32> {file = "m.onnx", length = 786432 : i64}
func.func @main(%ids: tensor<?x?xi64, #qopt.dims<"batch_size", "sequence_length">> {qopt.name = "input_ids"})
    -> (tensor<?x?x384xf32> {qopt.name = "embeddings"}) {
  %positions = qopt.get_weight @positions : tensor<1x512xi64>
  %words = qopt.get_weight @words : tensor<30522x384xf32>
  %table = qopt.get_weight @table : tensor<512x384xf32>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %index = arith.constant dense<1> : tensor<i64>
  %shape = onnx.node "Shape"(%ids) {opset = 17 : i64} : (tensor<?x?xi64, #qopt.dims<"batch_size", "sequence_length">>) -> tensor<2xi64>
  %length = onnx.node "Gather"(%shape, %index) {opset = 17 : i64, parameters = {axis = 0 : i64}} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %end = onnx.node "Unsqueeze"(%length, %zero) {opset = 17 : i64} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %sliced = onnx.node "Slice"(%positions, %zero, %end, %one, %one) {opset = 17 : i64} : (tensor<1x512xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64> loc("/embeddings/Slice")
  %word = onnx.node "Gather"(%words, %ids) {opset = 17 : i64} : (tensor<30522x384xf32>, tensor<?x?xi64, #qopt.dims<"batch_size", "sequence_length">>) -> tensor<?x?x384xf32>
  %position = onnx.node "Gather"(%table, %sliced) {opset = 17 : i64} : (tensor<512x384xf32>, tensor<1x?xi64>) -> tensor<1x?x384xf32>
  %sum = onnx.node "Add"(%word, %position) {opset = 17 : i64} : (tensor<?x?x384xf32>, tensor<1x?x384xf32>) -> tensor<?x?x384xf32>
  return %sum : tensor<?x?x384xf32>
}

// -----

// Of two limits, the one that says less is left out.
// CHECK: conditions = [{expression = "100 - n", message = "n (size 0 of x) must be at most 100"}]
qopt.weight @long : tensor<500x2xf32> {file = "m.onnx", length = 4000 : i64}
qopt.weight @short : tensor<100x2xf32> {file = "m.onnx", length = 800 : i64}
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">> {qopt.name = "x"}) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %long = qopt.get_weight @long : tensor<500x2xf32>
  %short = qopt.get_weight @short : tensor<100x2xf32>
  %end = onnx.node "Shape"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<1xi64>
  %0 = onnx.node "Slice"(%long, %zero, %end) {opset = 17 : i64} : (tensor<500x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2xf32>
  %1 = onnx.node "Slice"(%short, %zero, %end) {opset = 17 : i64} : (tensor<100x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2xf32>
  %2 = onnx.node "Slice"(%long, %zero, %end) {opset = 17 : i64} : (tensor<500x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2xf32>
  return %0, %1, %2 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// Rows of a table that a range of indices reads.
// CHECK: conditions = [{expression = "16 - n", message = "n (size 0 of x) must be at most 16 (node rows)"}]
qopt.weight @table : tensor<16x2xf32> {file = "m.onnx", length = 128 : i64}
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">> {qopt.name = "x"}) -> tensor<?x2xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %table = qopt.get_weight @table : tensor<16x2xf32>
  %n = onnx.node "Size"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<i64>
  %indices = onnx.node "Range"(%zero, %n, %one) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.node "Gather"(%table, %indices) {opset = 17 : i64} : (tensor<16x2xf32>, tensor<?xi64>) -> tensor<?x2xf32> loc("rows")
  return %rows : tensor<?x2xf32>
}

// -----

// A range that may not be negative, a last element that must be there.
// CHECK: conditions = [{expression = "n - 1", message = "n (size 0 of x) must be at least 1"}]
// CHECK: onnx.node "Range"{{.*}} -> tensor<?xi64, #qopt.dims<"n - 1">>
// CHECK: onnx.node "Slice"{{.*}} -> tensor<1xf32>
func.func @main(%x: tensor<?xf32, #qopt.dims<"n">> {qopt.name = "x"}) -> (tensor<?xi64>, tensor<?xf32>) {
  %one = arith.constant dense<1> : tensor<i64>
  %last = arith.constant dense<-1> : tensor<1xi64>
  %max = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %n = onnx.node "Size"(%x) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<i64>
  %0 = onnx.node "Range"(%one, %n, %one) {opset = 17 : i64} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %1 = onnx.node "Slice"(%x, %last, %max) {opset = 17 : i64} : (tensor<?xf32, #qopt.dims<"n">>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %0, %1 : tensor<?xi64>, tensor<?xf32>
}

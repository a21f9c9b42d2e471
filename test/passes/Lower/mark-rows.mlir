// RUN: qopt-opt %s --qopt-mark-rows --split-input-file | FileCheck %s

#rows = #qopt.dims<"n", "s", "32">
// CHECK: qopt.signature {{.*}}rows = "n"
qopt.signature {inputs = [], outputs = [], symbols = ["n", "s"], conditions = [{expression = "8 - s", message = "too long"}]}
func.func private @layer(%x: tensor<?x?x32xf32, #rows>, %w: tensor<32x32xf32>, %norm: tensor<32xf32>, %seen: tensor<?x?xi1, #qopt.dims<"n", "s">>) -> tensor<?x?x32xf32, #rows> {
  %q = qopt.matmul %x, %w : (tensor<?x?x32xf32, #rows>, tensor<32x32xf32>) -> tensor<?x?x32xf32, #rows>
  %a = qopt.attention %q, %x, %x padding(%seen : tensor<?x?xi1, #qopt.dims<"n", "s">>) {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.25 : f64} : tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows> -> tensor<?x?x32xf32, #rows>
  %y = qopt.layer_norm %a, %norm {epsilon = 1.0e-5 : f64} : tensor<?x?x32xf32, #rows>, tensor<32xf32> -> tensor<?x?x32xf32, #rows>
  return %y : tensor<?x?x32xf32, #rows>
}
func.func @main(%x: tensor<?x?x32xf32, #rows>, %mask: tensor<?x?xi64, #qopt.dims<"n", "s">>, %w: tensor<32x32xf32>, %norm: tensor<32xf32>) -> tensor<?x32xf32, #qopt.dims<"n", "32">> {
  %n = qopt.dim "n"
  %s = qopt.dim "s"
  %zero = arith.constant 0 : i64
  %first = arith.constant 0 : index
  %e = tensor.empty(%n, %s) : tensor<?x?xi1, #qopt.dims<"n", "s">>
  %seen = linalg.generic {indexing_maps = [affine_map<(b, t) -> (b, t)>, affine_map<(b, t) -> (b, t)>], iterator_types = ["parallel", "parallel"]} ins(%mask : tensor<?x?xi64, #qopt.dims<"n", "s">>) outs(%e : tensor<?x?xi1, #qopt.dims<"n", "s">>) {
  ^bb0(%in: i64, %out: i1):
    %b = arith.cmpi ne, %in, %zero : i64
    linalg.yield %b : i1
  } -> tensor<?x?xi1, #qopt.dims<"n", "s">>
  %y = call @layer(%x, %w, %norm, %seen) : (tensor<?x?x32xf32, #rows>, tensor<32x32xf32>, tensor<32xf32>, tensor<?x?xi1, #qopt.dims<"n", "s">>) -> tensor<?x?x32xf32, #rows>
  %flat = qopt.reshape %y : tensor<?x?x32xf32, #rows> -> tensor<?x32xf32, #qopt.dims<"n*s", "32">>
  %g = qopt.gelu %flat : tensor<?x32xf32, #qopt.dims<"n*s", "32">> -> tensor<?x32xf32, #qopt.dims<"n*s", "32">>
  %z = qopt.reshape %g : tensor<?x32xf32, #qopt.dims<"n*s", "32">> -> tensor<?x?x32xf32, #rows>
  %p = tensor.empty(%n) : tensor<?x32xf32, #qopt.dims<"n", "32">>
  %pooled = linalg.generic {indexing_maps = [affine_map<(b, c) -> (b, c)>], iterator_types = ["parallel", "parallel"]} outs(%p : tensor<?x32xf32, #qopt.dims<"n", "32">>) {
  ^bb0(%out: f32):
    %b = linalg.index 0 : index
    %c = linalg.index 1 : index
    %v = tensor.extract %z[%b, %first, %c] : tensor<?x?x32xf32, #rows>
    linalg.yield %v : f32
  } -> tensor<?x32xf32, #qopt.dims<"n", "32">>
  return %pooled : tensor<?x32xf32, #qopt.dims<"n", "32">>
}

// -----

// A sum over the rows.
#rows = #qopt.dims<"n", "8">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?x8xf32, #rows>) -> tensor<?x8xf32, #rows> {
  %n = qopt.dim "n"
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(b, c) -> (b, c)>, affine_map<(b, c) -> (c)>], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<?x8xf32, #rows>) outs(%zero : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %out : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32, #rows>
  %y = linalg.generic {indexing_maps = [affine_map<(b, c) -> (b, c)>, affine_map<(b, c) -> (c)>, affine_map<(b, c) -> (b, c)>], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<?x8xf32, #rows>, tensor<8xf32>) outs(%e : tensor<?x8xf32, #rows>) {
  ^bb0(%in: f32, %total: f32, %out: f32):
    %q = arith.divf %in, %total : f32
    linalg.yield %q : f32
  } -> tensor<?x8xf32, #rows>
  return %y : tensor<?x8xf32, #rows>
}

// -----

// Every row reads the first one.
#rows = #qopt.dims<"n", "8">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?x8xf32, #rows>) -> tensor<?x8xf32, #rows> {
  %n = qopt.dim "n"
  %first = arith.constant 0 : index
  %e = tensor.empty(%n) : tensor<?x8xf32, #rows>
  %y = linalg.generic {indexing_maps = [affine_map<(b, c) -> (b, c)>], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x8xf32, #rows>) {
  ^bb0(%out: f32):
    %c = linalg.index 1 : index
    %v = tensor.extract %x[%first, %c] : tensor<?x8xf32, #rows>
    linalg.yield %v : f32
  } -> tensor<?x8xf32, #rows>
  return %y : tensor<?x8xf32, #rows>
}

// -----

// So does a loop without rows, for all of them.
#rows = #qopt.dims<"n", "8">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?x8xf32, #rows>, %w: tensor<8x8xf32>) -> tensor<?x8xf32, #rows> {
  %first = arith.constant 0 : index
  %e = tensor.empty() : tensor<8xf32>
  %norm = linalg.generic {indexing_maps = [affine_map<(c) -> (c)>], iterator_types = ["parallel"]} outs(%e : tensor<8xf32>) {
  ^bb0(%out: f32):
    %c = linalg.index 0 : index
    %v = tensor.extract %x[%first, %c] : tensor<?x8xf32, #rows>
    linalg.yield %v : f32
  } -> tensor<8xf32>
  %y = qopt.layer_norm %x, %norm {epsilon = 1.0e-5 : f64} : tensor<?x8xf32, #rows>, tensor<8xf32> -> tensor<?x8xf32, #rows>
  return %y : tensor<?x8xf32, #rows>
}

// -----

// The number of the row is a value.
#rows = #qopt.dims<"n">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?xi64, #rows>) -> tensor<?xi64, #rows> {
  %n = qopt.dim "n"
  %e = tensor.empty(%n) : tensor<?xi64, #rows>
  %y = linalg.generic {indexing_maps = [affine_map<(b) -> (b)>, affine_map<(b) -> (b)>], iterator_types = ["parallel"]} ins(%x : tensor<?xi64, #rows>) outs(%e : tensor<?xi64, #rows>) {
  ^bb0(%in: i64, %out: i64):
    %b = linalg.index 0 : index
    %i = arith.index_cast %b : index to i64
    %s = arith.addi %in, %i : i64
    linalg.yield %s : i64
  } -> tensor<?xi64, #rows>
  return %y : tensor<?xi64, #rows>
}

// -----

// The number of all rows is.
#rows = #qopt.dims<"n">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?xi64, #rows>) -> tensor<?xi64, #rows> {
  %n = qopt.dim "n"
  %i = arith.index_cast %n : index to i64
  %e = tensor.empty(%n) : tensor<?xi64, #rows>
  %y = linalg.generic {indexing_maps = [affine_map<(b) -> (b)>, affine_map<(b) -> (b)>], iterator_types = ["parallel"]} ins(%x : tensor<?xi64, #rows>) outs(%e : tensor<?xi64, #rows>) {
  ^bb0(%in: i64, %out: i64):
    %s = arith.addi %in, %i : i64
    linalg.yield %s : i64
  } -> tensor<?xi64, #rows>
  return %y : tensor<?xi64, #rows>
}

// -----

// Rows trade places with another size, and norms go over them.
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?x8xf32, #qopt.dims<"n", "8">>) -> tensor<?x8xf32, #qopt.dims<"n", "8">> {
  %n = qopt.dim "n"
  %e = tensor.empty(%n) : tensor<8x?xf32, #qopt.dims<"8", "n">>
  %t = linalg.generic {indexing_maps = [affine_map<(b, c) -> (c, b)>, affine_map<(b, c) -> (b, c)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x8xf32, #qopt.dims<"n", "8">>) outs(%e : tensor<8x?xf32, #qopt.dims<"8", "n">>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<8x?xf32, #qopt.dims<"8", "n">>
  %y = qopt.reshape %t : tensor<8x?xf32, #qopt.dims<"8", "n">> -> tensor<?x8xf32, #qopt.dims<"n", "8">>
  return %y : tensor<?x8xf32, #qopt.dims<"n", "8">>
}

// -----

// A condition mentions them.
#rows = #qopt.dims<"n", "8">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = [{expression = "n - 2", message = "too few"}]}
func.func @main(%x: tensor<?x8xf32, #rows>) -> tensor<?x8xf32, #rows> {
  %y = qopt.gelu %x : tensor<?x8xf32, #rows> -> tensor<?x8xf32, #rows>
  return %y : tensor<?x8xf32, #rows>
}

// -----

// An output has none.
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = []}
func.func @main(%x: tensor<?x8xf32, #qopt.dims<"n", "8">>, %c: tensor<8xf32>) -> (tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<8xf32>) {
  %y = qopt.gelu %x : tensor<?x8xf32, #qopt.dims<"n", "8">> -> tensor<?x8xf32, #qopt.dims<"n", "8">>
  %d = qopt.gelu %c : tensor<8xf32> -> tensor<8xf32>
  return %y, %d : tensor<?x8xf32, #qopt.dims<"n", "8">>, tensor<8xf32>
}

// -----

// A mask whose first size has another name may have as many rows when it runs.
#rows = #qopt.dims<"n", "s", "32">
#mask = #qopt.dims<"m", "1", "s", "s">
// CHECK: qopt.signature
// CHECK-NOT: rows =
// CHECK: func.func @main
qopt.signature {inputs = [], outputs = [], symbols = ["n", "s", "m"], conditions = []}
func.func @main(%x: tensor<?x?x32xf32, #rows>, %mask: tensor<?x1x?x?xf32, #mask>) -> tensor<?x?x32xf32, #rows> {
  %a = qopt.attention %x, %x, %x mask(%mask : tensor<?x1x?x?xf32, #mask>) {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.25 : f64} : tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows>, tensor<?x?x32xf32, #rows> -> tensor<?x?x32xf32, #rows>
  return %a : tensor<?x?x32xf32, #rows>
}

// RUN: qopt-opt %s --qopt-bufferize --split-input-file | FileCheck %s

!x = tensor<?x8xf32, #qopt.dims<"batch", "8">>

// Results are arguments, intermediates allocations of the sizes that their
// types tell; names stay.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x8xf32> {qopt.name = "x"}, %[[Z:[a-z0-9]*]]: memref<?x8xf32> {qopt.name = "z", qopt.output}) {
// CHECK: %[[N:.*]] = qopt.dim "batch"
// CHECK: %[[Y:.*]] = memref.alloc(%[[N]]) : memref<?x8xf32>
// CHECK: qopt.silu %[[X]] outs(%[[Y]] : memref<?x8xf32>) : memref<?x8xf32>
// CHECK: qopt.gelu %[[Y]] outs(%[[Z]] : memref<?x8xf32>) : memref<?x8xf32>
// CHECK-NEXT: return
// CHECK-NEXT: }
func.func @chain(%x: !x {qopt.name = "x"}) -> (!x {qopt.name = "z"}) {
  %y = qopt.silu %x : !x -> !x
  %z = qopt.gelu %y : !x -> !x
  return %z : !x
}

// -----

// An argument as a result is copied, and so is a result that is there already.
// CHECK-LABEL: func.func @copies(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xf32>, %[[A:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[B:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[C:[a-z0-9]*]]: memref<4xf32> {qopt.output})
// CHECK-NOT: memref.alloc
// CHECK: qopt.silu %[[X]] outs(%[[B]]
// CHECK-DAG: memref.copy %[[X]], %[[A]]
// CHECK-DAG: memref.copy %[[B]], %[[C]]
// CHECK: return
func.func @copies(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %y = qopt.silu %x : tensor<4xf32> -> tensor<4xf32>
  return %x, %y, %y : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

!x = tensor<?x8xf32, #qopt.dims<"batch", "8">>

// A reshape is another view of the same bytes; a result that is one takes the
// caller's buffer all the same.
// CHECK-LABEL: func.func @views(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x8xf32>, %[[Z:[a-z0-9]*]]: memref<?xf32> {qopt.output})
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: %[[OUT:.*]] = memref.reinterpret_cast %[[Z]] to offset: [0], sizes: [%{{.*}}, 8], strides: [8, 1] : memref<?xf32> to memref<?x8xf32>
// CHECK: qopt.silu %[[X]] outs(%[[OUT]] : memref<?x8xf32>)
// CHECK-NOT: memref.copy
func.func @views(%x: !x) -> tensor<?xf32, #qopt.dims<"8*batch">> {
  %y = qopt.silu %x : !x -> !x
  %z = qopt.reshape %y : !x -> tensor<?xf32, #qopt.dims<"8*batch">>
  return %z : tensor<?xf32, #qopt.dims<"8*batch">>
}

// -----

// CHECK-LABEL: func.func @strides_are_products(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x?x8xf32>
// CHECK-DAG: %[[B:.*]] = qopt.dim "b"
// CHECK-DAG: %[[S:.*]] = qopt.dim "s"
// CHECK-DAG: %[[HEAD:.*]] = qopt.dim "4*s"
// CHECK-DAG: %[[ROW:.*]] = qopt.dim "8*s"
// CHECK: memref.reinterpret_cast %[[X]] to offset: [0], sizes: [%[[B]], 2, %[[S]], 4], strides: [%[[ROW]], %[[HEAD]], 4, 1] : memref<?x?x8xf32> to memref<?x2x?x4xf32>
func.func @strides_are_products(%x: tensor<?x?x8xf32, #qopt.dims<"b", "s", "8">>) -> tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "s", "4">> {
  %y = qopt.reshape %x : tensor<?x?x8xf32, #qopt.dims<"b", "s", "8">> -> tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "s", "4">>
  %z = qopt.silu %y : tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "s", "4">> -> tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "s", "4">>
  return %z : tensor<?x2x?x4xf32, #qopt.dims<"b", "2", "s", "4">>
}

// -----

// Constants are globals, weights are read as buffers.
// CHECK: memref.global "private" constant @[[C:[a-z0-9_]*]] : memref<2xf32> = dense<[1.000000e+00, 2.000000e+00]>
// CHECK-LABEL: func.func @constants_and_weights(
// CHECK-SAME: %{{.*}}: memref<3x2xf32>, %[[OUT:[a-z0-9]*]]: memref<3x4xf32> {qopt.output}
// CHECK-DAG: %[[SCALE:.*]] = memref.get_global @[[C]] : memref<2xf32>
// CHECK-DAG: %[[W:.*]] = qopt.get_weight @w : memref<1x2x32xf16>
// CHECK: qopt.rms_norm %{{.*}}, %[[SCALE]] outs(%[[NORM:.*]] : memref<3x2xf32>)
// CHECK: qopt.matmul %[[NORM]], %[[W]] outs(%[[OUT]] : memref<3x4xf32>) epilogue
// CHECK: arith.negf
// CHECK: {path = "up"} : (memref<3x2xf32>, memref<1x2x32xf16>)
qopt.weight @w : tensor<4x2xf32> {file = "m.onnx", length = 32 : i64, packed = tensor<1x2x32xf16>, packed_offset = 0 : i64}
func.func @constants_and_weights(%x: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %scale = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %w = qopt.get_weight @w : tensor<1x2x32xf16>
  %0 = qopt.rms_norm %x, %scale {epsilon = 1.0e-5 : f64} : tensor<3x2xf32>, tensor<2xf32> -> tensor<3x2xf32>
  %1 = qopt.matmul %0, %w epilogue {
  ^bb0(%acc: f32):
    %y = arith.negf %acc : f32
    qopt.yield %y : f32
  } {path = "up"} : (tensor<3x2xf32>, tensor<1x2x32xf16>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// A destination that is overwritten is the result's buffer; one that someone
// else reads is copied before.
// CHECK-LABEL: func.func @destinations(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xf32>, %[[A:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[B:[a-z0-9]*]]: memref<4xf32> {qopt.output})
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[A]] : memref<4xf32>)
// CHECK: memref.copy %[[A]], %[[B]]
// CHECK: linalg.add ins(%[[X]], %[[X]] : memref<4xf32>, memref<4xf32>) outs(%[[B]] : memref<4xf32>)
func.func @destinations(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.add ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// A destination that only the op has is written in place; two results from one
// tensor.empty are two buffers.
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xf32>, %[[A:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[B:[a-z0-9]*]]: memref<4xf32> {qopt.output})
// CHECK-NOT: memref.copy
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[A]] : memref<4xf32>)
// CHECK: linalg.add {{.*}} outs(%[[A]] : memref<4xf32>)
// CHECK: linalg.exp ins(%[[X]] : memref<4xf32>) outs(%[[B]] : memref<4xf32>)
// CHECK-NOT: memref.copy
func.func @in_place(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.add ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.exp ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Elements that code reads or makes.
// CHECK-LABEL: func.func @elements(
// CHECK-SAME: %[[I:[a-z0-9]*]]: index, %[[OUT:[a-z0-9]*]]: memref<2xi64> {qopt.output})
// CHECK: %[[SEVEN:.*]] = arith.constant 7 : i64
// CHECK: %[[X:.*]] = qopt.get_weight @w : memref<2xi64>
// CHECK: %[[E:.*]] = memref.load %[[X]][%[[I]]] : memref<2xi64>
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: memref.store %[[E]], %[[OUT]][%[[ZERO]]]
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: memref.store %[[SEVEN]], %[[OUT]][%[[ONE]]]
// CHECK: return
qopt.weight @w : tensor<2xi64> {file = "m.onnx", length = 16 : i64}
func.func @elements(%i: index) -> tensor<2xi64> {
  %seven = arith.constant 7 : i64
  %x = qopt.get_weight @w : tensor<2xi64>
  %e = tensor.extract %x[%i] : tensor<2xi64>
  %y = tensor.from_elements %e, %seven : tensor<2xi64>
  return %y : tensor<2xi64>
}

// -----

// Bodies may read other tensors by position.
// CHECK-LABEL: func.func @gather(
// CHECK-SAME: %[[TABLE:[a-z0-9]*]]: memref<8xf32>, %[[IDS:[a-z0-9]*]]: memref<4xi64>, %[[OUT:[a-z0-9]*]]: memref<4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[IDS]] : memref<4xi64>) outs(%[[OUT]] : memref<4xf32>)
// CHECK: memref.load %[[TABLE]][
// CHECK-NOT: tensor
func.func @gather(%table: tensor<8xf32>, %ids: tensor<4xi64>) -> tensor<4xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%ids : tensor<4xi64>) outs(%empty : tensor<4xf32>) {
  ^bb0(%id: i64, %out: f32):
    %i = arith.index_cast %id : i64 to index
    %e = tensor.extract %table[%i] : tensor<8xf32>
    linalg.yield %e : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// So do those of checks, which have neither operands nor results.
// CHECK-LABEL: func.func @check(
// CHECK-SAME: %[[ID:[a-z0-9]*]]: memref<i64>
// CHECK: linalg.generic {indexing_maps = [], iterator_types = []} {
// CHECK: memref.load %[[ID]][]
// CHECK: qopt.fail_if
// CHECK-NOT: tensor
func.func @check(%id: tensor<i64>) {
  %zero = arith.constant 0 : i64
  "linalg.generic"() <{indexing_maps = [], iterator_types = [], operandSegmentSizes = array<i32: 0, 0>}> ({
    %i = tensor.extract %id[] : tensor<i64>
    %wrong = arith.cmpi slt, %i, %zero : i64
    qopt.fail_if %wrong, "negative"
    linalg.yield
  }) : () -> ()
  return
}

// -----

// Tensors without elements are what folds leave of ops that compute them.
// CHECK-LABEL: func.func @without_elements(
// CHECK: %[[EMPTY:.*]] = memref.alloc() : memref<0x4xf32>
// CHECK: qopt.silu %[[EMPTY]]
func.func @without_elements() -> (tensor<0x4xf32>, tensor<0x4xf32>) {
  %0 = tensor.empty() : tensor<0x4xf32>
  %1 = qopt.silu %0 : tensor<0x4xf32> -> tensor<0x4xf32>
  %2 = tensor.empty() : tensor<0x4xf32>
  return %1, %2 : tensor<0x4xf32>, tensor<0x4xf32>
}

// -----

// Calls pass the buffer of their result.
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME: %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32> {qopt.output})
// CHECK-LABEL: func.func @calls(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?xf32>, %[[OUT:[a-z0-9]*]]: memref<?xf32> {qopt.output})
// CHECK: %[[N:.*]] = qopt.dim "n"
// CHECK: %[[MIDDLE:.*]] = memref.alloc(%[[N]]) : memref<?xf32>
// CHECK: call @layer(%[[X]], %[[MIDDLE]]) : (memref<?xf32>, memref<?xf32>) -> ()
// CHECK: call @layer(%[[MIDDLE]], %[[OUT]]) : (memref<?xf32>, memref<?xf32>) -> ()
func.func private @layer(%x: tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32, #qopt.dims<"n">> {
  %0 = qopt.silu %x : tensor<?xf32, #qopt.dims<"n">> -> tensor<?xf32, #qopt.dims<"n">>
  return %0 : tensor<?xf32, #qopt.dims<"n">>
}
func.func @calls(%x: tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32, #qopt.dims<"n">> {
  %0 = call @layer(%x) : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32, #qopt.dims<"n">>
  %1 = call @layer(%0) : (tensor<?xf32, #qopt.dims<"n">>) -> tensor<?xf32, #qopt.dims<"n">>
  return %1 : tensor<?xf32, #qopt.dims<"n">>
}

// -----

// Arguments, weights and constants are not the function's to overwrite: a
// destination that is one is copied.
// CHECK-LABEL: func.func @destinations_of_others(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xf32>, %[[Y:[a-z0-9]*]]: memref<4x4xf32>, %[[A:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[B:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[C:[a-z0-9]*]]: memref<4xf32> {qopt.output})
// CHECK-DAG: %[[W:.*]] = qopt.get_weight @w
// CHECK-DAG: %[[ZERO:.*]] = memref.get_global
// CHECK: memref.copy %[[X]], %[[A]]
// CHECK-NEXT: linalg.exp {{.*}} outs(%[[A]] : memref<4xf32>)
// CHECK: memref.copy %[[W]], %[[B]]
// CHECK-NEXT: linalg.exp {{.*}} outs(%[[B]] : memref<4xf32>)
// CHECK: memref.copy %[[ZERO]], %[[C]]
// CHECK-NEXT: linalg.reduce {{.*}}ins(%[[Y]] : memref<4x4xf32>) outs(%[[C]] : memref<4xf32>)
qopt.weight @w : tensor<4xf32> {file = "m.onnx", length = 16 : i64}
func.func @destinations_of_others(%x: tensor<4xf32>, %y: tensor<4x4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %w = qopt.get_weight @w : tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %0 = linalg.exp ins(%one : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.exp ins(%one : tensor<4xf32>) outs(%w : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.reduce { arith.addf } ins(%y : tensor<4x4xf32>) outs(%zero : tensor<4xf32>) dimensions = [1]
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Nor is a buffer that someone reads later, be it through another view; once
// nobody does, it is.
// CHECK-LABEL: func.func @destinations_that_are_views(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xf32>, %[[A:[a-z0-9]*]]: memref<4xf32> {qopt.output}, %[[B:[a-z0-9]*]]: memref<2x2xf32> {qopt.output})
// CHECK: %[[Y:.*]] = memref.reinterpret_cast %[[B]] {{.*}} to memref<4xf32>
// CHECK: qopt.silu %[[X]] outs(%[[Y]]
// CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %[[Y]] {{.*}} to memref<2x2xf32>
// CHECK: memref.copy %[[VIEW]], %[[COPY:.*]] :
// CHECK-NEXT: linalg.exp ins(%[[VIEW]] : memref<2x2xf32>) outs(%[[COPY]] : memref<2x2xf32>)
// CHECK: qopt.gelu %[[Y]] outs(%[[A]]
// CHECK: %[[LAST:.*]] = memref.reinterpret_cast %[[Y]] {{.*}} to memref<2x2xf32>
// CHECK-NEXT: linalg.exp ins(%[[COPY]] : memref<2x2xf32>) outs(%[[LAST]] : memref<2x2xf32>)
// CHECK-NEXT: return
func.func @destinations_that_are_views(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>) {
  %y = qopt.silu %x : tensor<4xf32> -> tensor<4xf32>
  %view = qopt.reshape %y : tensor<4xf32> -> tensor<2x2xf32>
  %0 = linalg.exp ins(%view : tensor<2x2xf32>) outs(%view : tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = qopt.gelu %y : tensor<4xf32> -> tensor<4xf32>
  %last = qopt.reshape %y : tensor<4xf32> -> tensor<2x2xf32>
  %1 = linalg.exp ins(%0 : tensor<2x2xf32>) outs(%last : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z, %1 : tensor<4xf32>, tensor<2x2xf32>
}

// -----

// Numbers stay results; elements of arguments are read like all others.
// CHECK-LABEL: func.func @element(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4xi64>, %[[I:[a-z0-9]*]]: index, %[[OUT:[a-z0-9]*]]: memref<4xi64> {qopt.output}) -> i64
// CHECK: %[[E:.*]] = memref.load %[[X]][%[[I]]]
// CHECK: memref.copy %[[X]], %[[OUT]]
// CHECK: return %[[E]] : i64
// CHECK-LABEL: func.func @calls(
// CHECK: %[[R:.*]] = call @element(%{{.*}}, %{{.*}}, %{{.*}}) : (memref<4xi64>, index, memref<4xi64>) -> i64
// CHECK: return %[[R]] : i64
func.func @element(%x: tensor<4xi64>, %i: index) -> (tensor<4xi64>, i64) {
  %e = tensor.extract %x[%i] : tensor<4xi64>
  return %x, %e : tensor<4xi64>, i64
}
func.func @calls(%x: tensor<4xi64>, %i: index) -> i64 {
  %0:2 = call @element(%x, %i) : (tensor<4xi64>, index) -> (tensor<4xi64>, i64)
  return %0#1 : i64
}

// -----

!x = tensor<?x1x16xf32, #qopt.dims<"batch", "1", "16">>
!s = tensor<?x?x16xf32, #qopt.dims<"batch", "sequence", "16">>

// One step of attention with a cache gets memory for its parts, many do not.
// CHECK-LABEL: func.func @decode(
// CHECK: %[[PARTS:.*]] = memref.alloc(%{{.*}}) : memref<?x2x1088xi8>
// CHECK: qopt.attention {{.*}}parts(%[[PARTS]] : memref<?x2x1088xi8>) outs(
// CHECK-LABEL: func.func @prefill(
// CHECK-NOT: parts(
func.func @decode(%x: !x, %k: memref<?x2x?x8x32xf32>, %v: memref<?x2x?x32x8xf32>, %past: index) -> !x {
  %0 = qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : !x, !x, !x -> !x
  return %0 : !x
}
func.func @prefill(%x: !s, %k: memref<?x2x?x8x32xf32>, %v: memref<?x2x?x32x8xf32>, %past: index) -> !s {
  %0 = qopt.attention %x, %x, %x cache(%k, %v, %past : memref<?x2x?x8x32xf32>, memref<?x2x?x32x8xf32>)
    {empty_row = #qopt<empty_row zero>, num_heads = 2 : i64, num_kv_heads = 2 : i64, scale = 0.5 : f64} : !s, !s, !s -> !s
  return %0 : !s
}

// -----

!l = tensor<?x1x48xf16, #qopt.dims<"batch", "1", "48">>
!v = tensor<?x1x?xf32, #qopt.dims<"batch", "1", "candidates">>
!t = tensor<?x1x?xi64, #qopt.dims<"batch", "1", "candidates">>

// Candidates are written to where they are returned; each row has a lock.
// CHECK-LABEL: func.func @candidates(
// CHECK-SAME: %[[L:[a-z0-9]*]]: memref<?x1x48xf16>, %[[V:[a-z0-9]*]]: memref<?x1x?xf32> {qopt.output}, %[[T:[a-z0-9]*]]: memref<?x1x?xi64> {qopt.output})
// CHECK: %[[BATCH:.*]] = qopt.dim "batch"
// CHECK: %[[O:.*]] = memref.alloc(%{{.*}}) : memref<?x1x16xi32>
// CHECK: qopt.candidates %[[L]] outs(%[[V]], %[[T]], %[[O]] : memref<?x1x?xf32>, memref<?x1x?xi64>, memref<?x1x16xi32>) : memref<?x1x48xf16>
func.func @candidates(%l: !l) -> (!v, !t) {
  %v, %t = qopt.candidates %l : !l -> !v, !t
  return %v, %t : !v, !t
}

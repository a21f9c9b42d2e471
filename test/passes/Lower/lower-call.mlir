// RUN: qopt-opt %s --qopt-lower-call --allow-unregistered-dialect --split-input-file | FileCheck %s

// Offsets of qopt_call (include/qopt/artifact.h): symbols 0, inputs 8, outputs 16,
// weights 24, arena 32, caches 40, runtime 48, parallel_for 56, context 64, error 72.

qopt.signature {inputs = [{name = "x", role = "plain", type = tensor<?x4xf32, #qopt.dims<"batch", "4">>},
    {name = "past", role = "past_key", cache = 0 : i64, type = tensor<4xf32>}, {name = "ids", role = "plain", type = tensor<3xi64>}],
  outputs = [{name = "x", role = "plain", type = tensor<?xf32, #qopt.dims<"batch*sequence">>}],
  symbols = ["sequence", "batch"], conditions = []}
qopt.weight @w : tensor<8xf32> {file = "m.onnx", length = 32 : i64, packed = tensor<8xf32>, packed_offset = 128 : i64}
qopt.cache @cache1 {heads = 2 : i64, index = 1 : i64, key_dim = 8 : i64, value_dim = 16 : i64}

// A size function gets the symbols: 2 * batch + sequence^2 - 3. Every symbol is
// read once, at its place in the signature.
// CHECK-LABEL: func.func @prefill_arena_bytes(
// CHECK-SAME: %[[SYMBOLS:[a-z0-9]*]]: !llvm.ptr) -> index
// CHECK-DAG: %[[PLACE:.*]] = llvm.getelementptr %[[SYMBOLS]][8]
// CHECK-DAG: %[[B64:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
// CHECK-DAG: %[[BATCH:.*]] = arith.index_cast %[[B64]]
// CHECK-DAG: %[[S64:.*]] = llvm.load %[[SYMBOLS]] : !llvm.ptr -> i64
// CHECK-DAG: %[[SEQUENCE:.*]] = arith.index_cast %[[S64]]
// CHECK-NOT: llvm.load
// CHECK: %[[MINUS:.*]] = arith.constant -3 : index
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: %[[BATCHES:.*]] = arith.muli %[[TWO]], %[[BATCH]]
// CHECK: %[[SUM:.*]] = arith.addi %[[MINUS]], %[[BATCHES]]
// CHECK: %[[ONCE:.*]] = arith.muli %{{.*}}, %[[SEQUENCE]]
// CHECK: %[[SQUARE:.*]] = arith.muli %[[ONCE]], %[[SEQUENCE]]
// CHECK: %[[ALL:.*]] = arith.addi %[[SUM]], %[[SQUARE]]
// CHECK-NOT: llvm.load
// CHECK: return %[[ALL]]
func.func @prefill_arena_bytes() -> index {
  %n = qopt.dim "2*batch + sequence*sequence - 3"
  return %n : index
}

// Other functions get the call. A weight is a view of all weights, a cache has
// the capacity of the session; callees get the call, size functions the symbols.
// CHECK-LABEL: func.func @prefill(
// CHECK-SAME: %[[CALL:[a-z0-9]*]]: !llvm.ptr, %{{[a-z0-9]*}}: memref<?x4xf32> {qopt.name = "x"}, %{{[a-z0-9]*}}: memref<3xi64> {qopt.name = "ids"}, %{{[a-z0-9]*}}: memref<?xf32> {qopt.name = "x", qopt.output}, %{{[a-z0-9]*}}: memref<?xi8>)
// CHECK: %[[SYMBOLS:.*]] = llvm.load %[[CALL]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][24]
// CHECK: %[[DATA:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.insertvalue %[[DATA]], %{{.*}}[1]
// CHECK: %[[WEIGHTS:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?xi8>
// CHECK: %[[OFFSET:.*]] = arith.constant 128 : index
// CHECK: %[[W:.*]] = memref.view %[[WEIGHTS]][%[[OFFSET]]][] : memref<?xi8> to memref<8xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][40]
// CHECK: %[[CACHES:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][64]
// CHECK: %[[C64:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
// CHECK: %[[CONTEXT:.*]] = arith.index_cast %[[C64]]
// CHECK: %[[WIDTH:.*]] = arith.constant 32 : index
// CHECK: %[[PANELS:.*]] = arith.ceildivui %[[CONTEXT]], %[[WIDTH]]
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CACHES]][16]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[KEYS:.*]] = memref.view %{{.*}}[%{{.*}}][%[[BATCH:.*]], %[[PANELS]]] : memref<?xi8> to memref<?x2x?x8x32xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CACHES]][24]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[VALUES:.*]] = memref.view %{{.*}}[%{{.*}}][%[[BATCH]], %[[PANELS]]] : memref<?xi8> to memref<?x2x?x32x16xf32>
// CHECK: "test.use"(%[[W]], %[[KEYS]], %[[VALUES]])
// CHECK: %[[BYTES:.*]] = call @layer_arena_bytes(%[[SYMBOLS]])
// CHECK: call @layer(%[[CALL]], %[[BYTES]])
func.func @prefill(%x: memref<?x4xf32> {qopt.name = "x"}, %ids: memref<3xi64> {qopt.name = "ids"}, %y: memref<?xf32> {qopt.name = "x", qopt.output}, %arena: memref<?xi8>) {
  %w = qopt.get_weight @w : memref<8xf32>
  %k, %v = qopt.get_cache @cache1 : memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>
  "test.use"(%w, %k, %v) : (memref<8xf32>, memref<?x2x?x8x32xf32>, memref<?x2x?x32x16xf32>) -> ()
  %b = func.call @layer_arena_bytes() : () -> index
  func.call @layer(%b) : (index) -> ()
  return
}

// The entry: the first input, the second input (the past is none of the entry's),
// the first output, the arena. Input and output have one name and other sizes.
// CHECK-LABEL: func.func @prefill_run(
// CHECK-SAME: %[[CALL:[a-z0-9]*]]: !llvm.ptr) {
// CHECK: %[[SYMBOLS:.*]] = llvm.load %[[CALL]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][8]
// CHECK: %[[INPUTS:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.load %[[INPUTS]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[X:.*]] = memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x4xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][8]
// CHECK: %[[INPUTS:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[INPUTS]][8]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[IDS:.*]] = memref.view %{{.*}}[%{{.*}}][] : memref<?xi8> to memref<3xi64>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][16]
// CHECK: %[[OUTPUTS:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.load %[[OUTPUTS]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[Y:.*]] = memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][32]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[ARENA:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?xi8>
// CHECK: call @prefill(%[[CALL]], %[[X]], %[[IDS]], %[[Y]], %[[ARENA]])
// CHECK-NEXT: return

// Candidates have places of their own in the call.
// CHECK-LABEL: func.func @decode_run(
// CHECK-SAME: %[[CALL:[a-z0-9]*]]: !llvm.ptr) {
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][96]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[V:.*]] = memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][104]
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[T:.*]] = memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xi64>
// CHECK: call @decode(%[[CALL]], %[[V]], %[[T]], %{{.*}})
func.func @decode(%v: memref<?xf32> {qopt.output, qopt.candidates = 0 : i64, qopt.type = tensor<?xf32, #qopt.dims<"batch">>}, %t: memref<?xi64> {qopt.output, qopt.candidates = 1 : i64, qopt.type = tensor<?xi64, #qopt.dims<"batch">>}, %arena: memref<?xi8>) {
  return
}

// CHECK-LABEL: func.func @layer_arena_bytes(
// CHECK-SAME: !llvm.ptr) -> index
func.func @layer_arena_bytes() -> index {
  %zero = arith.constant 0 : index
  return %zero : index
}
// A function that is no entry has no _run.
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME: !llvm.ptr, %{{[a-z0-9]*}}: index)
// CHECK-NOT: @layer_run
func.func private @layer(%i: index) {
  return
}

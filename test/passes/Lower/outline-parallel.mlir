// RUN: qopt-opt %s --qopt-outline-parallel --allow-unregistered-dialect --split-input-file | FileCheck %s

// Offsets of qopt_call (include/qopt/artifact.h): runtime 48, parallel_for 56, error 72.

// The host stores what the body reads, and calls the runtime; constants are made
// again. Two scratch buffers lie one behind the other on cache lines.
// CHECK: qopt.signature
// CHECK-SAME: messages = ["at compile time", "too small"]
// CHECK-SAME: scratch_bytes = 192 : i64
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[CALL:[a-z0-9]*]]: !llvm.ptr, %[[X:[a-z0-9]*]]: memref<?xf32>, %[[N:[a-z0-9]*]]: index)
// CHECK: %[[ENV:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(struct<{{.*}}>, ptr)>
// CHECK: %[[XD:.*]] = builtin.unrealized_conversion_cast %[[X]] : memref<?xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[ENV]][0, 0]
// CHECK: llvm.store %[[XD]], %[[PLACE]]
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[ENV]][0, 1]
// CHECK: llvm.store %[[CALL]], %[[PLACE]]
// CHECK: %[[ITEMS:.*]] = arith.index_cast %[[N]] : index to i64
// CHECK: %[[F:.*]] = constant @[[KERNEL:kernel_[0-9]*]]
// CHECK: %[[CODE:.*]] = builtin.unrealized_conversion_cast %[[F]] {{.*}} to !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][56]
// CHECK: %[[PARALLEL:.*]] = llvm.load %[[PLACE]]
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[CALL]][48]
// CHECK: %[[RUNTIME:.*]] = llvm.load %[[PLACE]]
// CHECK: llvm.call %[[PARALLEL]](%[[RUNTIME]], %[[CODE]], %[[ENV]], %[[ITEMS]]) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK-NEXT: return
// CHECK: func.func private @[[KERNEL]](%[[ENV:[a-z0-9]*]]: !llvm.ptr, %[[BEGIN:[a-z0-9]*]]: i64, %[[END:[a-z0-9]*]]: i64, %[[SCRATCH:[a-z0-9]*]]: !llvm.ptr)
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[ENV]][0, 0]
// CHECK: %[[XD:.*]] = llvm.load %[[PLACE]]
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %[[XD]] : {{.*}} to memref<?xf32>
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[ENV]][0, 1]
// CHECK: %[[CALL:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG: %[[TABLE:.*]] = memref.get_global @table
// CHECK-DAG: %[[STEP:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[FROM:.*]] = arith.index_cast %[[BEGIN]]
// CHECK-DAG: %[[TO:.*]] = arith.index_cast %[[END]]
// CHECK: scf.for %[[I:.*]] = %[[FROM]] to %[[TO]] step %[[STEP]] {
// CHECK: llvm.insertvalue %[[SCRATCH]], %{{.*}}[1]
// CHECK: %[[START:.*]] = arith.constant 0 : index
// CHECK: %[[S:.*]] = memref.view %{{.*}}[%[[START]]][] : memref<?xi8> to memref<100xi8>
// CHECK: llvm.insertvalue %[[SCRATCH]], %{{.*}}[1]
// CHECK: %[[START:.*]] = arith.constant 128 : index
// CHECK: %[[T:.*]] = memref.view %{{.*}}[%[[START]]][] : memref<?xi8> to memref<10xi8>
// CHECK: %[[E:.*]] = memref.load %[[X]][%[[I]]]
// CHECK: %[[Y:.*]] = arith.mulf %[[E]], %[[TWO]]
// CHECK: memref.store %[[Y]], %[[X]][%[[I]]]
// CHECK: %[[BAD:.*]] = arith.cmpf
// CHECK: scf.if %[[BAD]] {
// CHECK: %[[CODE:.*]] = llvm.mlir.constant(2 : i32) : i32
// CHECK: %[[ERROR:.*]] = llvm.getelementptr %[[CALL]][72]
// CHECK: llvm.store %[[CODE]], %[[ERROR]] atomic monotonic
// CHECK: }
// CHECK: "test.use"(%[[S]], %[[T]], %[[TABLE]])
qopt.signature {inputs = [], outputs = [], symbols = ["n"], conditions = [], messages = ["at compile time"]}
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @f(%call: !llvm.ptr, %x: memref<?xf32>, %n: index) {
  %two = arith.constant 2.0 : f32
  %table = memref.get_global @table : memref<4xf32>
  scf.forall (%i) in (%n) {
    %s = qopt.scratch : memref<100xi8>
    %t = qopt.scratch : memref<10xi8>
    %e = memref.load %x[%i] : memref<?xf32>
    %y = arith.mulf %e, %two : f32
    memref.store %y, %x[%i] : memref<?xf32>
    %bad = arith.cmpf olt, %y, %two : f32
    qopt.fail_if %bad, "too small"
    "test.use"(%s, %t, %table) : (memref<100xi8>, memref<10xi8>, memref<4xf32>) -> ()
  }
  return
}

// -----

// Loops that do the same to other buffers are one kernel, those that do something
// else are not, be it only another constant, or the same operands the other way
// round.
// CHECK-LABEL: func.func @equal_kernels(
// CHECK: constant @[[A:kernel_[0-9]*]]
// CHECK: llvm.call
// CHECK: constant @[[A]] :
// CHECK: llvm.call
// CHECK: constant @[[B:kernel_[0-9]*]]
// CHECK: llvm.call
// CHECK: constant @[[C:kernel_[0-9]*]]
// CHECK: llvm.call
// CHECK: constant @[[D:kernel_[0-9]*]]
// CHECK: llvm.call
// CHECK-NOT: scf.forall
// CHECK: func.func private @[[A]](
// CHECK: arith.constant 2.000000e+00
// CHECK: func.func private @[[B]](
// CHECK: arith.constant 3.000000e+00
// CHECK: func.func private @[[C]](
// CHECK: func.func private @[[D]](
// CHECK-NOT: func.func
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @equal_kernels(%call: !llvm.ptr, %x: memref<8xf32>, %y: memref<8xf32>) {
  %two = arith.constant 2.0 : f32
  %three = arith.constant 3.0 : f32
  scf.forall (%i) in (8) {
    memref.store %two, %x[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %two, %y[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %three, %y[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    %a = memref.load %x[%i] : memref<8xf32>
    %b = memref.load %y[%i] : memref<8xf32>
    %sum = arith.addf %a, %b : f32
    memref.store %sum, %x[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    %a = memref.load %x[%i] : memref<8xf32>
    %b = memref.load %y[%i] : memref<8xf32>
    %sum = arith.addf %b, %a : f32
    memref.store %sum, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// Outside of loops a failure is reported as well; a message that is there has its
// number; nothing to do in a size function.
// CHECK: messages = ["a", "b"]
// CHECK-LABEL: func.func @without_loops(
// CHECK-SAME: %[[CALL:[a-z0-9]*]]: !llvm.ptr, %[[BAD:[a-z0-9]*]]: i1)
// CHECK: scf.if %[[BAD]] {
// CHECK: %[[CODE:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK: %[[ERROR:.*]] = llvm.getelementptr %[[CALL]][72]
// CHECK: llvm.store %[[CODE]], %[[ERROR]] atomic monotonic
// CHECK: scf.if %[[BAD]] {
// CHECK: llvm.mlir.constant(2 : i32) : i32
// CHECK: scf.if %[[BAD]] {
// CHECK: llvm.mlir.constant(1 : i32) : i32
// CHECK: return
// CHECK-NOT: private
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @without_loops(%call: !llvm.ptr, %bad: i1) {
  qopt.fail_if %bad, "a"
  qopt.fail_if %bad, "b"
  qopt.fail_if %bad, "a"
  return
}
func.func @without_loops_arena_bytes(%symbols: !llvm.ptr) -> index {
  %zero = arith.constant 0 : index
  return %zero : index
}

// -----

// What neither loops nor fails needs no call.
// CHECK-LABEL: func.func @quiet()
// CHECK-NEXT: return
// CHECK: func.func private @declared()
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @quiet() {
  return
}
func.func private @declared()

// -----

// The branches have the same memory, and so has the loop behind them; what is
// outside of them has its own.
// CHECK: scratch_bytes = 448
// CHECK-LABEL: func.func private @kernel_0(
// CHECK: memref.view %{{.*}}[%c0][] : memref<?xi8> to memref<100xi8>
// CHECK: scf.if
// CHECK: memref.view %{{.*}}[%c128][] : memref<?xi8> to memref<64xi8>
// CHECK: } else {
// CHECK: memref.view %{{.*}}[%c128][] : memref<?xi8> to memref<320xi8>
// CHECK: scf.for
// CHECK: memref.view %{{.*}}[%c128][] : memref<?xi8> to memref<8xi8>
qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @regions(%call: !llvm.ptr, %x: memref<8xi8>, %is: i1) {
  scf.forall (%i) in (8) {
    %outer = qopt.scratch : memref<100xi8>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %value = memref.load %x[%i] : memref<8xi8>
    memref.store %value, %outer[%i] : memref<100xi8>
    scf.if %is {
      %a = qopt.scratch : memref<64xi8>
      memref.store %value, %a[%i] : memref<64xi8>
    } else {
      %b = qopt.scratch : memref<320xi8>
      memref.store %value, %b[%i] : memref<320xi8>
    }
    scf.for %j = %c0 to %i step %c1 {
      %c = qopt.scratch : memref<8xi8>
      memref.store %value, %c[%j] : memref<8xi8>
    }
  }
  return
}

// RUN: qopt-opt %s --qopt-outline-parallel --allow-unregistered-dialect --split-input-file --verify-diagnostics

// expected-error @below {{expects a qopt.signature}}
module {
  func.func @f(%call: !llvm.ptr) {
    return
  }
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @two_dimensions(%call: !llvm.ptr, %x: memref<8x8xf32>) {
  %two = arith.constant 2.0 : f32
  // expected-error @below {{'scf.forall' op cannot be made a kernel: expects one dimension from 0 in steps of 1 and no results}}
  scf.forall (%i, %j) in (8, 8) {
    memref.store %two, %x[%i, %j] : memref<8x8xf32>
  }
  return
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @steps(%call: !llvm.ptr, %x: memref<8xf32>) {
  %two = arith.constant 2.0 : f32
  // expected-error @below {{expects one dimension from 0 in steps of 1 and no results}}
  scf.forall (%i) = (0) to (8) step (2) {
    memref.store %two, %x[%i] : memref<8xf32>
  }
  return
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @results(%call: !llvm.ptr, %x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{expects one dimension from 0 in steps of 1 and no results}}
  %y = scf.forall (%i) in (8) shared_outs(%o = %x) -> tensor<8xf32> {
  }
  return %y : tensor<8xf32>
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @reads_a_tensor(%call: !llvm.ptr, %x: tensor<8xf32>) {
  // expected-error @below {{'scf.forall' op cannot be made a kernel: it reads a value of type 'tensor<8xf32>'}}
  scf.forall (%i) in (8) {
    %e = tensor.extract %x[%i] : tensor<8xf32>
    "test.use"(%e) : (f32) -> ()
  }
  return
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @loop_without_call(%n: index) {
  // expected-error @below {{'scf.forall' op expects a function whose first argument is the call, a '!llvm.ptr'}}
  scf.forall (%i) in (%n) {
    "test.use"(%i) : (index) -> ()
  }
  return
}

// -----

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}
func.func @failure_without_call(%bad: i1) {
  // expected-error @below {{'qopt.fail_if' op expects a function whose first argument is the call, a '!llvm.ptr'}}
  qopt.fail_if %bad, "bad"
  return
}

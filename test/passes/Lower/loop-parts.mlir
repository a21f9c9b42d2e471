// RUN: qopt-opt %s --qopt-lower-kernels=isa=x86-64-v4 --qopt-outline-parallel | FileCheck %s

// The loops of the entry in their order: what locations and ops say of them, those of a layer as often as it is called, both ops
// of one loop. What has no loops is not there, nor what no entry calls.
// CHECK: qopt.signature
// CHECK-SAME: loops = {
// CHECK-SAME: main = {{\[}}[{node = "first", op = "qopt.silu"}], @main_layer, @main_layer, [{node = "plain"}, {node = "other"}]],
// CHECK-SAME: main_layer = {{\[}}[{node = "norm", op = "qopt.rms_norm", path = "layers.*.norm"}, {node = "up", op = "qopt.round"}],
// CHECK-SAME: [{node = "up", op = "qopt.matmul", path = "layers.*.up"}]]}
// CHECK-SAME: outputs = []

qopt.signature {inputs = [], outputs = [], symbols = [], conditions = []}

!x = memref<?x256xf32>
!r = memref<?x256xbf16>
!y = memref<?x64xf32>
!w = memref<2x256x32xf32>

func.func private @main_layer(%call: !llvm.ptr, %x: !x, %s: memref<256xf32>, %n: !x, %r: !r, %w: !w, %y: !y) {
  qopt.fused items {
    qopt.rms_norm %x, %s outs(%n : !x) {epsilon = 1.0e-5 : f64, path = "layers.*.norm"} : !x, memref<256xf32> loc("norm")
    qopt.round %n outs(%r : !r) : !x loc("up")
  }
  qopt.matmul %n, %w outs(%y : !y) {path = "layers.*.up"} : (!x, !w) loc(fused["up", "bias"])
  return
}

func.func private @nothing(%call: !llvm.ptr) {
  return
}

func.func @main(%call: !llvm.ptr, %x: !x, %s: memref<256xf32>, %n: !x, %r: !r, %w: !w, %y: !y, %count: index) {
  qopt.silu %x outs(%n : !x) : !x loc("first")
  call @nothing(%call) : (!llvm.ptr) -> ()
  call @main_layer(%call, %x, %s, %n, %r, %w, %y) : (!llvm.ptr, !x, memref<256xf32>, !x, !r, !w, !y) -> ()
  call @main_layer(%call, %x, %s, %n, %r, %w, %y) : (!llvm.ptr, !x, memref<256xf32>, !x, !r, !w, !y) -> ()
  scf.forall (%i) in (%count) {
  } loc(fused["plain", "other"])
  return
}

func.func @unused(%call: !llvm.ptr, %x: !x) {
  qopt.silu %x outs(%x : !x) : !x loc("unused")
  return
}

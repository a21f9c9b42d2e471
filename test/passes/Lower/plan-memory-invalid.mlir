// RUN: qopt-opt %s --qopt-plan-memory --split-input-file --verify-diagnostics

func.func @size_from_data(%x: memref<1xindex>) {
  %zero = arith.constant 0 : index
  %n = memref.load %x[%zero] : memref<1xindex>
  // expected-error @below {{'memref.alloc' op cannot be placed: its size is no expression over the model's symbols}}
  %a = memref.alloc(%n) : memref<?xf32>
  qopt.silu %a outs(%a : memref<?xf32>) : memref<?xf32>
  return
}

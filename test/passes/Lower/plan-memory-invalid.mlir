// RUN: qopt-opt %s --qopt-plan-memory --split-input-file --verify-diagnostics

func.func @size_from_data(%x: memref<1xindex>) {
  %zero = arith.constant 0 : index
  %n = memref.load %x[%zero] : memref<1xindex>
  // expected-error @below {{'memref.alloc' op cannot be placed: its size is no expression over the model's symbols}}
  %a = memref.alloc(%n) : memref<?xf32>
  qopt.silu %a outs(%a : memref<?xf32>) : memref<?xf32>
  return
}

// -----

func.func @in_a_loop(%x: memref<64xf32>) {
  scf.forall (%i) in (64) {
    // expected-error @below {{'memref.alloc' op cannot be placed: it is inside another op}}
    %a = memref.alloc() : memref<64xf32>
    qopt.silu %x outs(%a : memref<64xf32>) : memref<64xf32>
  }
  return
}

// -----

// expected-error @below {{'func.func' op expects one block}}
func.func @branches(%x: memref<64xf32>) {
  cf.br ^bb1
^bb1:
  return
}

// RUN: qopt-opt %s -qopt-expand-math=isa=x86-64 | FileCheck %s --check-prefixes=CHECK,BASE
// RUN: qopt-opt %s -qopt-expand-math=isa=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3

// CHECK-LABEL: func.func @nothing_is_left_to_a_library
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.powf
func.func @nothing_is_left_to_a_library(%x: vector<8xf32>, %y: f32) -> (vector<8xf32>, vector<8xf32>, f32) {
  %a = math.exp %x : vector<8xf32>
  %b = math.tanh %x : vector<8xf32>
  %c = math.powf %y, %y : f32
  return %a, %b, %c : vector<8xf32>, vector<8xf32>, f32
}

// Instructions stay where the machine has them.
// CHECK-LABEL: func.func @instructions
// CHECK: math.sqrt
// BASE-NOT: math.floor
// BASE-NOT: arith.extf
// V3: math.floor
// V3: arith.extf
func.func @instructions(%x: f32, %h: vector<8xf16>) -> (f32, f32, vector<8xf32>) {
  %a = math.sqrt %x : f32
  %b = math.floor %x : f32
  %c = arith.extf %h : vector<8xf16> to vector<8xf32>
  return %a, %b, %c : f32, f32, vector<8xf32>
}

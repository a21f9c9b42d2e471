//===- VectorizeReductionTest.cpp - Reductions and products on vectors ----===//

#include "test/passes/Lower/Generic/Vectorize.h"

using namespace qopt::test;

// Sums of up to 1000 numbers are joined in another order than one by one, which
// moves them by some ulps of the largest sum.
static const std::vector<Case> cases = {
    {"sumRows",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<?x?xf32>) outs(%c : memref<?xf32>) {
      ^bb0(%x: f32, %z: f32):
        %r = arith.addf %x, %z : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{3, 5}, {3}}, {{10, 1000}, {10}}, {{4, 0}, {4}}, {{1, 1}, {1}}},
     1e-5},
    {"maxColumns",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<?x?xf32>) outs(%c : memref<?xf32>) {
      ^bb0(%x: f32, %z: f32):
        %r = arith.maximumf %x, %z : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{3, 5}, {5}}, {{10, 300}, {300}}, {{0, 4}, {4}}},
     0},
    {"sumAllIntegers",
     R"(func.func @f(%a: memref<?x?xi32>, %c: memref<i32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> ()>], iterator_types = ["reduction", "reduction"]}
        ins(%a : memref<?x?xi32>) outs(%c : memref<i32>) {
      ^bb0(%x: i32, %z: i32):
        %r = arith.addi %z, %x : i32
        linalg.yield %r : i32
      }
      return })",
     "ii",
     {{{3, 5}, {}}, {{41, 57}, {}}},
     0},
    {"sumMiddle",
     R"(func.func @f(%a: memref<?x?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id3, affine_map<(d0, d1, d2) -> (d0, d2)>], iterator_types = ["parallel", "reduction", "parallel"]}
        ins(%a : memref<?x?x?xf32>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %z: f32):
        %r = arith.addf %z, %x : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{3, 5, 7}, {3, 7}}, {{4, 50, 77}, {4, 77}}},
     1e-5},
    {"sumOfSquares",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<?x?xf32>) outs(%c : memref<?xf32>) {
      ^bb0(%x: f32, %z: f32):
        %p = arith.mulf %x, %x : f32
        %r = arith.addf %z, %p : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{3, 5}, {3}}, {{10, 1000}, {10}}, {{0, 5}, {0}}},
     1e-5},
    {"anyOfBooleans",
     R"(func.func @f(%a: memref<?x?xi1>, %c: memref<?xi1>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<?x?xi1>) outs(%c : memref<?xi1>) {
      ^bb0(%x: i1, %z: i1):
        %r = arith.maxui %x, %z : i1
        linalg.yield %r : i1
      }
      return })",
     "bb",
     {{{3, 5}, {3}}, {{10, 100}, {10}}, {{7, 1}, {7}}},
     0},
    {"batchMatmul",
     R"(func.func @f(%a: memref<?x?x?xf32>, %b: memref<?x?x?xf32>, %c: memref<?x?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<?x?x?xf32>, memref<?x?x?xf32>) outs(%c : memref<?x?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %z: f32):
        %p = arith.mulf %x, %y fastmath<contract> : f32
        %r = arith.addf %p, %z fastmath<contract> : f32
        linalg.yield %r : f32
      }
      return })",
     "fff",
     {{{2, 3, 5}, {2, 5, 7}, {2, 3, 7}},
      {{3, 17, 33}, {3, 33, 65}, {3, 17, 65}},
      {{1, 130, 64}, {1, 64, 300}, {1, 130, 300}},
      {{2, 1, 40}, {2, 40, 1}, {2, 1, 1}}},
     1e-5},
    {"matmulTransposed",
     R"(func.func @f(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %z: f32):
        %p = arith.mulf %x, %y fastmath<contract> : f32
        %r = arith.addf %z, %p fastmath<contract> : f32
        linalg.yield %r : f32
      }
      return })",
     "fff",
     {{{3, 5}, {7, 5}, {3, 7}}, {{30, 129}, {70, 129}, {30, 70}}},
     1e-5},
};

INSTANTIATE_TEST_SUITE_P(Reductions, Vectorize, testing::ValuesIn(cases),
                         Vectorize::name);

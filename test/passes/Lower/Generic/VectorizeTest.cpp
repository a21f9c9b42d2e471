//===- VectorizeTest.cpp - Vector code against scalar loops ---------------===//

#include "test/passes/Lower/Generic/Vectorize.h"

#include "test/passes/Lower/Generic/Jit.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace qopt::test;

namespace {

unsigned bytesOf(char type) {
  return type == 'b' || type == 'c' ? 1 : type == 'l' ? 8 : 4;
}

void fill(Buffer &buffer, char type, std::mt19937 &random) {
  for (int64_t i = 0; i < buffer.count(); ++i) {
    int64_t integer = int64_t(random() % 2000) - 1000;
    if (type == 'f')
      buffer.data<float>()[i] = float(integer) / 500;
    else if (type == 'i')
      buffer.data<int32_t>()[i] = int32_t(integer);
    else if (type == 'l')
      buffer.data<int64_t>()[i] = std::abs(integer) % 3; // also positions
    else
      buffer.data<char>()[i] = type == 'b' ? integer & 1 : integer;
  }
}

void compare(const Case &test, const Buffer &got, const Buffer &expected,
             const std::string &where) {
  if (test.tolerance == 0) {
    EXPECT_EQ(got.bytes, expected.bytes) << where;
    return;
  }
  auto *a = reinterpret_cast<const float *>(got.bytes.data());
  auto *b = reinterpret_cast<const float *>(expected.bytes.data());
  float largest = 0;
  for (int64_t i = 0; i < got.count(); ++i)
    largest = std::max(largest, std::abs(b[i]));
  for (int64_t i = 0; i < got.count(); ++i)
    ASSERT_NEAR(a[i], b[i], test.tolerance * largest) << where << " " << i;
}

} // namespace

TEST_P(Vectorize, equalsScalarLoops) {
  const Case &test = GetParam();
  std::string text =
      std::string("#id1 = affine_map<(d0) -> (d0)>\n"
                  "#id2 = affine_map<(d0, d1) -> (d0, d1)>\n"
                  "#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>\n") +
      test.text;
  auto scalar = Jit::compile(text, "");
  ASSERT_TRUE(scalar);
  for (const std::string &isa : runnableIsas()) {
    auto jit = Jit::compile(text, isa);
    ASSERT_TRUE(jit) << isa;
    std::mt19937 random(7);
    for (size_t number = 0; number < test.shapes.size(); ++number) {
      const auto &shapes = test.shapes[number];
      std::vector<Buffer> buffers;
      for (size_t i = 0; i < shapes.size(); ++i) {
        buffers.emplace_back(shapes[i], bytesOf(test.types[i]));
        fill(buffers.back(), test.types[i], random);
      }
      std::vector<Buffer> expected = buffers;
      ASSERT_TRUE(jit->call("f", buffers));
      ASSERT_TRUE(scalar->call("f", expected));
      compare(test, buffers.back(), expected.back(),
              isa + " shapes " + std::to_string(number));
    }
  }
}

static const std::vector<Case> cases = {
    {"add",
     R"(func.func @f(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %z: f32):
        %r = arith.addf %x, %y : f32
        linalg.yield %r : f32
      }
      return })",
     "fff",
     {{{3, 5}, {3, 5}, {3, 5}},
      {{1, 1}, {1, 1}, {1, 1}},
      {{0, 4}, {0, 4}, {0, 4}},
      {{300, 257}, {300, 257}, {300, 257}},
      {{4, 0}, {4, 0}, {4, 0}}},
     0},
    {"broadcastRowAndScalar",
     R"(func.func @f(%a: memref<?x?xf32>, %b: memref<?xf32>, %s: memref<f32>, %k: memref<?x1xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0, 0)>, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b, %s, %k : memref<?x?xf32>, memref<?xf32>, memref<f32>, memref<?x1xf32>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %w: f32, %v: f32, %z: f32):
        %p = arith.mulf %x, %y : f32
        %q = arith.addf %p, %w : f32
        %r = arith.subf %q, %v : f32
        linalg.yield %r : f32
      }
      return })",
     "fffff",
     {{{3, 5}, {5}, {}, {3, 1}, {3, 5}},
      {{40, 100}, {100}, {}, {40, 1}, {40, 100}},
      {{1, 70000}, {70000}, {}, {1, 1}, {1, 70000}}},
     0},
    {"transpose",
     R"(func.func @f(%a: memref<?x?x?xf32>, %c: memref<?x?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d2, d0, d1)>, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%a : memref<?x?x?xf32>) outs(%c : memref<?x?x?xf32>) {
      ^bb0(%x: f32, %z: f32):
        linalg.yield %x : f32
      }
      return })",
     "ff",
     {{{3, 4, 5}, {4, 5, 3}},
      {{33, 2, 17}, {2, 17, 33}},
      {{1, 1, 1}, {1, 1, 1}}},
     0},
    {"swapMiddle",
     R"(func.func @f(%a: memref<?x?x4x32xf32>, %c: memref<?x4x?x32xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%a : memref<?x?x4x32xf32>) outs(%c : memref<?x4x?x32xf32>) {
      ^bb0(%x: f32, %z: f32):
        linalg.yield %x : f32
      }
      return })",
     "ff",
     {{{2, 7, 4, 32}, {2, 4, 7, 32}}, {{1, 100, 4, 32}, {1, 4, 100, 32}}},
     0},
    {"booleans",
     R"(func.func @f(%a: memref<?x?xi1>, %b: memref<?xi1>, %i: memref<?x?xi32>, %c: memref<?x?xi1>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d1)>, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b, %i : memref<?x?xi1>, memref<?xi1>, memref<?x?xi32>) outs(%c : memref<?x?xi1>) {
      ^bb0(%x: i1, %y: i1, %n: i32, %z: i1):
        %p = arith.andi %x, %y : i1
        %zero = arith.constant 0 : i32
        %s = arith.cmpi slt, %n, %zero : i32
        %r = arith.ori %p, %s : i1
        linalg.yield %r : i1
      }
      return })",
     "bbib",
     {{{3, 5}, {5}, {3, 5}, {3, 5}}, {{9, 129}, {129}, {9, 129}, {9, 129}}},
     0},
    {"unsignedBytes",
     R"(func.func @f(%a: memref<?xui8>, %c: memref<?xi32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
        ins(%a : memref<?xui8>) outs(%c : memref<?xi32>) {
      ^bb0(%x: ui8, %z: i32):
        %s = builtin.unrealized_conversion_cast %x : ui8 to i8
        %r = arith.extui %s : i8 to i32
        linalg.yield %r : i32
      }
      return })",
     "ci",
     {{{77}, {77}}, {{3}, {3}}},
     0},
    {"positions",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %z: f32):
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %two = arith.constant 2 : index
        %k = arith.muli %j, %two : index
        %s = arith.addi %i, %k : index
        %t = arith.index_cast %s : index to i64
        %n = arith.sitofp %t : i64 to f32
        %seen = arith.cmpi sle, %j, %i : index
        %q = arith.addf %x, %n : f32
        %r = arith.select %seen, %q, %x : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{5, 7}, {5, 7}}, {{50, 70}, {50, 70}}},
     0},
    {"gatherRows",
     R"(func.func @f(%d: memref<?x?xf32>, %i: memref<?xi64>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%i : memref<?xi64>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: i64, %z: f32):
        %k = arith.index_cast %x : i64 to index
        %j = linalg.index 1 : index
        %r = memref.load %d[%k, %j] : memref<?x?xf32>
        linalg.yield %r : f32
      }
      return })",
     "flf",
     {{{3, 5}, {7}, {7, 5}}, {{3, 129}, {40}, {40, 129}}},
     0},
    {"gatherColumns",
     R"(func.func @f(%d: memref<?x?xf32>, %i: memref<?xi64>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%i : memref<?xi64>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: i64, %z: f32):
        %k = arith.index_cast %x : i64 to index
        %j = linalg.index 0 : index
        %r = memref.load %d[%j, %k] : memref<?x?xf32>
        linalg.yield %r : f32
      }
      return })",
     "flf",
     {{{5, 3}, {7}, {5, 7}}, {{9, 3}, {40}, {9, 40}}},
     0},
    {"slice",
     R"(func.func @f(%d: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %one = arith.constant 1 : index
      %three = arith.constant 3 : index
      linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
        outs(%c : memref<?x?xf32>) {
      ^bb0(%z: f32):
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %p = arith.muli %i, %three : index
        %q = arith.addi %j, %one : index
        %r = memref.load %d[%p, %q] : memref<?x?xf32>
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{15, 9}, {5, 8}}, {{30, 50}, {10, 49}}},
     0},
    {"concatRowsAndColumns",
     R"(func.func @f(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %n = memref.dim %a, %zero : memref<?x?xf32>
      %half = memref.dim %a, %one : memref<?x?xf32>
      linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
        outs(%c : memref<?x?xf32>) {
      ^bb0(%z: f32):
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %first = arith.cmpi slt, %i, %n : index
        %r = scf.if %first -> f32 {
          %v = memref.load %a[%i, %j] : memref<?x?xf32>
          scf.yield %v : f32
        } else {
          %k = arith.subi %i, %n : index
          %v = memref.load %b[%k, %j] : memref<?x?xf32>
          scf.yield %v : f32
        }
        linalg.yield %r : f32
      }
      linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
        outs(%c : memref<?x?xf32>) {
      ^bb0(%z: f32):
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %first = arith.cmpi slt, %j, %one : index
        %r = scf.if %first -> f32 {
          %v = arith.addf %z, %z : f32
          scf.yield %v : f32
        } else {
          scf.yield %z : f32
        }
        linalg.yield %r : f32
      }
      return })",
     "fff",
     {{{2, 5}, {3, 5}, {5, 5}}, {{12, 50}, {13, 50}, {25, 50}}},
     0},
    {"twoResults",
     R"(func.func @f(%a: memref<?x?xf32>, %b: memref<?x?xi1>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %d = memref.alloca() : memref<1024xi1>
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %m = memref.dim %a, %zero : memref<?x?xf32>
      %n = memref.dim %a, %one : memref<?x?xf32>
      %e = memref.reinterpret_cast %d to offset: [0], sizes: [%m, %n], strides: [%n, 1] : memref<1024xi1> to memref<?x?xi1, strided<[?, 1]>>
      linalg.generic {indexing_maps = [#id2, #id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : memref<?x?xf32>, memref<?x?xi1>) outs(%c, %e : memref<?x?xf32>, memref<?x?xi1, strided<[?, 1]>>) {
      ^bb0(%x: f32, %y: i1, %z: f32, %w: i1):
        %p = arith.negf %x : f32
        %q = arith.cmpf olt, %x, %p : f32
        %o = arith.xori %q, %y : i1
        linalg.yield %p, %o : f32, i1
      }
      linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%e : memref<?x?xi1, strided<[?, 1]>>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: i1, %z: f32):
        %p = arith.uitofp %x : i1 to f32
        %r = arith.addf %z, %p : f32
        linalg.yield %r : f32
      }
      return })",
     "fbf",
     {{{3, 5}, {3, 5}, {3, 5}}, {{10, 100}, {10, 100}, {10, 100}}},
     0},
    {"stridedParts",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %m = memref.dim %c, %zero : memref<?x?xf32>
      %n = memref.dim %c, %one : memref<?x?xf32>
      %s = memref.subview %a[1, 2] [%m, %n] [1, 1] : memref<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
      %t = memref.subview %a[0, 1] [%m, %n] [2, 1] : memref<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: 1>>
      linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%s, %t : memref<?x?xf32, strided<[?, 1], offset: ?>>, memref<?x?xf32, strided<[?, 1], offset: 1>>) outs(%c : memref<?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %z: f32):
        %r = arith.subf %x, %y : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{7, 9}, {3, 5}}, {{21, 80}, {10, 70}}},
     0},
    {"scalar",
     R"(func.func @f(%a: memref<f32>, %c: memref<f32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
        ins(%a : memref<f32>) outs(%c : memref<f32>) {
      ^bb0(%x: f32, %z: f32):
        %r = arith.addf %x, %z : f32
        linalg.yield %r : f32
      }
      return })",
     "ff",
     {{{}, {}}},
     0},
    {"longIntegers",
     R"(func.func @f(%a: memref<?xi64>, %b: memref<?xi64>, %c: memref<?xi64>) attributes {llvm.emit_c_interface} {
      %big = arith.constant 4611686018427387905 : i64
      linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
        ins(%a, %b : memref<?xi64>, memref<?xi64>) outs(%c : memref<?xi64>) {
      ^bb0(%x: i64, %y: i64, %z: i64):
        %p = arith.muli %x, %big : i64
        %q = arith.subi %p, %y : i64
        %s = arith.shrsi %q, %y : i64
        %r = arith.maxsi %s, %x : i64
        linalg.yield %r : i64
      }
      return })",
     "lll",
     {{{5}, {5}, {5}}, {{131}, {131}, {131}}},
     0},
    {"fillAndCopy",
     R"(func.func @f(%a: memref<?x?xf32>, %c: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %n = arith.constant 3.5 : f32
      linalg.fill ins(%n : f32) outs(%c : memref<?x?xf32>)
      memref.copy %a, %c : memref<?x?xf32> to memref<?x?xf32>
      return })",
     "ff",
     {{{3, 5}, {3, 5}}, {{1000, 100}, {1000, 100}}},
     0},
    {"staticShapes",
     R"(func.func @f(%a: memref<4x6x8xf32>, %b: memref<6x1xf32>, %c: memref<4x6x8xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#id3, affine_map<(d0, d1, d2) -> (d1, 0)>, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%a, %b : memref<4x6x8xf32>, memref<6x1xf32>) outs(%c : memref<4x6x8xf32>) {
      ^bb0(%x: f32, %y: f32, %z: f32):
        %r = arith.mulf %x, %y : f32
        linalg.yield %r : f32
      }
      return })",
     "fff",
     {{{4, 6, 8}, {6, 1}, {4, 6, 8}}},
     0},
};

INSTANTIATE_TEST_SUITE_P(Elementwise, Vectorize, testing::ValuesIn(cases),
                         Vectorize::name);

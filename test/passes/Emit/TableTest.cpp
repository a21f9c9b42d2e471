//===- TableTest.cpp - The table and memory functions of a library --------===//

#include "qopt/runtime.h"
#include "test/passes/Emit/Emit.h"
#include <cstring>

using namespace qopt;

namespace {

TEST_F(EmitTest, TableHoldsWhatWasGiven) {
  ArtifactTable table;
  table.version = "1.2.3";
  table.modelName = "name \"with\" quotes";
  table.weightsBytes = int64_t(5) << 40;
  table.weightsOffset = 4096;
  table.batchSymbol = 0, table.sequenceSymbol = 2, table.pastSymbol = 1;
  table.rowsSymbol = 2;
  table.maxContext = 4096;
  table.vocabulary = 128256;
  table.hasCandidates = true;
  table.symbols = {"batch", "past", "sequence"};
  table.inputs = {
      {"ids", QOPT_INT64, QOPT_ROLE_TOKENS, -1, {{0, {1}}, {0, {0, 0, 1}}}},
      {"scalar", QOPT_FLOAT16, QOPT_ROLE_PLAIN, -1, {}},
      {"past", QOPT_FLOAT, QOPT_ROLE_PAST_KEY, 1, {{-2, {3, -1}}}}};
  table.outputs = {
      {"logits", QOPT_FLOAT, QOPT_ROLE_LOGITS, -1, {{128256, {}}}}};
  table.caches = {{8, 64, 32, QOPT_FLOAT}, {4, 128, 128, QOPT_INT8}};
  table.conditions = {{{4096, {0, -1, -1}}, "too long"}};
  table.messages = {"first", "second"};
  std::string prefillOnly = R"mlir(
llvm.func @prefill_run(%call: !llvm.ptr) {
  llvm.return
}
llvm.func @prefill_arena_bytes(%call: !llvm.ptr) -> i64 {
  %n = llvm.mlir.constant(7 : i64) : i64
  llvm.return %n : i64
})mlir";
  ASSERT_EQ(emit(prefillOnly, table, path("model.so"), 2, "x86-64"), "");
  Library library(path("model.so"));
  const qopt_artifact_table *got = library.table;
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->abi, uint32_t(QOPT_ABI_VERSION));
  EXPECT_EQ(got->struct_bytes, sizeof(qopt_artifact_table));
  EXPECT_STREQ(got->version, "1.2.3");
  EXPECT_STREQ(got->model_name, "name \"with\" quotes");
  EXPECT_EQ(got->weights_bytes, int64_t(5) << 40);
  EXPECT_EQ(got->weights_offset, 4096);
  ASSERT_EQ(got->num_symbols, 3);
  EXPECT_STREQ(got->symbols[2], "sequence");
  EXPECT_EQ(got->batch_symbol, 0);
  EXPECT_EQ(got->past_symbol, 1);
  EXPECT_EQ(got->sequence_symbol, 2);
  EXPECT_EQ(got->rows_symbol, 2);
  EXPECT_EQ(got->picks_logits, 0);
  EXPECT_EQ(got->has_candidates, 1);
  EXPECT_EQ(got->max_context, 4096);
  EXPECT_EQ(got->vocabulary, 128256);
  ASSERT_EQ(got->num_inputs, 3);
  EXPECT_STREQ(got->inputs[0].name, "ids");
  EXPECT_EQ(got->inputs[0].dtype, QOPT_INT64);
  EXPECT_EQ(got->inputs[0].rank, 2);
  EXPECT_EQ(got->inputs[0].role, QOPT_ROLE_TOKENS);
  EXPECT_EQ(got->inputs[0].cache, -1);
  EXPECT_EQ(got->inputs[0].dims[1].coefficient[2], 1);
  EXPECT_EQ(got->inputs[1].rank, 0);
  EXPECT_EQ(got->inputs[1].dims, nullptr);
  EXPECT_EQ(got->inputs[2].cache, 1);
  EXPECT_EQ(got->inputs[2].dims[0].constant, -2);
  EXPECT_EQ(got->inputs[2].dims[0].coefficient[0], 3);
  EXPECT_EQ(got->inputs[2].dims[0].coefficient[1], -1);
  EXPECT_EQ(got->inputs[2].dims[0].coefficient[7], 0);
  ASSERT_EQ(got->num_outputs, 1);
  EXPECT_EQ(got->outputs[0].dims[0].constant, 128256);
  ASSERT_EQ(got->num_caches, 2);
  EXPECT_EQ(got->caches[0].heads, 8);
  EXPECT_EQ(got->caches[0].key_dim, 64);
  EXPECT_EQ(got->caches[0].value_dim, 32);
  EXPECT_EQ(got->caches[0].dtype, QOPT_FLOAT);
  EXPECT_EQ(got->caches[1].heads, 4);
  EXPECT_EQ(got->caches[1].dtype, QOPT_INT8);
  ASSERT_EQ(got->num_conditions, 1);
  EXPECT_EQ(got->conditions[0].expression.constant, 4096);
  EXPECT_EQ(got->conditions[0].expression.coefficient[2], -1);
  EXPECT_STREQ(got->conditions[0].message, "too long");
  ASSERT_EQ(got->num_messages, 2);
  EXPECT_STREQ(got->messages[1], "second");
  ASSERT_EQ(got->num_variants, 1);
  const qopt_variant &variant = got->variants[0];
  EXPECT_STREQ(variant.isa, "x86-64");
  EXPECT_EQ(variant.entries[QOPT_ENTRY_MAIN].run, nullptr);
  EXPECT_EQ(variant.entries[QOPT_ENTRY_PREFILL].arena_bytes(nullptr), 7);
}

/// memset, memcpy and memmove of the artifact, through intrinsics: symbols are
/// {which, target, source, size}, offsets in the arena.
TEST_F(EmitTest, MemoryFunctionsAreThoseOfC) {
  std::string text = mainModule(R"mlir(
    %symbols = llvm.load %call : !llvm.ptr -> !llvm.ptr
    %which = llvm.load %symbols : !llvm.ptr -> i64
    %s1 = llvm.getelementptr %symbols[8] : (!llvm.ptr) -> !llvm.ptr, i8
    %s2 = llvm.getelementptr %symbols[16] : (!llvm.ptr) -> !llvm.ptr, i8
    %s3 = llvm.getelementptr %symbols[24] : (!llvm.ptr) -> !llvm.ptr, i8
    %to_offset = llvm.load %s1 : !llvm.ptr -> i64
    %from_offset = llvm.load %s2 : !llvm.ptr -> i64
    %size = llvm.load %s3 : !llvm.ptr -> i64
    %arena_at = llvm.getelementptr %call[32] : (!llvm.ptr) -> !llvm.ptr, i8
    %arena = llvm.load %arena_at : !llvm.ptr -> !llvm.ptr
    %to = llvm.getelementptr %arena[%to_offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %from = llvm.getelementptr %arena[%from_offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %one = llvm.mlir.constant(1 : i64) : i64
    %value = llvm.mlir.constant(171 : i8) : i8
    %is0 = llvm.icmp "slt" %which, %one : i64
    llvm.cond_br %is0, ^set, ^move
  ^set:
    "llvm.intr.memset"(%to, %value, %size) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()
    llvm.br ^end
  ^move:
    %is1 = llvm.icmp "eq" %which, %one : i64
    llvm.cond_br %is1, ^moves, ^copy
  ^moves:
    "llvm.intr.memmove"(%to, %from, %size) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
    llvm.br ^end
  ^copy:
    "llvm.intr.memcpy"(%to, %from, %size) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
    llvm.br ^end
  ^end:)mlir");
  ASSERT_EQ(emit(text, scaleTable(), path("model.so"), 1, "x86-64"), "");
  Library library(path("model.so"));
  ASSERT_NE(library.table, nullptr);
  const qopt_entry &entry = library.table->variants[0].entries[QOPT_ENTRY_MAIN];
  auto check = [&](int64_t which, int64_t to, int64_t from, int64_t size) {
    std::vector<uint8_t> memory(1024), expected;
    for (size_t i = 0; i < memory.size(); ++i)
      memory[i] = uint8_t(i * 37 + i / 256);
    expected = memory;
    if (which == 0)
      std::memset(expected.data() + to, 171, size_t(size));
    else
      std::memmove(expected.data() + to, expected.data() + from, size_t(size));
    int64_t symbols[] = {which, to, from, size};
    qopt_call call = {};
    call.symbols = symbols;
    call.arena = memory.data();
    entry.run(&call);
    ASSERT_EQ(memory, expected)
        << which << " " << to << " " << from << " " << size;
  };
  for (int64_t size : {0, 1, 7, 63, 64, 65, 127, 128, 200, 333}) {
    check(0, 5, 0, size);
    check(2, 5, 500, size);
    for (int64_t distance :
         {-333, -100, -64, -63, -1, 0, 1, 5, 63, 64, 65, 333})
      check(1, 340 + distance, 340, size);
  }
}

} // namespace

//===- EmitModelTest.cpp - Libraries that are loaded and run --------------===//

#include "lib/Artifact/Link.h"
#include "test/passes/Emit/Emit.h"
#include "llvm/Object/ELFObjectFile.h"
#include <random>

using namespace qopt;

namespace {

TEST_F(EmitTest, EveryVersionComputes) {
  ASSERT_EQ(emit(scaleModule, scaleTable(), path("model.so"), 2), "");
  Library library(path("model.so"));
  ASSERT_NE(library.table, nullptr);
  ASSERT_EQ(library.table->num_variants, 5);
  for (int i = 0; i < library.table->num_variants; ++i) {
    const qopt_variant &variant = library.table->variants[i];
    EXPECT_STREQ(variant.isa, getX86Isas()[size_t(i)].name);
    EXPECT_EQ(variant.features, getX86Isas()[size_t(i)].features);
    EXPECT_EQ(variant.scratch_bytes, 128);
    EXPECT_EQ(variant.entries[QOPT_ENTRY_PREFILL].run, nullptr);
    EXPECT_EQ(variant.entries[QOPT_ENTRY_DECODE].arena_bytes, nullptr);
    if (!runsHere(variant))
      continue;
    const qopt_entry &entry = variant.entries[QOPT_ENTRY_MAIN];
    const int64_t n = 16 * 100;
    EXPECT_EQ(entry.arena_bytes(&n), 4 * n);
    // Multiples of 1/16 below 16: products and sums are exact, fused or not.
    std::mt19937 random(1);
    std::vector<float> in(n), weights(n), out(n, -1);
    for (int64_t k = 0; k < n; ++k) {
      in[size_t(k)] = float(int(random() % 512) - 256) / 16;
      weights[size_t(k)] = float(int(random() % 512) - 256) / 16;
    }
    void *inputs[] = {in.data()}, *outputs[] = {out.data()};
    int loops = 0;
    qopt_call call = {};
    call.symbols = &n;
    call.inputs = inputs;
    call.outputs = outputs;
    call.weights = reinterpret_cast<const uint8_t *>(weights.data());
    call.runtime = &loops;
    call.parallel_for = serialFor;
    entry.run(&call);
    EXPECT_EQ(loops, 1);
    for (size_t k = 0; k < size_t(n); ++k)
      ASSERT_EQ(out[k], in[k] * weights[k] + in[k]) << variant.isa << " " << k;
  }
}

TEST_F(EmitTest, SameBytesWhateverTheThreads) {
  ASSERT_EQ(emit(scaleModule, scaleTable(), path("1.so"), 1), "");
  std::string first = read(path("1.so"));
  EXPECT_FALSE(first.empty());
  for (unsigned threads : {1u, 2u, 8u}) {
    ASSERT_EQ(emit(scaleModule, scaleTable(), path("other.so"), threads), "");
    EXPECT_TRUE(read(path("other.so")) == first) << threads;
  }
}

TEST_F(EmitTest, NeedsNothingAndExportsTheTableAlone) {
  ASSERT_EQ(emit(scaleModule, scaleTable(), path("model.so")), "");
  auto binary = llvm::object::ObjectFile::createObjectFile(path("model.so"));
  ASSERT_TRUE(bool(binary));
  auto *elf = llvm::cast<llvm::object::ELF64LEObjectFile>(binary->getBinary());
  std::vector<std::string> names;
  for (const llvm::object::ELFSymbolRef &symbol :
       elf->getDynamicSymbolIterators())
    names.push_back(llvm::cantFail(symbol.getName()).str());
  EXPECT_EQ(names, std::vector<std::string>{"qopt_artifact"});
  for (const auto &entry : llvm::cantFail(elf->getELFFile().dynamicEntries())) {
    EXPECT_NE(entry.getTag(), llvm::ELF::DT_NEEDED);
    EXPECT_NE(entry.getTag(), llvm::ELF::DT_TEXTREL);
  }
  for (const auto &header : llvm::cantFail(elf->getELFFile().program_headers()))
    if (header.p_type == llvm::ELF::PT_GNU_STACK)
      EXPECT_EQ(header.p_flags & llvm::ELF::PF_X, 0u);
}

TEST_F(EmitTest, TextShowsEachVersion) {
  std::vector<VariantModule> modules = variants(scaleModule);
  auto assembly = emitModules(modules, scaleTable(), EmitKind::Assembly, 2);
  ASSERT_TRUE(bool(assembly)) << llvm::toString(assembly.takeError());
  ASSERT_EQ(assembly->size(), 7u);
  auto text = [](const EmittedModule &module) {
    return std::string(module.contents.begin(), module.contents.end());
  };
  auto has = [](const std::string &whole, const char *part) {
    return whole.find(part) != std::string::npos;
  };
  EXPECT_EQ((*assembly)[0].name, "x86-64-v4-amx");
  EXPECT_EQ((*assembly)[1].name, "x86-64-v4-vnni");
  EXPECT_EQ((*assembly)[2].name, "x86-64-v4");
  EXPECT_TRUE(has(text((*assembly)[2]), "%zmm"));
  EXPECT_TRUE(has(text((*assembly)[2]), "vfmadd"));
  EXPECT_TRUE(has(text((*assembly)[3]), "vfmadd"));
  EXPECT_FALSE(has(text((*assembly)[3]), "%zmm"));
  EXPECT_TRUE(has(text((*assembly)[4]), "mulps"));
  EXPECT_FALSE(has(text((*assembly)[4]), "%ymm"));
  EXPECT_EQ((*assembly)[5].name, "table");
  EXPECT_EQ((*assembly)[6].name, "support");
  for (const char *name : {"memset", "memcpy", "memmove"}) {
    // They do not call themselves.
    std::string call = std::string("call\t") + name;
    EXPECT_FALSE(has(text((*assembly)[6]), call.c_str()));
  }

  modules = variants(scaleModule);
  auto ir = emitModules(modules, scaleTable(), EmitKind::LLVMIR, 1);
  ASSERT_TRUE(bool(ir));
  EXPECT_TRUE(
      has(text((*ir)[3]), "define hidden void @main_run.x86-64-v3(ptr %0)"))
      << text((*ir)[3]);
  EXPECT_TRUE(has(text((*ir)[3]), "define internal void @kernel("));
}

TEST_F(EmitTest, InventedCallsAreFound) {
  std::string exp = mainModule(R"mlir(
    %x = llvm.load %call : !llvm.ptr -> f32
    %e = llvm.intr.exp(%x) : (f32) -> f32
    llvm.store %e, %call : f32, !llvm.ptr)mlir");
  std::string error = emit(exp, scaleTable(), path("model.so"));
  EXPECT_NE(error.find("undefined symbol: expf"), std::string::npos) << error;
  EXPECT_FALSE(std::filesystem::exists(path("model.so")));
}

TEST_F(EmitTest, FailuresAreErrorsAndNotTheEnd) {
  // An instruction that the version has not.
  std::string body = mainModule(R"mlir(
    %x = llvm.load %call : !llvm.ptr -> vector<16xf32>
    %i = llvm.mlir.constant(4 : i32) : i32
    %m = llvm.call_intrinsic "llvm.x86.avx512.max.ps.512"(%x, %x, %i) : (vector<16xf32>, vector<16xf32>, i32) -> vector<16xf32>
    llvm.store %m, %call : vector<16xf32>, !llvm.ptr)mlir");
  EXPECT_EQ(emit(body, scaleTable(), path("v4.so"), 1, "x86-64-v4"), "");
  std::string error = emit(body, scaleTable(), path("v3.so"), 2, "x86-64-v3");
  EXPECT_NE(error.find("cannot generate code for x86-64-v3: "),
            std::string::npos)
      << error;

  std::string one = R"mlir(
llvm.func @prefill_run(%call: !llvm.ptr) {
  llvm.return
})mlir";
  error = emit(one, scaleTable(), path("model.so"));
  EXPECT_NE(error.find("only one of prefill_run and prefill_arena_bytes"),
            std::string::npos)
      << error;

  ArtifactTable table = scaleTable();
  table.symbols.assign(9, "s");
  error = emit(scaleModule, table, path("model.so"));
  EXPECT_NE(error.find("does not fit"), std::string::npos) << error;

  error = emit(scaleModule, scaleTable(), path("no/such/model.so"));
  EXPECT_NE(error.find("No such file"), std::string::npos) << error;
  llvm::StringRef garbage = "\x7f"
                            "ELF is not what follows";
  error = llvm::toString(linkShared({garbage}).takeError());
  EXPECT_NE(error.find("cannot link"), std::string::npos) << error;
  error = emit(scaleModule, scaleTable(), "/dev/full");
  EXPECT_EQ(error, "cannot write '/dev/full': No space left on device");
  EXPECT_EQ(emit(scaleModule, scaleTable(), path("model.so")), "");
}

} // namespace

//===- Emit.h - Small models for the tests of Emit --------------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_EMIT_EMIT_H
#define QOPT_TEST_PASSES_EMIT_EMIT_H

#include "lib/Target/Host.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "passes/Emit/EmitModel.h"
#include "qopt/artifact.h"
#include "test/lib/Artifact/TempDirectory.h"
#include <dlfcn.h>

/// Offsets of qopt_call: symbols 0, inputs 8, outputs 16, weights 24, arena 32,
/// caches 40, runtime 48, parallel_for 56, context 64, error 72.
///
/// out[i] = in[i] * weight[i] + in[i], with items of 16 floats in parallel.
constexpr const char *scaleModule = R"mlir(
llvm.func @main_run(%call: !llvm.ptr) {
  %one = llvm.mlir.constant(1 : i64) : i64
  %four = llvm.mlir.constant(4 : i64) : i64
  %env = llvm.alloca %one x !llvm.array<3 x ptr> : (i64) -> !llvm.ptr
  %symbols = llvm.load %call : !llvm.ptr -> !llvm.ptr
  %n = llvm.load %symbols : !llvm.ptr -> i64
  %inputs_at = llvm.getelementptr %call[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %inputs = llvm.load %inputs_at : !llvm.ptr -> !llvm.ptr
  %in = llvm.load %inputs : !llvm.ptr -> !llvm.ptr
  %outputs_at = llvm.getelementptr %call[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %outputs = llvm.load %outputs_at : !llvm.ptr -> !llvm.ptr
  %out = llvm.load %outputs : !llvm.ptr -> !llvm.ptr
  %weights_at = llvm.getelementptr %call[24] : (!llvm.ptr) -> !llvm.ptr, i8
  %weights = llvm.load %weights_at : !llvm.ptr -> !llvm.ptr
  %env1 = llvm.getelementptr %env[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %env2 = llvm.getelementptr %env[16] : (!llvm.ptr) -> !llvm.ptr, i8
  llvm.store %in, %env : !llvm.ptr, !llvm.ptr
  llvm.store %weights, %env1 : !llvm.ptr, !llvm.ptr
  llvm.store %out, %env2 : !llvm.ptr, !llvm.ptr
  %runtime_at = llvm.getelementptr %call[48] : (!llvm.ptr) -> !llvm.ptr, i8
  %runtime = llvm.load %runtime_at : !llvm.ptr -> !llvm.ptr
  %for_at = llvm.getelementptr %call[56] : (!llvm.ptr) -> !llvm.ptr, i8
  %for = llvm.load %for_at : !llvm.ptr -> !llvm.ptr
  %items = llvm.lshr %n, %four : i64
  %kernel = llvm.mlir.addressof @kernel : !llvm.ptr
  llvm.call %for(%runtime, %kernel, %env, %items) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.return
}
llvm.func @kernel(%env: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
  %one = llvm.mlir.constant(1 : i64) : i64
  %in = llvm.load %env : !llvm.ptr -> !llvm.ptr
  %env1 = llvm.getelementptr %env[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %env2 = llvm.getelementptr %env[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %weights = llvm.load %env1 : !llvm.ptr -> !llvm.ptr
  %out = llvm.load %env2 : !llvm.ptr -> !llvm.ptr
  llvm.br ^head(%begin : i64)
^head(%i: i64):
  %more = llvm.icmp "slt" %i, %end : i64
  llvm.cond_br %more, ^body, ^done
^body:
  %in_at = llvm.getelementptr %in[%i] : (!llvm.ptr, i64) -> !llvm.ptr, vector<16xf32>
  %w_at = llvm.getelementptr %weights[%i] : (!llvm.ptr, i64) -> !llvm.ptr, vector<16xf32>
  %out_at = llvm.getelementptr %out[%i] : (!llvm.ptr, i64) -> !llvm.ptr, vector<16xf32>
  %x = llvm.load %in_at {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
  %w = llvm.load %w_at {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
  %p = llvm.fmul %x, %w {fastmathFlags = #llvm.fastmath<contract>} : vector<16xf32>
  %s = llvm.fadd %p, %x {fastmathFlags = #llvm.fastmath<contract>} : vector<16xf32>
  llvm.store %s, %out_at {alignment = 4 : i64} : vector<16xf32>, !llvm.ptr
  %next = llvm.add %i, %one : i64
  llvm.br ^head(%next : i64)
^done:
  llvm.return
}
llvm.func @main_arena_bytes(%symbols: !llvm.ptr) -> i64 {
  %four = llvm.mlir.constant(4 : i64) : i64
  %n = llvm.load %symbols : !llvm.ptr -> i64
  %bytes = llvm.mul %n, %four : i64
  llvm.return %bytes : i64
}
)mlir";

/// `body` as main_run, with a main_arena_bytes.
inline std::string mainModule(const std::string &body) {
  return "llvm.func @main_run(%call: !llvm.ptr) {\n" + body + R"mlir(
  llvm.return
}
llvm.func @main_arena_bytes(%symbols: !llvm.ptr) -> i64 {
  %zero = llvm.mlir.constant(0 : i64) : i64
  llvm.return %zero : i64
}
)mlir";
}

inline qopt::ArtifactTable scaleTable() {
  qopt::ArtifactTable table;
  table.version = "0.1.0";
  table.modelName = "scale";
  table.symbols = {"n"};
  qopt::LinearSize n{0, {1}};
  table.inputs = {{"in", 1, QOPT_ROLE_PLAIN, -1, {n}}};
  table.outputs = {{"out", 1, QOPT_ROLE_PLAIN, -1, {n}}};
  return table;
}

class EmitTest : public TempDirectoryTest {
protected:
  EmitTest() { context.loadDialect<mlir::LLVM::LLVMDialect>(); }

  /// The same module for each ISA version, or for one.
  std::vector<qopt::VariantModule> variants(const std::string &text,
                                            llvm::StringRef only = "") {
    std::vector<qopt::VariantModule> result;
    for (const qopt::X86Isa &isa : qopt::getX86Isas()) {
      if (!only.empty() && only != isa.name)
        continue;
      qopt::VariantModule variant;
      variant.isa = &isa;
      variant.module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
      variant.scratchBytes = 128;
      EXPECT_TRUE(variant.module);
      result.push_back(std::move(variant));
    }
    return result;
  }

  std::string emit(const std::string &text, const qopt::ArtifactTable &table,
                   const std::string &file, unsigned threads = 1,
                   llvm::StringRef only = "") {
    std::vector<qopt::VariantModule> modules = variants(text, only);
    return llvm::toString(qopt::emitShared(modules, table, file, threads));
  }

  mlir::MLIRContext context;
};

/// An open library; its table.
class Library {
public:
  explicit Library(const std::string &path) {
    handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr) << ::dlerror();
    if (handle)
      table = static_cast<const qopt_artifact_table *>(
          ::dlsym(handle, "qopt_artifact"));
    EXPECT_NE(table, nullptr);
  }
  ~Library() {
    if (handle)
      ::dlclose(handle);
  }
  Library(const Library &) = delete;
  const qopt_artifact_table *table = nullptr;

private:
  void *handle;
};

/// Whether this machine runs the version.
inline bool runsHere(const qopt_variant &variant) {
  return (variant.features & ~qopt::getHostFeatures()) == 0;
}

/// A loop of the runtime without threads: odd pieces, the last first.
inline void serialFor(void *runtime, qopt_kernel kernel, const void *env,
                      int64_t items) {
  alignas(64) static char scratch[128];
  for (int64_t end = items; end > 0; end -= 3)
    kernel(env, end > 3 ? end - 3 : 0, end, scratch);
  *static_cast<int *>(runtime) += 1;
}

#endif // QOPT_TEST_PASSES_EMIT_EMIT_H

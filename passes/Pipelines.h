//===- Pipelines.h - The order of all passes --------------------*- C++ -*-===//

#ifndef QOPT_PASSES_PIPELINES_H
#define QOPT_PASSES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace qopt {

struct StorageOptions : mlir::PassPipelineOptions<StorageOptions> {
  Option<std::string> recipe{
      *this, "recipe",
      llvm::cl::desc("name of a built-in recipe, or a YAML file"),
      llvm::cl::init("f32")};
  Option<bool> fuse{*this, "fuse",
                    llvm::cl::desc("ops into products, factors into weights"),
                    llvm::cl::init(true)};
  Option<bool> compareCodes{
      *this, "compare-codes",
      llvm::cl::desc("products and tables of codes computed in float too"),
      llvm::cl::init(false)};
};

struct BufferOptions : mlir::PassPipelineOptions<BufferOptions> {
  Option<bool> fuse{*this, "fuse", llvm::cl::desc("loops of ops into one"),
                    llvm::cl::init(true)};
};

struct TargetOptions : mlir::PassPipelineOptions<TargetOptions> {
  Option<std::string> isa{*this, "isa",
                          llvm::cl::desc("ISA version that the code is for"),
                          llvm::cl::init("x86-64-v3")};
};

/// Graphs of all exporters become the same few ops.
void buildRaisePipeline(mlir::OpPassManager &pm);
/// Factors into weights, storage of weights, fusion.
void buildFusePipeline(mlir::OpPassManager &pm, const StorageOptions &options);
/// That, and one function for equal layers.
void buildOptimizePipeline(mlir::OpPassManager &pm,
                           const StorageOptions &options);
/// Nodes that no qopt op stands for become linalg.
void buildLinalgPipeline(mlir::OpPassManager &pm);
/// Tensors become places in an arena.
void buildBufferPipeline(mlir::OpPassManager &pm, const BufferOptions &options);
/// Buffers become code for one ISA version, in the LLVM dialect.
void buildTargetPipeline(mlir::OpPassManager &pm, const TargetOptions &options);

/// Makes the pipelines available as `--qopt-raise-pipeline` and so on.
void registerPipelines();

} // namespace qopt

#endif // QOPT_PASSES_PIPELINES_H

//===- Pipelines.cpp - The order of all passes ----------------------------===//

#include "passes/Pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {

void buildRaisePipeline(OpPassManager &pm) {
  pm.addPass(createPropagateSymbols());
  pm.addPass(createPromoteFloats());
  pm.addPass(createRaiseMovement());
  pm.addPass(createCSEPass());
  pm.addPass(createRaiseNorms());
  pm.addPass(createRaiseActivations());
  pm.addPass(createRaiseProducts());
  pm.addPass(createRaiseRotary());
  pm.addPass(createRaiseAttention());
  pm.addPass(createNamePaths());
  pm.addPass(createCSEPass());
  pm.addPass(createSplitDecoder());
}

void buildFusePipeline(OpPassManager &pm, const StorageOptions &options) {
  AssignStorageOptions storage;
  storage.recipe = options.recipe;
  if (options.fuse)
    pm.addPass(createFoldFactors());
  pm.addPass(createAssignStorage(storage));
  if (options.compareCodes)
    pm.addPass(createCompareCodes());
  if (options.fuse)
    pm.addPass(createFuseEpilogues());
  pm.addPass(createQuantizeActivations());
}

void buildOptimizePipeline(OpPassManager &pm, const StorageOptions &options) {
  buildFusePipeline(pm, options);
  pm.addPass(createOutlineLayers());
}

void buildLinalgPipeline(OpPassManager &pm) {
  pm.addPass(createOrderProducts());
  pm.addPass(createConvertONNXToLinalg());
  pm.addPass(createLinalgElementwiseOpFusionPass());
  pm.addPass(createCSEPass());
  pm.addPass(createMarkRows());
}

void buildBufferPipeline(OpPassManager &pm, const BufferOptions &options) {
  pm.addPass(createBufferize());
  pm.addPass(createCSEPass());
  if (options.fuse) {
    pm.addPass(createFuseCandidates());
    pm.addPass(createFuseLoops());
  }
  pm.addPass(createPlanMemory());
}

void buildTargetPipeline(OpPassManager &pm, const TargetOptions &options) {
  LowerKernelsOptions kernels;
  kernels.isa = options.isa;
  pm.addPass(createLowerKernels(kernels));
  VectorizeLinalgOptions vectorize;
  vectorize.isa = options.isa;
  pm.addPass(createVectorizeLinalg(vectorize));
  ExpandMathOptions math;
  math.isa = options.isa;
  pm.addPass(createExpandMath(math));
  pm.addPass(createLowerCall());
  pm.addPass(createOutlineParallel());
  GreedyRewriteConfig rewrites; // regions have one block each
  rewrites.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  pm.addPass(createCanonicalizerPass(rewrites));
  pm.addPass(createCSEPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
}

void registerPipelines() {
  PassPipelineRegistration<>("qopt-raise-pipeline",
                             "From an imported graph to qopt ops",
                             buildRaisePipeline);
  PassPipelineRegistration<StorageOptions>(
      "qopt-optimize-pipeline", "Storage of weights, fusion, outlining",
      buildOptimizePipeline);
  PassPipelineRegistration<>("qopt-linalg-pipeline", "From nodes to linalg",
                             buildLinalgPipeline);
  PassPipelineRegistration<BufferOptions>(
      "qopt-buffer-pipeline", "From tensors to an arena", buildBufferPipeline);
  PassPipelineRegistration<TargetOptions>(
      "qopt-target-pipeline", "From buffers to the LLVM dialect for an ISA",
      buildTargetPipeline);
}

} // namespace qopt

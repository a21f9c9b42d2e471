//===- Passes.td - qopt passes -----------------------------*- tablegen -*-===//

#ifndef QOPT_PASSES_PASSES_TD
#define QOPT_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===-- Import ------------------------------------------------------------===//

def PropagateSymbols : Pass<"qopt-propagate-symbols", "::mlir::ModuleOp"> {
  let summary = "Give every tensor its sizes over the model's symbols";
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect"];
}

//===-- Lower -------------------------------------------------------------===//

def ConvertONNXToLinalg : Pass<"qopt-convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower the nodes that no qopt op stands for";
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect", "::mlir::scf::SCFDialect"];
}

def VectorizeLinalg : Pass<"qopt-vectorize-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower linalg on buffers to parallel loops over vectors";
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::affine::AffineDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

def LowerKernels : Pass<"qopt-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Lower the qopt ops on buffers to parallel loops over vectors";
  let dependentDialects = ["::qopt::QOptDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isa", "isa", "std::string", /*default=*/"\"x86-64-v3\"",
           "ISA version that the code is for">,
  ];
}

def ExpandMath : Pass<"qopt-expand-math", "::mlir::ModuleOp"> {
  let summary = "Replace functions of real numbers by polynomials";
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

#endif // QOPT_PASSES_PASSES_TD

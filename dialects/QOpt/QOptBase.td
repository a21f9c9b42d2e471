//===- QOptBase.td - Attributes, types, classes of ops -----*- tablegen -*-===//

#ifndef QOPT_DIALECTS_QOPT_QOPTBASE_TD
#define QOPT_DIALECTS_QOPT_QOPTBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def QOpt_Dialect : Dialect {
  let name = "qopt";
  let cppNamespace = "::qopt";
  let summary = "Networks as qopt compiles them";
  let description = [{
    A few ops that the networks of all exporters become. Computing ops have two
    forms: the tensor form has a result, the buffer form an `out` operand; all else
    is the same. Sizes that are not constants are expressions over the model's
    symbols, see `#qopt.dims`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

//===-- Attributes --------------------------------------------------------===//

def QOpt_DimsAttr : AttrDef<QOpt_Dialect, "Dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "The sizes of a tensor as expressions over the model's symbols";
  let description = [{
    The encoding of a ranked tensor type: one expression for each dimension, in the
    canonical spelling of `DimExpr` (lib/Symbols). A constant size stands both here
    and in the shape; what the file names no expression for is "?".

    ```mlir
    tensor<?x?x64xf32, #qopt.dims<"batch", "past + sequence", "64">>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$sizes);
  let assemblyFormat = "`<` $sizes `>`";
}

def QOpt_EmptyRow : I32EnumAttr<"EmptyRow",
    "what attention gives for a query that may see no key", [
      I32EnumAttrCase<"Zero", 0, "zero">,
      I32EnumAttrCase<"Mean", 1, "mean">,
      I32EnumAttrCase<"NaN", 2, "nan">]> {
  let cppNamespace = "::qopt";
  let genSpecializedAttr = 0;
}

def QOpt_FormatParameter : AttrOrTypeParameter<"::qopt::Format", "format"> {
  let cppAccessorType = "const ::qopt::Format &";
}

def QOpt_FormatAttr : AttrDef<QOpt_Dialect, "Format", []> {
  let mnemonic = "format";
  let summary = "Which values a tensor can hold";
  let description = [{
    Codes, the elements of K that share a scale, the scale's type, and the zero; see
    `qopt::Format` (lib/Formats), which owns the meaning: `scale * (code - zero)`.

    ```mlir
    #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>
    #qopt.format<codes = s8, block = channel, scale = f32, zero = none>
    ```
  }];
  let parameters = (ins QOpt_FormatParameter:$value);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def QOpt_Layout : I32EnumAttr<"Layout", "where the codes of a matrix lie", [
      I32EnumAttrCase<"Logical", 0, "logical">,
      I32EnumAttrCase<"Panels", 1, "panels">]> {
  let cppNamespace = "::qopt";
  let genSpecializedAttr = 0;
}
def QOpt_LayoutAttr : EnumAttr<QOpt_Dialect, QOpt_Layout, "layout"> {
  let summary = "Where the codes of a matrix lie";
  let description = [{
    `logical`: undecided, before layouts are chosen. `panels`: as `PanelLayout`
    (lib/Formats) packs them for products on any x86 ISA version.
  }];
  let assemblyFormat = "`<` $value `>`";
}

//===-- Types -------------------------------------------------------------===//

def QOpt_QTensor : TypeDef<QOpt_Dialect, "QTensor", []> {
  let mnemonic = "qtensor";
  let summary = "A matrix [N, K] of codes with their scales and zeros";
  let description = [{
    ```mlir
    !qopt.qtensor<4096x256, #qopt.format<codes = u4, block = 64, scale = f16, zero = u4>, #qopt.layout<panels>>
    ```
    In the buffer form it is a memref of as many bytes as the layout takes, and the
    op that reads it has the type as attribute `weight_type`.
  }];
  let parameters = (ins "int64_t":$N, "int64_t":$K, "FormatAttr":$format,
                        "LayoutAttr":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// As it lies in memory: `memref<... x i8>`; panels only.
    ::mlir::MemRefType getBufferType();
    PanelLayout getPanels();
  }];
}

//===-- Types of operands -------------------------------------------------===//

def QOpt_Data : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;
/// A weight: floats, codes, or the bytes of codes.
def QOpt_WeightData : AnyTypeOf<[TensorOf<[AnyFloat]>, QOpt_QTensor,
                                 MemRefOf<[AnyFloat, I8]>]>;
/// Floats, or int8 codes of activations.
def QOpt_InputData : AnyTypeOf<[TensorOf<[AnyFloat, I8]>, MemRefOf<[AnyFloat, I8]>]>;
def QOpt_FloatData : AnyTypeOf<[TensorOf<[AnyFloat]>, MemRefOf<[AnyFloat]>]>;
def QOpt_IntData : AnyTypeOf<[TensorOf<[AnyInteger]>, MemRefOf<[AnyInteger]>]>;

class QOpt_Op<string mnemonic, list<Trait> traits = []>
    : Op<QOpt_Dialect, mnemonic, traits>;

/// An op that computes `result` or fills `out`.
class QOpt_ComputeOp<string mnemonic, list<Trait> traits = []>
    : QOpt_Op<mnemonic, !listconcat(traits,
        [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let hasVerifier = 1;
}

#endif // QOPT_DIALECTS_QOPT_QOPTBASE_TD

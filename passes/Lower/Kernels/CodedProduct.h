//===- CodedProduct.h - Products with a weight of codes ---------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CODEDPRODUCT_H
#define QOPT_PASSES_LOWER_KERNELS_CODEDPRODUCT_H

#include "passes/Lower/Kernels/CodedItems.h"
#include "passes/Lower/Kernels/CodedRows.h"
#include "passes/Lower/Kernels/Codes.h"
#include "passes/Lower/Kernels/Epilogue.h"

namespace qopt {

/// A product whose weight stays codes until it is in registers. For each tile
/// of rows and columns, and each group of K,
///
///   result += scale * (sum of input * index - zero * sum of input)
///
/// Of an input of codes the inner sums are i32 and exact, and its scale is a
/// factor of the group's. The order of all sums depends on the shape alone.
class CodedProduct {
public:
  using Value = mlir::Value;

  CodedProduct(KernelBuilder &b, MatmulOp op);

  /// At most `items.onePassRows` rows.
  void emitFew(Value item);
  /// What is to do once, before all items.
  void begin() { epilogue.begin(); }
  /// Any number of rows, of codes or where unpacksBF16(): a panel is unpacked
  /// once for all of an item.
  void emitMany(Value item);

  bool hasCodedInput() const { return bool(inputScales); }
  /// Many rows of bf16 read codes less their zeros as bf16.
  bool unpacksBF16() const;
  /// Inputs are multiplied as bf16, at least of few rows.
  bool multipliesBF16() const { return fewPlan.unit == Unit::Vdpbf16ps; }

  CodedItems items;

private:
  /// What a tile of a stream fetches, a line of 64 bytes every `stride` bytes.
  struct Fetched {
    Value begin, stride;
  };
  struct Tile {
    int64_t vectors;
    int64_t height;                ///< rows where there are enough
    llvm::SmallVector<Value> rows; ///< of the matrix
    Value panel, panelStart;
    Value column;                   ///< in the panel
    Value unpacked;                 ///< null, or the panel's quads as bytes
    Value scales, zeros;            ///< null, or unpacked factors, [groups][32]
    Value starts;                   ///< null, or of unsigned inputs, see below
    bool hasZeros = true;           ///< their zeros are not subtracted yet
    bool isStream = false;          ///< the panel comes from memory
    std::optional<Fetched> fetched; ///< null: what lies ahead in the panel
    /// A strip fetches one of so many shares of each step. All of it for each
    /// strip is faster where they alternate from step to step.
    int64_t shares = 1;
    int64_t size() const { return rows.size() * vectors; }
  };

  /// Of a group and a vector of columns.
  struct Factors {
    Value scale; ///< f32
    /// What `zeroType` says; negative, the low i16 of each i32, where sums of
    /// inputs are short; null without zeros.
    Value zero;
  };

  class TiledItem;

  void prepareRows();
  void prepareBF16();
  void sumGroups();
  /// Many rows run in AMX tiles.
  bool usesTiles() const;
  /// Zeros are subtracted where codes are unpacked.
  bool subtractsZeros() const;
  /// The middle code is: then more products fit i16, and a group's are added
  /// in it.
  bool subtractsMiddle() const;
  void emitTiles(const CodedItems::Part &part);
  void emitManyPanel(Value panel, const CodedItems::Part &part);
  /// Of items of few or of many rows.
  Tile tileOf(Value panel, const ProductPlan &plan);
  void emitPanel(Tile tile, int64_t columns, Value firstRow, Value rows);
  Fetched fetchedBy(const Tile &tile, Value i, Value tiles);
  int64_t linesOfQuad() const;
  void fetchQuad(const Fetched &fetched, Value step, int64_t quad);
  /// Makes the rows of one tile after the other those of `tile`.
  void eachTile(Tile &tile, Value firstRow, Value rows,
                llvm::function_ref<void(Value row)> emit);
  void emitTile(const Tile &tile, int64_t columns);
  void emitTurns(Tile tile);
  llvm::SmallVector<Value> addSegment(const Tile &tile, Value segment,
                                      mlir::ValueRange carried);
  llvm::SmallVector<Value> groupSums(const Tile &tile, Value segment,
                                     int64_t half);
  void addStep(const Tile &tile, Value step, Value place, int64_t begin,
               int64_t end, llvm::MutableArrayRef<Value> sums);
  /// The products of a step fit i16, and there are registers for those sums
  /// alone.
  bool loopsOverQuads(const Tile &tile) const;
  /// Products of pairs, each in an i16, of a quad behind a step's place.
  llvm::SmallVector<Value> pairsOfQuad(const Tile &tile, Value step,
                                       Value place, Value quad);
  llvm::SmallVector<Value> addPairsOfQuads(const Tile &tile, Value step,
                                           Value place, Value begin, Value end,
                                           llvm::ArrayRef<Value> pairs);
  void addQuadsInLoop(const Tile &tile, Value step, Value place, int64_t begin,
                      int64_t end, llvm::MutableArrayRef<Value> sums);
  /// Of unsigned inputs x + 128 sums start from -128 * the sum of the codes
  /// they are multiplied by, [segments][starts][32] dwords: those of segments,
  /// or, in pairs of i16, of so many quads of a segment as fit them.
  void makeStarts(Tile &tile);
  int64_t quadsOfStart() const;
  int64_t startsOfSegment() const;
  /// Calls `body` for each of a segment's and its quads [begin, end).
  llvm::SmallVector<Value>
  eachStart(Value segment, llvm::ArrayRef<Value> init,
            llvm::function_ref<llvm::SmallVector<Value>(
                Value start, Value begin, Value end, mlir::ValueRange carried)>
                body);
  Value startPlace(Value segment, Value start, Value column);
  Value loadStart(const Tile &tile, Value segment, Value start, Value column);
  /// Sums over a segment, in i16 as long as they fit.
  llvm::SmallVector<Value> unsignedPairs(const Tile &tile, Value segment);
  /// A row of 32 dwords of what was unpacked to `place`.
  Value loadUnpacked(const Tile &tile, Value place, Value row, Value column);
  /// Four codes or two bf16 of an input.
  Value splatDword(Value flat, Value place);
  void addBF16Quad(const Tile &tile, Value step, Value place, int64_t quad,
                   llvm::MutableArrayRef<Value> sums);
  /// sums + the products of a step of the one group.
  llvm::SmallVector<Value> addTurn(const Tile &tile, Value step,
                                   llvm::SmallVector<Value> sums);
  mlir::Type sumType() {
    return hasCodedInput() ? mlir::Type(b.getI32Type())
                           : mlir::Type(b.getF32Type());
  }
  Value zeroSum();
  void joinChains(const Tile &tile, llvm::SmallVectorImpl<Value> &sums);
  bool hasZeros(const Tile &tile) const;
  /// They are subtracted before a group's products are added.
  bool startsWithZeros(const Tile &tile) const;
  llvm::SmallVector<Value> startSums(const Tile &tile, Value group);
  /// Zeros are integers, and so are inputs.
  bool hasExactZeros() const {
    return hasCodedInput() && codes.hasIntegerZero();
  }
  /// The sum of a group's inputs fits i16.
  bool hasShortInputSums() const;
  mlir::VectorType zeroType() {
    return mlir::VectorType::get({b.lanes}, hasExactZeros()
                                                ? mlir::Type(b.getI32Type())
                                                : mlir::Type(b.getF32Type()));
  }
  Factors factorsOf(const Tile &tile, Value group, Value column);
  llvm::SmallVector<Value> addGroup(const Tile &tile, Value group,
                                    llvm::ArrayRef<Value> sums,
                                    llvm::ArrayRef<Value> results);
  /// Calls `emit` for each panel of a part.
  void eachPanel(const CodedItems::Part &part,
                 llvm::function_ref<void(Value panel)> emit);
  /// Emits the two kinds of panels, with all columns and with what is left.
  void eachWidth(Value panel, llvm::function_ref<void(int64_t columns)> emit);
  /// Many rows read codes that were unpacked before.
  bool isUnpacked() const;
  /// Segments [begin, end) from byte `to` on, step by step: [8 quads of K][32
  /// columns][4] bytes, of which zeros are subtracted where tiles want it, or
  /// [16 pairs][32 columns][2] bf16 less their zeros.
  void unpack(Value panelStart, Value beginSegment, Value endSegment,
              Value target, Value to);
  /// The same of some steps of a segment; of a stream what comes later is
  /// fetched.
  void unpackSteps(Value panelStart, Value segment, Value firstStep,
                   Value steps, Value target, Value to, bool isStream);
  int64_t unpackedStepBytes() const;
  /// The factors of a panel's groups, if there are several.
  void unpackFactors(Tile &tile);
  /// Fetches a tile's share of the panel behind its own; it begins at `row` of
  /// `rows`.
  void prefetchNext(const Tile &tile, Value row, Value rows);
  int64_t chains(const Tile &tile) const;

  KernelBuilder &b;
  MatmulOp op;
  Codes codes;
  const int64_t N, K, paddedK, groups;
  Value M, input, inputScales, inputSums;
  CodedRows inputPlaces; ///< of an input of codes
  Epilogue epilogue;
  const ProductPlan fewPlan;  ///< of more than one row
  const int64_t stripVectors; ///< of tiles of vectors
  /// Float inputs: where rows start, `inputStride` apart, and of few the sums
  /// of their groups, in scratch.
  Value rowData, rowSums;
  int64_t inputStride = 0;
  Value prefetchDistance; ///< of one row: its weights are one stream
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CODEDPRODUCT_H

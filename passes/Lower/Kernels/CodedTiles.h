//===- CodedTiles.h - Products of codes in AMX tiles ------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CODEDTILES_H
#define QOPT_PASSES_LOWER_KERNELS_CODEDTILES_H

#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/TileRegisters.h"

namespace qopt {

/// The tiles of an item, a range of K at a time: all rows find the codes of a
/// panel and a range in the first-level cache. Inputs of codes lie tile by tile
/// (CodedRows); others are copied so, that the rows of a tile are neighbours in
/// the CPU's caches. Of 16 rows or less the codes are one stream, and inputs
/// are read where they are.
class CodedProduct::TiledItem {
public:
  using Value = mlir::Value;

  TiledItem(CodedProduct &product, const CodedItems::Part &part);

  void emit();

private:
  /// Of K, in steps and segments; one segment may be cut.
  struct Range {
    Value beginStep, steps, beginSegment, endSegment;
    Value isFirst, isLast; ///< null where K is not cut
  };

  Value bytesOf(int64_t bytes);
  int64_t segmentsOf(int64_t steps) const {
    return codes.layout.segments() == 1 ? 1 : steps / codes.segmentSteps();
  }
  /// `rows` are constant where they are a whole tile.
  void emitStream(Value rows, bool isWhole);
  Range allOfK();
  void emitRanges();
  void emitRange(const Range &range);
  void startPanel(Value panel);
  void copyInputs(const Range &range);
  void prefetchNext(Value panel, Value block, const Range &range);
  /// Rows [first, first + count) of the part, in `high` tiles.
  void emitBlock(Value first, Value count, int64_t high, bool isWhole,
                 int64_t columns, const Range &range);
  void emitGroups(Value first, Value count, int64_t high, bool isWhole,
                  const Range &range);
  void emitUnpackedGroups(Value rows, bool isWhole);
  void multiplyGroup(Value first, int64_t high, Value group, Value codesAt);
  void scaleGroup(Value first, Value count, bool isWhole, Value group);
  void clearScaled(int64_t high);
  /// Steps of the groups that a stream unpacks ahead.
  int64_t streamSteps() const {
    return codes.layout.segments() == 1 ? 0 : codes.segmentSteps();
  }
  void multiply(Value first, int64_t high, Value firstStep, Value steps,
                Value codesAt);
  void loadInputs(Value first, int64_t high, Value step);
  void clearSums(int64_t high);
  void storeSums(int64_t high, Value at);
  /// Calls `body` with where rows [0, count) of a block start in its sums,
  /// several at once; the tile's rows are these.
  void
  eachRows(Value first, Value count, bool isWhole,
           llvm::function_ref<void(llvm::ArrayRef<Value>, Value begin)> body);
  /// The same behind the block's start.
  llvm::SmallVector<Value> inBlock(llvm::ArrayRef<Value> offsets);
  llvm::SmallVector<Value> load(Value from, mlir::Type type,
                                llvm::ArrayRef<Value> offsets);
  void finish(llvm::ArrayRef<Value> results, int64_t columns);
  /// Scales the sums of a block whose one group is all of K.
  void finishSums(Value first, Value count, bool isWhole, int64_t columns);
  void finishScaled(Value first, Value count, bool isWhole, int64_t columns);

  CodedProduct &product;
  Codes &codes;
  KernelBuilder &b;
  const CodedItems::Part &part;
  const ProductPlan plan;
  const bool isFloat;
  const int64_t elementBytes;
  const bool isCut;           ///< into several ranges
  const int64_t depth;        ///< elements of K in a tile
  const int64_t rangeSteps;   ///< of all ranges but the last
  const int64_t inputTileRow; ///< bytes of 16 rows of a range's inputs
  const mlir::Type sumType;
  TileRegisters tiles;
  Tile tile;
  Value beginStep;        ///< of the range
  Value inputs, unpacked; ///< null where inputs or codes lie as tiles want them
  Value words;  ///< sums of a block and a group, [32][32]; of a group that is
                ///< cut those of all blocks, [panels][blockRows][32]
  Value scaled; ///< null, or f32 sums of groups
  Value blockStart; ///< in `scaled`, or in `words` where there is none
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CODEDTILES_H

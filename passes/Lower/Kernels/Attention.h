//===- Attention.h - The parts of attention's kernels -----------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_ATTENTION_H
#define QOPT_PASSES_LOWER_KERNELS_ATTENTION_H

#include "dialects/QOpt/QOpt.h"
#include "passes/Lower/Kernels/MicroKernel.h"

namespace qopt {

/// A key or value cache in flat memory, see qopt_cache_info.
struct CacheBuffer {
  using Value = mlir::Value;
  CacheBuffer() = default;
  /// `size` of a head's keys or values.
  CacheBuffer(KernelBuilder &b, Value buffer, int64_t size);

  Value memory;       ///< null without a cache
  Value panels;       ///< of a head
  int64_t size = 0;   ///< of a head's keys or values
  mlir::Type element; ///< f32, f16, or i8 with scales

  explicit operator bool() const { return bool(memory); }
  bool isCoded() const { return element.isInteger(); }
  /// Where a head of all of the batch starts.
  Value headStart(KernelBuilder &b, Value head) const;
  /// The scales of its time steps, flat; null where there are none.
  Value scales(KernelBuilder &b, Value head) const;
};

/// An attention with flat buffers; values of the host function.
struct AttentionBuffers {
  using Value = mlir::Value;
  AttentionBuffers(KernelBuilder &b, AttentionOp op);

  AttentionOp op;
  int64_t heads, keyHeads, headsPerKey;
  int64_t D, E;                       ///< size of a head's keys, values
  Value batch, sequence, past, steps; ///< steps = T
  Value query, key, value, out;
  CacheBuffer keyCache, valueCache;
  Value padding, mask;    ///< null when there is none
  Value parts;            ///< of one time step with a cache, else null
  Value prefetchDistance; ///< bytes

  /// The number of a key/value head in all of the batch.
  Value headOf(KernelBuilder &b, Value batchRow, Value keyHead) const {
    return b.add(b.mul(batchRow, keyHeads), keyHead);
  }
  /// Where the values of a key/value head start, and from step to step.
  Value valueStart(KernelBuilder &b, Value batchRow, Value keyHead) const;
  int64_t valueStride() const { return keyCache ? E : keyHeads * E; }
  Value values() const { return keyCache ? valueCache.memory : value; }
};

/// Emits: the new keys and values [begin, end) of a head go to the cache.
void emitCacheWrite(KernelBuilder &b, const AttentionBuffers &buffers,
                    mlir::Value batchRow, mlir::Value keyHead,
                    mlir::Value begin, mlir::Value end);

/// Emits: the keys from step `first` on of a head, `panels` panels of them, go
/// to `out` in the layout of the key cache. Steps beyond the last are that one.
void emitKeyPacking(KernelBuilder &b, const AttentionBuffers &buffers,
                    mlir::Value batchRow, mlir::Value keyHead,
                    mlir::Value first, mlir::Value panels, mlir::Value out);

/// Emits attention of one time step to a cache, which gets that step.
void emitDecode(KernelBuilder &b, const AttentionBuffers &buffers);

/// Emits exp(scores - maximum), 0 where that is next to a denormal number or
/// less; both vectors.
mlir::Value emitExp(KernelBuilder &b, mlir::Value scores, mlir::Value maximum);

/// The memory of a key/value head for the parts of AttentionOp.
struct HeadParts {
  using Value = mlir::Value;
  /// `head` of all of the batch.
  HeadParts(KernelBuilder &b, const AttentionBuffers &buffers, Value head);

  Value done; ///< i32: parts that are
  Value sums; ///< flat
  int64_t partSize, rowSize;

  /// Where the E sums of values of a row stand, then the largest score, then
  /// the sum of weights.
  Value row(KernelBuilder &b, Value part, Value row) const {
    return b.add(b.mul(part, partSize), b.mul(row, rowSize));
  }
};

/// The queries of an item: rows of one key/value head.
struct QueryRows {
  mlir::Value batchRow, keyHead;
  mlir::Value count;                ///< of rows
  int64_t most;                     ///< of rows
  mlir::Value queryStart, outStart; ///< of the first row
  int64_t queryStride, outStride;
  mlir::Value firstHead, firstStep; ///< of the first row
  bool rowsAreHeads;                ///< else time steps
};

/// Emits attention of a block of queries over all keys, a block of keys at a
/// time: softmax(scores) is scaled anew whenever a larger score appears.
class QueryBlock {
public:
  QueryBlock(KernelBuilder &b, const AttentionBuffers &buffers,
             const QueryRows &rows);
  /// All that the queries see, and the results.
  void emit();

  /// The sums over time steps [begin, end) alone, `begin` where a panel does,
  void emitSums(mlir::Value begin, mlir::Value end);
  /// which go to a part,
  void storeSums(const HeadParts &parts, mlir::Value part);
  /// or are those of parts [0, count) in this order,
  void mergeSums(const HeadParts &parts, mlir::Value count);
  /// and what they give.
  void emitResults();

private:
  using Value = mlir::Value;
  struct KeyBlock {
    Value first;  ///< step
    Value steps;  ///< that are there
    Value panels; ///< that hold them
    /// Whether padding hides none; null where nothing is padded.
    Value isUnpadded = nullptr;
  };

  /// `height` rows and a block of keys; only its scores are kept.
  struct Tile {
    Value row;   ///< the first
    Value steps; ///< of the block that any row sees
  };

  void emitStart();
  void prefetchScales(const KeyBlock &keys);
  void emitKeyBlock(const KeyBlock &keys);
  Value emitKeyPanels(const KeyBlock &keys);
  Value visibleSteps(const KeyBlock &keys, Value row);
  void emitScores(const KeyBlock &keys, const Tile &tile, Value panelStart);
  Value emitPadding(const KeyBlock &keys);
  void emitSoftmax(const KeyBlock &keys, const Tile &tile);
  void emitLargest(const KeyBlock &keys, const Tile &tile, Value row);
  void emitFactors(const Tile &tile);
  void emitWeights(const KeyBlock &keys, const Tile &tile, Value row);
  void emitTotals();
  void emitValues(const KeyBlock &keys, const Tile &tile);
  void emitValueTile(const KeyBlock &keys, const Tile &tile, Value column,
                     int64_t columns, int64_t vectors);
  Value prefetch(Value buffer, int64_t stride);
  void emitResult(Value row);
  void emitMean(Value out);
  Value maskedScores(const KeyBlock &keys, Value row, Value score, Value i,
                     Value visible);
  Value maskRow(Value row);
  void reduceTile(Value rowVectors, Value first, double neutral,
                  llvm::function_ref<Value(Value, Value)> combine,
                  llvm::function_ref<void(Value, Value)> emit);

  KernelBuilder &b;
  AttentionBuffers buffers;
  const QueryRows &rows;
  int64_t height;   ///< rows of a tile
  int64_t keyBlock; ///< steps
  int64_t paddedRows;
  int64_t queryWidth, scoreWidth, resultWidth; ///< of a row in scratch memory
  Value limit; ///< steps beyond are seen by no row
  Value queries, results, packedKeys, seen;
  Value maxima, sums;           ///< of scores, of weights of each row
  Value sumsOfRows;             ///< a vector of sums of each row
  Value scores, largestOfRows;  ///< of a tile; a vector of each row
  Value factors;                ///< of a tile, see emitFactors
  Value keyScales, valueScales; ///< null where there are none
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_ATTENTION_H

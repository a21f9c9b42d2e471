//===- TiedWeights.cpp - One weight for embedding and head ----------------===//

#include "passes/Raise/TiedWeights.h"

#include "dialects/QOpt/QOpt.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace qopt {
namespace {

/// A matrix of weights in its file.
struct Mapped {
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  int64_t rows, columns, bytes; ///< of the logical matrix; bytes of an element
  bool transposed;

  const char *element(int64_t row, int64_t column) const {
    int64_t position =
        transposed ? column * rows + row : row * columns + column;
    return buffer->getBufferStart() + position * bytes;
  }
};

std::optional<Mapped> map(WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (!weight.getFile() || type.getRank() != 2 || weight.getRowFactor() ||
      weight.getColumnFactor())
    return std::nullopt;
  auto file = llvm::sys::fs::openNativeFileForRead(*weight.getFile());
  if (!file) {
    llvm::consumeError(file.takeError());
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getOpenFileSlice(
      *file, *weight.getFile(), weight.getLength(), weight.getOffset());
  llvm::sys::fs::closeFile(*file);
  if (!buffer)
    return std::nullopt;
  return Mapped{std::move(*buffer), type.getDimSize(0), type.getDimSize(1),
                type.getElementTypeBitWidth() / 8, weight.getTransposed()};
}

bool haveEqualValues(const Mapped &a, const Mapped &b) {
  // In tiles, since one of them may lie the other way round.
  constexpr int64_t tile = 64;
  for (int64_t row = 0; row < a.rows; row += tile)
    for (int64_t column = 0; column < a.columns; column += tile)
      for (int64_t i = row; i < std::min(a.rows, row + tile); ++i)
        for (int64_t j = column; j < std::min(a.columns, column + tile); ++j)
          if (memcmp(a.element(i, j), b.element(i, j), a.bytes) != 0)
            return false;
  return true;
}

bool isSameRange(WeightOp a, WeightOp b) {
  return a.getFile() == b.getFile() && a.getOffset() == b.getOffset() &&
         a.getLength() == b.getLength() &&
         a.getTransposed() == b.getTransposed() &&
         a.getRowFactor() == b.getRowFactor() &&
         a.getColumnFactor() == b.getColumnFactor();
}

} // namespace

void tieEmbeddingAndHead(ModuleOp module) {
  SymbolTable symbols(module);
  SmallVector<GetWeightOp> tables, heads;
  module.walk([&](EmbeddingOp op) {
    if (auto get = op.getTable().getDefiningOp<GetWeightOp>())
      tables.push_back(get);
  });
  module.walk([&](MatmulOp op) {
    auto get = op.getWeight().getDefiningOp<GetWeightOp>();
    if (get && op.getRole() == "head")
      heads.push_back(get);
  });
  for (GetWeightOp head : heads)
    for (GetWeightOp table : tables) {
      auto a = symbols.lookup<WeightOp>(table.getWeight());
      auto b = symbols.lookup<WeightOp>(head.getWeight());
      if (!a || !b || a == b || a.getType() != b.getType())
        continue;
      if (!isSameRange(a, b)) {
        auto mappedA = map(a), mappedB = map(b);
        if (!mappedA || !mappedB || !haveEqualValues(*mappedA, *mappedB))
          continue;
      }
      head.setWeight(table.getWeight());
      break;
    }
}

} // namespace qopt

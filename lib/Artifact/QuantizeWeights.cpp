//===- QuantizeWeights.cpp - Weights into packed codes --------------------===//

#include "lib/Artifact/Packing.h"
#include "lib/Formats/PanelLayout.h"
#include "lib/Methods/Solver.h"
#include <algorithm>

using namespace llvm;

namespace qopt {

/// Panels of a chunk: some megabytes of floats, and pieces of a transposed
/// source that are not too short.
constexpr int64_t maxPanels = 16;
constexpr int64_t maxElements = 1 << 20;

Error appendCodeChunks(size_t index, const PackedWeight &weight,
                       std::vector<PackingChunk> &chunks) {
  auto solver = createSolver(weight.method, weight.methodOptions);
  if (!solver)
    return createStringError("weight '" + weight.name +
                             "': " + toString(solver.takeError()));
  PanelLayout layout(*weight.format, weight.dims[0], weight.dims[1]);
  int64_t step = layout.panels();
  if (!(*solver)->needsWholeMatrix(*weight.format)) {
    step = std::clamp<int64_t>(maxElements / (layout.K * panelColumns), 1,
                               maxPanels);
    if (weight.transposed)
      step = maxPanels;
  }
  for (int64_t panel = 0; panel < layout.panels(); panel += step) {
    PackingChunk chunk;
    chunk.weight = index;
    chunk.beginUnit = panel;
    chunk.endUnit = std::min(panel + step, layout.panels());
    chunk.endColumn = layout.K;
    chunk.bytes = (chunk.endUnit - panel) * layout.panelBytes();
    chunk.offset = panel * layout.panelBytes();
    chunk.pieceBytes = chunk.pieceStride = chunk.bytes;
    chunks.push_back(chunk);
  }
  return Error::success();
}

/// Rows [begin, end) of [N, K] as f32.
static std::vector<float> readRows(const PackedWeight &weight,
                                   const char *source, int64_t begin,
                                   int64_t end) {
  const int64_t N = weight.dims[0], K = weight.dims[1], count = end - begin;
  const int64_t bytes = bytesOf(weight.source);
  std::vector<float> rows(size_t(count * K));
  if (!weight.transposed) {
    convertElements(source + begin * K * bytes, weight.source, rows.data(),
                    DataType::F32, count * K);
    for (int64_t r = 0; r < count && weight.hasFactors(); ++r)
      applyFactors(weight, begin + r, 0, {rows.data() + r * K, size_t(K)});
    return rows;
  }
  constexpr int64_t lines = 16;
  std::vector<float> block(size_t(lines * count));
  for (int64_t k = 0; k < K; k += lines) {
    int64_t height = std::min(lines, K - k);
    for (int64_t i = 0; i < height; ++i) {
      float *line = block.data() + i * count;
      convertElements(source + ((k + i) * N + begin) * bytes, weight.source,
                      line, DataType::F32, count);
      applyFactors(weight, begin, k + i, {line, size_t(count)});
    }
    for (int64_t r = 0; r < count; ++r)
      for (int64_t i = 0; i < height; ++i)
        rows[size_t(r * K + k + i)] = block[size_t(i * count + r)];
  }
  return rows;
}

Error quantizeChunk(const PackedWeight &weight, const PackingChunk &chunk,
                    const char *source, unsigned threads, char *target) {
  auto solver = createSolver(weight.method, weight.methodOptions);
  if (!solver)
    return solver.takeError();
  PanelLayout layout(*weight.format, weight.dims[0], weight.dims[1]);
  int64_t begin = chunk.beginUnit * panelColumns;
  int64_t end = std::min(chunk.endUnit * panelColumns, layout.N);
  std::vector<float> rows = readRows(weight, source, begin, end);
  QuantizedMatrix codes;
  if (Error error = (*solver)->solve({rows, end - begin, layout.K, begin},
                                     *weight.format, threads, codes))
    return error;
  layout.pack(codes, chunk.beginUnit, chunk.endUnit,
              reinterpret_cast<uint8_t *>(target));
  return Error::success();
}

} // namespace qopt

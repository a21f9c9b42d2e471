//===- Packing.cpp - Weights into the order of use ------------------------===//

#include "lib/Artifact/Packing.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace qopt {

PackingShape getPackingShape(const PackedWeight &weight) {
  PackingShape shape;
  size_t rank = weight.dims.size();
  bool isMatrix = rank >= 2 && (weight.transposed || weight.hasFactors() ||
                                weight.layout == WeightLayout::Panels);
  if (!isMatrix) {
    for (int64_t size : weight.dims)
      shape.columns *= size;
    return shape;
  }
  for (size_t i = 0; i + 2 < rank; ++i)
    shape.matrices *= weight.dims[i];
  shape.rows = weight.dims[rank - 2];
  shape.columns = weight.dims[rank - 1];
  shape.width = weight.layout == WeightLayout::Panels ? panelColumns : 1;
  shape.units = (shape.rows + shape.width - 1) / shape.width;
  return shape;
}

/// Units and columns of a chunk.
static std::pair<int64_t, int64_t> getChunkSteps(const PackedWeight &weight,
                                                 const PackingShape &shape,
                                                 int64_t maxBytes) {
  int64_t columnBytes = shape.width * bytesOf(weight.stored);
  int64_t maxUnits = maxBytes / (shape.columns * columnBytes);
  // A source line of 4096 elements that is read in one go costs one walk of the
  // page tables or a few; many short ones far apart would cost more than the
  // rest.
  if (weight.transposed && shape.width > 1)
    maxUnits = std::max<int64_t>(maxUnits, 4096 / shape.width);
  int64_t units = std::clamp<int64_t>(maxUnits, 1, shape.units);
  int64_t columns = maxBytes / (units * columnBytes);
  return {units, std::clamp<int64_t>(columns, 1, shape.columns)};
}

void appendChunks(size_t index, const PackedWeight &weight, int64_t maxBytes,
                  std::vector<PackingChunk> &chunks) {
  if (weight.storedBytes() == 0)
    return;
  PackingShape shape = getPackingShape(weight);
  int64_t columnBytes = shape.width * bytesOf(weight.stored);
  int64_t unitBytes = shape.columns * columnBytes;
  auto [unitStep, columnStep] = getChunkSteps(weight, shape, maxBytes);
  for (int64_t matrix = 0; matrix < shape.matrices; ++matrix)
    for (int64_t unit = 0; unit < shape.units; unit += unitStep)
      for (int64_t column = 0; column < shape.columns; column += columnStep) {
        PackingChunk chunk;
        chunk.weight = index;
        chunk.matrix = matrix;
        chunk.beginUnit = unit;
        chunk.endUnit = std::min(unit + unitStep, shape.units);
        chunk.beginColumn = column;
        chunk.endColumn = std::min(column + columnStep, shape.columns);
        int64_t units = chunk.endUnit - unit;
        chunk.bytes = units * (chunk.endColumn - column) * columnBytes;
        chunk.offset =
            (matrix * shape.units + unit) * unitBytes + column * columnBytes;
        bool isWhole = chunk.endColumn - column == shape.columns;
        chunk.pieceBytes = isWhole ? chunk.bytes : chunk.bytes / units;
        chunk.pieceStride = unitBytes;
        chunks.push_back(chunk);
      }
}

void applyFactors(const PackedWeight &weight, int64_t row, int64_t column,
                  llvm::MutableArrayRef<float> values) {
  int64_t &index = weight.transposed ? row : column;
  for (float &value : values) {
    if (!weight.rowFactor.empty())
      value *= weight.rowFactor[size_t(row)];
    if (!weight.columnFactor.empty())
      value *= weight.columnFactor[size_t(column)];
    ++index;
  }
}

namespace {

/// As convertElements, for elements that follow each other in the source from
/// (row, column) of a matrix on.
void convertLine(const PackedWeight &weight, const char *source, int64_t row,
                 int64_t column, int64_t count, char *target) {
  if (!weight.hasFactors())
    return convertElements(source, weight.source, target, weight.stored, count);
  constexpr int64_t piece = 256;
  float values[piece];
  int64_t &index = weight.transposed ? row : column;
  for (int64_t begin = 0; begin < count; begin += piece) {
    int64_t size = std::min(piece, count - begin);
    convertElements(source + begin * bytesOf(weight.source), weight.source,
                    values, DataType::F32, size);
    applyFactors(weight, row, column, {values, size_t(size)});
    convertElements(values, DataType::F32,
                    target + begin * bytesOf(weight.stored), weight.stored,
                    size);
    index += size;
  }
}

/// Sizes of the piece that is converted and turned inside the first-level
/// cache.
constexpr int64_t tileRows = 32;
constexpr int64_t tileColumns = 64;
static_assert(tileRows == panelColumns, "a panel is turned in one go");

template <typename T>
void writeTransposed(const char *tile, int64_t columns, char *target,
                     int64_t targetStride, int64_t rows) {
  const T *values = reinterpret_cast<const T *>(tile);
  for (int64_t c = 0; c < columns; ++c) {
    T line[tileRows];
    for (int64_t r = 0; r < tileRows; ++r)
      line[r] = values[r * tileColumns + c];
    char *to = target + c * targetStride;
    if (rows == tileRows)
      std::memcpy(to, line, sizeof(line));
    else
      std::memcpy(to, line, size_t(rows) * sizeof(T));
  }
}

/// target[c * targetStride + r * elementBytes] = source[r][c] for r < rows, and
/// 0 for rows <= r < targetRows <= tileRows; strides in bytes. Rows are those
/// of the source: columns of a transposed weight. The first element is (n, k).
void transpose(const PackedWeight &weight, int64_t n, int64_t k,
               const char *source, int64_t sourceStride, int64_t rows,
               int64_t columns, char *target, int64_t targetStride,
               int64_t targetRows) {
  int64_t elementBytes = bytesOf(weight.stored);
  alignas(64) char tile[tileRows * tileColumns * 8];
  for (int64_t r = rows; r < tileRows; ++r)
    std::memset(tile + r * tileColumns * elementBytes, 0,
                size_t(tileColumns * elementBytes));
  for (int64_t begin = 0; begin < columns; begin += tileColumns) {
    int64_t count = std::min(tileColumns, columns - begin);
    for (int64_t r = 0; r < rows; ++r)
      convertLine(weight,
                  source + r * sourceStride + begin * bytesOf(weight.source),
                  weight.transposed ? n + begin : n + r,
                  weight.transposed ? k + r : k + begin, count,
                  tile + r * tileColumns * elementBytes);
    char *to = target + begin * targetStride;
    if (elementBytes == 1)
      writeTransposed<uint8_t>(tile, count, to, targetStride, targetRows);
    else if (elementBytes == 2)
      writeTransposed<uint16_t>(tile, count, to, targetStride, targetRows);
    else if (elementBytes == 4)
      writeTransposed<uint32_t>(tile, count, to, targetStride, targetRows);
    else
      writeTransposed<uint64_t>(tile, count, to, targetStride, targetRows);
  }
}

/// The source is [columns][rows] and the target panels: rows of a panel are
/// copied. All panels of the chunk at once, to read and convert long pieces.
void packTransposedPanels(const PackedWeight &weight, const PackingShape &shape,
                          const PackingChunk &chunk, const char *matrix,
                          char *target) {
  constexpr int64_t pieceUnits = 32;
  alignas(64) char piece[pieceUnits * panelColumns * 8];
  int64_t from = bytesOf(weight.source), to = bytesOf(weight.stored);
  int64_t columns = chunk.endColumn - chunk.beginColumn;
  int64_t lineBytes = panelColumns * to, panelBytes = columns * lineBytes;
  for (int64_t k = 0; k < columns; ++k) {
    const char *line = matrix + (chunk.beginColumn + k) * shape.rows * from;
    for (int64_t unit = chunk.beginUnit; unit < chunk.endUnit;
         unit += pieceUnits) {
      int64_t units = std::min(pieceUnits, chunk.endUnit - unit);
      int64_t row = unit * panelColumns;
      int64_t count = std::min(units * panelColumns, shape.rows - row);
      convertLine(weight, line + row * from, row, chunk.beginColumn + k, count,
                  piece);
      std::memset(piece + count * to, 0,
                  size_t(units * lineBytes - count * to));
      char *out =
          target + (unit - chunk.beginUnit) * panelBytes + k * lineBytes;
      for (int64_t i = 0; i < units; ++i)
        std::memcpy(out + i * panelBytes, piece + i * lineBytes,
                    size_t(lineBytes));
    }
  }
}

} // namespace

void packChunk(const PackedWeight &weight, const PackingChunk &chunk,
               const char *source, char *target) {
  PackingShape shape = getPackingShape(weight);
  int64_t from = bytesOf(weight.source), to = bytesOf(weight.stored);
  const char *matrix =
      source + chunk.matrix * shape.rows * shape.columns * from;
  int64_t columns = chunk.endColumn - chunk.beginColumn;

  if (weight.transposed && shape.width > 1)
    return packTransposedPanels(weight, shape, chunk, matrix, target);

  if (weight.transposed) {
    int64_t rows = chunk.endUnit - chunk.beginUnit;
    for (int64_t k = 0; k < columns; k += tileRows) {
      int64_t count = std::min(tileRows, columns - k);
      const char *block =
          matrix +
          ((chunk.beginColumn + k) * shape.rows + chunk.beginUnit) * from;
      transpose(weight, chunk.beginUnit, chunk.beginColumn + k, block,
                shape.rows * from, count, rows, target + k * to, columns * to,
                count);
    }
    return;
  }

  if (shape.width > 1) {
    for (int64_t unit = chunk.beginUnit; unit < chunk.endUnit; ++unit) {
      int64_t row = unit * shape.width;
      const char *block =
          matrix + (row * shape.columns + chunk.beginColumn) * from;
      transpose(weight, row, chunk.beginColumn, block, shape.columns * from,
                std::min(shape.width, shape.rows - row), columns,
                target + (unit - chunk.beginUnit) * columns * shape.width * to,
                shape.width * to, shape.width);
    }
    return;
  }

  // Units are rows, whole ones where they are several.
  for (int64_t row = chunk.beginUnit; row < chunk.endUnit; ++row)
    convertLine(weight,
                matrix + (row * shape.columns + chunk.beginColumn) * from, row,
                chunk.beginColumn, columns,
                target + (row - chunk.beginUnit) * columns * to);
}

} // namespace qopt

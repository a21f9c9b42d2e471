//===- CostModel.h - How products run, and what they cost -------*- C++ -*-===//

#ifndef QOPT_LIB_TARGET_COSTMODEL_H
#define QOPT_LIB_TARGET_COSTMODEL_H

#include "lib/Formats/DataType.h"
#include "lib/Formats/Format.h"
#include "lib/Target/X86.h"
#include "llvm/Support/Error.h"
#include <algorithm>
#include <optional>

namespace qopt {

/// A product of an input [rows, K] and a weight [N, K] in panels, as lowerings
/// see it.
struct ProductShape {
  int64_t N = 0, K = 0;
  std::optional<Format> codes;     ///< of the weight
  DataType stored = DataType::F32; ///< of a weight without codes
  bool hasCodedInput = false;      ///< of int8 codes, else of floats
  bool hasBF16Input = false;       ///< of floats that are bf16

  /// Of the texts of a WeightRecord: "f16" or a format, "int8-token", "f32".
  static llvm::Expected<ProductShape> parse(llvm::ArrayRef<int64_t> shape,
                                            llvm::StringRef stored,
                                            llvm::StringRef activations);

  int64_t panels() const;
  int64_t panelBytes() const;
  /// Of the packed weight.
  int64_t bytes() const { return panels() * panelBytes(); }
};

//===-- What lowerings choose ---------------------------------------------===//

/// What multiplies and adds in the innermost loop.
enum class Unit {
  Fma,       ///< f32; whatever is not is widened
  Pmaddwd,   ///< bytes widened to i16
  Pmaddubsw, ///< u8 x s8, pairs in i16: of codes of at most 7 bits
  Vpdpbusd,  ///< u8 x s8, four in i32
  Vdpbf16ps, ///< bf16 x bf16, two in f32: codes are, as integers, exact
  Amx,       ///< vpdpbusd's in tiles of 16 rows, 16 columns, 64 elements of K
  AmxBF16,   ///< bf16 x integers that bf16 holds, in f32; 32 elements of K
};
inline bool isTiled(Unit unit) {
  return unit == Unit::Amx || unit == Unit::AmxBF16;
}
llvm::StringRef unitName(Unit unit);

/// How a product of some number of rows runs.
struct ProductPlan {
  Unit unit;
  /// One pass over the weight, unpacked in registers for each tile; else panels
  /// are unpacked once for blocks of rows.
  bool isFew;
  int64_t tileRows, tileColumns; ///< whose sums are in registers
  /// Of codes and many rows: what an item computes, and the elements of K whose
  /// inputs and codes it holds at once.
  int64_t blockRows = 0, blockPanels = 1, blockK = 0;
};

/// Rows of one pass over the weight, at most.
constexpr int64_t fewRows = 12;

/// The same of a product: with VNNI, to unpack codes again for each tile costs
/// less than to write them down. Where there is AMX its tiles take what is more
/// than `fewRows`.
int64_t fewRowsOf(const ProductShape &shape, const X86Isa &isa);

/// The same of all products of codes.
int64_t fewRowsOfCodes(const X86Isa &isa);

/// Whether codes of the weight less their zeros, or less the middle one, can be
/// signed bytes that many rows of unsigned inputs are multiplied by.
bool takesUnsignedInputs(const Format &format);
/// Whether such products are made so: instructions multiply unsigned by signed
/// bytes, and what has to be subtracted for the inputs' offset is a vector of
/// the weight's alone, computed where codes are unpacked.
bool hasUnsignedInputs(const X86Isa &isa);

/// Few rows that are left behind tiles of more are one of so many, if they fit.
constexpr int64_t smallTileRows = 4;

/// Rows of a block of floats, at most: its input stays in the second level
/// cache.
constexpr int64_t blockRowsOfFloats = 192;

/// The unit for inputs of codes with vectors alone, `bits` those of the weight.
Unit chooseDotUnit(const X86Isa &isa, unsigned bits);

/// How many quads of products fit the i16 that pmaddubsw adds two of them in,
/// where that is how codes are multiplied: else 0.
int64_t quadsOfPairs(const X86Isa &isa, const Format &format);
/// The same of codes less the middle one.
int64_t quadsOfMiddlePairs(const X86Isa &isa, const Format &format);
/// Of tiles of many rows only the sums in i16 stay in registers: there are 16,
/// and the products of a step fit.
bool loopsOverPairs(const X86Isa &isa, const Format &format);

ProductPlan planProduct(const ProductShape &shape, const X86Isa &isa,
                        int64_t rows);

/// Rows of the largest tile of a product of floats.
int64_t floatTileRows(const X86Isa &isa);

/// Panels of an item of one pass: enough items for many threads, but each long
/// enough to stream.
int64_t streamedPanels(int64_t panels, int64_t panelBytes);

//===-- What it costs -----------------------------------------------------===//

/// What a machine can do, assumed (getAssumedSpeed) or measured.
struct MachineSpeed {
  double gigahertz;                ///< while all cores multiply
  double gigabytesPerSecondOfCore; ///< a plain read of memory by one core
  double gigabytesPerSecond;       ///< by all cores together
};

/// Of the class of CPUs that runs an ISA version, see CostModel.cpp.
MachineSpeed getAssumedSpeed(const X86Isa &isa);

/// Multiply-adds of a core in a cycle, as the lowerings emit them.
double getMultiplyAddsPerCycle(const X86Isa &isa, Unit unit);

/// Of one product. The larger of what memory and arithmetic take is its time,
/// as loads run ahead.
struct ProductCost {
  int64_t bytes;         ///< of the weight, read from memory once
  double operations;     ///< multiplications and additions
  double memorySeconds;  ///< to read the bytes
  double peakSeconds;    ///< of the operations, were the unit never idle
  double computeSeconds; ///< with tiles that are not full, unpacking, and what
                         ///< ends each group

  double seconds() const { return std::max(memorySeconds, computeSeconds); }
  bool isMemoryBound() const { return memorySeconds >= computeSeconds; }
  /// No code that reads the weight and uses the unit takes less.
  double limitSeconds() const {
    return isMemoryBound() ? memorySeconds : peakSeconds;
  }
};

/// Predicts times on so many cores of a machine.
class CostModel {
public:
  CostModel(const X86Isa &isa, const MachineSpeed &speed, int threads = 1)
      : isa(isa), speed(speed), threads(threads) {}

  ProductCost cost(const ProductShape &shape, int64_t rows) const;

private:
  const X86Isa &isa;
  const MachineSpeed speed;
  const int threads;
};

} // namespace qopt

#endif // QOPT_LIB_TARGET_COSTMODEL_H

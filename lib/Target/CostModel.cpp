//===- CostModel.cpp - How products run, and what they cost ---------------===//

#include "lib/Target/CostModel.h"

#include "lib/Formats/PanelLayout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace qopt {

//===-- Shapes ------------------------------------------------------------===//

Expected<ProductShape> ProductShape::parse(ArrayRef<int64_t> shape,
                                           StringRef stored,
                                           StringRef activations) {
  if (shape.size() != 2)
    return createStringError("expects a matrix, but got " +
                             Twine(shape.size()) + " dimensions");
  ProductShape product;
  product.N = shape[0];
  product.K = shape[1];
  if (std::optional<DataType> type = readFloatType(stored)) {
    product.stored = *type;
    return product;
  }
  Expected<Format> format = Format::parse(stored);
  if (!format)
    return format.takeError();
  product.codes = *format;
  product.hasCodedInput = activations.starts_with("int8");
  product.hasBF16Input = activations == "bf16";
  return product;
}

int64_t ProductShape::panels() const {
  return int64_t(divideCeil(N, panelColumns));
}

int64_t ProductShape::panelBytes() const {
  return codes ? PanelLayout(*codes, N, K).panelBytes()
               : K * panelColumns * bytesOf(stored);
}

//===-- Choices -----------------------------------------------------------===//

StringRef unitName(Unit unit) {
  switch (unit) {
  case Unit::Fma:
    return "fma";
  case Unit::Pmaddwd:
    return "pmaddwd";
  case Unit::Pmaddubsw:
    return "pmaddubsw";
  case Unit::Vpdpbusd:
    return "vpdpbusd";
  case Unit::Vdpbf16ps:
    return "vdpbf16ps";
  case Unit::Amx:
    return "amx";
  case Unit::AmxBF16:
    return "amx-bf16";
  }
  return "";
}

Unit chooseDotUnit(const X86Isa &isa, unsigned bits) {
  if (isa.vnni)
    return Unit::Vpdpbusd;
  // Two products of at most 127 * 127 each do not saturate i16; larger codes
  // would.
  return isa.lanes() >= 8 && bits <= 7 ? Unit::Pmaddubsw : Unit::Pmaddwd;
}

int64_t floatTileRows(const X86Isa &isa) {
  return isa.vectorRegisters >= 32 ? 12 : 6;
}

/// Whether a code less its zero is an integer that bf16 holds, up to 256.
static bool fitsBF16(const Format &format) {
  if (format.zero == Format::Zero::Float)
    return false;
  int64_t least = format.constantZero(), most = least;
  if (format.storesZeros()) {
    least = format.minZero();
    most = format.maxZero();
  }
  int64_t maxCode = format.minCode() + format.maxIndex();
  return most - format.minCode() <= 256 && maxCode - least <= 256;
}

/// Whether many rows of bf16 read codes less their zeros as bf16.
static bool hasBF16Codes(const ProductShape &shape) {
  // Two groups in a step would be tiles of half the depth that there is; rows
  // of floats follow one another without padding.
  return shape.hasBF16Input && shape.codes && shape.codes->block != 16 &&
         shape.K % PanelLayout::stepSize == 0 && fitsBF16(*shape.codes);
}

/// Tiles of many rows, where they can be.
static std::optional<Unit> chooseTiles(const ProductShape &shape,
                                       const X86Isa &isa) {
  if (!isa.amx || !shape.codes || shape.codes->block == 16)
    return std::nullopt;
  if (shape.hasCodedInput)
    return Unit::Amx;
  if (hasBF16Codes(shape))
    return Unit::AmxBF16;
  return std::nullopt;
}

/// Panels are unpacked once for a block of rows: as many as prompts often have,
/// a multiple of the heights of tiles.
static constexpr int64_t maxBlockRows = 576;

/// The inputs of a block of rows stay in the second level cache for all panels
/// of an item, 512 bytes of each row at a time: the codes of a panel beside
/// them stay in the first and leave room for what tiles add up.
static ProductPlan planTiles(const ProductShape &shape, Unit unit) {
  constexpr int64_t rows = 32, rowBytes = 512, inputBytes = 1 << 20;
  int64_t elementBytes = unit == Unit::AmxBF16 ? 2 : 1;
  ProductPlan plan = {unit, /*isFew=*/false, rows, panelColumns};
  plan.blockK = int64_t(alignTo(shape.K, PanelLayout::stepSize));
  int64_t width = rowBytes / elementBytes;
  if (shape.codes->groups(shape.K) > 1) {
    int64_t group = shape.codes->groupSize(shape.K);
    width = std::max(width / group * group, group);
  } else { // parts of about one size
    auto parts = int64_t(divideCeil(plan.blockK, width));
    width = int64_t(alignTo(divideCeil(plan.blockK, parts), 64));
  }
  plan.blockK = std::min(plan.blockK, width);
  int64_t most = inputBytes / (plan.blockK * elementBytes) / rows * rows;
  plan.blockRows = std::clamp<int64_t>(most, rows, maxBlockRows);
  plan.blockPanels = std::clamp<int64_t>(shape.panels() / 8, 1, 8);
  return plan;
}

int64_t fewRowsOf(const ProductShape &shape, const X86Isa &isa) {
  return shape.hasCodedInput ? fewRowsOfCodes(isa) : fewRows;
}

int64_t fewRowsOfCodes(const X86Isa &isa) {
  return isa.vnni && !isa.amx ? 32 : fewRows;
}

bool takesUnsignedInputs(const Format &format) {
  return format.bits < 8 && format.block != 16 &&
         format.zero != Format::Zero::Float &&
         (format.zero != Format::Zero::Integer || format.zeroBits < 8);
}

bool hasUnsignedInputs(const X86Isa &isa) {
  return !isa.amx && isa.lanes() >= 8;
}

/// Of codes of at most that magnitude.
static int64_t quadsOfPairs(const X86Isa &isa, unsigned bits, int64_t most) {
  if (chooseDotUnit(isa, bits) != Unit::Pmaddubsw)
    return 0;
  return std::numeric_limits<int16_t>::max() / (2 * 127 * most);
}

int64_t quadsOfPairs(const X86Isa &isa, const Format &format) {
  return quadsOfPairs(isa, format.bits, format.maxIndex());
}

int64_t quadsOfMiddlePairs(const X86Isa &isa, const Format &format) {
  return quadsOfPairs(isa, format.bits, format.middle());
}

bool loopsOverPairs(const X86Isa &isa, const Format &format) {
  return isa.vectorRegisters < 32 &&
         quadsOfPairs(isa, format) >= PanelLayout::stepSize / 4;
}

ProductPlan planProduct(const ProductShape &shape, const X86Isa &isa,
                        int64_t rows) {
  bool isFew = rows <= fewRowsOf(shape, isa);
  int64_t strip = std::min<int64_t>(2 * isa.lanes(), panelColumns);
  if (!isFew)
    if (std::optional<Unit> tiles = chooseTiles(shape, isa))
      return planTiles(shape, *tiles);
  // CPUs with AMX have half as many vdpbf16ps a cycle as multiply-adds.
  bool multipliesBF16 = isa.bf16 && !isa.amx && shape.codes &&
                        shape.hasBF16Input && (isFew || hasBF16Codes(shape));
  if (shape.hasCodedInput || multipliesBF16) {
    Unit unit = multipliesBF16 ? Unit::Vdpbf16ps
                               : chooseDotUnit(isa, shape.codes->bits);
    // A group's sums and those of a tile are in registers at once, or those in
    // i16 alone.
    int64_t height = 2;
    if (isa.vectorRegisters >= 32)
      height = 6;
    else if (!isFew && loopsOverPairs(isa, *shape.codes))
      height = 4;
    return {unit, isFew,  rows == 1 ? 1 : height, strip, maxBlockRows,
            1,    shape.K};
  }
  if (shape.codes && isFew)
    return {Unit::Fma, isFew, rows == 1 ? 1 : 4, strip};
  if (rows == 1)
    return {Unit::Fma, isFew, 1, panelColumns};
  return {Unit::Fma, isFew, floatTileRows(isa), strip};
}

int64_t streamedPanels(int64_t panels, int64_t panelBytes) {
  int64_t bytes =
      std::clamp<int64_t>(panels * panelBytes / 64, 64 << 10, 128 << 10);
  return std::max<int64_t>(1, bytes / std::max<int64_t>(1, panelBytes));
}

//===-- Assumptions -------------------------------------------------------===//

namespace {

/// What is assumed of the CPUs that run an ISA version. Two classes were
/// measured: servers with AMX (Granite Rapids: two 512-bit multiply-adds a
/// cycle, a limit of bandwidth for each core), and servers with AVX-512 but
/// none (Zen 4: one, or two of 256 bits; one core has most of the bandwidth of
/// its chiplet). The versions below are assumed to run on the second.
struct Assumptions {
  const char *isa;
  MachineSpeed speed;
  /// Multiply-adds a cycle. Of pmaddubsw with the pmaddwd and the addition that
  /// make i32 of it; of pmaddwd with the widening of both sides; of x86-64
  /// without fma, with a multiplication and an addition for each.
  double fma, pmaddwd, pmaddubsw, vpdpbusd, vdpbf16ps, amx;
  /// Other instructions on whole registers a cycle, beside or instead of them.
  double others;
};

constexpr Assumptions assumptions[] = {
    {"x86-64-v4-amx", {3.4, 16.2, 31.5}, 32, 32, 64, 128, 16, 1024, 2},
    {"x86-64-v4-vnni", {3.67, 26.8, 32.8}, 16, 16, 32, 64, 32, 0, 2},
    {"x86-64-v4", {3.67, 26.8, 32.8}, 16, 16, 32, 0, 0, 0, 2},
    {"x86-64-v3", {3.67, 26.8, 32.8}, 16, 16, 32, 0, 0, 0, 3},
    {"x86-64", {3.67, 26.8, 32.8}, 8, 8, 0, 0, 0, 0, 3},
};

const Assumptions &assumptionsOf(const X86Isa &isa) {
  return *find_if(assumptions, [&](const Assumptions &row) {
    return StringRef(row.isa) == isa.name;
  });
}

} // namespace

MachineSpeed getAssumedSpeed(const X86Isa &isa) {
  return assumptionsOf(isa).speed;
}

double getMultiplyAddsPerCycle(const X86Isa &isa, Unit unit) {
  const Assumptions &row = assumptionsOf(isa);
  switch (unit) {
  case Unit::Fma:
    return row.fma;
  case Unit::Pmaddwd:
    return row.pmaddwd;
  case Unit::Pmaddubsw:
    return row.pmaddubsw;
  case Unit::Vpdpbusd:
    return row.vpdpbusd;
  case Unit::Vdpbf16ps:
    return row.vdpbf16ps;
  case Unit::Amx:
    return row.amx;
  case Unit::AmxBF16:
    return row.amx / 2;
  }
  return 0;
}

//===-- Costs -------------------------------------------------------------===//

/// Rows whose sums are computed: what is left is a tile again. Of codes one row
/// is one of its own, of floats tiles may have a third of the rows.
static int64_t computedRows(const ProductShape &shape, const ProductPlan &plan,
                            int64_t rows) {
  if (isTiled(plan.unit))
    return int64_t(alignTo(rows, plan.tileRows / 2));
  bool hasRowTiles = shape.codes && (plan.isFew || plan.unit != Unit::Fma);
  if (!hasRowTiles && rows > 1)
    return int64_t(alignTo(rows, plan.tileRows / 3));
  int64_t rest = rows % plan.tileRows;
  if (rest <= 1)
    return rows;
  bool isSmall = plan.isFew && rest <= smallTileRows;
  return rows - rest +
         (isSmall ? std::min(smallTileRows, plan.tileRows) : plan.tileRows);
}

/// Instructions that unpack a register of columns and one element of K.
static double unpackInstructions(const ProductShape &shape,
                                 const ProductPlan &plan) {
  double store = plan.isFew ? 0 : 1;
  if (!shape.codes)
    return shape.stored == DataType::F32 ? 0 : 1 + store;
  if (shape.hasCodedInput && shape.codes->bits == 8)
    return 0; // operands where they are
  // A shift and a mask for each plane of four elements, and to put them
  // together.
  auto planes =
      double(PanelLayout(*shape.codes, shape.N, shape.K).planes.size());
  double quads =
      shape.codes->bits == 8 ? 0 : (2 * planes + 2 * (planes - 1)) / 4;
  if (shape.hasCodedInput)
    return quads + store / 4;
  // A shift, and a mask with the exponents, make two integers of a dword.
  if (plan.isFew && plan.unit == Unit::Vdpbf16ps)
    return shape.codes->bits == 8 ? 2 : 1 + (planes > 1 ? quads : 0);
  // Two integers less their zeros share a dword.
  if (plan.unit == Unit::Vdpbf16ps || plan.unit == Unit::AmxBF16)
    return quads + 4 + 1.5 + store / 2;
  // A byte becomes a float; in blocks it becomes the weight's value.
  return quads + 3 + (plan.isFew ? 0 : 2 + store);
}

/// Instructions of a row and a register of columns where a group ends.
static double groupInstructions(const ProductShape &shape,
                                const ProductPlan &plan) {
  if (plan.unit == Unit::AmxBF16)
    return 1 + 4;
  if (plan.unit == Unit::Vdpbf16ps)
    return plan.isFew ? 1 + 2 : 1;
  if (!shape.codes || (!shape.hasCodedInput && !plan.isFew))
    return 0;
  // Of unsigned inputs zeros, or with pairs the middle codes, are subtracted
  // before.
  int64_t subtracted = shape.codes->minCode();
  bool isUnsigned =
      shape.hasCodedInput && !plan.isFew && takesUnsignedInputs(*shape.codes);
  if (isUnsigned && plan.unit == Unit::Pmaddubsw)
    subtracted += shape.codes->middle();
  bool hasZero = (shape.codes->storesZeros() ||
                  shape.codes->constantZero() != subtracted) &&
                 !(isUnsigned && plan.unit == Unit::Vpdpbusd);
  // Its zero times the sum of the input, its scale times the input's.
  double instructions =
      shape.hasCodedInput ? 3 + (hasZero ? 3 : 0) : 1 + (hasZero ? 2 : 0);
  // The sums of tiles go through memory.
  return plan.unit == Unit::Amx ? instructions + 4 : instructions;
}

ProductCost CostModel::cost(const ProductShape &shape, int64_t rows) const {
  const ProductPlan plan = planProduct(shape, isa, rows);
  const int64_t K =
      shape.codes ? int64_t(alignTo(shape.K, PanelLayout::stepSize)) : shape.K;
  const int64_t columns = shape.panels() * panelColumns;
  double rate = getMultiplyAddsPerCycle(isa, plan.unit);
  double peakCycles = double(rows) * double(shape.N) * double(shape.K) / rate;
  // Groups that are no whole tiles of 64 have tiles of 32.
  if (plan.unit == Unit::Amx && shape.codes->groupSize(K) % 64 != 0)
    rate /= 2;
  // Codes of 8 bits are two of bf16.
  if (plan.isFew && plan.unit == Unit::Vdpbf16ps && shape.codes->bits == 8)
    rate /= 2;

  double computed = double(computedRows(shape, plan, rows));
  double multiplyCycles = computed * double(columns) * double(K) / rate;
  double registers = double(columns) / isa.lanes();
  int64_t height = plan.isFew           ? plan.tileRows
                   : plan.blockRows > 0 ? plan.blockRows
                                        : blockRowsOfFloats;
  double unpackings = double(divideCeil(rows, height));
  double others =
      registers *
      (unpackings * double(K) * unpackInstructions(shape, plan) +
       (shape.codes ? computed * double(shape.codes->groups(shape.K)) *
                          groupInstructions(shape, plan)
                    : 0));
  double cyclesPerSecond = speed.gigahertz * 1e9 * threads;
  double bytesPerSecond =
      1e9 * std::min(speed.gigabytesPerSecond,
                     speed.gigabytesPerSecondOfCore * threads);
  ProductCost cost;
  cost.bytes = shape.bytes();
  cost.operations = 2 * double(rows) * double(shape.N) * double(shape.K);
  cost.memorySeconds = double(cost.bytes) / bytesPerSecond;
  cost.peakSeconds = peakCycles / cyclesPerSecond;
  cost.computeSeconds =
      (multiplyCycles + others / assumptionsOf(isa).others) / cyclesPerSecond;
  return cost;
}

} // namespace qopt

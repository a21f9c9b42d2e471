//===- Codes.h - Codes of a packed weight in registers ----------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CODES_H
#define QOPT_PASSES_LOWER_KERNELS_CODES_H

#include "lib/Formats/PanelLayout.h"
#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// Emits the reading of a weight of codes (PanelLayout). Places are bytes in
/// the flat buffer; vectors hold `lanes` neighbouring columns of a panel.
///
/// With indices for codes, `value = scale * (index - zero)`, where zero is the
/// format's less the smallest code: constant for formats that store none.
class Codes {
public:
  using Value = mlir::Value;

  Codes(KernelBuilder &b, PanelLayout layout, Value bytes)
      : Codes(b, std::move(layout), bytes, b.lanes) {}

  KernelBuilder &b;
  const PanelLayout layout;

  const Format &format() const { return layout.format; }
  /// Elements of K that share a scale; 16, a multiple of 32, or K.
  int64_t groupSize() const { return format().groupSize(layout.K); }
  /// Whether a step holds two groups.
  bool isHalved() const { return format().block == 16; }
  /// Steps of 32 elements in a row.
  int64_t steps() const;
  /// Steps of all segments but the last.
  int64_t segmentSteps() const {
    return (layout.segmentSize() + stepSize - 1) / stepSize;
  }

  Value panelStart(Value panel) { return b.mul(panel, layout.panelBytes()); }
  Value segmentStart(Value panelStart, Value segment) {
    return b.add(b.add(panelStart, layout.segmentOffset(0)),
                 b.mul(segment, layout.segmentBytes()));
  }
  /// Where a step of a panel lies.
  Value stepPlace(Value panelStart, Value step);
  /// Steps of a segment.
  Value stepsOf(Value segment);

  /// Elements 4 * quad .. + 3 of the step at `place`, as i32 whose bytes are
  /// their indices.
  Value quad(Value place, int64_t quad, Value column);
  /// Elements 4 * quad + odd and that + 2, two bf16 in a dword: of each vector
  /// parts of them, which add up to pairOffset() + index.
  llvm::SmallVector<Value> pairs(Value place, int64_t quad, int64_t odd,
                                 Value column);
  int64_t pairOffset() const;
  /// The byte of a quad, as f32.
  Value element(Value quad, int64_t byte);

  /// The scales of a group of a row, as f32.
  Value scales(Value panelStart, Value group, Value column);
  /// Whether all zeros are the same; which one then.
  bool hasConstantZero() const { return !format().storesZeros(); }
  int64_t constantZero() const {
    return format().constantZero() - format().minCode();
  }
  /// Whether zeros are integers.
  bool hasIntegerZero() const { return format().zero != Format::Zero::Float; }
  /// The zeros of a group, as i32 when they are integers, else as f32.
  Value zeros(Value panelStart, Value group, Value column);
  /// The same as f32.
  Value zerosAsFloats(Value panelStart, Value group, Value column);

  /// Calls `body(k, value)` for all elements of K of one column, as f32.
  void eachElement(Value panel, Value column,
                   llvm::function_ref<void(Value k, Value value)> body);

  /// Fetch what lies `distance` bytes behind a quad of the step at `place`, or
  /// behind the scales of a group.
  void prefetchQuad(Value place, int64_t quad, Value distance);
  void prefetchScales(Value panelStart, Value group, Value distance);
  /// Share `i` of `count` of so many bytes.
  void prefetchShare(Value begin, int64_t bytes, Value i, Value count);
  /// The line of a byte, which may lie behind the weight.
  void prefetchLine(Value place) { b.prefetch(bytes, place); }

  static constexpr int64_t stepSize = PanelLayout::stepSize;

private:
  Codes(KernelBuilder &b, PanelLayout layout, Value bytes, int64_t width)
      : b(b), layout(std::move(layout)), bytes(bytes), width(width) {}

  mlir::VectorType words();
  mlir::VectorType floats();
  Value splatWord(uint32_t value);
  Value splatFloat(double value);
  Value loadWords(Value place);
  Value loadPlane(const PanelLayout::Plane &plane, Value place, int64_t quad,
                  Value column);
  Value loadFloats(Value place, DataType type);
  Value scalesPlace(Value panelStart, Value group);
  /// The lines that start in [begin, end) behind `place`.
  void prefetch(Value place, int64_t begin, int64_t end, Value distance);

  Value bytes;
  int64_t width; ///< columns of a vector
};

/// Writes the values of a strip of a panel, for the steps of 32 elements
/// [first, first + steps) of K: `target[32 * steps][vectors * lanes]`, f32.
/// `column` is in the panel.
void dequantizeStrip(Codes &codes, mlir::Value panel, mlir::Value column,
                     int64_t vectors, mlir::Value firstStep, mlir::Value steps,
                     mlir::Value target);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CODES_H

//===- Weights.cpp - Places and header of packed weights ------------------===//

#include "lib/Artifact/Weights.h"

#include "lib/Artifact/Packing.h"
#include "lib/Formats/PanelLayout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace qopt {

std::vector<int64_t> PackedWeight::storedDims() const {
  if (layout == WeightLayout::Dense)
    return dims;
  if (layout == WeightLayout::Codes)
    return {storedBytes()};
  PackingShape shape = getPackingShape(*this);
  std::vector<int64_t> stored(dims.begin(), dims.end() - 2);
  stored.insert(stored.end(), {shape.units, shape.columns, shape.width});
  return stored;
}

int64_t PackedWeight::storedBytes() const {
  if (layout == WeightLayout::Codes)
    return PanelLayout(*format, dims[0], dims[1]).bytes();
  PackingShape shape = getPackingShape(*this);
  return shape.matrices * shape.units * shape.columns * shape.width *
         bytesOf(stored);
}

int64_t assignOffsets(MutableArrayRef<PackedWeight> weights) {
  int64_t end = 0;
  for (PackedWeight &weight : weights) {
    weight.destOffset = int64_t(alignTo(uint64_t(end), weightAlignment));
    end = weight.destOffset + weight.storedBytes();
  }
  return end;
}

static Error refuse(const PackedWeight &weight, const Twine &why) {
  return createStringError("weight '" + weight.name + "' " + why);
}

/// One factor for each index, of floats alone.
static Error checkFactors(const PackedWeight &weight) {
  size_t rank = weight.dims.size();
  auto fits = [&](const std::vector<float> &factor, size_t fromEnd) {
    return factor.empty() ||
           (rank >= fromEnd &&
            int64_t(factor.size()) == weight.dims[rank - fromEnd]);
  };
  if (!fits(weight.rowFactor, 2) || !fits(weight.columnFactor, 1))
    return refuse(weight, "has factors of another size");
  bool isStoredFloat =
      isFloat(weight.stored) || weight.layout == WeightLayout::Codes;
  if (weight.hasFactors() && (!isFloat(weight.source) || !isStoredFloat))
    return refuse(weight, "has factors, but is not of floats");
  return Error::success();
}

static Error check(const PackedWeight &weight) {
  // Far from any overflow of the sizes computed from them, padding included.
  constexpr int64_t limit = int64_t(1) << 56;
  int64_t elements = 1;
  for (int64_t size : weight.dims) {
    if (size < 0)
      return refuse(weight, "has a negative size");
    if (MulOverflow(elements, size, elements) || elements > limit)
      return refuse(weight, "is too large");
  }
  if (weight.dims.size() < 2 &&
      (weight.transposed || weight.layout == WeightLayout::Panels))
    return refuse(weight, "must have two dimensions to be packed");
  bool isCodes = weight.layout == WeightLayout::Codes;
  if (isCodes && (weight.dims.size() != 2 || elements == 0 || !weight.format))
    return refuse(weight, "is no matrix with a format for its codes");
  if (!isConvertible(weight.source, isCodes ? DataType::F32 : weight.stored))
    return refuse(weight, Twine("cannot be converted from ") +
                              safetensorsName(weight.source) + " to " +
                              safetensorsName(weight.stored));
  int64_t held =
      weight.file.empty() ? int64_t(weight.bytes.size()) : weight.length;
  int64_t needed = elements * bytesOf(weight.source);
  if (held != needed)
    return refuse(weight, "needs " + Twine(needed) +
                              " bytes, but its source has " + Twine(held));
  if (weight.offset < 0)
    return refuse(weight, "has a negative offset");
  return checkFactors(weight);
}

static void writeEntry(json::OStream &out, StringRef name, StringRef type,
                       ArrayRef<int64_t> dims, int64_t begin, int64_t end) {
  out.attributeObject(json::fixUTF8(name), [&] {
    out.attribute("dtype", type);
    out.attributeArray("shape", [&] {
      for (int64_t size : dims)
        out.value(size);
    });
    out.attributeArray("data_offsets", [&] {
      out.value(begin);
      out.value(end);
    });
  });
}

Expected<std::string> weightsHeader(ArrayRef<PackedWeight> weights,
                                    const WeightsMetadata &metadata) {
  StringSet<> names;
  int64_t end = 0;
  for (const PackedWeight &weight : weights) {
    if (Error error = check(weight))
      return std::move(error);
    if (StringRef(weight.name).starts_with("__"))
      return refuse(weight, "has a reserved name");
    if (!names.insert(weight.name).second)
      return refuse(weight, "is there twice");
    if (weight.destOffset < end || weight.destOffset % weightAlignment)
      return refuse(weight, "has no valid place");
    end = weight.destOffset + weight.storedBytes();
  }

  std::string text(8, '\0');
  raw_string_ostream stream(text);
  json::OStream out(stream);
  out.object([&] {
    if (!metadata.empty())
      out.attributeObject("__metadata__", [&] {
        for (const auto &[key, value] : metadata)
          out.attribute(json::fixUTF8(key), json::fixUTF8(value));
      });
    int64_t position = 0;
    for (const PackedWeight &weight : weights) {
      if (int64_t hole = weight.destOffset - position)
        writeEntry(out, "__pad." + std::to_string(position), "U8", {hole},
                   position, weight.destOffset);
      position = weight.destOffset + weight.storedBytes();
      writeEntry(out, weight.name, safetensorsName(weight.stored),
                 weight.storedDims(), weight.destOffset, position);
    }
  });
  stream.flush();
  text.resize(alignTo(text.size(), weightsPage), ' ');
  support::endian::write64le(text.data(), text.size() - 8);
  return text;
}

Expected<WeightsFile> weightsFile(ArrayRef<PackedWeight> weights,
                                  const WeightsMetadata &metadata) {
  Expected<std::string> header = weightsHeader(weights, metadata);
  if (!header)
    return header.takeError();
  WeightsFile file;
  file.dataOffset = int64_t(header->size());
  file.bytes = file.dataOffset;
  if (!weights.empty())
    file.bytes += weights.back().destOffset + weights.back().storedBytes();
  return file;
}

} // namespace qopt

//===- Weights.h - Packed weights and their file ----------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_WEIGHTS_H
#define QOPT_LIB_ARTIFACT_WEIGHTS_H

#include "lib/Formats/DataType.h"
#include "lib/Formats/Format.h"
#include "lib/Formats/Panels.h"
#include "lib/Methods/Solver.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// Where the elements of a packed weight lie.
enum class WeightLayout {
  Dense,  ///< row-major, as `dims` says
  Panels, ///< matrices [N, K] as [ceil(N / 32), K, 32], columns beyond N zero
  Codes,  ///< a matrix [N, K] of codes, as PanelLayout packs it; bytes
};

/// Tensors start at multiples of this in the data section, which itself starts
/// at a multiple of `weightsPage` in the file.
constexpr int64_t weightAlignment = 64;
constexpr int64_t weightsPage = 4096;

/// A tensor of weights.safetensors and where its values come from.
struct PackedWeight {
  std::string name;

  std::string file;        ///< path of the source; empty: `bytes` holds it
  int64_t offset = 0;      ///< in `file`
  int64_t length = 0;      ///< in `file`
  std::vector<char> bytes; ///< the source when there is no file
  DataType source = DataType::F32;
  std::vector<int64_t> dims; ///< logical; [..., N, K] for a matrix
  bool transposed = false;   ///< the source holds the last two dims swapped
  /// Factors of floats, one for each index of the last dimension but one (N)
  /// and of the last one (K); empty: none. The value of an element is
  /// `(f32(source) * rowFactor[n]) * columnFactor[k]`, each product rounded to
  /// f32, and is then stored as if it were the source's.
  std::vector<float> rowFactor, columnFactor;

  DataType stored = DataType::F32; ///< a float type, or `source`; U8 for codes
  WeightLayout layout = WeightLayout::Dense;
  int64_t destOffset = 0; ///< in the data section, see assignOffsets

  /// Codes only: what they mean, and the solver that chooses them.
  std::optional<Format> format;
  std::string method;
  SolverOptions methodOptions;

  bool hasFactors() const {
    return !rowFactor.empty() || !columnFactor.empty();
  }

  /// Sizes as stored.
  std::vector<int64_t> storedDims() const;
  int64_t storedBytes() const;
};

/// Gives each weight its place in the data section: in the list's order, each
/// 64-byte aligned. Returns the size of the data section.
int64_t assignOffsets(llvm::MutableArrayRef<PackedWeight> weights);

using WeightsMetadata = std::map<std::string, std::string>;

/// The sizes of weights.safetensors.
struct WeightsFile {
  int64_t bytes = 0;      ///< of the file
  int64_t dataOffset = 0; ///< where its data section starts
};

struct WriteWeightsOptions {
  unsigned threads = 1;
  /// A finite value that f16 would make infinite is an error.
  bool refusesOverflow = false;
  /// Called now and then, from any thread but never from two at once, with
  /// bytes written and bytes in all; false ends the writing with an error.
  std::function<bool(int64_t, int64_t)> progress;
};

/// The header of the safetensors file for weights whose offsets are assigned: 8
/// bytes of length, then JSON, padded by spaces to a multiple of weightsPage.
/// The format allows no holes, so what lies between two weights is a U8 tensor
/// `__pad.<offset>` of zeros.
llvm::Expected<std::string> weightsHeader(llvm::ArrayRef<PackedWeight> weights,
                                          const WeightsMetadata &metadata);

/// The sizes that writeWeights will give the file.
llvm::Expected<WeightsFile> weightsFile(llvm::ArrayRef<PackedWeight> weights,
                                        const WeightsMetadata &metadata);

/// Writes and syncs a safetensors file. Sources are mapped read-only, output
/// goes through buffers of at most 32 MiB in all. The bytes do not depend on
/// the number of threads. On an error the file may be left incomplete.
llvm::Error writeWeights(const std::string &path,
                         llvm::ArrayRef<PackedWeight> weights,
                         const WeightsMetadata &metadata,
                         const WriteWeightsOptions &options = {});

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_WEIGHTS_H

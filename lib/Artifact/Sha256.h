//===- Sha256.h - SHA-256 at the machine's speed ----------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_SHA256_H
#define QOPT_LIB_ARTIFACT_SHA256_H

#include "llvm/ADT/StringRef.h"
#include <array>
#include <string>

namespace qopt {

/// SHA-256 of files of gigabytes, with the CPU's own instructions where it has
/// them. (LLVM's class is several times slower, and wrong from 512 MiB on.)
class Sha256 {
public:
  Sha256();
  void update(llvm::StringRef bytes);
  /// The hash in lower-case hexadecimal. Ends the object's use.
  std::string hex();

  /// Only for tests: as on a CPU without the instructions.
  void disableInstructions() { accelerated = false; }

private:
  void addBlocks(const char *data, size_t blocks);

  bool accelerated;
  std::array<uint32_t, 8> state;
  std::array<char, 64> pending; ///< bytes of a block that is not full
  size_t numPending = 0;
  uint64_t total = 0;
};

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_SHA256_H

//===- LoopProfile.h - Time in the loops of a session -----------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_LOOPPROFILE_H
#define QOPT_TOOLS_QOPT_LOOPPROFILE_H

#include "lib/Artifact/Manifest.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include <array>
#include <chrono>
#include <vector>

namespace qopt {

/// Takes the time of each parallel loop of a session's calls while it lives.
class LoopProfile {
public:
  /// Seconds of each loop in its order.
  using Execution = std::vector<double>;

  explicit LoopProfile(qopt_session *session);
  ~LoopProfile();
  LoopProfile(const LoopProfile &) = delete;

  void clear() { entries = {}; }
  /// All executions of an entry.
  const std::vector<Execution> &of(qopt_entry_kind kind) const {
    return entries[kind];
  }

private:
  static void record(void *user, int32_t entry, int32_t loop, int32_t ends);

  qopt_session *session;
  std::array<std::vector<Execution>, QOPT_NUM_ENTRIES> entries;
  std::chrono::steady_clock::time_point start;
};

/// What a loop computes, equal loops of all layers alike: the paths of its
/// products, "model.layers.*.mlp.up_proj + gate_proj", other ops with their
/// kind behind: "model.norm (rms_norm) + lm_head (quantize)".
std::string nameLoop(const LoopParts &parts, const Manifest &manifest);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_LOOPPROFILE_H

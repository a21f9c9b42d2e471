//===- GuardedArtifact.h - Runs an artifact between forbidden pages -------===//

#ifndef QOPT_TEST_E2E_GUARDEDARTIFACT_H
#define QOPT_TEST_E2E_GUARDEDARTIFACT_H

#include "qopt/artifact.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// Next to which end of a piece of memory the forbidden page is.
enum class Side { End, Begin };

/// How one execution differs from another that must give the same bits.
struct Setting {
  Side side;
  bool reversed; ///< items one by one, the last first; else all at once
  uint8_t fill;
};

/// Values of the symbols; a model without caches has no past.
struct Sizes {
  int64_t batch, past, sequence;
  int64_t candidates = 0; ///< wanted in place of logits
};

/// What runs, for messages.
extern char context[256];

/// Ends the process with a message.
[[noreturn]] void fail(const std::string &text);

/// Memory between two forbidden pages, as close to one of them as `alignment`
/// allows; what is accessible around it must stay as it was filled.
class Guarded {
public:
  Guarded(const char *name, size_t bytes, size_t alignment,
          const Setting &setting);
  Guarded(const Guarded &) = delete;
  ~Guarded();

  void forbidWrites();

  /// Ends the process unless all around `data` is as it was filled.
  void check() const;

  const char *name;
  size_t bytes;
  uint8_t *data;

private:
  uint8_t fill;
  size_t accessible, mapped;
  uint8_t *mapping, *begin;
};

using Memory = std::unique_ptr<Guarded>;

/// An output, or the valid time steps of a cache.
struct Result {
  std::string name;
  int32_t dtype;
  std::vector<uint8_t> bytes;
};

/// The code of an artifact, its weights between forbidden pages.
class Artifact {
public:
  /// Of the folder `path`; it is never closed.
  explicit Artifact(const std::string &path);

  /// Outputs, but for logits that candidates are wanted of, these, then the
  /// time steps of all caches. Ends the process when something was written that
  /// must not be.
  std::vector<Result> run(const qopt_variant &variant, const qopt_entry &entry,
                          const Sizes &sizes, const Setting &setting) const;

  const qopt_artifact_table *table;

private:
  std::vector<int64_t> symbolValues(const Sizes &sizes) const;
  size_t elements(const qopt_tensor_info &info,
                  const std::vector<int64_t> &symbols) const;
  void fillInput(const qopt_tensor_info &info, const Sizes &sizes, void *data,
                 size_t count) const;

  std::vector<Memory> weights; ///< in the order of Side
};

#endif // QOPT_TEST_E2E_GUARDEDARTIFACT_H

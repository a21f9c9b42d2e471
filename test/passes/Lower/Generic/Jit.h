//===- Jit.h - Lowered code, called in the test -----------------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_LOWER_GENERIC_JIT_H
#define QOPT_TEST_PASSES_LOWER_GENERIC_JIT_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qopt::test {

/// A buffer to call with: `elementBytes` each, row-major.
struct Buffer {
  std::vector<int64_t> shape;
  unsigned elementBytes;
  std::vector<char> bytes;

  Buffer(std::vector<int64_t> shape, unsigned elementBytes);
  int64_t count() const;
  template <typename T> T *data() {
    return reinterpret_cast<T *>(bytes.data());
  }
};

/// The ISA versions that this machine has.
std::vector<std::string> runnableIsas();

/// A module of functions on memrefs, compiled.
class Jit {
public:
  /// `isa` names the version whose passes lower linalg and math; empty:
  /// upstream's scalar loops and the C library. Null when something failed.
  static std::unique_ptr<Jit> compile(const std::string &mlir,
                                      const std::string &isa);
  ~Jit();
  /// Calls `function`, which has `llvm.emit_c_interface`. The buffers' memory
  /// ends at a page that cannot be touched.
  bool call(const std::string &function, std::vector<Buffer> &buffers);

private:
  Jit();
  struct State;
  std::unique_ptr<State> state;
};

} // namespace qopt::test

#endif // QOPT_TEST_PASSES_LOWER_GENERIC_JIT_H

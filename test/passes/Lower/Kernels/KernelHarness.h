//===- KernelHarness.h - Runs lowered kernels in tests ----------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_LOWER_KERNELS_KERNELHARNESS_H
#define QOPT_TEST_PASSES_LOWER_KERNELS_KERNELHARNESS_H

#include "lib/Target/X86.h"
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace qopt {

/// Memory that ends where a page begins that must not be touched.
class GuardedMemory {
public:
  explicit GuardedMemory(size_t bytes);
  GuardedMemory(GuardedMemory &&other);
  ~GuardedMemory();
  void *data() const { return start; }

private:
  void *mapping;
  size_t mappedBytes;
  void *start;
};

/// A dense tensor in guarded memory; its elements start as all ones, which are
/// no numbers.
template <typename T> class Tensor {
public:
  Tensor(std::vector<int64_t> sizes)
      : sizes(sizes), memory(count() * sizeof(T)) {}

  size_t count() const {
    size_t product = 1;
    for (int64_t size : sizes)
      product *= size;
    return product;
  }
  T *data() { return static_cast<T *>(memory.data()); }
  T &operator[](size_t i) { return data()[i]; }

  std::vector<int64_t> sizes;

private:
  GuardedMemory memory;
};

/// Values from a fixed seed, spread evenly over [-1, 1].
void fill(Tensor<float> &tensor, unsigned seed);

/// bf16 and f16 as their bits, rounded to nearest even.
uint16_t toBF16(float value);
uint16_t toF16(float value);
float fromBF16(uint16_t bits);
float fromF16(uint16_t bits);

/// Names of the ISA versions that this machine can run.
std::vector<const X86Isa *> runnableIsas();

/// The function @f of a module, lowered by qopt-lower-kernels.
class Kernel {
public:
  /// Ends the program with a message when the text cannot be compiled.
  Kernel(const std::string &text, const X86Isa &isa);
  ~Kernel();

  /// Arguments in the order of the function.
  template <typename T> Kernel &operator<<(Tensor<T> &tensor) {
    pass(tensor.data(), tensor.sizes);
    return *this;
  }
  Kernel &operator<<(int64_t index);
  /// Calls the function; true when a `qopt.fail_if` reported an error.
  bool run();
  /// The two parts of `run`, to call it more than once.
  void prepare();
  void call();

private:
  void pass(void *data, llvm::ArrayRef<int64_t> sizes);

  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace qopt

#endif // QOPT_TEST_PASSES_LOWER_KERNELS_KERNELHARNESS_H

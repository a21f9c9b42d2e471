//===- IsaTest.h - Tests that run for each ISA version ----------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_LOWER_KERNELS_ISATEST_H
#define QOPT_TEST_PASSES_LOWER_KERNELS_ISATEST_H

#include "test/passes/Lower/Kernels/KernelHarness.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace qopt {

class IsaTest : public testing::TestWithParam<const X86Isa *> {
protected:
  const X86Isa &isa = *GetParam();
};

inline std::string
isaTestName(const testing::TestParamInfo<const X86Isa *> &info) {
  std::string name = info.param->name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

#define QOPT_EACH_ISA(TEST)                                                    \
  INSTANTIATE_TEST_SUITE_P(Isas, TEST, testing::ValuesIn(runnableIsas()),      \
                           isaTestName)

} // namespace qopt

#endif // QOPT_TEST_PASSES_LOWER_KERNELS_ISATEST_H

//===- guard_pages.cpp - Generated code between forbidden pages -----------===//

#include "test/e2e/GuardedArtifact.h"

#include "qopt/runtime.h"
extern "C" {
#include "runtime/convert.h"
#include "runtime/cpu.h"
}
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace {

/// 0xff: NaN as f32, 0x7f: almost the largest f32.
constexpr Setting settings[] = {{Side::End, false, 0xff},
                                {Side::Begin, false, 0x7f},
                                {Side::End, true, 0x7f},
                                {Side::Begin, true, 0xff}};

constexpr Sizes sizesToRun[] = {{1, 0, 1},    {1, 0, 17},    {2, 3, 5},
                                {3, 63, 1},   {1, 33, 7},    {2, 0, 129},
                                {3, 9, 1, 5}, {2, 3, 5, 64}, {2, 0, 17, 1}};

void reportFault(int, siginfo_t *info, void *) {
  std::fprintf(stderr, "%s: forbidden memory touched at %p\n", context,
               info->si_addr);
  std::_Exit(1);
}

std::vector<float> toFloats(const Result &result) {
  size_t count = result.bytes.size() / qopt_dtype_bytes(result.dtype);
  std::vector<float> values(count);
  if (qopt_is_float_dtype(result.dtype))
    qopt_to_float(values.data(), result.bytes.data(), result.dtype, count);
  for (size_t i = 0; i != count && !qopt_is_float_dtype(result.dtype); ++i)
    values[i] = qopt_load_integer(result.bytes.data(), result.dtype, i);
  return values;
}

/// Largest difference relative to the largest expected value; infinite where a
/// value is not finite.
double difference(const Result &expected, const Result &got) {
  double largest = 0, most = 0;
  std::vector<float> a = toFloats(expected), b = toFloats(got);
  for (size_t i = 0; i != a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i]))
      return INFINITY;
    largest = std::max<double>(largest, std::fabs(a[i]));
    most = std::max<double>(most, std::fabs(a[i] - b[i]));
  }
  return most == 0 ? 0 : most / largest;
}

/// All settings of one entry of one ISA version give the same bits.
std::vector<Result> runSettings(const Artifact &artifact,
                                const qopt_variant &variant,
                                const qopt_entry &entry, const Sizes &sizes) {
  std::vector<Result> first = artifact.run(variant, entry, sizes, settings[0]);
  for (size_t i = 1; i != std::size(settings); ++i) {
    std::vector<Result> next = artifact.run(variant, entry, sizes, settings[i]);
    for (size_t k = 0; k != first.size(); ++k)
      if (next[k].bytes != first[k].bytes)
        fail(first[k].name + " has other bits in setting " + std::to_string(i));
  }
  return first;
}

/// Runs entry `kind` of all ISA versions that this CPU supports; how many.
int runVariants(const std::string &path, const Artifact &artifact, int kind,
                const Sizes &sizes, double tolerance) {
  const char *const names[] = {"main", "prefill", "decode"};
  std::vector<Result> expected;
  int count = 0;
  for (int32_t i = 0; i != artifact.table->num_variants; ++i) {
    const qopt_variant &variant = artifact.table->variants[i];
    if ((variant.features & ~qopt_cpu_features()) || !variant.entries[kind].run)
      continue;
    std::snprintf(context, sizeof context,
                  "%s: %s for %s, batch %lld, past %lld, sequence %lld, "
                  "candidates %lld",
                  path.c_str(), names[kind], variant.isa,
                  static_cast<long long>(sizes.batch),
                  static_cast<long long>(sizes.past),
                  static_cast<long long>(sizes.sequence),
                  static_cast<long long>(sizes.candidates));
    std::vector<Result> got =
        runSettings(artifact, variant, variant.entries[kind], sizes);
    if (count++ == 0)
      expected = got;
    for (size_t k = 0; k != got.size(); ++k)
      // Which of two logits that are close is the larger is not the same.
      if (double most = difference(expected[k], got[k]);
          got[k].dtype != QOPT_INT64 && !(most <= tolerance))
        fail(got[k].name + " differs from the first ISA version's by " +
             std::to_string(most));
  }
  return count;
}

} // namespace

/// Every piece of memory that generated code is given ends at a page that must
/// not be touched, then begins behind one; what is no input is filled with
/// patterns. Results must not depend on where memory lies, what was in it and
/// the order of items, bit for bit; those of all ISA versions are close.
int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s m.qopt TOLERANCE\n", argv[0]);
    return 1;
  }
  struct sigaction action = {};
  action.sa_sigaction = reportFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);

  std::snprintf(context, sizeof context, "%s", argv[1]);
  Artifact artifact(argv[1]);
  int count = 0;
  for (const Sizes &sizes : sizesToRun)
    for (int kind = 0; kind != QOPT_NUM_ENTRIES; ++kind)
      if ((kind != QOPT_ENTRY_DECODE || sizes.sequence == 1) &&
          (!sizes.candidates || artifact.table->has_candidates))
        count +=
            runVariants(argv[1], artifact, kind, sizes, std::atof(argv[2]));
  std::printf("%s: %d entries between forbidden pages\n", argv[1], count);
  return count ? 0 : 1;
}

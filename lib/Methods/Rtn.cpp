//===- Rtn.cpp - Rounding to nearest --------------------------------------===//

#include "lib/Methods/Rtn.h"

#include "lib/Methods/ParallelFor.h"
#include "lib/Methods/RtnKernels.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>
#include <mutex>
#include <optional>

namespace qopt {

namespace {

/// Elements of an item of work, if rows are not longer.
constexpr int64_t itemElements = 1 << 16;

/// One call of solve.
class RtnRun {
public:
  RtnRun(const SolverInput &input, const RtnPlan &plan, unsigned threads,
         QuantizedMatrix &result)
      : input(input), plan(plan), threads(threads), result(result),
        kernels(getRtnKernels(getHostIsa())),
        groups(plan.format.groups(input.K)),
        itemRows(
            std::max<int64_t>(itemElements / std::max<int64_t>(input.K, 1), 1)),
        hasBothSigns(plan.format.isSigned ||
                     plan.format.zero != Format::Zero::None) {}

  void solveGroups();
  void solveTensor();
  llvm::Error takeError() const;

private:
  int64_t items() const { return (input.N + itemRows - 1) / itemRows; }
  /// Calls `body` with each row of an item.
  template <typename Body> void forRows(int64_t item, Body body) {
    int64_t end = std::min((item + 1) * itemRows, input.N);
    for (int64_t n = item * itemRows; n < end; ++n)
      body(n);
  }
  const float *rowOf(int64_t n) const {
    return &input.rows[size_t(n * input.K)];
  }
  /// The weights of a group, or of some rows of it, can have codes.
  bool canHold(const WeightRange &range) const {
    return range.isFinite && holdsSigns(range) && reaches(range);
  }
  bool holdsSigns(const WeightRange &range) const {
    return hasBothSigns || range.low >= 0 || range.high <= 0;
  }
  /// The largest scale times the largest code. Scales of f32 and bf16 reach any
  /// weight.
  bool reaches(const WeightRange &range) const {
    const float codes = plan.format.storesZeros() || !hasBothSigns
                            ? float(plan.format.maxIndex())
                            : float((plan.format.maxIndex() + 1) / 2);
    return plan.format.scale != DataType::F16 ||
           std::max(range.high, -range.low) <= 65504.0f * codes;
  }
  void noteRefused(int64_t n);
  llvm::Error refuse(WeightRange range, const llvm::Twine &where) const;
  void solveRow(int64_t n);
  /// Codes of elements [k, k + count) of a row, which are in this group.
  void encode(int64_t n, int64_t group, int64_t k, int64_t count, float scale,
              float zero);

  const SolverInput &input;
  const RtnPlan &plan;
  const unsigned threads;
  QuantizedMatrix &result;
  const RtnKernels &kernels;
  const int64_t groups, itemRows;
  const bool hasBothSigns; ///< of values, whatever the sign of the scale

  std::mutex mutex;
  int64_t refusedRow = INT64_MAX;
  /// Of the whole tensor, when no row of it is to blame alone.
  std::optional<WeightRange> refusedTensor;
};

/// The zero of a group of zeros, whose scale is 0. An integer zero is signed as
/// the codes are: 0 is one of its values.
float zeroOfNothing(const Format &format) {
  return float(format.constantZero());
}

} // namespace

void RtnRun::noteRefused(int64_t n) {
  std::lock_guard<std::mutex> lock(mutex);
  refusedRow = std::min(refusedRow, n);
}

llvm::Error RtnRun::refuse(WeightRange range, const llvm::Twine &where) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (holdsSigns(range)) {
    os << "expects weights that scales of f16 reach, but got "
       << llvm::format("%g to %g", double(range.low), double(range.high))
       << where << "; scales of bf16 and f32 reach them";
    return llvm::createStringError(text);
  }
  os << "expects weights of one sign in each group, as '" << plan.format.str()
     << "' has no zero and no sign, but got "
     << llvm::format("%g to %g", double(range.low), double(range.high)) << where
     << "; signed codes or a zero hold both";
  return llvm::createStringError(text);
}

llvm::Error RtnRun::takeError() const {
  if (refusedTensor)
    return refuse(*refusedTensor, "");
  if (refusedRow == INT64_MAX)
    return llvm::Error::success();
  const float *row = rowOf(refusedRow);
  int64_t k = 0;
  while (k < input.K && kernels.findRange(row + k, 1).isFinite)
    ++k;
  if (k == input.K) {
    WeightRange range;
    const int64_t size = plan.format.groupSize(input.K);
    for (k = 0; k < input.K; k += size)
      if (range = kernels.findRange(row + k, std::min(size, input.K - k));
          !canHold(range))
        break;
    return refuse(range, " in row " + llvm::Twine(input.firstRow + refusedRow) +
                             ", column " + llvm::Twine(k) + " on");
  }
  const char *what = row[k] != row[k] ? "nan" : row[k] > 0 ? "inf" : "-inf";
  return llvm::createStringError(
      "expects finite weights, but got " + llvm::Twine(what) + " in row " +
      llvm::Twine(input.firstRow + refusedRow) + ", column " + llvm::Twine(k));
}

void RtnRun::encode(int64_t n, int64_t group, int64_t k, int64_t count,
                    float scale, float zero) {
  result.scales[size_t(n * groups + group)] = scale;
  result.zeros[size_t(n * groups + group)] = zero;
  kernels.encode(rowOf(n) + k, count, plan.format, scale, zero,
                 &result.indices[size_t(n * input.K + k)]);
}

void RtnRun::solveRow(int64_t n) {
  const int64_t size = plan.format.groupSize(input.K);
  RtnCandidates candidates;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t k = group * size, count = std::min(size, input.K - k);
    const float *weights = rowOf(n) + k;
    WeightRange range = kernels.findRange(weights, count);
    if (!canHold(range))
      return noteRefused(n);
    if (range.low == 0 && range.high == 0) {
      encode(n, group, k, count, 0, zeroOfNothing(plan.format));
      continue;
    }
    kernels.makeCandidates(plan, range, candidates);
    int best = 0;
    if (!candidates.areEqual)
      best = kernels.findBest(weights, count, plan.format, range, candidates);
    encode(n, group, k, count, candidates.scale[best], candidates.zero[best]);
  }
}

void RtnRun::solveGroups() {
  parallelFor(items(), threads, [&](int64_t item) {
    forRows(item, [&](int64_t n) { solveRow(n); });
  });
}

/// The same with one group of all rows. Errors are summed by row, then in the
/// order of rows: no sum depends on threads.
void RtnRun::solveTensor() {
  std::vector<WeightRange> ranges(size_t(input.N));
  parallelFor(items(), threads, [&](int64_t item) {
    forRows(item, [&](int64_t n) {
      ranges[size_t(n)] = kernels.findRange(rowOf(n), input.K);
      if (!ranges[size_t(n)].isFinite)
        noteRefused(n);
    });
  });
  if (refusedRow != INT64_MAX)
    return;
  WeightRange all = ranges.front();
  for (const WeightRange &range : ranges) {
    all.low = std::min(all.low, range.low);
    all.high = std::max(all.high, range.high);
  }
  if (!canHold(all)) {
    refusedTensor = all;
    return;
  }

  float scale = 0, zero = zeroOfNothing(plan.format);
  if (all.low != 0 || all.high != 0) {
    RtnCandidates candidates;
    kernels.makeCandidates(plan, all, candidates);
    const size_t count = size_t(candidates.count);
    std::vector<double> errors(size_t(items()) * count);
    parallelFor(items(), threads, [&](int64_t item) {
      forRows(item, [&](int64_t n) {
        float ofRow[RtnCandidates::capacity];
        kernels.sumErrors(rowOf(n), input.K, plan.format, candidates, ofRow);
        for (size_t i = 0; i < count; ++i)
          errors[size_t(item) * count + i] += double(ofRow[i]);
      });
    });
    for (size_t item = 1; item < size_t(items()); ++item)
      for (size_t i = 0; i < count; ++i)
        errors[i] += errors[item * count + i];
    auto best =
        std::min_element(errors.begin(), errors.begin() + candidates.count);
    scale = candidates.scale[best - errors.begin()];
    zero = candidates.zero[best - errors.begin()];
  }
  parallelFor(items(), threads, [&](int64_t item) {
    forRows(item, [&](int64_t n) { encode(n, 0, 0, input.K, scale, zero); });
  });
}

namespace {

class RtnSolver final : public Solver {
public:
  explicit RtnSolver(int steps) : steps(steps) {}

  llvm::StringRef name() const override { return "rtn"; }
  bool needsWholeMatrix(const Format &format) const override {
    return format.block == Format::tensor;
  }
  llvm::Error solve(const SolverInput &input, const Format &format,
                    unsigned threads, QuantizedMatrix &result) override {
    assert(int64_t(input.rows.size()) == input.N * input.K &&
           "rows of another size");
    const size_t parameters = size_t(input.N * format.groups(input.K));
    result.format = format;
    result.N = input.N;
    result.K = input.K;
    result.indices.resize(input.rows.size());
    result.scales.resize(parameters);
    result.zeros.resize(parameters);
    if (input.rows.empty())
      return llvm::Error::success();
    const RtnPlan plan(format, steps);
    RtnRun run(input, plan, threads, result);
    if (format.block == Format::tensor)
      run.solveTensor();
    else
      run.solveGroups();
    return run.takeError();
  }

private:
  const int steps;
};

} // namespace

llvm::Expected<std::unique_ptr<Solver>>
createRtnSolver(const SolverOptions &options) {
  bool searches = true;
  int steps = 80;
  for (const auto &option : options) {
    llvm::StringRef name = option.getKey(), value = option.getValue();
    if (name == "search") {
      searches = value == "mse";
      if (!searches && value != "minmax")
        return llvm::createStringError(
            "expects search to be mse or minmax, but got '" + value + "'");
    } else if (name == "steps") {
      if (value.getAsInteger(10, steps) || steps < 1 || steps > maxRtnSteps)
        return llvm::createStringError(
            "expects steps to be 1 to 100, but got '" + value + "'");
    } else {
      return llvm::createStringError("unknown option '" + name +
                                     "' of rtn: there is search, steps");
    }
  }
  if (!searches && options.count("steps"))
    return llvm::createStringError(
        "steps is an option of search = mse, not of search = minmax");
  return std::make_unique<RtnSolver>(searches ? steps : 1);
}

} // namespace qopt

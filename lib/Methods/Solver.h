//===- Solver.h - How codes are chosen --------------------------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_SOLVER_H
#define QOPT_LIB_METHODS_SOLVER_H

#include "lib/Formats/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace qopt {

/// Rows of a matrix to be quantized.
struct SolverInput {
  llvm::ArrayRef<float> rows; ///< [N, K]
  int64_t N = 0, K = 0;
  int64_t firstRow = 0; ///< number of the first one in the weight, for errors
};

/// Options of a solver by name, as a recipe has them: numbers and words.
using SolverOptions = llvm::StringMap<std::string>;

/// Chooses codes, scales and zeros. A solver knows formats only by what Format
/// says; it never knows a layout. Its result is a function of the rows, the
/// format and the options alone: not of threads, not of the ISA version it runs
/// on. Rows are independent of one another unless needsWholeMatrix.
class Solver {
public:
  virtual ~Solver() = default;

  virtual llvm::StringRef name() const = 0;
  /// Whether solve has to see all rows at once; else any slice of them will do.
  /// A scale for the whole tensor needs them for any solver.
  virtual bool needsWholeMatrix(const Format &format) const = 0;
  /// Fills `result`; the format is a valid one. Rows with numbers that are not
  /// finite are an error that names the first row and column; so are groups of
  /// both signs where the format's values have one: all of the other would be
  /// zero. What is chosen has finite values; a group of zeros has zeros.
  virtual llvm::Error solve(const SolverInput &input, const Format &format,
                            unsigned threads, QuantizedMatrix &result) = 0;
};

/// The solver of this name with these options; an error names what is unknown
/// or wrong, and what there is. A new solver is one file and one line in
/// Solvers.cpp. There are:
///
///   rtn   rounds to nearest; scale and zero from the range of each group.
///         search = mse | minmax: of ranges shrunk to 100 %, 99 %, ... the one
///         of the least squared error, or the whole range; steps = 1..100: how
///         many are tried (80).
llvm::Expected<std::unique_ptr<Solver>>
createSolver(llvm::StringRef name, const SolverOptions &options);

/// Names of all solvers.
llvm::ArrayRef<llvm::StringRef> getSolverNames();

} // namespace qopt

#endif // QOPT_LIB_METHODS_SOLVER_H

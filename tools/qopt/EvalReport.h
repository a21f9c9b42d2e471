//===- EvalReport.h - The worst windows of an evaluation --------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_EVALREPORT_H
#define QOPT_TOOLS_QOPT_EVALREPORT_H

#include "tools/qopt/Eval.h"

namespace qopt {

/// Collects figures of windows, and shows those of the worst ones.
class EvalReport {
public:
  /// What is known of each window, beside where it is.
  struct Column {
    const char *heading, *key; ///< for people, in JSON
    int digits;                ///< behind the point, for people
  };

  EvalReport(const EvalTokens &tokens, int64_t count,
             std::vector<Column> columns)
      : tokens(tokens), count(size_t(count)), columns(std::move(columns)) {}

  /// `values` are those of the columns; windows with a larger `badness` are
  /// worse, those where it is no number the worst.
  void add(const Window &window, std::vector<double> values, double badness);

  /// Nothing where no window is asked for.
  llvm::Error printText();
  llvm::Error writeJson(llvm::json::OStream &json);

private:
  struct Row {
    Window window;
    std::vector<double> values;
    double badness;
  };
  /// The worst first.
  llvm::ArrayRef<Row> sort();
  /// How the text of a window begins.
  llvm::Expected<std::string> describe(const Window &window) const;

  const EvalTokens &tokens;
  size_t count;
  std::vector<Column> columns;
  std::vector<Row> rows;
};

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_EVALREPORT_H

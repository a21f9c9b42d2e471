//===- Table.h - Aligned columns of text ------------------------*- C++ -*-===//

#ifndef QOPT_LIB_REPORT_TABLE_H
#define QOPT_LIB_REPORT_TABLE_H

#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace qopt {

/// Rows of text, printed with columns as wide as they need to be, two spaces
/// between them and none at the ends of lines.
class Table {
public:
  struct Column {
    std::string heading;
    bool rightAligned = false; ///< for figures
  };

  /// Without any heading, no line of headings is printed.
  explicit Table(std::vector<Column> columns) : columns(std::move(columns)) {}

  /// As many cells as there are columns.
  void addRow(std::vector<std::string> cells);

  /// Each line begins with `indent` spaces.
  void print(llvm::raw_ostream &os, unsigned indent = 0) const;

private:
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

} // namespace qopt

#endif // QOPT_LIB_REPORT_TABLE_H

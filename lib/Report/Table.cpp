//===- Table.cpp - Aligned columns of text --------------------------------===//

#include "lib/Report/Table.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Unicode.h"
#include <cassert>

using namespace llvm;

namespace qopt {

/// Columns on a terminal; bytes for text that is not UTF-8.
static size_t getWidth(StringRef text) {
  int width = sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : size_t(width);
}

void Table::addRow(std::vector<std::string> cells) {
  assert(cells.size() == columns.size() && "a cell for each column");
  rows.push_back(std::move(cells));
}

void Table::print(raw_ostream &os, unsigned indent) const {
  std::vector<std::vector<std::string>> lines;
  if (any_of(columns,
             [](const Column &column) { return !column.heading.empty(); })) {
    lines.emplace_back();
    for (const Column &column : columns)
      lines.back().push_back(column.heading);
  }
  lines.insert(lines.end(), rows.begin(), rows.end());

  std::vector<size_t> widths(columns.size(), 0);
  for (const auto &line : lines)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], getWidth(line[i]));

  for (const auto &line : lines) {
    std::string text(indent, ' ');
    for (size_t i = 0; i < line.size(); ++i) {
      std::string fill(widths[i] - getWidth(line[i]), ' ');
      text += i ? "  " : "";
      text += columns[i].rightAligned ? fill + line[i] : line[i] + fill;
    }
    os << StringRef(text).rtrim(' ') << '\n';
  }
}

} // namespace qopt

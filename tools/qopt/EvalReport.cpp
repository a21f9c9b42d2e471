//===- EvalReport.cpp - The worst windows of an evaluation ----------------===//

#include "tools/qopt/EvalReport.h"

#include "lib/Report/Format.h"
#include "lib/Report/Json.h"
#include "lib/Report/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <limits>

using namespace llvm;

namespace qopt {

void EvalReport::add(const Window &window, std::vector<double> values,
                     double badness) {
  if (count == 0)
    return;
  if (std::isnan(badness))
    badness = std::numeric_limits<double>::infinity();
  rows.push_back({window, std::move(values), badness});
}

ArrayRef<EvalReport::Row> EvalReport::sort() {
  llvm::sort(rows, [](const Row &a, const Row &b) {
    return std::pair(-a.badness, a.window.begin) <
           std::pair(-b.badness, b.window.begin);
  });
  return ArrayRef(rows).take_front(count);
}

Expected<std::string> EvalReport::describe(const Window &window) const {
  constexpr size_t shownTokens = 32, shownCharacters = 40;
  auto ids = ArrayRef(tokens.ids).slice(window.begin, window.size());
  Expected<std::string> text =
      tokens.tokenizer->decode(ids.take_front(shownTokens),
                               /*skipSpecialTokens=*/false);
  if (!text)
    return text.takeError();
  auto isFirstByte = [](char byte) { return (byte & 0xc0) != 0x80; };
  size_t bytes = 0;
  for (size_t characters = 0; bytes != text->size(); ++bytes)
    if (isFirstByte((*text)[bytes]) && ++characters > shownCharacters)
      break;
  text->resize(bytes);
  return text;
}

/// Line breaks and other control characters as C writes them.
static std::string escapeControls(StringRef text) {
  std::string result;
  for (char byte : text) {
    if (byte == '\n')
      result += "\\n";
    else if (byte == '\t')
      result += "\\t";
    else if ((unsigned char)byte < ' ' || byte == 127)
      result += "\\x" + utohexstr((unsigned char)byte, /*LowerCase=*/true, 2);
    else
      result += byte;
  }
  return result;
}

Error EvalReport::printText() {
  if (count == 0)
    return Error::success();
  std::vector<Table::Column> headings = {{"worst windows at", true},
                                         {"tokens", true}};
  for (const Column &column : columns)
    headings.push_back({column.heading, true});
  if (tokens.tokenizer)
    headings.push_back({"text"});
  Table table(headings);
  for (const Row &row : sort()) {
    std::vector<std::string> cells = {std::to_string(row.window.begin),
                                      std::to_string(row.window.size())};
    for (auto [column, value] : zip_equal(columns, row.values))
      cells.push_back(formatFixed(value, column.digits));
    if (tokens.tokenizer) {
      Expected<std::string> text = describe(row.window);
      if (!text)
        return text.takeError();
      cells.push_back(escapeControls(*text));
    }
    table.addRow(std::move(cells));
  }
  outs() << '\n';
  table.print(outs());
  return Error::success();
}

Error EvalReport::writeJson(json::OStream &json) {
  if (count == 0)
    return Error::success();
  Error result = Error::success();
  auto writeRow = [&](const Row &row) -> Error {
    json.attribute("start", row.window.begin);
    json.attribute("tokens", row.window.size());
    for (auto [column, value] : zip_equal(columns, row.values))
      json.attribute(column.key, finiteOrNull(value));
    if (!tokens.tokenizer)
      return Error::success();
    Expected<std::string> text = describe(row.window);
    if (!text)
      return text.takeError();
    json.attribute("text", json::fixUTF8(*text));
    return Error::success();
  };
  json.attributeArray("worst_windows", [&] {
    for (const Row &row : sort())
      json.object(
          [&] { result = joinErrors(std::move(result), writeRow(row)); });
  });
  return result;
}

} // namespace qopt

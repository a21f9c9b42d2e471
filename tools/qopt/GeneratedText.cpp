//===- GeneratedText.cpp - Texts as they are shown ------------------------===//

#include "tools/qopt/GeneratedText.h"

using namespace llvm;

namespace qopt {

void RowPrinter::put(size_t row, StringRef text) {
  rows[row].text += text;
  flush();
}

void RowPrinter::end(size_t row) {
  rows[row].ended = true;
  flush();
}

void RowPrinter::flush() {
  for (; !isSilent && current < rows.size(); ++current) {
    Row &row = rows[current];
    if (row.printed == 0 && !row.text.empty() && rows.size() > 1)
      outs() << (current ? "\n" : "") << "== " << current + 1 << " of "
             << rows.size() << "\n";
    StringRef fresh = StringRef(row.text).drop_front(row.printed);
    outs() << fresh;
    row.printed = row.text.size();
    isInLine = fresh.empty() ? isInLine : !fresh.ends_with("\n");
    if (!row.ended)
      break;
    outs() << '\n';
    isInLine = false;
  }
  outs().flush();
}

void RowPrinter::endLine() {
  if (std::exchange(isInLine, false))
    (outs() << '\n').flush();
}

RowText::RowText(const text::Tokenizer *tokenizer,
                 const std::vector<std::string> &stops)
    : stop(stops) {
  if (tokenizer)
    decoder.emplace(*tokenizer, /*skipSpecialTokens=*/true);
}

Error RowText::begin(ArrayRef<int64_t> prompt) {
  for (int64_t token : decoder ? prompt : ArrayRef<int64_t>())
    if (Expected<std::string> text = decoder->push(token); !text)
      return text.takeError();
  return Error::success();
}

Expected<std::string> RowText::push(int64_t token) {
  if (!decoder)
    return (std::exchange(isFirst, false) ? "" : " ") + std::to_string(token);
  Expected<std::string> text = decoder->push(token);
  if (!text)
    return text.takeError();
  return stop.push(*text);
}

std::string RowText::finish() {
  if (!decoder || stop.hasStopped())
    return "";
  std::string rest = stop.push(decoder->finish());
  return rest + stop.finish();
}

} // namespace qopt

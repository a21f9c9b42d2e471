//===- GeneratedText.h - Texts as they are shown ----------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_GENERATEDTEXT_H
#define QOPT_TOOLS_QOPT_GENERATEDTEXT_H

#include "lib/Generate/StopText.h"
#include "lib/Text/StreamDecoder.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// Prints rows in their order: one as it comes, the next ones when it has
/// ended.
class RowPrinter {
public:
  RowPrinter(size_t rows, bool isSilent) : rows(rows), isSilent(isSilent) {}

  void put(size_t row, llvm::StringRef text);
  void end(size_t row);
  /// So that an error starts a line of its own.
  void endLine();
  const std::string &text(size_t row) const { return rows[row].text; }

private:
  struct Row {
    std::string text;
    size_t printed = 0;
    bool ended = false;
  };
  void flush();

  std::vector<Row> rows;
  size_t current = 0;
  bool isInLine = false;
  bool isSilent;
};

/// From tokens of a row to what is shown of it: text, or without a tokenizer
/// the ids.
class RowText {
public:
  RowText(const text::Tokenizer *tokenizer,
          const std::vector<std::string> &stops);

  /// The prompt's tokens: what a decoder looks back at.
  llvm::Error begin(llvm::ArrayRef<int64_t> prompt);
  llvm::Expected<std::string> push(int64_t token);
  /// What was held back.
  std::string finish();
  bool hasStopped() const { return stop.hasStopped(); }

private:
  std::optional<text::StreamDecoder> decoder;
  StopText stop;
  bool isFirst = true;
};

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_GENERATEDTEXT_H

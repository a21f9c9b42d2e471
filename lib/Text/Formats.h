//===- Formats.h - The two kinds of tokenizer files -------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_FORMATS_H
#define QOPT_LIB_TEXT_FORMATS_H

#include "lib/Text/Tokenizer.h"

namespace qopt::text {

/// Reads what Hugging Face's `tokenizers` writes: tokenizer.json.
llvm::Expected<std::unique_ptr<Tokenizer>>
loadHuggingFace(llvm::StringRef path);

/// Reads a SentencePiece model. Whether a beginning and an end of text are
/// added is said by the tokenizer_config.json beside it.
llvm::Expected<std::unique_ptr<Tokenizer>>
loadSentencePiece(llvm::StringRef path);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_FORMATS_H

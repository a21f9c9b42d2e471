//===- StreamDecoder.h - Text of ids as they come ---------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_STREAMDECODER_H
#define QOPT_LIB_TEXT_STREAMDECODER_H

#include "lib/Text/Tokenizer.h"

namespace qopt::text {

/// Gives the text that is complete after each id: never a part of a character.
/// All of it together is what Tokenizer::decode gives, but for byte tokens
/// that are no UTF-8: here each longest beginning of a character is a U+FFFD.
class StreamDecoder {
public:
  StreamDecoder(const Tokenizer &tokenizer, bool skipSpecialTokens)
      : tokenizer(tokenizer), skipSpecialTokens(skipSpecialTokens) {}

  llvm::Expected<std::string> push(int64_t id);
  /// The rest: U+FFFD for a character that stayed incomplete. A next push
  /// begins a new text.
  std::string finish();

private:
  const Tokenizer &tokenizer;
  bool skipSpecialTokens;
  std::vector<int64_t> recent; ///< the last ids: what a decoder looks back at
  size_t recentBytes = 0;      ///< of the text of `recent`
  std::string held;            ///< bytes of a character that lacks some
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_STREAMDECODER_H

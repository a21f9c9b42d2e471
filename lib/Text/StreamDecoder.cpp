//===- StreamDecoder.cpp - Text of ids as they come -----------------------===//

#include "lib/Text/StreamDecoder.h"
#include "lib/Text/Unicode.h"

using namespace llvm;

namespace qopt::text {

// Decoders look at whether a token is the first or the last one, and strip at
// most four characters.
static constexpr size_t lookBack = 8;

Expected<std::string> StreamDecoder::push(int64_t id) {
  if (!tokenizer.token(id) || (skipSpecialTokens && tokenizer.isSpecial(id)))
    return std::string();
  if (recent.size() == 2 * lookBack) {
    recent.erase(recent.begin(), recent.begin() + lookBack);
    Expected<std::string> text = tokenizer.decodeBytes(recent);
    if (!text)
      return text.takeError();
    recentBytes = text->size();
  }
  recent.push_back(id);
  Expected<std::string> text = tokenizer.decodeBytes(recent);
  if (!text)
    return text.takeError();
  // A decoder may hold the end of a text back, but takes nothing away.
  if (text->size() > recentBytes) {
    held += StringRef(*text).substr(recentBytes);
    recentBytes = text->size();
  }
  size_t complete = completeLength(held);
  std::string given = replaceInvalid(StringRef(held).take_front(complete));
  held.erase(0, complete);
  return given;
}

std::string StreamDecoder::finish() {
  std::string rest = replaceInvalid(held);
  held.clear();
  recent.clear();
  recentBytes = 0;
  return rest;
}

} // namespace qopt::text

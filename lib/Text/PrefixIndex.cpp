//===- PrefixIndex.cpp - Which keys does a text begin with? ---------------===//

#include "lib/Text/PrefixIndex.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace qopt::text {

static unsigned byteAt(const PrefixIndex::Key &key, size_t at) {
  return static_cast<unsigned char>(key.text[at]);
}

PrefixIndex::PrefixIndex(std::vector<Key> all) : keys(std::move(all)) {
  llvm::erase_if(keys, [](const Key &key) { return key.text.empty(); });
  llvm::sort(keys, [](const Key &a, const Key &b) {
    int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.value < b.value;
  });
  keys.erase(llvm::unique(keys, [](const Key &a,
                                   const Key &b) { return a.text == b.text; }),
             keys.end());
  for (const Key &key : keys)
    ++first[byteAt(key, 0) + 1];
  for (size_t i = 1; i < first.size(); ++i)
    first[i] += first[i - 1];
}

void PrefixIndex::find(StringRef text,
                       function_ref<void(size_t, uint32_t)> visit) const {
  if (text.empty())
    return;
  unsigned lead = static_cast<unsigned char>(text[0]);
  const Key *begin = keys.data() + first[lead];
  const Key *end = keys.data() + first[lead + 1];
  // All keys of [begin, end) share the first `length` bytes with the text.
  for (size_t length = 1; begin != end; ++length) {
    if (begin->text.size() == length)
      visit(length, (begin++)->value);
    if (length == text.size())
      return;
    unsigned byte = static_cast<unsigned char>(text[length]);
    begin = std::partition_point(
        begin, end, [&](const Key &key) { return byteAt(key, length) < byte; });
    end = std::partition_point(begin, end, [&](const Key &key) {
      return byteAt(key, length) == byte;
    });
  }
}

} // namespace qopt::text

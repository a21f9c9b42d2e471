//===- StopText.cpp - Ends a text where a stop text begins ----------------===//

#include "lib/Generate/StopText.h"

using namespace llvm;

namespace qopt {

std::string StopText::push(StringRef text) {
  if (stopped)
    return "";
  held += text;
  size_t first = StringRef::npos;
  for (const std::string &stop : stops)
    first = std::min(first, held.find(stop));
  if (first != StringRef::npos) {
    stopped = true;
    held.resize(first);
    return std::exchange(held, "");
  }
  size_t kept = 0; // the longest end that is a beginning
  for (StringRef stop : stops)
    for (size_t size = std::min(stop.size() - 1, held.size()); size > kept;
         --size)
      if (StringRef(held).ends_with(stop.take_front(size)))
        kept = size;
  std::string passed = held.substr(0, held.size() - kept);
  held.erase(0, passed.size());
  return passed;
}

std::string StopText::finish() { return std::exchange(held, ""); }

} // namespace qopt

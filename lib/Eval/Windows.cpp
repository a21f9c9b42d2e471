//===- Windows.cpp - Long texts in parts that fit -------------------------===//

#include "lib/Eval/Windows.h"

#include <algorithm>
#include <cassert>

namespace qopt {

std::vector<Window> makeWindows(size_t tokens, size_t window, size_t stride) {
  assert(stride >= 1 && stride <= window && "no token is left out");
  std::vector<Window> windows;
  size_t end = 0;
  for (size_t begin = 0; end < tokens; begin += stride) {
    size_t fresh = end;
    end = std::min(begin + window, tokens);
    windows.push_back({begin, end, fresh});
  }
  return windows;
}

} // namespace qopt

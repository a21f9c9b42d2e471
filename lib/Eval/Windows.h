//===- Windows.h - Long texts in parts that fit -----------------*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_WINDOWS_H
#define QOPT_LIB_EVAL_WINDOWS_H

#include <cstddef>
#include <vector>

namespace qopt {

/// Tokens [begin, end), which a model sees alone.
struct Window {
  size_t begin, end;
  size_t fresh; ///< the first token that the windows before did not have

  size_t size() const { return end - begin; }
  /// The first token that is predicted here: each of a text once, but those
  /// that begin a window and nothing else has.
  size_t firstTarget() const { return fresh > begin ? fresh : begin + 1; }
};

/// Windows that begin every `stride` tokens, in [1, window], up to the one that
/// has the last token. With a stride below the window they overlap, and a fresh
/// token has at least window - stride others before it.
std::vector<Window> makeWindows(size_t tokens, size_t window, size_t stride);

} // namespace qopt

#endif // QOPT_LIB_EVAL_WINDOWS_H

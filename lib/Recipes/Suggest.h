//===- Suggest.h - What a wrong word was meant to be ------------*- C++ -*-===//

#ifndef QOPT_LIB_RECIPES_SUGGEST_H
#define QOPT_LIB_RECIPES_SUGGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace qopt {

/// The word that is a slip away from this one, or an empty one.
inline llvm::StringRef nearestWord(llvm::StringRef word,
                                   llvm::ArrayRef<llvm::StringRef> words) {
  unsigned nearest = unsigned(word.size()) / 2 + 1;
  llvm::StringRef best;
  for (llvm::StringRef candidate : words) {
    unsigned distance = word.edit_distance(candidate);
    if (distance >= nearest)
      continue;
    nearest = distance;
    best = candidate;
  }
  return best;
}

/// The rest of an error about a word that is none of `words`: "; did you mean
/// 'format'?" or else "; expects one of a, b, c".
inline std::string suggest(llvm::StringRef word,
                           llvm::ArrayRef<llvm::StringRef> words) {
  llvm::StringRef nearest = nearestWord(word, words);
  if (!nearest.empty())
    return "; did you mean '" + nearest.str() + "'?";
  return "; expects one of " + llvm::join(words, ", ");
}

} // namespace qopt

#endif // QOPT_LIB_RECIPES_SUGGEST_H

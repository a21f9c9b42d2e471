//===- CText.h - Names and strings in generated C ---------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_CTEXT_H
#define QOPT_LIB_ARTIFACT_CTEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace qopt {

/// `text` as a valid identifier of C and C++ that is no keyword of either.
std::string cIdentifier(llvm::StringRef text);

/// `text` as a string literal, quotes included.
std::string cString(llvm::StringRef text);

/// `text` as it may stand in a comment.
std::string cComment(llvm::StringRef text);

/// Names of one scope: each asked for is given once.
class CScope {
public:
  CScope(std::initializer_list<llvm::StringRef> taken) {
    for (llvm::StringRef name : taken)
      names.insert(name);
  }
  /// An identifier like `text`, with a number where that is taken.
  std::string unique(llvm::StringRef text);

private:
  llvm::StringSet<> names;
};

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_CTEXT_H

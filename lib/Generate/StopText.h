//===- StopText.h - Ends a text where a stop text begins --------*- C++ -*-===//

#ifndef QOPT_LIB_GENERATE_STOPTEXT_H
#define QOPT_LIB_GENERATE_STOPTEXT_H

#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace qopt {

/// Passes a text on as it comes, up to the first stop text in it. What may be
/// the beginning of a stop text is held back.
class StopText {
public:
  explicit StopText(std::vector<std::string> stops) : stops(std::move(stops)) {}

  /// What is certain to be in front of a stop text.
  std::string push(llvm::StringRef text);
  /// No more text comes: what was held back.
  std::string finish();
  bool hasStopped() const { return stopped; }

private:
  std::vector<std::string> stops; ///< none empty
  std::string held;
  bool stopped = false;
};

} // namespace qopt

#endif // QOPT_LIB_GENERATE_STOPTEXT_H

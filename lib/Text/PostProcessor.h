//===- PostProcessor.h - Which special tokens surround a text ---*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_POSTPROCESSOR_H
#define QOPT_LIB_TEXT_POSTPROCESSOR_H

#include "lib/Text/JsonCursor.h"
#include <vector>

namespace qopt::text {

/// What a single text becomes: ids, and the text itself at its places.
struct Template {
  struct Part {
    bool isText;
    std::vector<int64_t> ids; ///< of special tokens
  };
  std::vector<Part> parts = {{true, {}}};

  std::vector<int64_t> apply(std::vector<int64_t> text,
                             bool addSpecialTokens) const;
};

/// Reads the section "post_processor" of tokenizer.json.
Template readPostProcessor(JsonCursor json);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_POSTPROCESSOR_H

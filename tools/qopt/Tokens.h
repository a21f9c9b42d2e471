//===- Tokens.h - Tokens as inputs of a model -------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_TOKENS_H
#define QOPT_TOOLS_QOPT_TOKENS_H

#include "lib/Files/Npy.h"
#include "qopt/runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

/// The token ids of a file, at least two. `vocabulary` is their number, or 0
/// where the model does not say.
llvm::Expected<std::vector<int64_t>> readTokens(const std::string &path,
                                                int64_t vocabulary);

/// That a tokenizer's ids are of the model: below `vocabulary`, where that is
/// known and not 0.
llvm::Error checkVocabulary(llvm::ArrayRef<int64_t> ids, int64_t vocabulary);

/// That windows fit the model's context. `path` is the artifact's.
llvm::Error checkWindow(llvm::StringRef path, const qopt_model_info &info,
                        int64_t window);

/// What a model takes for one row of tokens with nothing before them.
struct TokenInputs {
  std::vector<NpyArray> arrays;
  std::vector<qopt_tensor> tensors; ///< of the arrays
};

/// Token ids, masks, positions, token types and empty caches, by the role of
/// the input or by its name. Fails for inputs that are none of these.
llvm::Expected<TokenInputs> makeTokenInputs(const qopt_model_info &info,
                                            llvm::ArrayRef<int64_t> tokens);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_TOKENS_H

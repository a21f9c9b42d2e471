//===- Prompts.h - Texts that a model continues -----------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_PROMPTS_H
#define QOPT_TOOLS_QOPT_PROMPTS_H

#include "lib/Text/Tokenizer.h"
#include "tools/qopt/Options.h"

namespace qopt {

/// All of --prompt and --prompt-file, at least one.
llvm::Expected<std::vector<std::string>>
readPrompts(const Arguments &arguments);

struct EncodedPrompts {
  std::vector<std::vector<int64_t>> ids; ///< none empty
  std::vector<std::string> shown;        ///< what is printed in front of a text
};

/// Prompts as token ids in [0, vocabulary), with --chat by the chat template of
/// the tokenizer's folder. Without a tokenizer they are ids already.
llvm::Expected<EncodedPrompts>
encodePrompts(const Arguments &arguments, llvm::ArrayRef<std::string> prompts,
              const text::Tokenizer *tokenizer, llvm::StringRef folder,
              int64_t vocabulary);

/// The tokens that end a text: of generation_config.json, else of config.json;
/// none when they do not say.
llvm::Expected<std::vector<int64_t>> readEndTokens(llvm::StringRef artifact);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_PROMPTS_H

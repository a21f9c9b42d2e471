//===- EvalTokens.cpp - Tokens of files and of texts ----------------------===//

#include "tools/qopt/Artifact.h"
#include "tools/qopt/Eval.h"
#include "tools/qopt/Tokens.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace qopt {

static bool hasTokenizer(StringRef folder) {
  return sys::fs::exists(getArtifactFile(folder, "tokenizer.json")) ||
         sys::fs::exists(getArtifactFile(folder, "tokenizer.model"));
}

/// The ids of a text file, without those that a tokenizer puts around texts.
static Expected<std::vector<int64_t>>
encodeFile(const std::string &path, const text::Tokenizer &tokenizer,
           int64_t vocabulary) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false);
  if (!buffer)
    return createFileError(path, buffer.getError());
  Expected<std::vector<int64_t>> ids =
      tokenizer.encode((*buffer)->getBuffer(), /*addSpecialTokens=*/false);
  if (!ids)
    return createFileError(path, ids.takeError());
  if (ids->size() < 2)
    return createFileError(
        path, createStringError("expects a text of at least two tokens"));
  if (Error error = checkVocabulary(*ids, vocabulary))
    return std::move(error);
  return ids;
}

Expected<EvalTokens> readEvalTokens(const Arguments &arguments,
                                    const EvalOptions &options,
                                    int64_t vocabulary) {
  EvalTokens tokens;
  bool isText = arguments.has("text");
  std::string folder =
      arguments.get("tokenizer", arguments.operand(0).rtrim('/'));
  if (isText || arguments.has("tokenizer") ||
      (options.report && hasTokenizer(folder))) {
    auto tokenizer = text::Tokenizer::load(folder);
    if (!tokenizer)
      return tokenizer.takeError();
    tokens.tokenizer = std::move(*tokenizer);
  }
  Expected<std::vector<int64_t>> ids =
      isText ? encodeFile(arguments.get("text"), *tokens.tokenizer, vocabulary)
             : readTokens(arguments.get("tokens"), vocabulary);
  if (!ids)
    return ids.takeError();
  tokens.ids = std::move(*ids);
  tokens.windows = makeWindows(tokens.ids.size(), size_t(options.window),
                               size_t(options.stride));
  return tokens;
}

} // namespace qopt

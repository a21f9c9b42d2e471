//===- Tokenizer.cpp - Text to ids and back -------------------------------===//

#include "lib/Text/Tokenizer.h"
#include "lib/Text/Formats.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace qopt::text {

Expected<std::unique_ptr<Tokenizer>> Tokenizer::load(StringRef path) {
  if (!sys::fs::is_directory(path))
    return path.ends_with(".json") ? loadHuggingFace(path)
                                   : loadSentencePiece(path);
  SmallString<128> json(path), model(path);
  sys::path::append(json, "tokenizer.json");
  sys::path::append(model, "tokenizer.model");
  if (sys::fs::exists(json))
    return loadHuggingFace(json);
  if (sys::fs::exists(model))
    return loadSentencePiece(model);
  return createFileError(
      path, createStringError("has no tokenizer.json and no tokenizer.model"));
}

} // namespace qopt::text

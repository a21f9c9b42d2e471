//===- SmallTokenizer.h - Tokenizer files out of a string -------*- C++ -*-===//

#ifndef QOPT_TEST_LIB_TEXT_SMALLTOKENIZER_H
#define QOPT_TEST_LIB_TEXT_SMALLTOKENIZER_H

#include "lib/Text/Tokenizer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

/// A tokenizer.json of a model and more sections.
inline std::string model(const std::string &json,
                         const std::string &more = "") {
  return "{\"model\": " + json + (more.empty() ? "" : ", ") + more + "}";
}

inline llvm::Expected<std::unique_ptr<qopt::text::Tokenizer>>
tryLoad(const std::string &bytes, const char *suffix = "json") {
  llvm::SmallString<128> path;
  int file;
  if (auto error =
          llvm::sys::fs::createTemporaryFile("tokenizer", suffix, file, path))
    return llvm::errorCodeToError(error);
  llvm::raw_fd_ostream(file, /*shouldClose=*/true) << bytes;
  auto tokenizer = qopt::text::Tokenizer::load(path);
  llvm::sys::fs::remove(path);
  return tokenizer;
}

inline std::unique_ptr<qopt::text::Tokenizer> load(const std::string &json) {
  return llvm::cantFail(tryLoad(json));
}

inline std::vector<int64_t> encode(const std::string &json,
                                   llvm::StringRef text,
                                   bool addSpecialTokens = false) {
  return llvm::cantFail(load(json)->encode(text, addSpecialTokens));
}

/// What is wrong, without the name of the file; "" for nothing.
inline std::string problem(const std::string &json) {
  auto tokenizer = tryLoad(json);
  if (tokenizer)
    return "";
  std::string text = llvm::toString(tokenizer.takeError());
  return text.substr(text.find("': ") + 3);
}

#endif // QOPT_TEST_LIB_TEXT_SMALLTOKENIZER_H

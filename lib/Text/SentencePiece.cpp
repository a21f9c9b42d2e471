//===- SentencePiece.cpp - The tokenizer of a SentencePiece model ---------===//

#include "lib/Files/Json.h"
#include "lib/Text/Formats.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <sentencepiece_processor.h>

using namespace llvm;

namespace qopt::text {

namespace {

class SentencePiece final : public Tokenizer {
public:
  sentencepiece::SentencePieceProcessor processor;
  bool addsBeginning = false, addsEnd = false;
  int anchor = -1; ///< an ordinary piece

  Expected<std::vector<int64_t>> encode(StringRef text,
                                        bool addSpecialTokens) const override;
  Expected<std::string> decode(ArrayRef<int64_t> ids,
                               bool skipSpecialTokens) const override;
  Expected<std::string> decodeBytes(ArrayRef<int64_t> ids) const override;

  std::optional<int64_t> findToken(StringRef token) const override {
    int id = processor.PieceToId({token.data(), token.size()});
    return isToken(id) && processor.IdToPiece(id) == token
               ? std::optional<int64_t>(id)
               : std::nullopt;
  }
  std::optional<std::string> token(int64_t id) const override {
    return isToken(id) ? std::optional(processor.IdToPiece(id)) : std::nullopt;
  }
  bool isSpecial(int64_t id) const override {
    return isToken(id) && processor.IsControl(id);
  }
  int64_t vocabularySize() const override { return processor.GetPieceSize(); }

  void chooseAnchor();

private:
  bool isToken(int64_t id) const {
    return id >= 0 && id < processor.GetPieceSize();
  }
};

Error toError(const sentencepiece::util::Status &status) {
  return status.ok() ? Error::success() : createStringError(status.ToString());
}

} // namespace

Expected<std::vector<int64_t>>
SentencePiece::encode(StringRef text, bool addSpecialTokens) const {
  if (Error error = checkUtf8(text))
    return std::move(error);
  std::vector<int> ids;
  if (Error error = toError(processor.Encode({text.data(), text.size()}, &ids)))
    return std::move(error);
  std::vector<int64_t> all(ids.begin(), ids.end());
  if (addSpecialTokens && addsBeginning)
    all.insert(all.begin(), processor.bos_id());
  if (addSpecialTokens && addsEnd)
    all.push_back(processor.eos_id());
  return all;
}

/// Control pieces have no text, wanted or not.
Expected<std::string> SentencePiece::decode(ArrayRef<int64_t> ids, bool) const {
  std::vector<int> known;
  llvm::copy_if(ids, std::back_inserter(known),
                [&](int64_t id) { return isToken(id); });
  std::string text;
  if (Error error = toError(processor.Decode(known, &text)))
    return std::move(error);
  return text;
}

void SentencePiece::chooseAnchor() {
  for (int id = 0; id < processor.GetPieceSize() && anchor < 0; ++id) {
    std::string text;
    if (!processor.IsControl(id) && !processor.IsUnknown(id) &&
        !processor.IsByte(id) && !processor.IsUnused(id) &&
        processor.Decode(std::vector<int>{id}, &text).ok() && !text.empty())
      anchor = id;
  }
}

/// The library replaces bytes that are no UTF-8, so runs of byte pieces are
/// decoded here. What lies between them is decoded behind an ordinary piece:
/// only a text's first piece loses its space.
Expected<std::string> SentencePiece::decodeBytes(ArrayRef<int64_t> ids) const {
  std::string text;
  std::vector<int> run;
  auto flush = [&]() -> Error {
    if (run.empty())
      return Error::success();
    std::string before, part;
    if (!text.empty() && anchor >= 0) {
      run.insert(run.begin(), anchor);
      if (Error error = toError(processor.Decode({anchor}, &before)))
        return error;
    }
    if (Error error = toError(processor.Decode(run, &part)))
      return error;
    text += StringRef(part).drop_front(before.size());
    run.clear();
    return Error::success();
  };
  for (int64_t id : ids) {
    if (!isToken(id))
      continue;
    if (!processor.IsByte(id)) {
      run.push_back(id);
      continue;
    }
    if (Error error = flush())
      return std::move(error);
    uint8_t byte = 0;
    StringRef(processor.IdToPiece(id)).substr(3, 2).getAsInteger(16, byte);
    text += static_cast<char>(byte);
  }
  if (Error error = flush())
    return std::move(error);
  return text;
}

/// What tokenizer_config.json says; without it, as Llama's: a beginning.
static Error readConfig(StringRef model, SentencePiece &tokenizer) {
  SmallString<128> path(sys::path::parent_path(model));
  sys::path::append(path, "tokenizer_config.json");
  json::Object config;
  if (sys::fs::exists(path)) {
    Expected<json::Object> read = readJsonObject(path);
    if (!read)
      return read.takeError();
    config = std::move(*read);
  }
  tokenizer.addsBeginning = config.getBoolean("add_bos_token").value_or(true) &&
                            tokenizer.processor.bos_id() >= 0;
  tokenizer.addsEnd = config.getBoolean("add_eos_token").value_or(false) &&
                      tokenizer.processor.eos_id() >= 0;
  return Error::success();
}

Expected<std::unique_ptr<Tokenizer>> loadSentencePiece(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createFileError(path, buffer.getError());
  if ((*buffer)->getBufferSize() > 100'000'000)
    return createFileError(path, createStringError("expects at most 100 MB"));
  auto tokenizer = std::make_unique<SentencePiece>();
  StringRef bytes = (*buffer)->getBuffer();
  if (Error error = toError(tokenizer->processor.LoadFromSerializedProto(
          {bytes.data(), bytes.size()})))
    return createFileError(path, std::move(error));
  tokenizer->chooseAnchor();
  if (Error error = readConfig(path, *tokenizer))
    return std::move(error);
  return tokenizer;
}

} // namespace qopt::text

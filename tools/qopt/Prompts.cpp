//===- Prompts.cpp - Texts that a model continues -------------------------===//

#include "tools/qopt/Prompts.h"

#include "lib/Text/ChatTemplate.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Tokens.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace qopt {

static Expected<std::string> readFile(StringRef path) {
  auto buffer = path == "-" ? MemoryBuffer::getSTDIN()
                            : MemoryBuffer::getFile(path, /*IsText=*/false);
  if (!buffer)
    return createFileError(path == "-" ? "standard input" : path,
                           buffer.getError());
  return (*buffer)->getBuffer().str();
}

Expected<std::vector<std::string>> readPrompts(const Arguments &arguments) {
  std::vector<std::string> prompts = arguments.getAll("prompt");
  if (arguments.has("prompt-file")) {
    Expected<std::string> prompt = readFile(arguments.get("prompt-file"));
    if (!prompt)
      return prompt.takeError();
    prompts.push_back(std::move(*prompt));
  }
  if (prompts.empty())
    return createStringError("expects --prompt or --prompt-file");
  return prompts;
}

/// "1 20 300", with spaces, commas or brackets between.
static Expected<std::vector<int64_t>> parseIds(StringRef text,
                                               int64_t vocabulary) {
  std::vector<int64_t> ids;
  SmallVector<StringRef> words;
  SplitString(text, words, " ,[]\t\r\n");
  for (StringRef word : words) {
    int64_t id;
    if (word.getAsInteger(10, id) || id < 0 || id >= vocabulary)
      return createStringError("expects token ids in [0, " + Twine(vocabulary) +
                               "), but got '" + word + "'");
    ids.push_back(id);
  }
  return ids;
}

Expected<std::vector<int64_t>> readEndTokens(StringRef artifact) {
  for (StringRef name : {"generation_config.json", "config.json"}) {
    std::string path = getArtifactFile(artifact, name);
    if (!sys::fs::exists(path))
      continue;
    Expected<std::string> text = readFile(path);
    if (!text)
      return text.takeError();
    Expected<json::Value> json = json::parse(*text);
    if (!json)
      return createFileError(path, json.takeError());
    const json::Object *object = json->getAsObject();
    const json::Value *value = object ? object->get("eos_token_id") : nullptr;
    if (!value || value->kind() == json::Value::Null)
      continue;
    json::Array one{*value};
    const json::Array *list = value->getAsArray();
    std::vector<int64_t> ids;
    for (const json::Value &each : list ? *list : one) {
      std::optional<int64_t> id = each.getAsInteger();
      if (!id)
        return createFileError(
            path, createStringError("eos_token_id: expects an integer or a "
                                    "list of them"));
      ids.push_back(*id);
    }
    return ids;
  }
  return std::vector<int64_t>();
}

Expected<EncodedPrompts> encodePrompts(const Arguments &arguments,
                                       ArrayRef<std::string> prompts,
                                       const text::Tokenizer *tokenizer,
                                       StringRef folder, int64_t vocabulary) {
  std::optional<text::ChatTemplate> chat;
  if (arguments.has("chat")) {
    Expected<std::optional<text::ChatTemplate>> loaded =
        text::ChatTemplate::load(folder);
    if (!loaded)
      return loaded.takeError();
    if (!*loaded)
      return createFileError(
          folder, createStringError("has no chat template; --chat needs "
                                    "chat_template.jinja or chat_template in "
                                    "tokenizer_config.json"));
    chat = std::move(*loaded);
  }
  EncodedPrompts result;
  for (const std::string &prompt : prompts) {
    Expected<std::vector<int64_t>> ids = std::vector<int64_t>();
    result.shown.emplace_back();
    if (!tokenizer) {
      ids = parseIds(prompt, vocabulary);
    } else if (chat) {
      Expected<std::string> text =
          chat->render({{"user", prompt}}, /*addGenerationPrompt=*/true);
      if (!text)
        return text.takeError();
      ids = tokenizer->encode(*text, /*addSpecialTokens=*/false);
    } else {
      ids = tokenizer->encode(prompt, /*addSpecialTokens=*/true);
      result.shown.back() = prompt;
    }
    if (!ids)
      return ids.takeError();
    if (ids->empty())
      return createStringError("a prompt has no tokens");
    if (Error error = checkVocabulary(*ids, vocabulary))
      return std::move(error);
    result.ids.push_back(std::move(*ids));
  }
  return result;
}

} // namespace qopt

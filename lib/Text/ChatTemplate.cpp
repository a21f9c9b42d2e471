//===- ChatTemplate.cpp - Messages as a language model wants them ---------===//

#include "lib/Text/ChatTemplate.h"
#include "lib/Files/Json.h"
#include "lib/Text/Jinja/Render.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace qopt::text {

struct ChatTemplate::Parsed {
  std::string path; ///< empty: of no file
  std::string source;
  jinja::NodePtr tree;
  std::map<std::string, std::string> tokens;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Parsed> parsed)
    : parsed(std::move(parsed)) {}
ChatTemplate::ChatTemplate(ChatTemplate &&) = default;
ChatTemplate &ChatTemplate::operator=(ChatTemplate &&) = default;
ChatTemplate::~ChatTemplate() = default;

/// As Jinja reads a file: lines end with \n, and the last one with nothing.
static std::string normalizeLines(StringRef text) {
  std::string lines;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r')
      lines += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      lines += '\n';
  if (StringRef(lines).ends_with("\n"))
    lines.pop_back();
  return lines;
}

Expected<ChatTemplate>
ChatTemplate::parse(StringRef text, std::map<std::string, std::string> tokens) {
  if (text.size() > 1'000'000)
    return createStringError("expects a chat template of at most 1 MB");
  if (Error error = checkUtf8(text))
    return std::move(error);
  auto parsed = std::make_unique<Parsed>();
  parsed->source = normalizeLines(text);
  parsed->tokens = std::move(tokens);
  Expected<jinja::NodePtr> tree = jinja::parse(parsed->source);
  if (!tree)
    return tree.takeError();
  parsed->tree = std::move(*tree);
  return ChatTemplate(std::move(parsed));
}

Expected<std::string> ChatTemplate::render(ArrayRef<ChatMessage> messages,
                                           bool addGenerationPrompt) const {
  using jinja::Value;
  jinja::List list;
  for (const ChatMessage &message : messages) {
    jinja::Map map;
    map.set("role", Value(message.role));
    map.set("content", Value(message.content));
    list.push_back(Value(std::move(map)));
  }
  jinja::Map globals;
  for (const auto &[name, token] : parsed->tokens)
    globals.set(name, Value(token));
  globals.set("messages", Value(std::move(list)));
  globals.set("add_generation_prompt", Value(addGenerationPrompt));
  globals.set("tools", Value(Value::None()));
  globals.set("documents", Value(Value::None()));
  jinja::Renderer renderer(std::move(globals));
  if (!renderer.render(*parsed->tree)) {
    Error error =
        jinja::errorAt(parsed->source, renderer.problemAt, renderer.problem);
    return parsed->path.empty()
               ? std::move(error)
               : createFileError(parsed->path, std::move(error));
  }
  return std::move(renderer.output);
}

/// A token is a text or an object with its text.
static std::map<std::string, std::string>
readTokens(const json::Object &config) {
  std::map<std::string, std::string> tokens;
  for (const char *name : {"bos_token", "eos_token", "unk_token", "pad_token",
                           "sep_token", "cls_token", "mask_token"}) {
    std::optional<StringRef> text = config.getString(name);
    if (const json::Object *object = config.getObject(name))
      text = object->getString("content");
    if (text)
      tokens[name] = text->str();
  }
  return tokens;
}

/// A text, or a list of named ones: the one called "default".
static Expected<std::optional<std::string>>
findTemplate(const json::Object &config) {
  const json::Value *value = config.get("chat_template");
  if (!value || value->kind() == json::Value::Null)
    return std::nullopt;
  if (std::optional<StringRef> text = value->getAsString())
    return text->str();
  const json::Array *named = value->getAsArray();
  for (size_t i = 0; named && i < named->size(); ++i) {
    const json::Object *entry = (*named)[i].getAsObject();
    if (entry && entry->getString("name") == StringRef("default") &&
        entry->getString("template"))
      return entry->getString("template")->str();
  }
  return createStringError("chat_template: expects a text, or a list with one "
                           "that is named 'default'");
}

Expected<std::optional<ChatTemplate>> ChatTemplate::load(StringRef folder) {
  SmallString<128> configPath(folder), path(folder);
  sys::path::append(configPath, "tokenizer_config.json");
  sys::path::append(path, "chat_template.jinja");
  json::Object config;
  if (sys::fs::exists(configPath)) {
    Expected<json::Object> read = readJsonObject(configPath);
    if (!read)
      return read.takeError();
    config = std::move(*read);
  }
  std::optional<std::string> text;
  if (sys::fs::exists(path)) {
    auto buffer = MemoryBuffer::getFile(path);
    if (!buffer)
      return createFileError(path, buffer.getError());
    text = (*buffer)->getBuffer().str();
  } else {
    path = configPath;
    Expected<std::optional<std::string>> found = findTemplate(config);
    if (!found)
      return createFileError(path, found.takeError());
    text = std::move(*found);
  }
  if (!text)
    return std::nullopt;
  Expected<ChatTemplate> parsed = parse(*text, readTokens(config));
  if (!parsed)
    return createFileError(path, parsed.takeError());
  parsed->parsed->path = path.str().str();
  return std::optional<ChatTemplate>(std::move(*parsed));
}

} // namespace qopt::text

//===- PostProcessor.cpp - Which special tokens surround a text -----------===//

#include "lib/Text/PostProcessor.h"
#include "lib/Text/Vocabulary.h"

using namespace llvm;

namespace qopt::text {

std::vector<int64_t> Template::apply(std::vector<int64_t> text,
                                     bool addSpecialTokens) const {
  std::vector<int64_t> ids;
  for (const Part &part : parts) {
    const std::vector<int64_t> &added = part.isText ? text : part.ids;
    if (part.isText || addSpecialTokens)
      ids.insert(ids.end(), added.begin(), added.end());
  }
  return ids;
}

/// ["[SEP]", 102].
static Template::Part readTokenAndId(JsonCursor json) {
  Template::Part part{false, {}};
  size_t count = 0;
  json.forEach([&](JsonCursor item) {
    if (count++ == 0)
      item.text(); // the id says it too
    else
      part.ids.push_back(item.integer(0, largestId));
  });
  if (count != 2)
    json.refuse("expects a token and its id");
  return part;
}

static Template readTemplate(JsonCursor json) {
  Template result;
  result.parts.clear();
  json.at("single").forEach([&](JsonCursor piece) {
    if (piece.has("Sequence")) {
      JsonCursor name = piece.at("Sequence").at("id");
      if (name.text() != "A")
        name.refuse("expects A, the only text, but got '" +
                    shorten(name.text()) + "'");
      result.parts.push_back({true, {}});
      return;
    }
    StringRef name = piece.at("SpecialToken").at("id").text();
    Template::Part part{false, {}};
    json.at("special_tokens").at(name).at("ids").forEach([&](JsonCursor id) {
      part.ids.push_back(id.integer(0, largestId));
    });
    result.parts.push_back(std::move(part));
  });
  return result;
}

Template readPostProcessor(JsonCursor json) {
  StringRef type = json.at("type").text();
  if (type == "TemplateProcessing")
    return readTemplate(json);
  if (type == "BertProcessing" || type == "RobertaProcessing")
    return {{readTokenAndId(json.at("cls")),
             {true, {}},
             readTokenAndId(json.at("sep"))}};
  Template result;
  if (type == "ByteLevel") // offsets only
    return result;
  if (type != "Sequence") {
    json.refuse("does not know the post-processor '" + shorten(type) + "'");
    return result;
  }
  json.at("processors").forEach([&](JsonCursor part) {
    Template next = readPostProcessor(part);
    if (next.parts.size() == 1 && next.parts[0].isText)
      return;
    if (result.parts.size() != 1)
      part.refuse("expects one post-processor that adds tokens, but got more");
    result = std::move(next);
  });
  return result;
}

} // namespace qopt::text

//===- Vocabulary.cpp - Tokens and their ids ------------------------------===//

#include "lib/Text/Vocabulary.h"

using namespace llvm;

namespace qopt::text {

void Vocabulary::add(StringRef token, int64_t id, const JsonCursor &where) {
  if (token.size() > longestToken)
    where.refuse("expects tokens of at most " + Twine(longestToken) +
                 " bytes, but '" + shorten(token) + "' has " +
                 Twine(token.size()));
  if (where.failed())
    return;
  auto entry = ids.insert_or_assign(token, static_cast<uint32_t>(id)).first;
  auto [there, isNew] = tokens.try_emplace(id, entry->getKey());
  if (!isNew)
    where.refuse("gives the id " + Twine(id) + " to '" +
                 shorten(there->second) + "' and to '" + shorten(token) + "'");
  largestSeen = std::max(largestSeen, id);
}

void Vocabulary::read(JsonCursor json) {
  const json::Object *entries = json.object();
  if (!entries)
    return;
  for (const auto &[token, value] : *entries) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id || *id < 0 || *id > largestId)
      return json.refuse("expects ids from 0 to " + Twine(largestId) +
                         ", but '" + shorten(token) + "' has " +
                         describe(value));
    add(token, *id, json);
    if (json.failed())
      return;
  }
}

std::optional<uint32_t> Vocabulary::find(StringRef token) const {
  auto entry = ids.find(token);
  return entry == ids.end() ? std::nullopt : std::optional(entry->second);
}

std::optional<StringRef> Vocabulary::token(int64_t id) const {
  if (id < 0 || id > largestId)
    return std::nullopt;
  auto entry = tokens.find(id);
  return entry == tokens.end() ? std::nullopt : std::optional(entry->second);
}

void Vocabulary::forEach(function_ref<void(StringRef, uint32_t)> visit) const {
  for (const auto &entry : ids)
    visit(entry.getKey(), entry.second);
}

} // namespace qopt::text

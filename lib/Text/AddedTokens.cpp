//===- AddedTokens.cpp - Tokens that are found before the model -----------===//

#include "lib/Text/AddedTokens.h"
#include "lib/Text/Unicode.h"

using namespace llvm;

namespace qopt::text {

AddedTokens::Token AddedTokens::readToken(JsonCursor json,
                                          const Vocabulary &model,
                                          const Normalizer *normalizer) {
  Token token;
  JsonCursor content = json.at("content");
  token.content = content.text();
  token.id = json.at("id").integer(0, largestId);
  token.singleWord = json.at("single_word").boolean();
  token.stripLeft = json.at("lstrip").boolean();
  token.stripRight = json.at("rstrip").boolean();
  token.normalized = json.at("normalized").boolean();
  if (token.content.empty() || token.content.size() > longestToken)
    content.refuse("expects a text of 1 to " + Twine(longestToken) + " bytes");
  std::optional<uint32_t> modelId = model.find(token.content);
  std::optional<StringRef> modelToken = model.token(token.id);
  if (modelId ? *modelId != token.id : modelToken.has_value())
    json.refuse("gives the id " + Twine(token.id) + " to '" +
                shorten(token.content) + "', but the model's vocabulary " +
                (modelId ? "gives it " + Twine(*modelId)
                         : "has '" + Twine(shorten(*modelToken)) + "' there"));
  Piece pattern{token.content, false, std::nullopt};
  if (token.normalized && normalizer && !json.failed()) {
    if (Error error = normalizer->apply(pattern))
      content.refuse(toString(std::move(error)));
    if (pattern.text.empty())
      content.refuse("the normalizer leaves nothing of the token");
  }
  token.pattern = std::move(pattern.text);
  return token;
}

void AddedTokens::read(JsonCursor json, const Vocabulary &model,
                       const Normalizer *normalizer) {
  // Special ones first: of tokens that look alike the first one counts.
  for (bool wantsSpecial : {true, false})
    json.forEach([&](JsonCursor item) {
      if (json.failed() || item.at("special").boolean() != wantsSpecial)
        return;
      Token token = readToken(item, model, normalizer);
      if (wantsSpecial)
        special.insert(token.content);
      largestSeen = std::max<int64_t>(largestSeen, token.id);
      if (!positions.try_emplace(token.content, tokens.size()).second ||
          !positionOfId.try_emplace(token.id, tokens.size()).second)
        item.refuse("has the text or the id of another token");
      tokens.push_back(std::move(token));
    });
  std::vector<PrefixIndex::Key> rawKeys, normalizedKeys;
  for (size_t i = 0; i < tokens.size(); ++i)
    (tokens[i].normalized ? normalizedKeys : rawKeys)
        .push_back({tokens[i].pattern, static_cast<uint32_t>(i)});
  raw = PrefixIndex(std::move(rawKeys));
  normalized = PrefixIndex(std::move(normalizedKeys));
}

std::optional<uint32_t> AddedTokens::find(StringRef token) const {
  auto entry = positions.find(token);
  return entry == positions.end() ? std::nullopt
                                  : std::optional(tokens[entry->second].id);
}

std::optional<StringRef> AddedTokens::token(int64_t id) const {
  if (id < 0 || id > largestId)
    return std::nullopt;
  auto entry = positionOfId.find(id);
  return entry == positionOfId.end()
             ? std::nullopt
             : std::optional<StringRef>(tokens[entry->second].content);
}

void AddedTokens::splitRaw(std::vector<Piece> &pieces) const {
  split(pieces, raw);
}

void AddedTokens::splitNormalized(std::vector<Piece> &pieces) const {
  split(pieces, normalized);
}

void AddedTokens::split(std::vector<Piece> &pieces,
                        const PrefixIndex &index) const {
  cantFail(replacePieces(pieces, [&](Piece piece, std::vector<Piece> &parts) {
    if (index.empty())
      parts.push_back(std::move(piece));
    else
      splitPiece(std::move(piece), index, parts);
    return Error::success();
  }));
}

/// Where the last character before `end` begins.
static size_t characterBefore(StringRef text, size_t end) {
  do
    --end;
  while (end > 0 && (static_cast<uint8_t>(text[end]) >> 6) == 2);
  return end;
}

static bool isWordAt(StringRef text, size_t at) {
  return isWord(nextCharacter(text, at));
}

void AddedTokens::splitPiece(Piece piece, const PrefixIndex &index,
                             std::vector<Piece> &parts) const {
  StringRef text = piece.text;
  size_t done = 0, spacesEnd = 0;
  auto appendText = [&](size_t begin, size_t end) {
    if (begin < end)
      parts.push_back({text.slice(begin, end).str(),
                       piece.isFirst && begin == 0, std::nullopt});
  };
  for (size_t at = 0; at < text.size();) {
    size_t length = 0;
    const Token *token = nullptr;
    index.find(text.substr(at), [&](size_t found, uint32_t position) {
      length = found;
      token = &tokens[position];
    });
    if (!token) {
      nextCharacter(text, at);
      continue;
    }
    size_t begin = at, end = at + length;
    at = end; // a match that does not count hides what it covers too
    if (token->singleWord &&
        ((begin > 0 && isWordAt(text, characterBefore(text, begin))) ||
         (end < text.size() && isWordAt(text, end))))
      continue;
    if (token->stripLeft && end <= done)
      continue; // the token before took its spaces
    while (token->stripLeft && begin > done) {
      size_t before = characterBefore(text, begin), next = before;
      if (!isSpace(nextCharacter(text, next)))
        break;
      begin = before;
    }
    if (token->stripRight) {
      // A run of spaces is walked once, also where it is full of tokens.
      end = std::max(end, spacesEnd);
      for (size_t next = end; end < text.size(); end = next)
        if (!isSpace(nextCharacter(text, next)))
          break;
      spacesEnd = end;
    }
    appendText(done, begin);
    parts.push_back({"", false, token->id});
    done = end;
  }
  appendText(done, text.size());
}

} // namespace qopt::text

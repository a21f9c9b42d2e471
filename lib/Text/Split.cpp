//===- Split.cpp - Pieces of a text on their way to ids -------------------===//

#include "lib/Text/Split.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace qopt::text {

Behavior readBehavior(JsonCursor json) {
  StringRef name = json.text();
  auto behavior = StringSwitch<std::optional<Behavior>>(name)
                      .Case("Removed", Behavior::Removed)
                      .Case("Isolated", Behavior::Isolated)
                      .Case("MergedWithPrevious", Behavior::MergedWithPrevious)
                      .Case("MergedWithNext", Behavior::MergedWithNext)
                      .Case("Contiguous", Behavior::Contiguous)
                      .Default(std::nullopt);
  if (!behavior)
    json.refuse("does not know the behavior '" + shorten(name) + "'");
  return behavior.value_or(Behavior::Removed);
}

Error replacePieces(std::vector<Piece> &pieces,
                    function_ref<Error(Piece, std::vector<Piece> &)> split) {
  std::vector<Piece> all, parts;
  for (Piece &piece : pieces) {
    if (piece.token) {
      all.push_back(std::move(piece));
      continue;
    }
    parts.clear();
    if (Error error = split(std::move(piece), parts))
      return error;
    for (Piece &part : parts)
      if (part.token || !part.text.empty())
        all.push_back(std::move(part));
  }
  pieces = std::move(all);
  return Error::success();
}

/// Whether two neighbouring spans are one piece.
static bool areOne(const Span &a, const Span &b, Behavior behavior) {
  switch (behavior) {
  case Behavior::Contiguous:
    return a.isMatch == b.isMatch;
  case Behavior::MergedWithPrevious:
    return !a.isMatch && b.isMatch;
  case Behavior::MergedWithNext:
    return a.isMatch && !b.isMatch;
  case Behavior::Removed:
  case Behavior::Isolated:
    return false;
  }
  llvm_unreachable("an unknown behavior");
}

void appendParts(const Piece &piece, std::vector<Span> spans, Behavior behavior,
                 std::vector<Piece> &parts) {
  for (size_t i = 0; i < spans.size();) {
    size_t next = i + 1;
    while (next < spans.size() &&
           areOne(spans[next - 1], spans[next], behavior))
      ++next;
    size_t begin = spans[i].begin, end = spans[next - 1].end;
    if (behavior != Behavior::Removed || !spans[i].isMatch)
      parts.push_back({piece.text.substr(begin, end - begin),
                       piece.isFirst && begin == 0, std::nullopt});
    i = next;
  }
}

std::vector<Span> findCharacters(StringRef text,
                                 function_ref<bool(char32_t)> isMatch) {
  std::vector<Span> spans;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    bool matches = isMatch(nextCharacter(text, at));
    if (!matches && !spans.empty() && !spans.back().isMatch)
      spans.back().end = at;
    else
      spans.push_back({begin, at, matches});
  }
  return spans;
}

} // namespace qopt::text

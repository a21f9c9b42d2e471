//===- Bpe.cpp - Byte pair encoding ---------------------------------------===//

#include "lib/Text/Model.h"
#include "lib/Text/Unicode.h"
#include <queue>

using namespace llvm;

namespace qopt::text {

namespace {

struct Merge {
  uint32_t rank; ///< lower ones go first
  uint32_t id;   ///< of what the two become
};

uint64_t pairOf(uint32_t left, uint32_t right) {
  return uint64_t(left) << 32 | right;
}

using Merges = DenseMap<uint64_t, Merge>;

/// The symbols of a word, a doubly linked list; merged by rank, then from the
/// left, with a heap of the pairs that may be merged: O(n log n).
class Symbols {
public:
  explicit Symbols(const Merges &merges) : merges(merges) {}

  void add(uint32_t id) {
    auto count = static_cast<uint32_t>(all.size());
    all.push_back({id, count - 1, count + 1});
  }

  void mergeAll() {
    for (uint32_t i = 0; i + 1 < all.size(); ++i)
      offer(i);
    while (!heap.empty()) {
      Candidate best = heap.top();
      heap.pop();
      merge(best);
    }
  }

  void append(std::vector<int64_t> &ids) const {
    for (const Symbol &symbol : all)
      if (symbol.id != gone)
        ids.push_back(symbol.id);
  }

private:
  static constexpr uint32_t gone = ~0u; // larger than largestId

  struct Symbol {
    uint32_t id, previous, next; ///< outside of `all` at the ends
  };
  struct Candidate {
    uint32_t rank, position, id;
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  /// Puts the pair that starts at a symbol on the heap, if it can be merged.
  void offer(uint32_t position) {
    uint32_t next = all[position].next;
    if (next >= all.size())
      return;
    auto found = merges.find(pairOf(all[position].id, all[next].id));
    if (found != merges.end())
      heap.push({found->second.rank, position, found->second.id});
  }

  void merge(const Candidate &candidate) {
    Symbol &left = all[candidate.position];
    if (left.id == gone || left.next >= all.size())
      return;
    // Is the pair still the one that was offered?
    Symbol &right = all[left.next];
    auto found = merges.find(pairOf(left.id, right.id));
    if (found == merges.end() || found->second.id != candidate.id)
      return;
    left.id = candidate.id;
    left.next = right.next;
    right.id = gone;
    if (left.next < all.size())
      all[left.next].previous = candidate.position;
    if (left.previous < all.size())
      offer(left.previous);
    offer(candidate.position);
  }

  const Merges &merges;
  std::vector<Symbol> all;
  std::priority_queue<Candidate> heap;
};

struct Bpe final : Model {
  Merges merges;
  std::optional<std::string> unknown;
  std::string prefix; ///< of characters behind the first
  std::string suffix; ///< of the last character
  bool fuseUnknown, byteFallback, ignoreMerges;
  std::optional<ByteTokens> bytes;

  Error encode(StringRef word, std::vector<int64_t> &ids) const override {
    if (ignoreMerges)
      if (std::optional<uint32_t> id = vocabulary.find(word)) {
        ids.push_back(*id);
        return Error::success();
      }
    if (word.size() > static_cast<uint64_t>(largestId))
      return createStringError("expects words of at most 2 GB");
    Symbols symbols(merges);
    if (Error error = addCharacters(word, symbols))
      return error;
    symbols.mergeAll();
    symbols.append(ids);
    return Error::success();
  }

  /// An unknown character waits for the next known one, so that it can be
  /// joined with its like.
  Error addCharacters(StringRef word, Symbols &symbols) const {
    std::optional<uint32_t> waiting;
    std::string character;
    std::vector<int64_t> byteIds;
    for (size_t at = 0; at < word.size();) {
      size_t begin = at;
      nextCharacter(word, at);
      character = begin > 0 ? prefix : "";
      character += word.slice(begin, at);
      if (at == word.size())
        character += suffix;
      if (std::optional<uint32_t> id = vocabulary.find(character)) {
        if (waiting)
          symbols.add(*waiting);
        waiting.reset();
        symbols.add(*id);
        continue;
      }
      byteIds.clear();
      if (byteFallback && bytes->append(character, byteIds)) {
        for (int64_t id : byteIds)
          symbols.add(id);
        continue;
      }
      if (!unknown)
        continue; // as `tokenizers` does it: no token, no trace
      if (waiting && !fuseUnknown)
        symbols.add(*waiting);
      waiting = vocabulary.find(*unknown);
      if (!waiting)
        return createStringError("the text has an unknown character, but the "
                                 "vocabulary has no '" +
                                 Twine(shorten(*unknown)) + "'");
    }
    if (waiting)
      symbols.add(*waiting);
    return Error::success();
  }
};

/// Two parts of a merge: a pair, or one text with a space between them.
std::optional<std::pair<StringRef, StringRef>>
splitMerge(const json::Value &merge) {
  if (std::optional<StringRef> text = merge.getAsString()) {
    auto parts = text->split(' ');
    if (parts.first.empty() || parts.second.empty() ||
        parts.second.contains(' '))
      return std::nullopt;
    return parts;
  }
  const json::Array *pair = merge.getAsArray();
  if (!pair || pair->size() != 2)
    return std::nullopt;
  std::optional<StringRef> left = (*pair)[0].getAsString();
  std::optional<StringRef> right = (*pair)[1].getAsString();
  if (!left || !right || left->empty() || right->empty())
    return std::nullopt;
  return std::pair(*left, *right);
}

void readMerges(JsonCursor json, Bpe &model) {
  const json::Array *items = json.array();
  for (size_t rank = 0; items && rank < items->size(); ++rank) {
    auto refuse = [&](const Twine &message) {
      json.refuse("merge " + Twine(rank) + " " + message);
    };
    auto parts = splitMerge((*items)[rank]);
    if (!parts)
      return refuse("is not a pair of tokens, but " + describe((*items)[rank]));
    auto [left, right] = *parts;
    StringRef rest = right;
    if (!rest.consume_front(model.prefix))
      return refuse("has the second token '" + shorten(right) +
                    "' without the prefix '" + model.prefix + "'");
    std::string joined = (left + rest).str();
    for (StringRef token : {left, right, StringRef(joined)})
      if (!model.vocabulary.find(token))
        return refuse("needs the token '" + shorten(token) +
                      "', which the vocabulary lacks");
    uint64_t pair =
        pairOf(*model.vocabulary.find(left), *model.vocabulary.find(right));
    model.merges[pair] = {static_cast<uint32_t>(rank),
                          *model.vocabulary.find(joined)};
  }
}

} // namespace

std::unique_ptr<Model> readBpe(JsonCursor json) {
  auto model = std::make_unique<Bpe>();
  // Dropout is for training; 0 is none.
  if (json.has("dropout"))
    json.at("dropout").integer(0, 0);
  model->vocabulary.read(json.at("vocab"));
  model->prefix = json.text("continuing_subword_prefix", "");
  model->suffix = json.text("end_of_word_suffix", "");
  model->fuseUnknown = json.boolean("fuse_unk", false);
  model->byteFallback = json.boolean("byte_fallback", false);
  model->ignoreMerges = json.boolean("ignore_merges", false);
  if (json.has("unk_token"))
    model->unknown = json.at("unk_token").text();
  if (!json.failed())
    readMerges(json.at("merges"), *model);
  model->bytes.emplace(model->vocabulary);
  return model;
}

} // namespace qopt::text

//===- Unigram.cpp - The likeliest pieces of a text -----------------------===//

#include "lib/Text/Model.h"
#include "lib/Text/PrefixIndex.h"
#include "lib/Text/Unicode.h"

using namespace llvm;

namespace qopt::text {

namespace {

/// The best way to a place in the text.
struct Step {
  static constexpr size_t nowhere = SIZE_MAX;
  double score = 0;       ///< sum of the scores of its pieces
  size_t begin = nowhere; ///< of the last piece
  uint32_t id = 0;        ///< of the last piece
};

struct Unigram final : Model {
  std::vector<double> scores;
  double unknownScore;
  std::optional<uint32_t> unknown;
  bool byteFallback;
  PrefixIndex pieces;
  std::optional<ByteTokens> bytes;

  static void offer(Step &step, double score, size_t begin, uint32_t id) {
    if (step.begin == Step::nowhere || score > step.score)
      step = {score, begin, id};
  }

  /// Viterbi: step i is the best way to byte i.
  Error findSteps(StringRef text, std::vector<Step> &steps) const {
    for (size_t at = 0, next = 0; at < text.size(); at = next) {
      nextCharacter(text, next);
      size_t length = next - at;
      double score = steps[at].score;
      bool isKnown = false;
      pieces.find(text.substr(at), [&](size_t found, uint32_t id) {
        offer(steps[at + found], scores[id] + score, at, id);
        isKnown |= found == length;
      });
      if (isKnown)
        continue;
      if (!unknown)
        return createStringError("the text has an unknown character, but the "
                                 "model has no 'unk_id'");
      offer(steps[next], unknownScore + score, at, *unknown);
    }
    return Error::success();
  }

  Error appendPiece(StringRef piece, std::vector<int64_t> &ids) const {
    if (std::optional<uint32_t> id = vocabulary.find(piece)) {
      ids.push_back(*id);
      return Error::success();
    }
    if (byteFallback && bytes->append(piece, ids))
      return Error::success();
    if (!unknown)
      return createStringError("the text has an unknown piece, but the model "
                               "has no 'unk_id'");
    ids.push_back(*unknown);
    return Error::success();
  }

  Error encode(StringRef word, std::vector<int64_t> &ids) const override {
    std::vector<Step> steps(word.size() + 1);
    if (Error error = findSteps(word, steps))
      return error;
    // From the end; unknown pieces that follow each other are one.
    std::vector<StringRef> parts;
    for (size_t end = word.size(); end > 0;) {
      size_t begin = steps[end].begin, from = begin;
      while (unknown && steps[end].id == *unknown && from > 0 &&
             steps[from].id == *unknown)
        from = steps[from].begin;
      parts.push_back(word.slice(from, end));
      end = from;
    }
    for (StringRef part : llvm::reverse(parts))
      if (Error error = appendPiece(part, ids))
        return error;
    return Error::success();
  }
};

/// [["piece", score], ...]: the index is the id.
void readPieces(JsonCursor json, Unigram &model) {
  const json::Array *items = json.array();
  double least = std::numeric_limits<double>::infinity();
  for (size_t id = 0; items && id < items->size(); ++id) {
    const json::Array *pair = (*items)[id].getAsArray();
    if (!pair || pair->size() != 2 || !(*pair)[0].getAsString() ||
        !(*pair)[1].getAsNumber())
      return json.refuse("expects a text and a score, but item " + Twine(id) +
                         " is " + describe((*items)[id]));
    model.vocabulary.add(*(*pair)[0].getAsString(), id, json);
    model.scores.push_back(*(*pair)[1].getAsNumber());
    least = std::min(least, model.scores.back());
  }
  model.unknownScore = least - 10.0; // the penalty of sentencepiece
}

} // namespace

std::unique_ptr<Model> readUnigram(JsonCursor json) {
  auto model = std::make_unique<Unigram>();
  readPieces(json.at("vocab"), *model);
  if (json.failed())
    return nullptr;
  if (json.has("unk_id"))
    model->unknown = json.at("unk_id").integer(
        0, static_cast<int64_t>(model->scores.size()) - 1);
  model->byteFallback = json.boolean("byte_fallback", false);
  std::vector<PrefixIndex::Key> keys;
  model->vocabulary.forEach([&](StringRef piece, uint32_t id) {
    keys.push_back({piece, id});
  });
  model->pieces = PrefixIndex(std::move(keys));
  model->bytes.emplace(model->vocabulary);
  return model;
}

} // namespace qopt::text

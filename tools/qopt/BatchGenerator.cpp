//===- BatchGenerator.cpp - Continues prompts token by token --------------===//

#include "tools/qopt/BatchGenerator.h"

#include "tools/qopt/Model.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>

using namespace llvm;

namespace qopt {

StringRef describe(RowEnd end) {
  switch (end) {
  case RowEnd::Running:
    return "running";
  case RowEnd::EndToken:
    return "end token";
  case RowEnd::StopText:
    return "stop text";
  case RowEnd::MaxTokens:
    return "most tokens";
  case RowEnd::Context:
    return "context is full";
  case RowEnd::Interrupt:
    return "interrupted";
  }
  llvm_unreachable("all ends are there");
}

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class BatchGenerator {
public:
  BatchGenerator(qopt_session *session, const qopt_model_info &info,
                 std::vector<std::vector<int64_t>> prompts,
                 const GenerationOptions &options)
      : session(session), options(options) {
    for (std::vector<int64_t> &prompt : prompts) {
      samplers.emplace_back(options.sampling, samplers.size());
      samplers.back().see(prompt);
      result.promptTokens += int64_t(prompt.size());
      result.rows.push_back({std::move(prompt), {}, RowEnd::Running});
    }
    int64_t wanted = options.sampling.wantedLogits();
    hasCandidates = wanted > 0 && wanted <= info.max_candidates;
    perRow = size_t(hasCandidates ? wanted : info.vocabulary);
    logits.resize(result.rows.size() * perRow);
    if (hasCandidates)
      tokens.resize(logits.size());
    next.resize(result.rows.size());
  }

  Expected<Generation> run();

private:
  qopt_status prefill();
  qopt_status decode();
  qopt_candidates candidates() {
    return {int64_t(perRow), logits.data(), tokens.data()};
  }
  Error chooseTokens();
  Error addToken(size_t row, int64_t token);
  void end(size_t row, RowEnd why);
  void endAll(RowEnd why);
  int64_t countRunning() const {
    return count_if(result.rows, [](const GeneratedRow &row) {
      return row.end == RowEnd::Running;
    });
  }

  qopt_session *session;
  const GenerationOptions &options;
  Generation result;
  std::vector<Sampler> samplers;
  bool hasCandidates;          ///< the sampler reads no other logits
  size_t perRow;               ///< candidates, or the vocabulary
  std::vector<float> logits;   ///< [rows, perRow]
  std::vector<int64_t> tokens; ///< of candidates: the same
  std::vector<int64_t> next;   ///< of each row; of one that has ended any
};

qopt_status BatchGenerator::prefill() {
  size_t length = 0;
  for (const GeneratedRow &row : result.rows)
    length = std::max(length, row.prompt.size());
  std::vector<int64_t> tokens;
  std::vector<uint8_t> mask;
  bool isPadded = false;
  for (const GeneratedRow &row : result.rows) {
    size_t padding = length - row.prompt.size();
    isPadded |= padding != 0;
    tokens.insert(tokens.end(), padding, row.prompt.front());
    mask.insert(mask.end(), padding, 0);
    append_range(tokens, row.prompt);
    mask.insert(mask.end(), row.prompt.size(), 1);
  }
  qopt_prompt prompt = {};
  prompt.tokens = tokens.data();
  prompt.batch = int64_t(result.rows.size());
  prompt.length = int64_t(length);
  prompt.mask = isPadded ? mask.data() : nullptr;
  if (!hasCandidates)
    return qopt_session_prefill(session, &prompt, QOPT_LOGITS_LAST,
                                logits.data());
  qopt_candidates wanted = candidates();
  return qopt_session_prefill_candidates(session, &prompt, &wanted);
}

qopt_status BatchGenerator::decode() {
  int64_t rows = int64_t(next.size());
  if (!hasCandidates)
    return qopt_session_decode(session, next.data(), rows, nullptr,
                               logits.data());
  qopt_candidates wanted = candidates();
  return qopt_session_decode_candidates(session, next.data(), rows, nullptr,
                                        &wanted);
}

Error BatchGenerator::addToken(size_t index, int64_t token) {
  GeneratedRow &row = result.rows[index];
  next[index] = token;
  if (is_contained(options.endTokens, token)) {
    end(index, RowEnd::EndToken);
    return Error::success();
  }
  row.tokens.push_back(token);
  Expected<bool> isEnd = options.accept(index, token);
  if (!isEnd)
    return isEnd.takeError();
  if (*isEnd)
    end(index, RowEnd::StopText);
  else if (int64_t(row.tokens.size()) >= options.maxTokens)
    end(index, RowEnd::MaxTokens);
  return Error::success();
}

Error BatchGenerator::chooseTokens() {
  for (size_t i = 0; i != result.rows.size(); ++i) {
    if (result.rows[i].end != RowEnd::Running)
      continue;
    auto row = ArrayRef(logits).slice(i * perRow, perRow);
    std::optional<int64_t> token =
        hasCandidates ? samplers[i].sample(
                            row, ArrayRef(tokens).slice(i * perRow, perRow))
                      : samplers[i].sample(row);
    if (!token)
      return createStringError("the model gives no logits that are numbers");
    if (Error error = addToken(i, *token))
      return error;
  }
  return Error::success();
}

void BatchGenerator::end(size_t row, RowEnd why) {
  result.rows[row].end = why;
  options.ended(row);
}

void BatchGenerator::endAll(RowEnd why) {
  for (size_t i = 0; i != result.rows.size(); ++i)
    if (result.rows[i].end == RowEnd::Running)
      end(i, why);
}

Expected<Generation> BatchGenerator::run() {
  Clock::time_point begin = Clock::now();
  qopt_status status = prefill();
  for (bool isFirst = true;; isFirst = false) {
    if (status == QOPT_ERROR_CANCELLED || options.isInterrupted()) {
      endAll(RowEnd::Interrupt);
      return std::move(result);
    }
    if (Error error = check(status))
      return std::move(error);
    int64_t running = countRunning();
    if (Error error = chooseTokens())
      return std::move(error);
    if (isFirst) {
      result.firstTokenSeconds = secondsSince(begin);
      begin = Clock::now();
    } else {
      result.decodedTokens += running;
      result.decodeSeconds = secondsSince(begin);
    }
    if (qopt_session_length(session) == qopt_session_max_context(session))
      endAll(RowEnd::Context);
    if (countRunning() == 0)
      return std::move(result);
    status = decode();
  }
}

} // namespace

Expected<Generation> generate(qopt_session *session,
                              const qopt_model_info &info,
                              std::vector<std::vector<int64_t>> prompts,
                              const GenerationOptions &options) {
  return BatchGenerator(session, info, std::move(prompts), options).run();
}

} // namespace qopt

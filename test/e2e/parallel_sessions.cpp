//===- parallel_sessions.cpp - Two sessions of one model at once ----------===//

#include "qopt/runtime.h"
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

constexpr int64_t promptLength = 40, decodedTokens = 12;

void check(qopt_status status) {
  if (status == QOPT_OK)
    return;
  std::fprintf(stderr, "%s\n", qopt_last_error());
  std::exit(1);
}

/// Logits of a prompt's last token, then of every token that follows greedily.
std::vector<float> generate(qopt_model *model, int32_t threads, int64_t seed) {
  int64_t vocabulary = qopt_model_get_info(model)->vocabulary;
  qopt_session_options options = {};
  options.threads = threads;
  qopt_session *session = nullptr;
  check(qopt_session_create(model, &options, &session));

  std::vector<int64_t> tokens;
  for (int64_t i = 0; i != promptLength; ++i)
    tokens.push_back((seed + 31 * i) % vocabulary);
  qopt_prompt prompt = {};
  prompt.tokens = tokens.data();
  prompt.batch = 1;
  prompt.length = promptLength;

  std::vector<float> all, logits(vocabulary);
  check(
      qopt_session_prefill(session, &prompt, QOPT_LOGITS_LAST, logits.data()));
  for (int64_t i = 0; i != decodedTokens; ++i) {
    all.insert(all.end(), logits.begin(), logits.end());
    int64_t best = 0;
    for (int64_t token = 0; token != vocabulary; ++token)
      if (logits[token] > logits[best])
        best = token;
    check(qopt_session_decode(session, &best, 1, nullptr, logits.data()));
  }
  qopt_session_free(session);
  return all;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s decoder.qopt\n", argv[0]);
    return 1;
  }
  qopt_model *model = nullptr;
  check(qopt_model_load(argv[1], &model));
  std::vector<float> expected[2] = {generate(model, 1, 7),
                                    generate(model, 1, 19)};
  std::vector<float> got[2];
  std::thread workers[2];
  for (int i = 0; i != 2; ++i)
    workers[i] = std::thread(
        [&, i] { got[i] = generate(model, 2 + i, i == 0 ? 7 : 19); });
  for (std::thread &worker : workers)
    worker.join();
  qopt_model_free(model);
  bool same = got[0] == expected[0] && got[1] == expected[1];
  std::printf("%s\n", same ? "the same bits" : "other bits than alone");
  return same ? 0 : 1;
}

//===- DecoderTest.cpp - Prefill, decode and the cache --------------------===//

#include "test/runtime/Artifacts.h"
#include "test/runtime/DecoderReference.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace qopt::test;

namespace {

/// Time steps [first, last) of a history as a prompt owns them.
struct Prompt {
  Prompt(const History &history, size_t first, size_t last) {
    for (const std::vector<Step> &row : history)
      for (size_t t = first; t < last; ++t) {
        tokens.push_back(row[t].token);
        mask.push_back(row[t].mask);
      }
    prompt = {tokens.data(), static_cast<int64_t>(history.size()),
              static_cast<int64_t>(last - first), mask.data(), nullptr};
  }
  std::vector<int64_t> tokens;
  std::vector<uint8_t> mask;
  qopt_prompt prompt;
};

/// Whose prefill computes all logits, or those that are asked for.
class Decoder : public ::testing::TestWithParam<const char *> {
protected:
  Decoder() : artifact(GetParam(), decoderWeights()), model(load(artifact)) {}

  SessionHandle create(int64_t batch, int64_t context, int32_t threads = 2,
                       int64_t chunk = 0) {
    qopt_session_options options = {};
    options.chunk = chunk;
    options.batch = batch;
    options.context = context;
    options.threads = threads;
    return createSession(model.get(), options);
  }

  static std::vector<float> prefill(qopt_session *session,
                                    const History &history, size_t first,
                                    size_t last, qopt_logits which) {
    Prompt prompt(history, first, last);
    size_t rows = which == QOPT_LOGITS_LAST ? 1 : last - first;
    std::vector<float> logits(history.size() * rows * FAKE_VOCABULARY);
    EXPECT_EQ(
        qopt_session_prefill(session, &prompt.prompt, which, logits.data()),
        QOPT_OK)
        << qopt_last_error();
    return logits;
  }

  static std::vector<float> decode(qopt_session *session,
                                   const History &history, size_t step) {
    Prompt prompt(history, step, step + 1);
    std::vector<float> logits(history.size() * FAKE_VOCABULARY);
    EXPECT_EQ(qopt_session_decode(session, prompt.tokens.data(),
                                  prompt.prompt.batch, nullptr, logits.data()),
              QOPT_OK)
        << qopt_last_error();
    return logits;
  }

  /// The history with its steps from `length` on dropped.
  static History prefix(History history, size_t length) {
    for (std::vector<Step> &row : history)
      row.resize(length);
    return history;
  }

  Artifact artifact;
  ModelHandle model;
};

TEST_P(Decoder, promptThenTokens) {
  History history = makeHistory(3, 40, noPadding);
  SessionHandle session = create(4, 40);
  EXPECT_EQ(qopt_session_max_batch(session.get()), 4);
  EXPECT_EQ(qopt_session_max_context(session.get()), 40);
  EXPECT_EQ(qopt_session_threads(session.get()), 2);
  EXPECT_EQ(qopt_session_batch(session.get()), 0);
  EXPECT_EQ(prefill(session.get(), history, 0, 35, QOPT_LOGITS_ALL),
            referenceLogits(prefix(history, 35), 0));
  EXPECT_EQ(qopt_session_batch(session.get()), 3);
  for (size_t step = 35; step < 40; ++step) {
    EXPECT_EQ(qopt_session_length(session.get()), static_cast<int64_t>(step));
    EXPECT_EQ(decode(session.get(), history, step),
              referenceLogits(prefix(history, step + 1), step));
  }
}

TEST_P(Decoder, promptInPieces) {
  History history = makeHistory(2, 30, noPadding);
  SessionHandle session = create(2, 48);
  prefill(session.get(), history, 0, 7, QOPT_LOGITS_NONE);
  prefill(session.get(), history, 7, 8, QOPT_LOGITS_LAST);
  EXPECT_EQ(prefill(session.get(), history, 8, 30, QOPT_LOGITS_ALL),
            referenceLogits(history, 8));
}

TEST_P(Decoder, paddingLeftOrRight) {
  for (bool left : {true, false}) {
    // Row r has 3 r masked steps at one end of its prompt of 10.
    auto padding = [left](int64_t row, int64_t t) {
      return t < 10 && (left ? t < 3 * row : t >= 10 - 3 * row);
    };
    History history = makeHistory(3, 12, padding);
    SessionHandle session = create(3, 48);
    std::vector<float> last =
        prefill(session.get(), history, 0, 10, QOPT_LOGITS_LAST);
    std::vector<float> all = referenceLogits(prefix(history, 10), 0), expected;
    for (int64_t row = 0; row < 3; ++row) {
      int64_t t = left ? 9 : 9 - 3 * row;
      auto begin = all.begin() + (row * 10 + t) * FAKE_VOCABULARY;
      expected.insert(expected.end(), begin, begin + FAKE_VOCABULARY);
    }
    EXPECT_EQ(last, expected);
    for (size_t step = 10; step < 12; ++step)
      EXPECT_EQ(decode(session.get(), history, step),
                referenceLogits(prefix(history, step + 1), step));
  }
}

/// Of rows of logits, as the sampler orders them.
struct Best {
  Best(size_t rows, size_t count)
      : logits(rows * count, -1),
        tokens(rows * count, -2), wanted{int64_t(count), logits.data(),
                                         tokens.data()} {}
  Best(const std::vector<float> &all, size_t count)
      : Best(all.size() / FAKE_VOCABULARY, count) {
    for (size_t row = 0; row < all.size() / FAKE_VOCABULARY; ++row) {
      const float *from = all.data() + row * FAKE_VOCABULARY;
      std::vector<int64_t> order(FAKE_VOCABULARY);
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [from](int64_t a, int64_t b) {
        return from[a] != from[b] ? from[a] > from[b] : a < b;
      });
      for (size_t i = 0; i < count; ++i) {
        bool isThere = i < order.size();
        logits[row * count + i] = isThere ? from[order[i]] : -INFINITY;
        tokens[row * count + i] = isThere ? order[i] : -1;
      }
    }
  }
  std::vector<float> logits;
  std::vector<int64_t> tokens;
  qopt_candidates wanted;
};

TEST_P(Decoder, candidates) {
  // The last token of row r is 3 r steps before the end: in different chunks.
  auto padding = [](int64_t row, int64_t t) {
    return t < 20 && t >= 20 - 3 * row;
  };
  History history = makeHistory(4, 21, padding);
  for (int64_t chunk : {1, 2, 7, 20})
    for (size_t count : {size_t(1), size_t(3), size_t(FAKE_VOCABULARY + 2)}) {
      SessionHandle session = create(4, 48, 2, chunk);
      Best expected(prefill(session.get(), history, 0, 20, QOPT_LOGITS_LAST),
                    count),
          got(4, count);
      qopt_session_reset(session.get());
      Prompt prompt(history, 0, 20), next(history, 20, 21);
      ASSERT_EQ(qopt_session_prefill_candidates(session.get(), &prompt.prompt,
                                                &got.wanted),
                QOPT_OK)
          << qopt_last_error();
      EXPECT_EQ(got.logits, expected.logits);
      EXPECT_EQ(got.tokens, expected.tokens);
      Best decoded(referenceLogits(history, 20), count);
      ASSERT_EQ(qopt_session_decode_candidates(
                    session.get(), next.tokens.data(), 4, nullptr, &got.wanted),
                QOPT_OK)
          << qopt_last_error();
      EXPECT_EQ(got.logits, decoded.logits);
      EXPECT_EQ(got.tokens, decoded.tokens);
    }
}

TEST(LastDecoder, logitsOfTheLastTokenAlone) {
  Artifact artifact("last_decoder", decoderWeights());
  ModelHandle model = load(artifact);
  SessionHandle session = createSession(model.get(), {});
  History history = makeHistory(1, 3, noPadding);
  Prompt prompt(history, 0, 3);
  Best best(1, 2);
  std::vector<float> logits(FAKE_VOCABULARY);
  const char *text = "output 'logits' is not logits of each token; the model "
                     "runs by qopt_session_run";
  EXPECT_EQ(qopt_session_prefill(session.get(), &prompt.prompt,
                                 QOPT_LOGITS_LAST, logits.data()),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), text);
  EXPECT_EQ(qopt_session_prefill_candidates(session.get(), &prompt.prompt,
                                            &best.wanted),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), text);
}

TEST_P(Decoder, candidatesThatAreRefused) {
  EXPECT_EQ(qopt_model_get_info(model.get())->max_candidates,
            QOPT_MAX_CANDIDATES);
  SessionHandle session = create(1, 48);
  History history = makeHistory(1, 3, noPadding);
  Prompt prompt(history, 0, 3);
  Best best(1, 2);
  auto expect = [&](qopt_session *session, const qopt_candidates *wanted,
                    const char *text) {
    EXPECT_EQ(qopt_session_prefill_candidates(session, &prompt.prompt, wanted),
              QOPT_ERROR_ARGUMENT);
    EXPECT_STREQ(qopt_last_error(), text);
  };
  for (int64_t count : {-1, 0, 65}) {
    best.wanted.count = count;
    expect(session.get(), &best.wanted,
           ("expects 1 to 64 candidates of a row, but got " +
            std::to_string(count))
               .c_str());
  }
  const char *null = "qopt_session_prefill_candidates: ";
  expect(nullptr, &best.wanted,
         (null + std::string("session is null")).c_str());
  expect(session.get(), nullptr,
         (null + std::string("candidates is null")).c_str());
  best.wanted.tokens = nullptr;
  expect(session.get(), &best.wanted,
         (null + std::string("tokens of candidates is null")).c_str());
  best.wanted.logits = nullptr;
  expect(session.get(), &best.wanted,
         (null + std::string("logits is null")).c_str());
  EXPECT_EQ(qopt_session_length(session.get()), 0);
}

TEST_P(Decoder, chunks) {
  // The last token of row r is 3 r steps before the end: in different chunks.
  auto padding = [](int64_t row, int64_t t) { return t >= 20 - 3 * row; };
  for (int64_t batch : {1, 4}) {
    History history = makeHistory(batch, 20, padding);
    std::vector<float> all = referenceLogits(history, 0), last;
    for (int64_t row = 0; row < batch; ++row) {
      auto begin = all.begin() + (row * 20 + 19 - 3 * row) * FAKE_VOCABULARY;
      last.insert(last.end(), begin, begin + FAKE_VOCABULARY);
    }
    for (int64_t chunk : {1, 2, 7, 19, 20}) {
      SessionHandle session = create(batch, 48, 2, chunk);
      EXPECT_EQ(prefill(session.get(), history, 0, 20, QOPT_LOGITS_ALL), all);
      qopt_session_reset(session.get());
      EXPECT_EQ(prefill(session.get(), history, 0, 20, QOPT_LOGITS_LAST), last);
      EXPECT_EQ(qopt_session_length(session.get()), 20);
    }
  }
}

TEST_P(Decoder, aChunkThatFailsLeavesTheSessionAsItWas) {
  History history = makeHistory(1, 12, noPadding);
  SessionHandle session = create(1, 48, 2, 4);
  prefill(session.get(), history, 0, 3, QOPT_LOGITS_NONE);
  History unlucky = history;
  unlucky[0][9].token = FAKE_UNLUCKY_TOKEN; // in the second chunk
  Prompt prompt(unlucky, 3, 12);
  EXPECT_EQ(qopt_session_prefill(session.get(), &prompt.prompt,
                                 QOPT_LOGITS_NONE, nullptr),
            QOPT_ERROR_VALUE);
  EXPECT_EQ(qopt_session_length(session.get()), 3);
  EXPECT_EQ(prefill(session.get(), history, 3, 12, QOPT_LOGITS_ALL),
            referenceLogits(history, 3));
}

TEST_P(Decoder, aRowMayBeAllPadding) {
  History history =
      makeHistory(2, 4, [](int64_t row, int64_t) { return row == 1; });
  SessionHandle session = create(2, 48);
  std::vector<float> last =
      prefill(session.get(), history, 0, 4, QOPT_LOGITS_LAST);
  EXPECT_EQ(last[FAKE_VOCABULARY], 0);
  EXPECT_NE(last[0], 0);
}

TEST_P(Decoder, positionsAreTheCallersWhenGiven) {
  History history = makeHistory(1, 3, noPadding);
  for (size_t t = 0; t < 3; ++t)
    history[0][t].position = 20 - 3 * static_cast<int64_t>(t);
  std::vector<int64_t> positions = {20, 17}, last = {14};
  SessionHandle session = create(1, 48);
  Prompt prompt(history, 0, 2);
  prompt.prompt.positions = positions.data();
  std::vector<float> logits(FAKE_VOCABULARY);
  ASSERT_EQ(qopt_session_prefill(session.get(), &prompt.prompt,
                                 QOPT_LOGITS_LAST, logits.data()),
            QOPT_OK);
  EXPECT_EQ(logits, referenceLogits(prefix(history, 2), 1));
  ASSERT_EQ(qopt_session_decode(session.get(), &history[0][2].token, 1,
                                last.data(), logits.data()),
            QOPT_OK);
  EXPECT_EQ(logits, referenceLogits(history, 2));
}

TEST_P(Decoder, truncateKeepsAPrefix) {
  History history = makeHistory(2, 20, noPadding), other = history;
  for (std::vector<Step> &row : other)
    for (size_t t = 5; t < 20; ++t)
      row[t].token = (row[t].token + 1) % 11;
  SessionHandle session = create(2, 48);
  prefill(session.get(), history, 0, 20, QOPT_LOGITS_NONE);
  ASSERT_EQ(qopt_session_truncate(session.get(), 5), QOPT_OK);
  EXPECT_EQ(qopt_session_length(session.get()), 5);
  EXPECT_EQ(prefill(session.get(), other, 5, 20, QOPT_LOGITS_ALL),
            referenceLogits(other, 5));
  EXPECT_EQ(qopt_session_truncate(session.get(), 21), QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "cannot truncate 20 time steps to 21");
  EXPECT_EQ(qopt_session_truncate(session.get(), -1), QOPT_ERROR_ARGUMENT);
  qopt_session_reset(session.get());
  EXPECT_EQ(qopt_session_length(session.get()), 0);
  EXPECT_EQ(qopt_session_batch(session.get()), 0);
  History one = makeHistory(1, 3, noPadding);
  EXPECT_EQ(prefill(session.get(), one, 0, 3, QOPT_LOGITS_ALL),
            referenceLogits(one, 0));
}

/// Two texts after one prefix, which is computed once: each as in a session of
/// its own, one going on by prefill, the other by decode.
TEST_P(Decoder, aPrefixServesTwoTexts) {
  History first = makeHistory(2, 20, noPadding), second = first;
  for (std::vector<Step> &row : second)
    for (size_t t = 8; t < 20; ++t)
      row[t].token = (row[t].token + 5) % 11;
  SessionHandle session = create(2, 48);
  prefill(session.get(), first, 0, 8, QOPT_LOGITS_NONE);
  EXPECT_EQ(prefill(session.get(), first, 8, 20, QOPT_LOGITS_ALL),
            referenceLogits(first, 8));
  ASSERT_EQ(qopt_session_truncate(session.get(), 8), QOPT_OK);
  for (size_t step = 8; step < 20; ++step) {
    SessionHandle fresh = create(2, 48);
    History known = prefix(second, step + 1);
    EXPECT_EQ(decode(session.get(), second, step),
              prefill(fresh.get(), known, 0, step + 1, QOPT_LOGITS_LAST));
  }
}

TEST_P(Decoder, outputsDoNotDependOnThreads) {
  History history = makeHistory(3, 48, noPadding);
  std::vector<float> expected = referenceLogits(history, 0);
  for (int threads : {1, 2, 3, 7}) {
    SessionHandle session = create(3, 48, threads);
    EXPECT_EQ(prefill(session.get(), history, 0, 48, QOPT_LOGITS_ALL),
              expected);
  }
}

TEST_P(Decoder, sessionsRunInParallel) {
  std::vector<std::thread> callers;
  for (int64_t caller = 0; caller < 3; ++caller)
    callers.emplace_back([this, caller] {
      SessionHandle session = create(caller + 1, 48);
      for (int loop = 0; loop < 20; ++loop) {
        History history = makeHistory(caller + 1, 20 + loop, noPadding);
        qopt_session_reset(session.get());
        prefill(session.get(), history, 0, 19 + loop, QOPT_LOGITS_NONE);
        EXPECT_EQ(decode(session.get(), history, 19 + loop),
                  referenceLogits(history, 19 + loop));
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST_P(Decoder, halfLogitsComeAsFloats) {
  Artifact half("half_decoder", std::vector<float>(FAKE_VOCABULARY));
  ModelHandle halfModel = load(half);
  SessionHandle session = createSession(halfModel.get(), {});
  History history = makeHistory(1, 6, noPadding);
  // All weights are 0: logits are sums of values, small enough to be exact.
  std::vector<float> expected = referenceLogits(history, 0, 0);
  EXPECT_EQ(prefill(session.get(), history, 0, 6, QOPT_LOGITS_ALL), expected);
  qopt_session_reset(session.get());
  std::vector<float> last(expected.end() - FAKE_VOCABULARY, expected.end());
  EXPECT_EQ(prefill(session.get(), history, 0, 6, QOPT_LOGITS_LAST), last);
  qopt_session_truncate(session.get(), 5);
  EXPECT_EQ(decode(session.get(), history, 5), last);
}

/// A prompt is refused with `status`; why.
std::string failure(qopt_session *session, const Prompt &prompt,
                    qopt_status status) {
  int64_t before = qopt_session_length(session);
  std::vector<float> logits(4096);
  EXPECT_EQ(qopt_session_prefill(session, &prompt.prompt, QOPT_LOGITS_LAST,
                                 logits.data()),
            status);
  EXPECT_EQ(qopt_session_length(session), before);
  return qopt_last_error();
}

TEST_P(Decoder, refusesMoreThanTheSessionHolds) {
  History history = makeHistory(3, 60, noPadding), one = prefix(history, 48);
  one.resize(1);
  SessionHandle session = create(2, 50);
  EXPECT_EQ(failure(session.get(), Prompt(history, 0, 4), QOPT_ERROR_CAPACITY),
            "a batch of 3 exceeds the session's batch of 2");
  prefill(session.get(), one, 0, 48, QOPT_LOGITS_NONE);
  EXPECT_EQ(failure(session.get(), Prompt(one, 0, 3), QOPT_ERROR_CAPACITY),
            "48 past and 3 new time steps exceed the session's context of 50");
  prefill(session.get(), one, 0, 2, QOPT_LOGITS_NONE);
  int64_t token = 1;
  EXPECT_EQ(qopt_session_decode(session.get(), &token, 1, nullptr, nullptr),
            QOPT_ERROR_CAPACITY);
  EXPECT_STREQ(
      qopt_last_error(),
      "50 past and 1 new time steps exceed the session's context of 50");
}

TEST_P(Decoder, refusesAnotherBatchThanTheCacheHas) {
  SessionHandle session = create(2, 48);
  prefill(session.get(), makeHistory(2, 4, noPadding), 0, 4, QOPT_LOGITS_NONE);
  EXPECT_EQ(failure(session.get(), Prompt(makeHistory(1, 4, noPadding), 0, 4),
                    QOPT_ERROR_ARGUMENT),
            "expects 2 rows, as the cache has, but got 1");
}

TEST_P(Decoder, refusesTokensOutOfRange) {
  SessionHandle session = create(2, 48);
  Prompt prompt(makeHistory(2, 4, noPadding), 0, 4);
  for (int64_t bad : {int64_t(16), int64_t(-1), int64_t(1) << 32}) {
    prompt.tokens[6] = bad;
    EXPECT_EQ(failure(session.get(), prompt, QOPT_ERROR_VALUE),
              "input 'tokens' has token id " + std::to_string(bad) +
                  " at [1, 2], but the vocabulary has 16");
  }
  // What the model itself finds out.
  prompt.tokens[6] = FAKE_UNLUCKY_TOKEN;
  EXPECT_EQ(failure(session.get(), prompt, QOPT_ERROR_VALUE),
            "Embed: token 13 is unlucky");
}

TEST_P(Decoder, afterAFailureGoesOnFromBefore) {
  History history = makeHistory(2, 10, noPadding);
  SessionHandle session = create(2, 48);
  prefill(session.get(), history, 0, 9, QOPT_LOGITS_NONE);
  std::vector<int64_t> unlucky = {1, FAKE_UNLUCKY_TOKEN};
  EXPECT_EQ(
      qopt_session_decode(session.get(), unlucky.data(), 2, nullptr, nullptr),
      QOPT_ERROR_VALUE);
  EXPECT_EQ(decode(session.get(), history, 9), referenceLogits(history, 9));
}

TEST_P(Decoder, refusesNullEmptyAndUnknown) {
  SessionHandle session = create(1, 48);
  Prompt prompt(makeHistory(1, 4, noPadding), 0, 4);
  EXPECT_EQ(qopt_session_prefill(session.get(), &prompt.prompt,
                                 QOPT_LOGITS_LAST, nullptr),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_session_prefill: logits is null");
  std::vector<float> logits(4 * FAKE_VOCABULARY);
  EXPECT_EQ(qopt_session_prefill(session.get(), &prompt.prompt,
                                 static_cast<qopt_logits>(3), logits.data()),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(),
               "qopt_session_prefill: expects which logits to write, 0 (none), "
               "1 (last) or 2 (all), but got 3");
  EXPECT_EQ(qopt_session_length(session.get()), 0);
  prompt.prompt.length = 0;
  EXPECT_EQ(failure(session.get(), prompt, QOPT_ERROR_ARGUMENT),
            "expects at least 1 row and 1 token, but got 1 and 0");
  prompt.prompt.tokens = nullptr;
  EXPECT_EQ(failure(session.get(), prompt, QOPT_ERROR_ARGUMENT),
            "qopt_session_prefill: tokens is null");
}

INSTANTIATE_TEST_SUITE_P(Prefill, Decoder,
                         ::testing::Values("decoder", "picking_decoder"),
                         [](const auto &info) { return info.param; });

} // namespace

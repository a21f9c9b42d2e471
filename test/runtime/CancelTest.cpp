//===- CancelTest.cpp - Calls that are cancelled --------------------------===//

#include "test/runtime/Artifacts.h"
#include "test/runtime/DecoderReference.h"

#include <gtest/gtest.h>

using namespace qopt::test;

namespace {

/// Cancels at the poll with this number; negative: never.
struct Countdown {
  int polls = -1;
  static int ask(void *user) {
    auto *self = static_cast<Countdown *>(user);
    return self->polls >= 0 && self->polls-- == 0;
  }
};

class Cancel : public ::testing::TestWithParam<int> {
protected:
  Cancel() : artifact("decoder", decoderWeights()), model(load(artifact)) {
    qopt_session_options options = {};
    options.threads = GetParam();
    options.cancel = Countdown::ask;
    options.cancel_user = &countdown;
    session = createSession(model.get(), options);
  }

  qopt_status prefill(const History &history, size_t first, size_t last) {
    std::vector<int64_t> tokens;
    for (size_t t = first; t < last; ++t)
      tokens.push_back(history[0][t].token);
    qopt_prompt prompt = {tokens.data(), 1, static_cast<int64_t>(last - first),
                          nullptr, nullptr};
    logits.assign((last - first) * FAKE_VOCABULARY, -1);
    return qopt_session_prefill(session.get(), &prompt, QOPT_LOGITS_ALL,
                                logits.data());
  }

  Countdown countdown;
  Artifact artifact;
  ModelHandle model;
  SessionHandle session;
  std::vector<float> logits;
};

TEST_P(Cancel, rollsBackAndTheSessionGoesOn) {
  History history = makeHistory(1, 40, noPadding);
  ASSERT_EQ(prefill(history, 0, 10), QOPT_OK);
  for (int polls : {0, 1, 2}) { // at the start, before and after the first item
    countdown.polls = polls;
    EXPECT_EQ(prefill(history, 10, 40), QOPT_ERROR_CANCELLED);
    EXPECT_STREQ(qopt_last_error(), "cancelled");
    EXPECT_EQ(qopt_session_length(session.get()), 10);
  }
  countdown.polls = -1;
  ASSERT_EQ(prefill(history, 10, 40), QOPT_OK);
  EXPECT_EQ(logits, referenceLogits(history, 10));
}

INSTANTIATE_TEST_SUITE_P(Threads, Cancel, ::testing::Values(1, 2, 4));

} // namespace

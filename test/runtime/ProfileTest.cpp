//===- ProfileTest.cpp - Callbacks around parallel loops ------------------===//

#include "qopt/artifact.h"
#include "test/runtime/Artifacts.h"
#include "test/runtime/FakeDecoder.h"

extern "C" {
#include "runtime/threads.h"
}

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace qopt::test;
using testing::ElementsAre;

namespace {

/// Entry, loop, whether it ends.
using Event = std::tuple<int, int, int>;
using Events = std::vector<Event>;

void record(void *user, int32_t entry, int32_t loop, int32_t ends) {
  static_cast<Events *>(user)->emplace_back(entry, loop, ends);
}

class Profile : public ::testing::TestWithParam<int> {};

TEST_P(Profile, loopsAreCountedInEachExecutionOfAnEntry) {
  Artifact artifact("decoder", decoderWeights());
  ModelHandle model = load(artifact);
  qopt_session_options options = {};
  options.threads = GetParam();
  options.chunk = 2;
  SessionHandle session = createSession(model.get(), options);
  Events events;
  qopt_session_set_profile(session.get(), record, &events);

  // Chunks of 2, 2 and 1 tokens; one token is what the entry for decoding is
  // for.
  std::vector<int64_t> tokens = {1, 2, 3, 1, 2};
  qopt_prompt prompt = {tokens.data(), 1, 5, nullptr, nullptr};
  ASSERT_EQ(
      qopt_session_prefill(session.get(), &prompt, QOPT_LOGITS_NONE, nullptr),
      QOPT_OK);
  auto execution = [](int entry) {
    return Events{{entry, 0, 0}, {entry, 0, 1}, {entry, 1, 0}, {entry, 1, 1}};
  };
  Events expected;
  for (int entry : {QOPT_ENTRY_PREFILL, QOPT_ENTRY_PREFILL, QOPT_ENTRY_DECODE})
    for (const Event &event : execution(entry))
      expected.push_back(event);
  EXPECT_EQ(events, expected);

  events.clear();
  std::vector<float> logits(FAKE_VOCABULARY);
  ASSERT_EQ(qopt_session_decode(session.get(), tokens.data(), 1, nullptr,
                                logits.data()),
            QOPT_OK);
  EXPECT_EQ(events, execution(QOPT_ENTRY_DECODE));

  events.clear();
  qopt_session_set_profile(session.get(), nullptr, nullptr);
  ASSERT_EQ(qopt_session_decode(session.get(), tokens.data(), 1, nullptr,
                                logits.data()),
            QOPT_OK);
  EXPECT_THAT(events, ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(Threads, Profile, testing::Values(1, 2));

void nothing(const void *, int64_t, int64_t, void *) {}

TEST(ProfileOfPool, loopsWithoutItemsCountToo) {
  qopt_pool *pool = nullptr;
  ASSERT_EQ(qopt_pool_create(2, 0, nullptr, nullptr, &pool), QOPT_OK);
  Events events;
  qopt_pool_set_profile(pool, record, &events);
  qopt_pool_enter(pool, QOPT_ENTRY_MAIN);
  qopt_pool_parallel_for(pool, nothing, nullptr, 0);
  qopt_pool_parallel_for(pool, nothing, nullptr, 3);
  qopt_pool_enter(pool, QOPT_ENTRY_MAIN);
  qopt_pool_parallel_for(pool, nothing, nullptr, 3);
  EXPECT_THAT(events,
              ElementsAre(Event(0, 0, 0), Event(0, 0, 1), Event(0, 1, 0),
                          Event(0, 1, 1), Event(0, 0, 0), Event(0, 0, 1)));
  qopt_pool_free(pool);
}

} // namespace

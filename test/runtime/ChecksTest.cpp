//===- ChecksTest.cpp - What generated headers ask the runtime ------------===//

#include "test/runtime/Artifacts.h"
#include "test/runtime/FakeDecoder.h"

#include <gtest/gtest.h>

using namespace qopt::test;

namespace {

struct Checks : ::testing::Test {
  Artifact artifact{"decoder", decoderWeights()};
  ModelHandle model = load(artifact);
  const qopt_model_info *info = qopt_model_get_info(model.get());
};

TEST_F(Checks, countElements) {
  auto count = [](std::vector<int64_t> dims) {
    return qopt_count_elements(static_cast<int32_t>(dims.size()), dims.data());
  };
  EXPECT_EQ(count({}), 1u);
  EXPECT_EQ(count({3, 4, 5}), 60u);
  EXPECT_EQ(count({INT64_MAX, INT64_MAX, 0}), 0u);
  EXPECT_EQ(count({INT64_MAX, 3}), SIZE_MAX);
  EXPECT_EQ(count({0, -1}), SIZE_MAX);
}

TEST_F(Checks, aModelFitsItsOwnSpecs) {
  EXPECT_EQ(qopt_model_check(model.get(), info->inputs, info->num_inputs,
                             info->outputs, info->num_outputs),
            QOPT_OK);
  EXPECT_EQ(qopt_model_check(nullptr, info->inputs, info->num_inputs,
                             info->outputs, info->num_outputs),
            QOPT_ERROR_ARGUMENT);
}

TEST_F(Checks, otherSpecsAreRefused) {
  auto check = [&](const std::vector<qopt_tensor_spec> &outputs) {
    return qopt_model_check(model.get(), info->inputs, info->num_inputs,
                            outputs.data(),
                            static_cast<int32_t>(outputs.size()));
  };
  std::vector<qopt_tensor_spec> same(info->outputs,
                                     info->outputs + info->num_outputs);
  auto outputs = same;
  outputs.pop_back();
  EXPECT_EQ(check(outputs), QOPT_ERROR_SIGNATURE);
  EXPECT_STREQ(qopt_last_error(),
               "expects a model of 4 outputs, but 'decoder' has 5");
  outputs = same;
  outputs[1].dims[2] = 17;
  EXPECT_EQ(check(outputs), QOPT_ERROR_SIGNATURE);
  EXPECT_STREQ(qopt_last_error(),
               "expects a model whose output 1 is 'logits' float32 [?, ?, 17], "
               "but that of 'decoder' is 'logits' float32 [?, ?, 16]");
  std::string longName(1000, 'x');
  outputs = same;
  outputs[1].name = longName.c_str();
  EXPECT_EQ(check(outputs), QOPT_ERROR_SIGNATURE);
  outputs = same;
  outputs[1].dtype = QOPT_FLOAT16;
  EXPECT_EQ(check(outputs), QOPT_ERROR_SIGNATURE);
  outputs = same;
  outputs[0].cache = 1;
  EXPECT_EQ(check(outputs), QOPT_ERROR_SIGNATURE);
}

TEST_F(Checks, countsOfAPrompt) {
  SessionHandle session = createSession(model.get(), {});
  const int64_t tokens[6] = {};
  const uint8_t mask[6] = {};
  qopt_prompt prompt = {tokens, 2, 3, nullptr, nullptr};
  auto check = [&](qopt_logits which, qopt_prompt_counts counts,
                   int64_t logits = FAKE_VOCABULARY) {
    return qopt_session_check_counts(session.get(), logits, &prompt, which,
                                     &counts);
  };
  EXPECT_EQ(check(QOPT_LOGITS_NONE, {6, 0, 0}), QOPT_OK);
  EXPECT_EQ(check(QOPT_LOGITS_LAST, {6, 0, 32}), QOPT_OK);
  EXPECT_EQ(check(QOPT_LOGITS_ALL, {6, 0, 96}), QOPT_OK);
  EXPECT_EQ(check(QOPT_LOGITS_ALL, {6, 0, 200}), QOPT_OK);
  EXPECT_EQ(check(QOPT_LOGITS_LAST, {6, 0, 31}), QOPT_ERROR_SIGNATURE);
  EXPECT_STREQ(qopt_last_error(), "logits: 32 elements are needed for this "
                                  "shape, but 31 are given");
  EXPECT_EQ(check(QOPT_LOGITS_ALL, {6, 0, 95}), QOPT_ERROR_SIGNATURE);
  EXPECT_EQ(check(QOPT_LOGITS_NONE, {7, 0, 0}), QOPT_ERROR_SIGNATURE);
  EXPECT_EQ(check(QOPT_LOGITS_LAST, {6, 0, 32}, 17), QOPT_ERROR_SIGNATURE);
  EXPECT_STREQ(qopt_last_error(),
               "expects a session of a model with 17 logits, but 'decoder' "
               "has 16");
  prompt.mask = mask;
  EXPECT_EQ(check(QOPT_LOGITS_NONE, {6, 6, 0}), QOPT_OK);
  EXPECT_EQ(check(QOPT_LOGITS_NONE, {6, 5, 0}), QOPT_ERROR_SIGNATURE);
  prompt.batch = INT64_MAX;
  EXPECT_EQ(check(QOPT_LOGITS_NONE, {6, 6, 0}), QOPT_ERROR_SIGNATURE);
  qopt_prompt_counts counts = {6, 0, 0};
  EXPECT_EQ(qopt_session_check_counts(nullptr, FAKE_VOCABULARY, &prompt,
                                      QOPT_LOGITS_NONE, &counts),
            QOPT_ERROR_ARGUMENT);
}

} // namespace

//===- SignatureTest.cpp - Decoders with their ONNX signature -------------===//

#include "test/runtime/Artifacts.h"
#include "test/runtime/DecoderReference.h"

extern "C" {
#include "runtime/convert.h"
}
#include <cstring>
#include <gtest/gtest.h>

using namespace qopt::test;

namespace {

/// The inputs of a call: `past` time steps of a history, then the others.
struct Inputs {
  Inputs(const History &history, size_t past, qopt_dtype dtype = QOPT_FLOAT) {
    int64_t batch = static_cast<int64_t>(history.size());
    int64_t total = static_cast<int64_t>(history[0].size());
    int64_t steps = static_cast<int64_t>(past);
    for (const std::vector<Step> &row : history)
      for (size_t t = 0; t < row.size(); ++t) {
        mask.push_back(row[t].mask);
        if (t < past)
          continue;
        tokens.push_back(row[t].token);
        positions.push_back(row[t].position);
      }
    tensors = {
        tensor("attention_mask", QOPT_INT64, {batch, total}, mask),
        tensor("position_ids", QOPT_INT64, {batch, total - steps}, positions),
        tensor("input_ids", QOPT_INT64, {batch, total - steps}, tokens)};
    static const char *const names[] = {"past.0.key", "past.0.value",
                                        "past.1.key", "past.1.value"};
    for (int i = 0; i < 4; ++i) {
      std::vector<float> values =
          referenceCache(history, i / 2, i % 2 == 0, past);
      size_t size = qopt_dtype_bytes(dtype);
      pasts[i].resize(values.size() * size);
      qopt_from_float(pasts[i].data(), values.data(), dtype, values.size());
      tensors.push_back(tensor(names[i], dtype,
                               {batch, FAKE_HEADS, steps,
                                i % 2 == 0 ? FAKE_KEY_DIM : FAKE_VALUE_DIM},
                               pasts[i]));
    }
  }

  qopt_tensor &operator[](const char *name) {
    for (qopt_tensor &tensor : tensors)
      if (std::strcmp(tensor.name, name) == 0)
        return tensor;
    std::abort();
  }

  std::vector<int64_t> tokens, mask, positions;
  std::vector<char> pasts[4];
  std::vector<qopt_tensor> tensors;
};

std::vector<float> floats(const qopt_tensor &tensor) {
  std::vector<float> values(tensor.bytes / qopt_dtype_bytes(tensor.dtype));
  qopt_to_float(values.data(), tensor.data, tensor.dtype, values.size());
  return values;
}

class Signature : public ::testing::Test {
protected:
  Signature() : artifact("decoder", decoderWeights()), model(load(artifact)) {
    qopt_session_options options = {};
    options.batch = 3;
    options.threads = 2;
    session = createSession(model.get(), options);
  }

  qopt_status run(Inputs &inputs, std::vector<qopt_tensor> &outputs) {
    return qopt_session_run(session.get(), inputs.tensors.data(),
                            inputs.tensors.size(), outputs.data(),
                            outputs.size());
  }

  std::string failure(Inputs &inputs,
                      qopt_status status = QOPT_ERROR_SIGNATURE) {
    std::vector<qopt_tensor> outputs = {wanted("logits")};
    EXPECT_EQ(run(inputs, outputs), status);
    return qopt_last_error();
  }

  Artifact artifact;
  ModelHandle model;
  SessionHandle session;
};

TEST_F(Signature, pastInPresentOut) {
  auto padding = [](int64_t row, int64_t t) { return t < row; };
  for (size_t past : {0, 1, 31, 32, 33, 45})
    for (size_t sequence : {1, 3}) {
      History history = makeHistory(3, past + sequence, padding);
      Inputs inputs(history, past);
      std::vector<qopt_tensor> outputs = {
          wanted("present.1.value"), wanted("logits"), wanted("present.0.key")};
      ASSERT_EQ(run(inputs, outputs), QOPT_OK) << qopt_last_error();
      EXPECT_EQ(floats(outputs[1]), referenceLogits(history, past));
      EXPECT_EQ(outputs[2].dims[2], static_cast<int64_t>(past + sequence));
      EXPECT_EQ(floats(outputs[2]),
                referenceCache(history, 0, true, past + sequence));
      EXPECT_EQ(floats(outputs[0]),
                referenceCache(history, 1, false, past + sequence));
      EXPECT_EQ(qopt_session_length(session.get()),
                static_cast<int64_t>(past + sequence));
    }
}

TEST_F(Signature, halfPastAndPresent) {
  Artifact half("half_decoder", std::vector<float>(FAKE_VOCABULARY));
  ModelHandle halfModel = load(half);
  session = createSession(halfModel.get(), {});
  History history = makeHistory(1, 5, noPadding);
  Inputs inputs(history, 3, QOPT_FLOAT16);
  std::vector<qopt_tensor> outputs = {wanted("present.1.key")};
  ASSERT_EQ(run(inputs, outputs), QOPT_OK) << qopt_last_error();
  EXPECT_EQ(outputs[0].dtype, QOPT_FLOAT16);
  EXPECT_EQ(floats(outputs[0]), referenceCache(history, 1, true, 5));
}

TEST_F(Signature, decodeGoesOnFromARun) {
  auto padding = [](int64_t row, int64_t t) { return t < 2 * row; };
  History history = makeHistory(3, 12, padding), prompt = history;
  for (std::vector<Step> &row : prompt)
    row.resize(11);
  Inputs inputs(prompt, 6);
  std::vector<qopt_tensor> outputs;
  ASSERT_EQ(run(inputs, outputs), QOPT_OK) << qopt_last_error();
  EXPECT_EQ(qopt_session_batch(session.get()), 3);
  std::vector<int64_t> tokens;
  for (const std::vector<Step> &row : history)
    tokens.push_back(row[11].token);
  std::vector<float> logits(3 * FAKE_VOCABULARY);
  ASSERT_EQ(qopt_session_decode(session.get(), tokens.data(), 3, nullptr,
                                logits.data()),
            QOPT_OK);
  EXPECT_EQ(logits, referenceLogits(history, 11));
}

TEST_F(Signature, aRefusedCallLeavesTheCache) {
  History history = makeHistory(2, 4, noPadding);
  Inputs inputs(history, 2);
  std::vector<qopt_tensor> outputs;
  ASSERT_EQ(run(inputs, outputs), QOPT_OK);
  Inputs wrong(history, 1);
  wrong.tokens[0] = 99;
  EXPECT_EQ(failure(wrong, QOPT_ERROR_VALUE),
            "input 'input_ids' has token id 99 at [0, 0], but the vocabulary "
            "has 16");
  EXPECT_EQ(qopt_session_length(session.get()), 4);
  wrong.tokens[0] = FAKE_UNLUCKY_TOKEN;
  EXPECT_EQ(failure(wrong, QOPT_ERROR_VALUE), "Embed: token 13 is unlucky");
  EXPECT_EQ(qopt_session_length(session.get()), 0);
}

TEST_F(Signature, refusesWrongShapes) {
  History history = makeHistory(2, 5, noPadding);
  {
    Inputs inputs(history, 2);
    inputs["attention_mask"].dims[1] = 6;
    EXPECT_EQ(failure(inputs), "input 'attention_mask' expects dimension 1 to "
                               "be sequence + past = 5, but got 6");
  }
  {
    Inputs inputs(history, 2);
    inputs["past.1.value"].dims[2] = 3;
    EXPECT_EQ(failure(inputs), "input 'past.1.value' expects dimension 2 to be "
                               "past = 2, but got 3");
  }
  {
    Inputs inputs(history, 2);
    inputs["past.0.key"].dims[3] = 5;
    EXPECT_EQ(failure(inputs),
              "input 'past.0.key' expects dimension 3 to be 3, but got 5");
  }
  {
    Inputs inputs(history, 2);
    inputs["past.0.key"].dtype = QOPT_BFLOAT16;
    EXPECT_EQ(failure(inputs),
              "input 'past.0.key' expects dtype float32, but got bfloat16");
  }
  {
    Inputs inputs(history, 2);
    inputs.tensors.pop_back();
    EXPECT_EQ(failure(inputs), "input 'past.1.value' is missing");
    inputs.tensors[0].name = "mask";
    EXPECT_EQ(failure(inputs),
              "the model has no input 'mask' (it has input_ids, "
              "attention_mask, position_ids, past keys and values)");
  }
}

TEST_F(Signature, refusesMoreThanTheSessionHolds) {
  Inputs inputs(makeHistory(3, 49, noPadding), 48);
  EXPECT_EQ(failure(inputs, QOPT_ERROR_CAPACITY),
            "48 past and 1 new time steps exceed the session's context of 48");
  Inputs rows(makeHistory(4, 3, noPadding), 1);
  EXPECT_EQ(failure(rows, QOPT_ERROR_CAPACITY),
            "a batch of 4 exceeds the session's batch of 3");
  Inputs nothing(makeHistory(2, 3, noPadding), 3);
  EXPECT_EQ(failure(nothing),
            "expects at least 1 row and 1 new time step, but got 2 and 0");
}

} // namespace

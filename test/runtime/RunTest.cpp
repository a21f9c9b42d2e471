//===- RunTest.cpp - Running a model without caches -----------------------===//

#include "test/runtime/Artifacts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

using namespace qopt::test;

namespace {

class Run : public ::testing::Test {
protected:
  explicit Run(const char *fake = "encoder", int threads = 0)
      : artifact(fake, {1, 2}), model(load(artifact)) {
    qopt_session_options options = {};
    options.threads = threads;
    session = createSession(model.get(), options);
  }

  /// Sets the inputs for these sizes.
  void fill(int64_t batch, int64_t sequence) {
    x.assign(batch * sequence * 2, 0);
    pair.assign(batch * sequence * 2, 0);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i % 97);
      pair[i] = static_cast<int32_t>(i % 31);
    }
    inputs = {tensor("scale", QOPT_FLOAT, {}, scale),
              tensor("x", QOPT_FLOAT, {batch, sequence, 2}, x),
              tensor("pair", QOPT_INT32, {batch, 2 * sequence}, pair)};
  }

  qopt_status run() {
    return qopt_session_run(session.get(), inputs.data(), inputs.size(),
                            outputs.data(), outputs.size());
  }

  /// The message of a run that is refused with `status`.
  std::string failure(qopt_status status = QOPT_ERROR_SIGNATURE) {
    EXPECT_EQ(run(), status);
    return qopt_last_error();
  }

  /// Where rows are apart, `atOnce` of them run at a time.
  void checkOutput(int64_t batch, int64_t sequence, int64_t atOnce = 0) {
    const float *y = static_cast<const float *>(outputs[0].data);
    for (int64_t b = 0; b < batch; ++b) {
      int64_t rows =
          atOnce ? std::min(atOnce, batch - b / atOnce * atOnce) : batch;
      for (int64_t s = 0; s < sequence; ++s) {
        int64_t i = 2 * (b * sequence + s);
        ASSERT_EQ(*y++, scale[0] * (x[i] + x[i + 1]) +
                            static_cast<float>(pair[i] + pair[i + 1]) + 100);
      }
      ASSERT_EQ(*y++, static_cast<float>(rows * sequence));
    }
  }

  Artifact artifact;
  ModelHandle model;
  SessionHandle session;
  std::vector<float> x, scale = {0.5f};
  std::vector<int32_t> pair;
  std::vector<qopt_tensor> inputs, outputs = {wanted("y")};
};

TEST_F(Run, shapesChangeFromCallToCall) {
  for (auto [batch, sequence] :
       {std::pair<int64_t, int64_t>(1, 1), {3, 7}, {40, 512}, {2, 2}}) {
    fill(batch, sequence);
    outputs = {wanted("y")};
    ASSERT_EQ(run(), QOPT_OK) << qopt_last_error();
    EXPECT_EQ(outputs[0].dtype, QOPT_FLOAT);
    EXPECT_EQ(outputs[0].rank, 2);
    EXPECT_EQ(outputs[0].dims[0], batch);
    EXPECT_EQ(outputs[0].dims[1], sequence + 1);
    EXPECT_EQ(outputs[0].bytes, 4u * batch * (sequence + 1));
    checkOutput(batch, sequence);
  }
}

/// A megabyte of intermediate values for each time step of a row.
class RunOfRows : public Run, public ::testing::WithParamInterface<int> {
protected:
  RunOfRows() : Run("rows_encoder", GetParam()) {}
};

TEST_P(RunOfRows, partsFitTheCache) {
  for (auto [batch, sequence, atOnce] :
       {std::tuple<int64_t, int64_t, int64_t>(5, 3, 2),
        {7, 1, 7},
        {9, 1, 5},
        {3, 8, 1},
        {2, 9, 1},
        {1, 9, 1},
        {41, 4, 2}}) {
    fill(batch, sequence);
    outputs = {wanted("y")};
    ASSERT_EQ(run(), QOPT_OK) << qopt_last_error();
    EXPECT_EQ(outputs[0].bytes, 4u * batch * (sequence + 1));
    checkOutput(batch, sequence, atOnce);
  }
}

TEST_P(RunOfRows, anEmptyBatchGivesAnEmptyOutput) {
  fill(0, 5);
  ASSERT_EQ(run(), QOPT_OK) << qopt_last_error();
  EXPECT_EQ(outputs[0].bytes, 0u);
}

TEST_P(RunOfRows, theFirstErrorCounts) {
  fill(11, 8);
  x[16 * 3] = -2; // the first of row 3
  x[16 * 4] = x[16 * 10] = -1;
  EXPECT_EQ(failure(QOPT_ERROR_VALUE), "the second error");
  x[16 * 3] = 0;
  EXPECT_EQ(failure(QOPT_ERROR_VALUE), "the first error");
  x[16 * 4] = x[16 * 10] = 0;
  EXPECT_EQ(run(), QOPT_OK);
}

INSTANTIATE_TEST_SUITE_P(Threads, RunOfRows, ::testing::Values(1, 2, 4));

TEST_F(Run, anEmptyBatchGivesAnEmptyOutput) {
  fill(0, 5);
  ASSERT_EQ(run(), QOPT_OK) << qopt_last_error();
  EXPECT_EQ(outputs[0].bytes, 0u);
  EXPECT_EQ(outputs[0].dims[1], 6);
}

TEST_F(Run, writesToTheCallersMemory) {
  fill(2, 3);
  std::vector<float> memory(9, -7);
  outputs[0].data = memory.data();
  outputs[0].bytes = 36;
  ASSERT_EQ(run(), QOPT_OK) << qopt_last_error();
  EXPECT_EQ(outputs[0].data, memory.data());
  EXPECT_EQ(outputs[0].bytes, 32u);
  checkOutput(2, 3);
  EXPECT_EQ(memory[8], -7);
  outputs[0].bytes = 31;
  EXPECT_EQ(failure(), "output 'y' needs 32 bytes, but got 31");
}

TEST_F(Run, outputsNeedNotBeAskedFor) {
  fill(2, 3);
  outputs.clear();
  EXPECT_EQ(run(), QOPT_OK);
}

TEST_F(Run, refusesWrongNames) {
  fill(2, 3);
  inputs[1].name = "X";
  EXPECT_EQ(failure(), "the model has no input 'X' (it has x, pair, scale)");
  inputs[1].name = nullptr;
  EXPECT_EQ(failure(), "the model has no input '' (it has x, pair, scale)");
  inputs[1].name = "pair";
  EXPECT_EQ(failure(), "input 'pair' is given twice");
  inputs.erase(inputs.begin() + 1);
  EXPECT_EQ(failure(), "input 'x' is missing");
  fill(2, 3);
  outputs[0].name = "z";
  EXPECT_EQ(failure(), "the model has no output 'z'");
  outputs = {wanted("y"), wanted("y")};
  EXPECT_EQ(failure(), "output 'y' is asked for twice");
}

TEST_F(Run, refusesWrongTypes) {
  fill(2, 3);
  inputs[1].dtype = QOPT_FLOAT16;
  EXPECT_EQ(failure(), "input 'x' expects dtype float32, but got float16");
  fill(2, 3);
  inputs[1].rank = 2;
  EXPECT_EQ(failure(), "input 'x' expects rank 3, but got 2");
}

TEST_F(Run, refusesWrongShapes) {
  fill(2, 3);
  inputs[1].dims[2] = 4;
  EXPECT_EQ(failure(), "input 'x' expects dimension 2 to be 2, but got 4");
  fill(2, 3);
  inputs[2].dims[1] = 8;
  EXPECT_EQ(failure(),
            "input 'pair' expects dimension 1 to be 2*sequence = 6, but got 8");
  fill(2, 3);
  inputs[2].dims[0] = 1;
  EXPECT_EQ(failure(),
            "input 'pair' expects dimension 0 to be batch = 2, but got 1");
  fill(2, 3);
  inputs[1].dims[0] = -2;
  EXPECT_EQ(failure(), "input 'x' has dimension 0 of negative size -2");
  fill(2, 513);
  EXPECT_EQ(failure(), "sequences are at most 512 long (sequence = 513)");
}

TEST_F(Run, refusesWrongSizes) {
  fill(2, 3);
  inputs[1].bytes = 44;
  EXPECT_EQ(failure(), "input 'x' expects 48 bytes for its shape, but got 44");
  fill(2, 3);
  inputs[1].data = nullptr;
  EXPECT_EQ(failure(), "input 'x' has no data");
  fill(2, 3);
  inputs[1].dims[0] = inputs[2].dims[0] = INT64_MAX / 2;
  EXPECT_EQ(failure(), "input 'x' expects fewer elements than its shape has");
}

TEST_F(Run, refusesNullPointers) {
  fill(2, 3);
  EXPECT_EQ(qopt_session_run(nullptr, nullptr, 0, nullptr, 0),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_session_run: session is null");
  EXPECT_EQ(qopt_session_run(session.get(), nullptr, 1, nullptr, 0),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_session_run: inputs is null");
  EXPECT_EQ(qopt_session_run(session.get(), inputs.data(), 3, nullptr, 1),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_session_run: outputs is null");
}

TEST_F(Run, isNoDecoder) {
  int64_t token = 0;
  EXPECT_EQ(qopt_session_decode(session.get(), &token, 1, nullptr, nullptr),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(),
               "the model has no caches; it runs by qopt_session_run");
  EXPECT_EQ(qopt_session_length(session.get()), 0);
}

TEST_F(Run, refusesOptionsOutOfRange) {
  qopt_session *none = nullptr;
  qopt_session_options options = {};
  options.threads = 1025;
  EXPECT_EQ(qopt_session_create(model.get(), &options, &none),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "expects 0 to 1024 threads, but got 1025");
  options = {};
  options.batch = -1;
  EXPECT_EQ(qopt_session_create(model.get(), &options, &none),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "expects a batch of at least 0, but got -1");
  options = {};
  options.context = -1;
  EXPECT_EQ(qopt_session_create(model.get(), &options, &none),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(),
               "expects a context of at least 0, but got -1");
  options = {};
  options.chunk = -1;
  EXPECT_EQ(qopt_session_create(model.get(), &options, &none),
            QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "expects a chunk of at least 0, but got -1");
  EXPECT_EQ(qopt_session_create(nullptr, nullptr, &none), QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_session_create: model is null");
  EXPECT_EQ(none, nullptr);
}

} // namespace

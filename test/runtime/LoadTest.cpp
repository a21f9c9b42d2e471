//===- LoadTest.cpp - Opening artifacts -----------------------------------===//

#include "test/runtime/Artifacts.h"

#include "qopt/artifact.h"

extern "C" {
#include "runtime/cpu.h"
}

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace qopt::test;
using ::testing::HasSubstr;

namespace {

/// Opening fails with `status`; what follows the path in the message.
std::string failure(const std::string &path, qopt_status status) {
  qopt_model *model = reinterpret_cast<qopt_model *>(&status);
  EXPECT_EQ(qopt_model_load(path.c_str(), &model), status);
  EXPECT_EQ(model, nullptr);
  std::string text = qopt_last_error();
  size_t start = text.find("m.qopt");
  return start == std::string::npos ? text : text.substr(start);
}

TEST(Load, describesTheModel) {
  Artifact artifact("decoder", decoderWeights());
  ModelHandle model = load(artifact);
  const qopt_model_info *info = qopt_model_get_info(model.get());
  EXPECT_STREQ(info->name, "decoder");
  EXPECT_STREQ(info->compiler_version, "0.1.0");
  EXPECT_EQ(info->num_inputs, 7);
  EXPECT_EQ(info->num_outputs, 5);
  EXPECT_EQ(info->is_decoder, 1);
  EXPECT_EQ(info->num_caches, 2);
  EXPECT_EQ(info->cache_bytes, 2 * 2 * (3 + 5) * 4);
  EXPECT_EQ(info->max_context, 48);
  EXPECT_EQ(info->vocabulary, 16);
  EXPECT_STREQ(info->isa, "x86-64");
  ASSERT_EQ(info->num_isas, 1);
  EXPECT_STREQ(info->isas[0], "x86-64");
  EXPECT_EQ(info->weights_bytes, 128);
  EXPECT_EQ(info->weights[0], 56);
  const qopt_tensor_spec &mask = info->inputs[3];
  EXPECT_STREQ(mask.name, "attention_mask");
  EXPECT_EQ(mask.role, QOPT_ROLE_MASK);
  EXPECT_EQ(mask.cache, -1);
  EXPECT_EQ(mask.dims[0], -1);
  EXPECT_STREQ(mask.dim_texts[1], "sequence + past");
  EXPECT_EQ(info->inputs[4].cache, 1);
  EXPECT_EQ(info->outputs[1].dims[2], 16);
  EXPECT_STREQ(info->outputs[1].dim_texts[2], "16");
}

TEST(Load, aModelWithoutCachesIsNoDecoder) {
  Artifact artifact("encoder", {1, 2});
  ModelHandle model = load(artifact);
  const qopt_model_info *info = qopt_model_get_info(model.get());
  EXPECT_EQ(info->is_decoder, 0);
  EXPECT_STREQ(info->inputs[1].dim_texts[1], "2*sequence");
  EXPECT_EQ(info->inputs[2].rank, 0);
  EXPECT_EQ(info->num_isas, 3);
}

TEST(Load, sessionsKeepTheModel) {
  Artifact artifact("decoder", decoderWeights());
  ModelHandle model = load(artifact);
  SessionHandle session = createSession(model.get(), {});
  model.reset();
  int64_t token = 1;
  std::vector<float> logits(16);
  EXPECT_EQ(
      qopt_session_decode(session.get(), &token, 1, nullptr, logits.data()),
      QOPT_OK);
}

TEST(Load, logsWhatItOpened) {
  std::string log;
  qopt_set_log(
      [](void *user, qopt_log_level level, const char *text) {
        EXPECT_EQ(level, QOPT_LOG_INFO);
        *static_cast<std::string *>(user) += text;
      },
      &log);
  Artifact artifact("decoder", decoderWeights());
  load(artifact);
  qopt_set_log(nullptr, nullptr);
  EXPECT_THAT(log, HasSubstr("m.qopt: decoder, code for x86-64, 128 bytes of "
                             "weights"));
}

TEST(Load, opensWhatHasTakenThePlaceOfAnOpenArtifact) {
  Artifact artifact("decoder", decoderWeights()), next("encoder", {1, 2});
  ModelHandle model = load(artifact), same = load(artifact);
  std::filesystem::rename(next.codePath(), artifact.codePath());
  std::filesystem::rename(next.weightsPath(), artifact.weightsPath());
  ModelHandle other = load(artifact);
  ASSERT_NE(other, nullptr);
  EXPECT_STREQ(qopt_model_get_info(model.get())->name, "decoder");
  EXPECT_STREQ(qopt_model_get_info(same.get())->name, "decoder");
  EXPECT_STREQ(qopt_model_get_info(other.get())->name, "encoder");
}

TEST(Load, refusesWhatIsNoArtifact) {
  Artifact artifact("encoder", {1, 2});
  EXPECT_EQ(failure(artifact.path() + "x", QOPT_ERROR_FILE),
            "m.qoptx: No such file or directory");
  EXPECT_EQ(failure(artifact.codePath(), QOPT_ERROR_FILE),
            "m.qopt/model.so: expects an artifact, which is a directory");
  EXPECT_EQ(failure("", QOPT_ERROR_FILE),
            "cannot open : No such file or directory");
  EXPECT_EQ(qopt_model_load(nullptr, nullptr), QOPT_ERROR_ARGUMENT);
  EXPECT_STREQ(qopt_last_error(), "qopt_model_load: model is null");
  std::filesystem::remove(artifact.weightsPath());
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
            "m.qopt/weights.safetensors: No such file or directory");
  std::filesystem::remove(artifact.codePath());
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
            "m.qopt/model.so: No such file or directory");
}

TEST(Load, refusesCodeOfAnotherVersion) {
  Artifact abi("other_abi", {1, 2}), table("other_table", {1, 2});
  EXPECT_EQ(failure(abi.path(), QOPT_ERROR_VERSION),
            "m.qopt/model.so: made by another version of qopt (ABI 7, this "
            "runtime has ABI " +
                std::to_string(QOPT_ABI_VERSION) +
                "); compile the model again");
  EXPECT_EQ(failure(table.path(), QOPT_ERROR_VERSION),
            "m.qopt/model.so: made by another version of qopt (a table of 8 "
            "bytes, this runtime expects " +
                std::to_string(sizeof(qopt_artifact_table)) +
                "); compile the model again");
}

TEST(Load, refusesDamagedCode) {
  Artifact artifact("encoder", {1, 2}), foreign("no_symbol", {1, 2});
  EXPECT_EQ(failure(foreign.path(), QOPT_ERROR_FILE),
            "m.qopt/model.so: not made by qopt (no symbol qopt_artifact)");
  auto size = std::filesystem::file_size(artifact.codePath());
  for (auto cut : {size - 1, size / 2, size / 4}) {
    std::filesystem::resize_file(artifact.codePath(), cut);
    EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
              "m.qopt/model.so: truncated shared object");
  }
  for (auto cut : {63, 0}) {
    std::filesystem::resize_file(artifact.codePath(), cut);
    EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
              "m.qopt/model.so: not a 64-bit shared object");
  }
}

TEST(Load, refusesWeightsOfAnotherSize) {
  Artifact artifact("encoder", {1, 2});
  std::filesystem::resize_file(artifact.weightsPath(), 71);
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
            "m.qopt/weights.safetensors: truncated or resized weights file "
            "(expects 72 bytes, but got 71)");
  std::filesystem::resize_file(artifact.weightsPath(), 73);
  EXPECT_THAT(failure(artifact.path(), QOPT_ERROR_FILE),
              HasSubstr("truncated or resized weights file"));
  std::filesystem::resize_file(artifact.weightsPath(), 0);
  EXPECT_THAT(failure(artifact.path(), QOPT_ERROR_FILE),
              HasSubstr("expects 72 bytes, but got 0"));
}

TEST(Load, refusesWeightsOfAnotherArtifact) {
  Artifact artifact("encoder", {1, 2});
  std::fstream file(artifact.weightsPath(),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.put(48);
  file.close();
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_FILE),
            "m.qopt/weights.safetensors: not the weights file of this artifact "
            "(expects data at byte 64, but got 56)");
}

TEST(Load, choosesTheFirstVersionThatTheCpuRuns) {
  Artifact artifact("encoder", {1, 2}), other("other_cpu", {1, 2});
  EXPECT_STREQ(qopt_model_get_info(load(artifact).get())->isa, "first");
  EXPECT_EQ(failure(other.path(), QOPT_ERROR_CPU),
            "m.qopt/model.so: this CPU cannot run any version of the code "
            "(future, first, second)");
}

TEST(Load, theEnvironmentChoosesTheVersion) {
  Artifact artifact("encoder", {1, 2});
  setenv("QOPT_ISA", "second", 1);
  EXPECT_STREQ(qopt_model_get_info(load(artifact).get())->isa, "second");
  setenv("QOPT_ISA", "future", 1);
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_CPU),
            "m.qopt/model.so: QOPT_ISA asks for future, which this CPU cannot "
            "run");
  setenv("QOPT_ISA", "x86-64-v9", 1);
  EXPECT_EQ(failure(artifact.path(), QOPT_ERROR_CPU),
            "m.qopt/model.so: QOPT_ISA expects a version of the code that the "
            "artifact holds (future, first, second), but got x86-64-v9");
  unsetenv("QOPT_ISA");
}

TEST(Load, featuresComeInLevels) {
  uint64_t features = qopt_cpu_features();
  if (features & QOPT_CPU_AVX512)
    EXPECT_TRUE(features & QOPT_CPU_AVX2);
#if defined(__x86_64__)
  EXPECT_EQ((features & QOPT_CPU_AVX2) != 0,
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi2"));
  EXPECT_EQ((features & QOPT_CPU_AVX512) != 0,
            __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq"));
#endif
}

} // namespace

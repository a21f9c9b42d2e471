//===- Artifacts.cpp - Artifacts of fake models for tests -----------------===//

#include "test/runtime/Artifacts.h"

#include "test/runtime/FakeDecoder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace qopt::test {

Artifact::Artifact(const std::string &fake, const std::vector<float> &weights) {
  std::string name = ::testing::TempDir() + "/qopt-XXXXXX";
  if (!mkdtemp(name.data()))
    std::abort();
  folder = name;
  std::filesystem::create_directory(path());
  std::filesystem::copy_file(
      std::string(QOPT_FAKES) + "/libqopt_fake_" + fake + ".so", codePath());
  std::ofstream file(weightsPath(), std::ios::binary);
  uint64_t header = 56;
  file.write(reinterpret_cast<const char *>(&header), 8);
  file << "{}" << std::string(54, ' ');
  file.write(reinterpret_cast<const char *>(weights.data()),
             static_cast<std::streamsize>(4 * weights.size()));
}

Artifact::~Artifact() { std::filesystem::remove_all(folder); }

std::vector<float> decoderWeights() {
  std::vector<float> weights(FAKE_VOCABULARY);
  for (int i = 0; i < FAKE_VOCABULARY; ++i)
    weights[i] = static_cast<float>(i + 1);
  return weights;
}

ModelHandle load(const Artifact &artifact) {
  qopt_model *model = nullptr;
  EXPECT_EQ(qopt_model_load(artifact.path().c_str(), &model), QOPT_OK)
      << qopt_last_error();
  return ModelHandle(model);
}

SessionHandle createSession(qopt_model *model,
                            const qopt_session_options &options) {
  qopt_session *session = nullptr;
  EXPECT_EQ(qopt_session_create(model, &options, &session), QOPT_OK)
      << qopt_last_error();
  return SessionHandle(session);
}

} // namespace qopt::test

//===- Artifacts.h - Artifacts of fake models for tests ---------*- C++ -*-===//

#ifndef QOPT_TEST_RUNTIME_ARTIFACTS_H
#define QOPT_TEST_RUNTIME_ARTIFACTS_H

#include "qopt/runtime.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qopt::test {

/// A folder that holds an artifact and is deleted with this object.
class Artifact {
public:
  /// `fake` is a target of this folder's CMakeLists.txt: "encoder", "decoder",
  /// ...; `weights` follow a header of 56 bytes and its length in 8.
  explicit Artifact(const std::string &fake,
                    const std::vector<float> &weights = {});
  ~Artifact();

  std::string path() const { return folder + "/m.qopt"; }
  std::string codePath() const { return path() + "/model.so"; }
  std::string weightsPath() const { return path() + "/weights.safetensors"; }

private:
  std::string folder;
};

/// Weights of the decoder: v + 1 for token v.
std::vector<float> decoderWeights();

struct ModelDeleter {
  void operator()(qopt_model *model) const { qopt_model_free(model); }
};
using ModelHandle = std::unique_ptr<qopt_model, ModelDeleter>;

struct SessionDeleter {
  void operator()(qopt_session *session) const { qopt_session_free(session); }
};
using SessionHandle = std::unique_ptr<qopt_session, SessionDeleter>;

/// Fails the test when there is none.
ModelHandle load(const Artifact &artifact);
SessionHandle createSession(qopt_model *model,
                            const qopt_session_options &options);

/// A tensor over `data`, which must live longer.
template <typename T>
qopt_tensor tensor(const char *name, qopt_dtype dtype,
                   const std::vector<int64_t> &dims, std::vector<T> &data) {
  qopt_tensor result = {};
  result.name = name;
  result.dtype = dtype;
  result.rank = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size(); ++i)
    result.dims[i] = dims[i];
  result.data = data.data();
  result.bytes = data.size() * sizeof(T);
  return result;
}

/// A request for an output in the session's memory.
inline qopt_tensor wanted(const char *name) {
  qopt_tensor result = {};
  result.name = name;
  return result;
}

} // namespace qopt::test

#endif // QOPT_TEST_RUNTIME_ARTIFACTS_H

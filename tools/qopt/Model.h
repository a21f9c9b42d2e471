//===- Model.h - The runtime's objects, owned -------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_MODEL_H
#define QOPT_TOOLS_QOPT_MODEL_H

#include "lib/Files/Npy.h"
#include "qopt/runtime.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>

namespace qopt {

struct FreeModel {
  void operator()(qopt_model *model) const { qopt_model_free(model); }
  void operator()(qopt_session *session) const { qopt_session_free(session); }
};
using ModelPointer = std::unique_ptr<qopt_model, FreeModel>;
using SessionPointer = std::unique_ptr<qopt_session, FreeModel>;

/// The runtime's last error as an error.
llvm::Error check(qopt_status status);

llvm::Expected<ModelPointer> openModel(llvm::StringRef path);

/// Limits of a session. Zero: the runtime's default.
struct SessionOptions {
  int64_t threads = 0, context = 0, batch = 0;
  int (*cancel)(void *user) = nullptr;
};
llvm::Expected<SessionPointer> createSession(qopt_model *model,
                                             const SessionOptions &limits);

/// The runtime's number of a numpy type; nothing for complex ones.
std::optional<qopt_dtype> getDtype(NpyType type);

/// The numpy type of one of the runtime's; all of those have one.
NpyType getNpyType(int32_t dtype);

/// What the symbols of inputs' sizes stand for.
struct InputSizes {
  int64_t batch, sequence, past;
};

/// The size of a dimension, whose symbols say by their names which they are.
int64_t getInputSize(const qopt_tensor_spec &spec, int32_t dimension,
                     const InputSizes &sizes);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_MODEL_H

//===- LoopProfile.cpp - Time in the loops of a session -------------------===//

#include "tools/qopt/LoopProfile.h"

#include "lib/Recipes/Paths.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace qopt {

LoopProfile::LoopProfile(qopt_session *session) : session(session) {
  qopt_session_set_profile(session, record, this);
}

LoopProfile::~LoopProfile() {
  qopt_session_set_profile(session, nullptr, nullptr);
}

void LoopProfile::record(void *user, int32_t kind, int32_t loop, int32_t ends) {
  auto *self = static_cast<LoopProfile *>(user);
  std::vector<Execution> &executions = self->entries[size_t(kind)];
  auto now = std::chrono::steady_clock::now();
  if (ends) {
    std::chrono::duration<double> seconds = now - self->start;
    executions.back().push_back(seconds.count());
    return;
  }
  if (loop == 0)
    executions.emplace_back();
  self->start = now;
}

/// The path, or that of the product whose node it is, or the node.
static std::string placeOf(const LoopPart &part, const Manifest &manifest) {
  if (!part.path.empty())
    return pathOfAll(part.path);
  auto record = find_if(manifest.weights, [&](const WeightRecord &weight) {
    return weight.node == part.node && !weight.path.empty();
  });
  return record == manifest.weights.end() ? part.node : pathOfAll(record->path);
}

/// The path without the components that it shares with another.
static StringRef withoutShared(StringRef path, StringRef other) {
  while (path.contains('.') &&
         path.split('.').first == other.split('.').first) {
    path = path.split('.').second;
    other = other.split('.').second;
  }
  return path;
}

std::string nameLoop(const LoopParts &parts, const Manifest &manifest) {
  std::string name, first;
  for (const LoopPart &part : parts) {
    std::string place = placeOf(part, manifest);
    if (name.empty())
      name = first = place;
    else
      name += (" + " + withoutShared(place, first)).str();
    StringRef op = part.op;
    op.consume_front("qopt.");
    if (op != "matmul")
      name += " (" + (op.empty() ? "generic" : op.str()) + ")";
  }
  return name.empty() ? "unnamed" : name;
}

} // namespace qopt

//===- ReadModel.cpp - Read an ONNX file ----------------------------------===//

#include "lib/Onnx/Convert.h"
#include "lib/Onnx/Inline.h"
#include "lib/Onnx/Model.h"
#include "lib/Onnx/Normalise.h"
#include "lib/Onnx/Schemas.h"
#include "lib/Onnx/Validate.h"
#include "lib/Onnx/WireScan.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <onnx/onnx_pb.h>

using namespace llvm;
using namespace qopt::onnxfile;
namespace fs = llvm::sys::fs;

static Expected<std::unique_ptr<MemoryBuffer>> mapFile(StringRef path) {
  fs::file_status status;
  if (std::error_code code = fs::status(path, status))
    return createStringError("cannot be opened: " + code.message());
  if (fs::is_directory(status))
    return createStringError("is a directory");
  if (!fs::is_regular_file(status))
    return createStringError("is not a regular file");
  if (status.getSize() == 0)
    return createStringError("is empty");
  if (status.getSize() > uint64_t(INT_MAX))
    return createStringError(
        "is larger than 2 GiB, the limit of the format: save its weights as "
        "external data");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot be opened: " +
                             buffer.getError().message());
  return std::move(*buffer);
}

static Error checkVersions(const ::onnx::ModelProto &proto, Opsets &opsets) {
  if (!proto.has_graph() && !proto.has_ir_version())
    return createStringError("is not an ONNX file");
  int64_t version = proto.ir_version();
  if (version < minIRVersion || version > maxIRVersion)
    return createStringError("has IR version " + Twine(version) +
                             (version > maxIRVersion
                                  ? ", which is from the future"
                                  : ", which is too old") +
                             ": versions " + Twine(minIRVersion) + " to " +
                             Twine(maxIRVersion) + " are read");
  if (!proto.has_graph())
    return createStringError("has no graph");
  if (proto.opset_import_size() == 0)
    return createStringError("names no opset");
  for (const auto &import : proto.opset_import())
    opsets.model[import.domain() == "ai.onnx" ? "" : import.domain()] =
        import.version();
  return Error::success();
}

static Error checkOpset(const OpsetMap &map) {
  for (const auto &[domain, version] : map)
    if (version < 1)
      return createStringError("names opset " + Twine(version) +
                               " for the domain '" + domain + "'");
  auto standard = map.find("");
  if (standard == map.end())
    return Error::success();
  int64_t version = standard->second;
  if (version >= minOpset && version <= maxOpset)
    return Error::success();
  return createStringError("has opset " + Twine(version) +
                           (version > maxOpset ? ", which is from the future"
                                               : ", which is too old") +
                           ": opsets " + Twine(minOpset) + " to " +
                           Twine(maxOpset) + " are read");
}

static Expected<Model> read(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
  if (!file)
    return file.takeError();
  StringRef bytes = (*file)->getBuffer();
  Expected<std::string> reduced = removeWeights(bytes);
  if (!reduced)
    return reduced.takeError();
  ::onnx::ModelProto proto;
  if (!proto.ParseFromArray(reduced->data(), int(reduced->size())))
    return createStringError("is not an ONNX file");
  reduced->clear();

  Opsets opsets;
  if (Error error = checkVersions(proto, opsets))
    return error;
  if (Error error = checkOpset(opsets.model))
    return error;
  if (Error error = inlineFunctions(proto, opsets))
    return error;
  for (const auto &[node, map] : opsets.ofNodes)
    if (Error error = checkOpset(*map))
      return error;
  if (Error error = validateNames(proto.graph(), opsets))
    return error;
  if (Error error = inferTypes(*proto.mutable_graph(), opsets))
    return error;

  TensorReader tensors(path, bytes);
  Expected<Graph> graph = convertGraph(proto.graph(), opsets, tensors);
  if (!graph)
    return graph.takeError();
  Model model;
  model.irVersion = proto.ir_version();
  model.opsets = opsets.model;
  model.producer = proto.producer_name();
  if (!proto.producer_version().empty())
    model.producer += " " + proto.producer_version();
  model.externalFiles = tensors.getExternalFiles();
  model.graph = std::move(*graph);
  normaliseNodes(model.graph);
  return model;
}

Expected<Model> qopt::onnxfile::readModel(StringRef path) {
  Expected<Model> model = read(path);
  if (!model)
    return createStringError(path + ": " + toString(model.takeError()));
  return model;
}

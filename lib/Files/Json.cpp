//===- Json.cpp - JSON from files that nobody vouches for -----------------===//

#include "lib/Files/Json.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace qopt {

static bool isTooDeep(StringRef text) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
    } else if (c == '"') {
      inString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > 64)
        return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

Expected<json::Object> parseJsonObject(StringRef text) {
  if (isTooDeep(text))
    return createStringError("JSON is nested too deeply");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return value.takeError();
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError("expects a JSON object");
  return std::move(*object);
}

Expected<json::Object> readJsonObject(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createFileError(path, buffer.getError());
  if ((*buffer)->getBufferSize() > 100'000'000)
    return createFileError(path,
                           createStringError("expects at most 100 MB of JSON"));
  Expected<json::Object> object = parseJsonObject((*buffer)->getBuffer());
  if (!object)
    return createFileError(path, object.takeError());
  return object;
}

} // namespace qopt

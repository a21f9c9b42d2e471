//===- Manifest.cpp - What an artifact was made of ------------------------===//

#include "lib/Artifact/Manifest.h"

#include "lib/Artifact/MappedFile.h"
#include "lib/Artifact/Sha256.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace qopt {

Expected<FileDigest> digestFile(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  constexpr size_t step = 16 << 20;
  StringRef bytes = file->bytes();
  Sha256 hash;
  for (size_t at = 0; at < bytes.size(); at += step) {
    file->willNeed(int64_t(at + step), step);
    hash.update(bytes.substr(at, step));
    file->release(int64_t(at), step);
  }
  FileDigest digest;
  digest.name = sys::path::filename(path).str();
  digest.bytes = int64_t(bytes.size());
  digest.sha256 = hash.hex();
  return digest;
}

static json::Value toJson(const FileDigest &digest) {
  return json::Object{{"name", json::fixUTF8(digest.name)},
                      {"bytes", digest.bytes},
                      {"sha256", digest.sha256}};
}

static json::Value toJson(const std::vector<FileDigest> &digests) {
  json::Array array;
  for (const FileDigest &digest : digests)
    array.push_back(toJson(digest));
  return array;
}

static json::Value toJson(const LoopTable &loops) {
  json::Object object;
  for (const auto &[function, steps] : loops)
    object[function] = json::Array(steps);
  return object;
}

std::string manifestText(const Manifest &manifest) {
  json::Object object{{"version", json::fixUTF8(manifest.version)},
                      {"abi", manifest.abi},
                      {"model", toJson(manifest.model)},
                      {"external_data", toJson(manifest.externalData)},
                      {"recipe", json::fixUTF8(manifest.recipe)},
                      {"targets", json::Array(manifest.targets)},
                      {"pipeline", json::fixUTF8(manifest.pipeline)},
                      {"weights", json::Array(manifest.weights)},
                      {"caches", json::Array(manifest.caches)},
                      {"loops", toJson(manifest.loops)},
                      {"files", toJson(manifest.files)}};
  std::string text;
  raw_string_ostream(text) << formatv("{0:2}\n",
                                      json::Value(std::move(object)));
  return text;
}

static bool fromJSON(const json::Value &value, FileDigest &digest,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", digest.name) &&
         map.map("bytes", digest.bytes) && map.map("sha256", digest.sha256);
}

static bool fromJSON(const json::Value &value, Manifest &manifest,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("version", manifest.version) &&
         map.map("abi", manifest.abi) && map.map("model", manifest.model) &&
         map.map("external_data", manifest.externalData) &&
         map.map("recipe", manifest.recipe) &&
         map.map("targets", manifest.targets) &&
         map.map("pipeline", manifest.pipeline) &&
         map.map("weights", manifest.weights) &&
         map.mapOptional("caches", manifest.caches) &&
         map.mapOptional("loops", manifest.loops) &&
         map.map("files", manifest.files);
}

Expected<Manifest> parseManifest(StringRef text) {
  return json::parse<Manifest>(text, "manifest");
}

Expected<Manifest> readManifest(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  Expected<Manifest> manifest = parseManifest(file->bytes());
  if (!manifest)
    return createStringError("'" + path +
                             "': " + toString(manifest.takeError()));
  return manifest;
}

} // namespace qopt

//===- WeightsWriter.cpp - Streams packed weights to a file ---------------===//

#include "lib/Artifact/MappedFile.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Artifact/Packing.h"
#include "lib/Artifact/Weights.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <thread>

using namespace llvm;

namespace qopt {
namespace {

constexpr int64_t bufferBytes = 32 << 20; // of all threads together
constexpr int64_t chunkBytes = 2 << 20;   // fits the second-level cache, nearly
constexpr unsigned maxThreads = bufferBytes / chunkBytes;
constexpr int64_t writebackBytes = 64 << 20;

/// Threads take chunk after chunk; each has its place in the file, so the order
/// does not matter.
class Writer {
public:
  Writer(ArrayRef<PackedWeight> weights, const WriteWeightsOptions &options)
      : weights(weights), options(options) {}

  Error mapSources();
  Error run(const std::string &path, StringRef header);

private:
  const char *sourceOf(const PackedWeight &weight) const;
  Error writeChunk(const PackingChunk &chunk, std::vector<char> &buffer);
  /// Zeros between a weight and the next one.
  Error writePadding();
  Error report(int64_t bytes);
  void work();

  ArrayRef<PackedWeight> weights;
  const WriteWeightsOptions &options;
  StringMap<MappedFile> sources;
  std::vector<PackingChunk> chunks;
  std::atomic<size_t> next{0};
  OutputFile file;
  int64_t dataOffset = 0, total = 0;

  std::mutex mutex; // of what follows
  int64_t done = 0;
  std::string failure;
};

Error Writer::mapSources() {
  for (const PackedWeight &weight : weights) {
    if (weight.file.empty())
      continue;
    auto found = sources.find(weight.file);
    if (found == sources.end()) {
      Expected<MappedFile> source = MappedFile::open(weight.file);
      if (!source)
        return createStringError("weight '" + weight.name +
                                 "': " + toString(source.takeError()));
      found = sources.try_emplace(weight.file, std::move(*source)).first;
    }
    int64_t size = int64_t(found->second.bytes().size());
    if (weight.offset > size || weight.length > size - weight.offset)
      return createStringError(
          "weight '" + weight.name + "': '" + weight.file + "' has " +
          Twine(size) + " bytes, but the weight's " + Twine(weight.length) +
          " bytes start at " + Twine(weight.offset));
  }
  return Error::success();
}

/// Whether a finite element became an infinity. `halves` is the packed chunk.
static bool overflows(const PackedWeight &weight, const PackingChunk &chunk,
                      const char *source, ArrayRef<char> halves) {
  auto isInfinite = [&](size_t i) {
    uint16_t bits;
    std::memcpy(&bits, halves.data() + 2 * i, 2);
    return (bits & 0x7fff) == 0x7c00;
  };
  bool found = false;
  for (size_t i = 0; i < halves.size() / 2; ++i)
    found |= isInfinite(i);
  if (!found)
    return false;
  // Rare: what were they?
  PackedWeight wide = weight;
  PackingChunk wideChunk = chunk;
  wide.stored = DataType::F32;
  wideChunk.bytes *= 2;
  std::vector<char> exact(size_t(wideChunk.bytes));
  packChunk(wide, wideChunk, source, exact.data());
  for (size_t i = 0; i < halves.size() / 2; ++i) {
    float value;
    std::memcpy(&value, exact.data() + 4 * i, 4);
    if (isInfinite(i) && std::isfinite(value))
      return true;
  }
  return false;
}

const char *Writer::sourceOf(const PackedWeight &weight) const {
  if (weight.file.empty())
    return weight.bytes.data();
  return sources.find(weight.file)->second.bytes().data() + weight.offset;
}

Error Writer::writeChunk(const PackingChunk &chunk, std::vector<char> &buffer) {
  const PackedWeight &weight = weights[chunk.weight];
  buffer.resize(size_t(chunk.bytes));
  if (weight.layout == WeightLayout::Codes) {
    bool isAlone = chunk.bytes == weight.storedBytes();
    if (Error error =
            quantizeChunk(weight, chunk, sourceOf(weight),
                          isAlone ? options.threads : 1, buffer.data()))
      return createStringError("weight '" + weight.name +
                               "': " + toString(std::move(error)));
  } else {
    packChunk(weight, chunk, sourceOf(weight), buffer.data());
    if (options.refusesOverflow && weight.stored == DataType::F16 &&
        (weight.source != DataType::F16 || weight.hasFactors()) &&
        overflows(weight, chunk, sourceOf(weight), buffer))
      return createStringError("weight '" + weight.name +
                               "' has values that f16 cannot hold; bf16 and "
                               "f32 can");
  }
  int64_t place = dataOffset + weight.destOffset + chunk.offset;
  for (int64_t at = 0; at < chunk.bytes; at += chunk.pieceBytes) {
    if (Error error =
            file.writeAt({buffer.data() + at, size_t(chunk.pieceBytes)}, place))
      return error;
    place += chunk.pieceStride;
  }
  return report(chunk.bytes);
}

Error Writer::writePadding() {
  const std::string zeros(weightAlignment, '\0');
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    int64_t end = weights[i].destOffset + weights[i].storedBytes();
    for (int64_t at = end; at < weights[i + 1].destOffset;) {
      int64_t count =
          std::min<int64_t>(weightAlignment, weights[i + 1].destOffset - at);
      if (Error error =
              file.writeAt({zeros.data(), size_t(count)}, dataOffset + at))
        return error;
      at += count;
    }
  }
  return Error::success();
}

Error Writer::report(int64_t bytes) {
  bool isTime;
  {
    std::lock_guard<std::mutex> lock(mutex);
    isTime = (done + bytes) / writebackBytes != done / writebackBytes;
    done += bytes;
    if (options.progress && !options.progress(done, total))
      return createStringError("writing the weights was cancelled");
  }
  if (isTime)
    file.startWriteback();
  return Error::success();
}

void Writer::work() {
  std::vector<char> buffer;
  buffer.reserve(chunkBytes);
  for (size_t i; (i = next++) < chunks.size();)
    if (Error error = writeChunk(chunks[i], buffer)) {
      next = chunks.size();
      std::lock_guard<std::mutex> lock(mutex);
      std::string text = toString(std::move(error));
      if (failure.empty()) // the others follow from it
        failure = text;
    }
}

Error Writer::run(const std::string &path, StringRef header) {
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].layout != WeightLayout::Codes)
      appendChunks(i, weights[i], chunkBytes, chunks);
    else if (Error error = appendCodeChunks(i, weights[i], chunks))
      return error;
  }
  dataOffset = int64_t(header.size());
  for (const PackedWeight &weight : weights)
    total += weight.storedBytes();

  Expected<OutputFile> created = OutputFile::create(path);
  if (!created)
    return created.takeError();
  file = std::move(*created);
  if (Error error = file.write(header))
    return error;
  if (Error error = writePadding())
    return error;

  size_t count = std::clamp<size_t>(options.threads, 1, maxThreads);
  count = std::min(count, std::max<size_t>(chunks.size(), 1));
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i)
    threads.emplace_back([this] { work(); });
  work();
  for (std::thread &thread : threads)
    thread.join();
  if (!failure.empty())
    return createStringError(failure);
  return file.close();
}

} // namespace

Error writeWeights(const std::string &path, ArrayRef<PackedWeight> weights,
                   const WeightsMetadata &metadata,
                   const WriteWeightsOptions &options) {
  Expected<std::string> header = weightsHeader(weights, metadata);
  if (!header)
    return header.takeError();
  Writer writer(weights, options);
  if (Error error = writer.mapSources())
    return error;
  return writer.run(path, *header);
}

} // namespace qopt

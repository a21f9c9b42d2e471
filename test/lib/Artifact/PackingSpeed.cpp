//===- PackingSpeed.cpp - Measures the packing of weights -----------------===//

#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/Packing.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>
#include <thread>

using namespace qopt;

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Packs in memory, by one thread; then to a file, by two. GB/s of the source.
static void measure(const char *name, DataType stored, bool transposed,
                    int64_t rows, int64_t columns, const std::string &output) {
  PackedWeight weight;
  weight.name = "w";
  weight.dims = {rows, columns};
  weight.transposed = transposed;
  weight.stored = stored;
  weight.layout = WeightLayout::Panels;
  weight.bytes.resize(size_t(rows * columns * 4));
  for (size_t i = 0; i < weight.bytes.size(); ++i)
    weight.bytes[i] = char(i * 2654435761u >> 24);
  double bytes = double(weight.bytes.size());

  std::vector<PackingChunk> chunks;
  appendChunks(0, weight, 2 << 20, chunks);
  std::vector<char> buffer(size_t(2 << 20));
  auto start = std::chrono::steady_clock::now();
  for (const PackingChunk &chunk : chunks)
    packChunk(weight, chunk, weight.bytes.data(), buffer.data());
  double memory = secondsSince(start);

  WriteWeightsOptions options;
  options.threads = 2;
  start = std::chrono::steady_clock::now();
  if (llvm::Error error = writeWeights(output, weight, {}, options)) {
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
    return;
  }
  double file = secondsSince(start);
  llvm::outs() << name << ": " << llvm::format("%.2f", bytes / memory / 1e9)
               << " GB/s in memory, "
               << llvm::format("%.2f", bytes / file / 1e9)
               << " GB/s to a synced file\n";
}

int main(int argc, char **argv) {
  std::string output = argc > 1 ? argv[1] : "packing-speed.safetensors";
  int64_t K = 2048, N = 65536;
  measure("f32 [K,N] -> bf16 panels", DataType::BF16, true, N, K, output);
  measure("f32 [N,K] -> bf16 panels", DataType::BF16, false, N, K, output);
  measure("f32 [K,N] -> f16 panels", DataType::F16, true, N, K, output);
  measure("f32 [K,N] -> f32 panels", DataType::F32, true, N, K, output);
  measure("f32 [N,K] -> f32 panels", DataType::F32, false, N, K, output);
  return std::remove(output.c_str());
}

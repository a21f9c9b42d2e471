//===- bench_kernels.cpp - Speed of single kernels on one thread ----------===//

#include "test/passes/Lower/Kernels/CacheReference.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

using namespace qopt;

/// Median seconds of a call, of this thread alone.
template <typename Function> static double measure(Function function) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
  };
  std::vector<double> seconds;
  function();
  for (int i = 0; i < 7; ++i) {
    double start = now();
    function();
    seconds.push_back(now() - start);
  }
  std::nth_element(seconds.begin(), seconds.begin() + 3, seconds.end());
  return seconds[3];
}

static std::string memref(std::initializer_list<int64_t> sizes,
                          std::string type) {
  std::string text = "memref<";
  for (int64_t size : sizes)
    text += (size < 0 ? "?" : std::to_string(size)) + "x";
  return text + type + ">";
}

static double readSpeed(const void *data, size_t bytes) {
  auto *words = static_cast<const uint64_t *>(data);
  volatile uint64_t sink;
  double seconds = measure([&] {
    uint64_t sums[16] = {};
    for (size_t i = 0; i + 16 <= bytes / 8; i += 16)
      for (size_t j = 0; j < 16; ++j)
        sums[j] += words[i + j];
    sink = sums[0] ^ sums[7] ^ sums[15];
  });
  (void)sink;
  return bytes / seconds * 1e-9;
}

template <typename T>
static void benchMatmul(const X86Isa &isa, int64_t M, int64_t K, int64_t N,
                        const char *type) {
  std::string x = memref({-1, K}, "f32"), y = memref({-1, N}, "f32");
  std::string w = memref({(N + 31) / 32, K, 32}, type);
  Kernel kernel("func.func @f(%x: " + x + ", %w: " + w + ", %y: " + y +
                    ") {\n qopt.matmul %x, %w outs(%y : " + y + ") : (" + x +
                    ", " + w + ")\n return\n}\n",
                isa);
  Tensor<float> input({M, K}), out({M, N});
  Tensor<T> weight({(N + 31) / 32, K, 32});
  fill(input, 1);
  memset(weight.data(), 0, weight.count() * sizeof(T));
  kernel << input << weight << out;
  kernel.prepare();
  double read =
      M <= 12 ? readSpeed(weight.data(), weight.count() * sizeof(T)) : 0;
  double seconds = measure([&] { kernel.call(); });
  printf("%-10s matmul %-4s M=%-4ld K=%-5ld N=%-6ld %9.3f ms %7.1f GFLOPS",
         isa.name, type, long(M), long(K), long(N), seconds * 1e3,
         2e-9 * M * K * N / seconds);
  if (read)
    printf(" %6.2f GB/s, %3.0f %% of a plain read",
           weight.count() * sizeof(T) / seconds * 1e-9,
           weight.count() * sizeof(T) / seconds * 1e-7 / read);
  printf("\n");
  fflush(stdout);
}

static void benchAttention(const X86Isa &isa, int64_t B, int64_t S,
                           int64_t past, int64_t H, int64_t G, int64_t D,
                           const std::string &cache) {
  std::string q = memref({-1, S == 1 ? 1 : -1, H * D}, "f32");
  std::string k = memref({-1, S == 1 ? 1 : -1, G * D}, "f32");
  bool hasCache = !cache.empty();
  int64_t T = past + S;
  CacheReference keys(hasCache ? cache : "f32", true, B, G, T, D),
      values(hasCache ? cache : "f32", false, B, G, T, D);
  std::string kc = CacheReference::memrefType(cache, true, G, D),
              vc = CacheReference::memrefType(cache, false, G, D),
              w = memref({-1, G, partsBytes(H, G, D)}, "i8");
  std::string text =
      "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + k + ", %y: " + q;
  if (hasCache)
    text += ", %kc: " + kc + ", %vc: " + vc + ", %p: index, %w: " + w;
  text += ") {\n qopt.attention %q, %k, %v ";
  if (hasCache)
    text += "cache(%kc, %vc, %p : " + kc + ", " + vc + ") ";
  if (hasCache && S == 1)
    text += "parts(%w : " + w + ") ";
  text += "outs(%y : " + q + ") {num_heads = " + std::to_string(H) +
          " : i64, num_kv_heads = " + std::to_string(G) +
          " : i64, scale = 0.125 : f64, empty_row = #qopt<empty_row zero>" +
          (hasCache ? ", causal" : "") + "} : " + q + ", " + k + ", " + k +
          "\n return\n}\n";
  Kernel kernel(text, isa);
  Tensor<float> query({B, S, H * D}), key({B, S, G * D}), value({B, S, G * D}),
      out({B, S, H * D});
  for (auto *tensor : {&query, &key, &value})
    fill(*tensor, 3);
  Tensor<uint8_t> parts({B, G, partsBytes(H, G, D)});
  std::vector<float> vector(D);
  for (int64_t t = 0; hasCache && t < past; ++t)
    for (int64_t head = 0; head < B * G; ++head) {
      for (int64_t d = 0; d < D; ++d)
        vector[d] = std::sin(float(head + 3 * t + 7 * d));
      keys.put(head, t, vector.data());
      values.put(head, t, vector.data());
    }
  kernel << query << key << value << out;
  if (hasCache)
    kernel << keys.argument() << values.argument() << past << parts;
  kernel.prepare();
  double read = S == 1 ? readSpeed(keys.argument().data(), keys.bytes()) : 0;
  double seconds = measure([&] { kernel.call(); });
  double pairs = hasCache ? S * past + S * (S + 1) / 2.0 : double(S) * S;
  printf("%-10s attention B=%ld S=%-4ld past=%-5ld H=%ld/%ld D=%-3ld %-5s "
         "%9.3f ms %7.1f GFLOPS",
         isa.name, long(B), long(S), long(past), long(H), long(G), long(D),
         hasCache ? cache.c_str() : "plain", seconds * 1e3,
         4e-9 * B * H * D * pairs / seconds);
  if (read)
    printf(" %6.2f GB/s, %3.0f %% of a plain read",
           2e-9 * keys.bytes() / seconds, 2e-7 * keys.bytes() / seconds / read);
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  std::string which = argc > 1 ? argv[1] : "";
  for (const X86Isa *isa : runnableIsas()) {
    if (argc > 2 && std::string(argv[2]) != isa->name)
      continue;
    if (which == "one")
      benchMatmul<float>(*isa, 512, 2048, 2048, "f32");
    if (which.empty() || which == "row") {
      benchMatmul<uint16_t>(*isa, 1, 2048, 65536, "bf16");
      benchMatmul<uint16_t>(*isa, 1, 8192, 16384, "bf16");
      benchMatmul<float>(*isa, 1, 2048, 32768, "f32");
      benchMatmul<uint16_t>(*isa, 1, 2048, 65536, "f16");
    }
    if (which.empty() || which == "few")
      for (int64_t M : {2, 4, 8, 12})
        benchMatmul<uint16_t>(*isa, M, 2048, 65536, "bf16");
    if (which.empty() || which == "many") {
      benchMatmul<float>(*isa, 512, 2048, 8192, "f32");
      benchMatmul<float>(*isa, 512, 2048, 2048, "f32");
      benchMatmul<float>(*isa, 512, 8192, 2048, "f32");
      benchMatmul<uint16_t>(*isa, 512, 2048, 8192, "bf16");
      benchMatmul<float>(*isa, 128, 384, 384, "f32");
      benchMatmul<float>(*isa, 128, 384, 1536, "f32");
      benchMatmul<float>(*isa, 128, 1536, 384, "f32");
      benchMatmul<float>(*isa, 4096, 384, 1536, "f32");
      benchMatmul<float>(*isa, 17, 2048, 8192, "f32");
    }
    bool isAttention = which.empty() || which == "attention";
    if (isAttention || which == "prefill") {
      for (const char *cache : {"f32", "f16", "i8"})
        benchAttention(*isa, 1, 512, 0, 32, 8, 64, cache);
      benchAttention(*isa, 4, 128, 0, 12, 12, 32, "");
    }
    if (isAttention || which == "decode")
      for (const char *cache : {"f32", "f16", "i8"})
        for (int64_t past : {127, 511, 4096, 65535})
          benchAttention(*isa, 1, 1, past, 32, 8, 64, cache);
  }
  return 0;
}

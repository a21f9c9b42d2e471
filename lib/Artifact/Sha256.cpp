//===- Sha256.cpp - SHA-256 at the machine's speed ------------------------===//

#include "lib/Artifact/Sha256.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <algorithm>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

using namespace llvm;

namespace qopt {

/// FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first 64
/// primes.
alignas(16) static const uint32_t roundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void addBlocksPortably(std::array<uint32_t, 8> &state, const char *data,
                              size_t blocks) {
  for (; blocks; --blocks, data += 64) {
    uint32_t w[64];
    for (int t = 0; t < 16; ++t)
      w[t] = support::endian::read32be(data + 4 * t);
    for (int t = 16; t < 64; ++t) {
      uint32_t x = w[t - 15], y = w[t - 2];
      w[t] = w[t - 16] + w[t - 7] +
             (rotr<uint32_t>(x, 7) ^ rotr<uint32_t>(x, 18) ^ (x >> 3)) +
             (rotr<uint32_t>(y, 17) ^ rotr<uint32_t>(y, 19) ^ (y >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (int t = 0; t < 64; ++t) {
      uint32_t s1 =
          rotr<uint32_t>(e, 6) ^ rotr<uint32_t>(e, 11) ^ rotr<uint32_t>(e, 25);
      uint32_t s0 =
          rotr<uint32_t>(a, 2) ^ rotr<uint32_t>(a, 13) ^ rotr<uint32_t>(a, 22);
      uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + roundConstants[t] + w[t];
      uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i)
      state[size_t(i)] += sums[i];
  }
}

#if defined(__x86_64__)

static bool hasInstructions() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}

/// The instructions keep the state as (a, b, e, f) and (c, d, g, h), highest
/// lane first, and do two rounds each.
__attribute__((target("sha,ssse3,sse4.1"))) static void
addBlocksAccelerated(std::array<uint32_t, 8> &state, const char *data,
                     size_t blocks) {
  const __m128i swapBytes =
      _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  auto lanes = [](uint32_t w, uint32_t x, uint32_t y, uint32_t z) {
    return _mm_set_epi32(int(w), int(x), int(y), int(z));
  };
  __m128i abef = lanes(state[0], state[1], state[4], state[5]);
  __m128i cdgh = lanes(state[2], state[3], state[6], state[7]);
  for (; blocks; --blocks, data += 64) {
    const __m128i oldAbef = abef, oldCdgh = cdgh;
    __m128i words[4];
    for (int i = 0; i < 4; ++i)
      words[i] = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(data) + i),
          swapBytes);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      __m128i &word = words[i % 4];
      __m128i sum = _mm_add_epi32(
          word, _mm_load_si128(
                    reinterpret_cast<const __m128i *>(roundConstants) + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12)
        continue;
      // w[t] = s1(w[t-2]) + w[t-7] + s0(w[t-15]) + w[t-16], four at a time.
      __m128i next1 = words[(i + 1) % 4], next2 = words[(i + 2) % 4],
              next3 = words[(i + 3) % 4];
      __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(word, next1),
                                      _mm_alignr_epi8(next3, next2, 4));
      word = _mm_sha256msg2_epu32(partial, next3);
    }
    abef = _mm_add_epi32(abef, oldAbef);
    cdgh = _mm_add_epi32(cdgh, oldCdgh);
  }
  uint32_t out[8];
  _mm_storeu_si128(reinterpret_cast<__m128i *>(out), abef);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(out + 4), cdgh);
  state = {out[3], out[2], out[7], out[6], out[1], out[0], out[5], out[4]};
}

#else

static bool hasInstructions() { return false; }
static void addBlocksAccelerated(std::array<uint32_t, 8> &, const char *,
                                 size_t) {}

#endif

Sha256::Sha256()
    : accelerated(hasInstructions()), state{0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                            0xa54ff53a, 0x510e527f, 0x9b05688c,
                                            0x1f83d9ab, 0x5be0cd19} {}

void Sha256::addBlocks(const char *data, size_t blocks) {
  if (accelerated)
    addBlocksAccelerated(state, data, blocks);
  else
    addBlocksPortably(state, data, blocks);
}

void Sha256::update(StringRef bytes) {
  if (bytes.empty())
    return;
  total += bytes.size();
  if (numPending) {
    size_t count = std::min(bytes.size(), pending.size() - numPending);
    std::memcpy(pending.data() + numPending, bytes.data(), count);
    numPending += count;
    bytes = bytes.drop_front(count);
    if (numPending < pending.size())
      return;
    addBlocks(pending.data(), 1);
    numPending = 0;
  }
  addBlocks(bytes.data(), bytes.size() / 64);
  bytes = bytes.drop_front(bytes.size() / 64 * 64);
  if (!bytes.empty())
    std::memcpy(pending.data(), bytes.data(), bytes.size());
  numPending = bytes.size();
}

std::string Sha256::hex() {
  // A one bit, zeros, and the length in bits fill the last block or two.
  std::string tail(1, '\x80');
  tail.resize((119 - numPending) % 64 + 1, '\0');
  uint8_t length[8];
  support::endian::write64be(length, total * 8);
  tail.append(reinterpret_cast<const char *>(length), 8);
  update(tail);
  uint8_t digest[32];
  for (size_t i = 0; i < 8; ++i)
    support::endian::write32be(digest + 4 * i, state[i]);
  return toHex(ArrayRef<uint8_t>(digest), /*LowerCase=*/true);
}

} // namespace qopt

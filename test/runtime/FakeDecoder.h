//===- FakeDecoder.h - What the fake decoder computes -----------*- C++ -*-===//

#ifndef QOPT_TEST_RUNTIME_FAKEDECODER_H
#define QOPT_TEST_RUNTIME_FAKEDECODER_H

#include <stdint.h>

enum {
  FAKE_LAYERS = 2,
  FAKE_HEADS = 2,
  FAKE_KEY_DIM = 3,
  FAKE_VALUE_DIM = 5,
  FAKE_VOCABULARY = 16,
  FAKE_UNLUCKY_TOKEN = 13, /* the model fails on it */
  FAKE_SCRATCH = 8,
  FAKE_WEIGHTS_OFFSET = 64, /* then FAKE_VOCABULARY floats */
};

/* Small integers: every sum is exact, in any order. */

/** Element d of the key of a token. */
static inline float fakeKey(int64_t token, int64_t position, int64_t layer,
                            int64_t head, int64_t d) {
  return (float)(token + 2 * position + 3 * head + 5 * d - 7 * layer);
}

/** Element d of the value of a token. */
static inline float fakeValue(int64_t token, int64_t position, int64_t layer,
                              int64_t head, int64_t d) {
  return (float)(2 * token - position + head - d + layer);
}

#endif /* QOPT_TEST_RUNTIME_FAKEDECODER_H */

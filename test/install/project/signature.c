/*===- signature.c - Prefill and decode against the ONNX signature --------===*/

#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { vocabulary = TINYSTORIES_NUM_LOGITS, prompt = 5, total = 12 };

static int64_t argmax(const float *logits) {
  int64_t best = 0;
  for (int64_t i = 1; i < vocabulary; ++i)
    if (logits[i] > logits[best])
      best = i;
  return best;
}

/** The value of finite float16 bits. */
static double widen(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double size =
      exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
  return bits & 0x8000 ? -size : size;
}

static void check(int holds, const char *what) {
  if (holds)
    return;
  printf("failed: %s: %s\n", what, qopt_last_error());
  exit(1);
}

int main(void) {
  int64_t tokens[total] = {1, 20, 300, 40, 5}, mask[total], positions[total];
  float *logits = malloc(total * vocabulary * sizeof *logits);
  uint16_t *half = malloc(total * vocabulary * sizeof *half);
  qopt_model *model;
  qopt_session *session;
  check(tinystories_load(TINYSTORIES_ARTIFACT, &model) == QOPT_OK, "load");
  check(qopt_session_create(model, NULL, &session) == QOPT_OK, "session");

  const uint8_t seen[prompt] = {1, 1, 1, 1, 1};
  check(tinystories_prefill(session, 1, prompt, tokens, prompt - 1, NULL, 0,
                            QOPT_LOGITS_LAST, logits,
                            vocabulary) == QOPT_ERROR_SIGNATURE,
        "too few tokens");
  check(tinystories_prefill(session, 1, prompt, tokens, prompt, seen,
                            prompt + 1, QOPT_LOGITS_LAST, logits,
                            vocabulary) == QOPT_ERROR_SIGNATURE,
        "mask of another size");
  check(tinystories_prefill(session, 1, prompt, tokens, prompt, seen, prompt,
                            QOPT_LOGITS_ALL, logits,
                            vocabulary) == QOPT_ERROR_SIGNATURE,
        "too few logits");
  check(tinystories_decode(session, 1, tokens, 1, logits, vocabulary - 1) ==
            QOPT_ERROR_SIGNATURE,
        "too few logits of a token");

  check(tinystories_prefill(session, 1, prompt, tokens, prompt, seen, prompt,
                            QOPT_LOGITS_LAST, logits, vocabulary) == QOPT_OK,
        "prefill");
  tokens[prompt] = argmax(logits);
  for (int t = prompt; t + 1 < total; ++t) {
    check(tinystories_decode(session, 1, &tokens[t], 1, logits, vocabulary) ==
              QOPT_OK,
          "decode");
    tokens[t + 1] = argmax(logits);
  }
  check(tinystories_decode(session, 1, &tokens[total - 1], 1, logits,
                           vocabulary) == QOPT_OK,
        "last decode");

  /* All at once, as the ONNX file has it. */
  for (int t = 0; t < total; ++t)
    mask[t] = 1, positions[t] = t;
  size_t count = tinystories_count_output_logits(1, total);
  check(count == total * vocabulary, "number of logits");
  check(tinystories_run(session, 1, total, tokens, total, mask, total - 1,
                        positions, total, half, count) == QOPT_ERROR_SIGNATURE,
        "mask too short");
  check(tinystories_run(session, 1, total, tokens, total, mask, total,
                        positions, total, NULL, 0) == QOPT_OK,
        "run without outputs");
  check(tinystories_run(session, 1, total, tokens, total, mask, total,
                        positions, total, half, count) == QOPT_OK,
        "run");
  double difference = 0, largest = 0;
  for (int i = 0; i < vocabulary; ++i) {
    double value = widen(half[(total - 1) * vocabulary + i]);
    difference = fmax(difference, fabs(value - (double)logits[i]));
    largest = fmax(largest, fabs(value));
  }
  /* Half a unit in the last place of float16 is 2^-11; sums differ a little. */
  check(difference <= largest * 6e-4, "run and decode agree");

  for (int t = 0; t < total; ++t)
    printf("%lld ", (long long)tokens[t]);
  printf("\n");
  qopt_session_free(session);
  qopt_model_free(model);
  free(half);
  free(logits);
  return 0;
}

/*===- FakeDecoder.c - A decoder written by hand -------------------------===*/

#include "test/runtime/FakeDecoder.h"

#include "qopt/artifact.h"
#include "qopt/runtime.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef FAKE_DTYPE
#define FAKE_DTYPE QOPT_FLOAT
#endif

enum { layers = FAKE_LAYERS, heads = FAKE_HEADS, vocabulary = FAKE_VOCABULARY };

static int64_t panelsOf(const qopt_call *call) {
  return (call->context + QOPT_CACHE_PANEL - 1) / QOPT_CACHE_PANEL;
}

static float *keyElement(const qopt_call *call, int64_t layer, int64_t row,
                         int64_t head, int64_t t, int64_t d) {
  int64_t panel = (row * heads + head) * panelsOf(call) + t / QOPT_CACHE_PANEL;
  int64_t index = panel * FAKE_KEY_DIM + d;
  return (float *)call->caches[2 * layer] + index * QOPT_CACHE_PANEL +
         t % QOPT_CACHE_PANEL;
}

static float *valueElement(const qopt_call *call, int64_t layer, int64_t row,
                           int64_t head, int64_t t, int64_t d) {
  int64_t first = (row * heads + head) * panelsOf(call) * QOPT_CACHE_PANEL;
  int64_t index = (first + t) * FAKE_VALUE_DIM + d;
  return (float *)call->caches[2 * layer + 1] + index;
}

typedef struct {
  qopt_call *call;
  int64_t batch, sequence, past;
  const int64_t *steps; /* whose logits are wanted, or null: all */
  int64_t logitRows;
  int64_t candidates; /* wanted in place of logits */
} environment;

/** Item: a row. Appends the new keys and values. */
static void append(const void *env, int64_t begin, int64_t end, void *scratch) {
  const environment *self = env;
  const qopt_call *call = self->call;
  const int64_t *tokens = call->inputs[0], *positions = call->inputs[2];
  (void)scratch;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t s = 0; s < self->sequence; ++s) {
      int64_t token = tokens[row * self->sequence + s];
      int64_t position = positions[row * self->sequence + s];
      if (token == FAKE_UNLUCKY_TOKEN)
        self->call->error = 2;
      for (int64_t layer = 0; layer < layers; ++layer)
        for (int64_t head = 0; head < heads; ++head) {
          int64_t t = self->past + s;
          for (int64_t d = 0; d < FAKE_KEY_DIM; ++d)
            *keyElement(call, layer, row, head, t, d) =
                fakeKey(token, position, layer, head, d);
          for (int64_t d = 0; d < FAKE_VALUE_DIM; ++d)
            *valueElement(call, layer, row, head, t, d) =
                fakeValue(token, position, layer, head, d);
        }
    }
}

static void putLogit(void *logits, int64_t index, float value) {
#if defined(FAKE_HALF)
  /* Exact: sums in the tests of this dtype are integers up to 2048. */
  union {
    float value;
    uint32_t bits;
  } split = {value};
  uint32_t bits = split.bits;
  ((uint16_t *)logits)[index] =
      value == 0 ? 0
                 : (uint16_t)((bits >> 16 & 0x8000) |
                              ((((bits >> 23 & 255) - 112) << 10) |
                               (bits >> 13 & 1023)));
#else
  ((float *)logits)[index] = value;
#endif
}

/** The largest of a row, by a search for each. */
static void putCandidates(const environment *self, int64_t item,
                          const float *logits) {
  float *values = self->call->candidate_logits + item * self->candidates;
  int64_t *tokens = self->call->candidate_tokens + item * self->candidates;
  bool taken[vocabulary] = {false};
  for (int64_t i = 0; i < self->candidates; ++i) {
    int64_t best = -1;
    for (int64_t v = 0; v < vocabulary; ++v)
      if (!taken[v] && (best < 0 || logits[v] > logits[best]))
        best = v;
    values[i] = best < 0 ? -INFINITY : logits[best];
    tokens[i] = best;
    if (best >= 0)
      taken[best] = true;
  }
}

/** Item: a time step whose logits are wanted. Adds up what it sees of the
 * caches. */
static void readOut(const void *env, int64_t begin, int64_t end,
                    void *scratch) {
  const environment *self = env;
  const qopt_call *call = self->call;
  const int64_t *mask = call->inputs[1];
  const float *weights = (const float *)call->weights;
  float *sums = scratch; /* FAKE_SCRATCH bytes */
  int64_t total = self->past + self->sequence;
  for (int64_t item = begin; item < end; ++item) {
    int64_t row = item / self->logitRows;
    int64_t s = self->steps ? self->steps[item] : item % self->sequence;
    sums[0] = sums[1] = 0;
    for (int64_t t = 0; t <= self->past + s; ++t)
      for (int64_t layer = 0; mask[row * total + t] && layer < layers; ++layer)
        for (int64_t head = 0; head < heads; ++head) {
          for (int64_t d = 0; d < FAKE_KEY_DIM; ++d)
            sums[0] += *keyElement(call, layer, row, head, t, d);
          for (int64_t d = 0; d < FAKE_VALUE_DIM; ++d)
            sums[1] += *valueElement(call, layer, row, head, t, d);
        }
    float logits[vocabulary];
    for (int64_t v = 0; v < vocabulary; ++v)
      logits[v] = sums[0] * weights[v] + sums[1];
    if (self->candidates)
      putCandidates(self, item, logits);
    for (int64_t v = 0; !self->candidates && v < vocabulary; ++v)
      putLogit(call->outputs[0], item * vocabulary + v, logits[v]);
  }
}

static void runBoth(qopt_call *call, int64_t sequence, const int64_t *steps,
                    int64_t logitRows) {
  environment self = {call,  call->symbols[0], sequence, call->symbols[2],
                      steps, logitRows,        0};
#if defined(FAKE_PICKS)
  self.candidates = call->symbols[4];
#elif !defined(FAKE_HALF)
  self.candidates = call->symbols[3];
#endif
  /* The arena has room for a number per row; a crash shows if it has not. */
  for (int64_t row = 0; row < self.batch; ++row)
    ((int64_t *)call->arena)[row] = row;
  call->parallel_for(call->runtime, append, &self, self.batch);
  call->parallel_for(call->runtime, readOut, &self, self.batch * logitRows);
}

static void prefill(qopt_call *call) {
#if defined(FAKE_PICKS)
  runBoth(call, call->symbols[1], call->logit_rows, call->symbols[3]);
#else
  runBoth(call, call->symbols[1], NULL, call->symbols[1]);
#endif
}
static void decode(qopt_call *call) { runBoth(call, 1, NULL, 1); }

static int64_t arenaBytes(const int64_t *symbols) { return 8 * symbols[0]; }

#define SYMBOL(i)                                                              \
  { .coefficient[i] = 1 }
#define CONSTANT(value)                                                        \
  { .constant = value }

static const qopt_linear tokenDims[] = {SYMBOL(0), SYMBOL(1)};
static const qopt_linear maskDims[] = {SYMBOL(0), {.coefficient = {0, 1, 1}}};
static const qopt_linear pastKey[] = {SYMBOL(0), CONSTANT(heads), SYMBOL(2),
                                      CONSTANT(FAKE_KEY_DIM)};
static const qopt_linear pastValue[] = {SYMBOL(0), CONSTANT(heads), SYMBOL(2),
                                        CONSTANT(FAKE_VALUE_DIM)};
static const qopt_linear presentKey[] = {SYMBOL(0),
                                         CONSTANT(heads),
                                         {.coefficient = {0, 1, 1}},
                                         CONSTANT(FAKE_KEY_DIM)};
static const qopt_linear presentValue[] = {SYMBOL(0),
                                           CONSTANT(heads),
                                           {.coefficient = {0, 1, 1}},
                                           CONSTANT(FAKE_VALUE_DIM)};
#if defined(FAKE_LAST) /* logits of the last token alone, in any call */
static const qopt_linear logitsDims[] = {SYMBOL(0), CONSTANT(1),
                                         CONSTANT(vocabulary)};
#else
static const qopt_linear logitsDims[] = {SYMBOL(0), SYMBOL(1),
                                         CONSTANT(vocabulary)};
#endif

static const qopt_tensor_info inputs[] = {
    {"input_ids", QOPT_INT64, 2, QOPT_ROLE_TOKENS, -1, tokenDims},
    {"past.0.key", FAKE_DTYPE, 4, QOPT_ROLE_PAST_KEY, 0, pastKey},
    {"past.0.value", FAKE_DTYPE, 4, QOPT_ROLE_PAST_VALUE, 0, pastValue},
    {"attention_mask", QOPT_INT64, 2, QOPT_ROLE_MASK, -1, maskDims},
    {"past.1.key", FAKE_DTYPE, 4, QOPT_ROLE_PAST_KEY, 1, pastKey},
    {"past.1.value", FAKE_DTYPE, 4, QOPT_ROLE_PAST_VALUE, 1, pastValue},
    {"position_ids", QOPT_INT64, 2, QOPT_ROLE_POSITIONS, -1, tokenDims},
};

static const qopt_tensor_info outputs[] = {
    {"present.0.key", FAKE_DTYPE, 4, QOPT_ROLE_PRESENT_KEY, 0, presentKey},
    {"logits", FAKE_DTYPE, 3, QOPT_ROLE_LOGITS, -1, logitsDims},
    {"present.0.value", FAKE_DTYPE, 4, QOPT_ROLE_PRESENT_VALUE, 0,
     presentValue},
    {"present.1.key", FAKE_DTYPE, 4, QOPT_ROLE_PRESENT_KEY, 1, presentKey},
    {"present.1.value", FAKE_DTYPE, 4, QOPT_ROLE_PRESENT_VALUE, 1,
     presentValue},
};

static const qopt_cache_info caches[] = {
    {heads, FAKE_KEY_DIM, FAKE_VALUE_DIM, QOPT_FLOAT},
    {heads, FAKE_KEY_DIM, FAKE_VALUE_DIM, QOPT_FLOAT},
};

static const char *const symbols[] = {"batch", "sequence", "past"};
static const char *const messages[] = {"never said",
                                       "Embed: token 13 is unlucky"};

static const qopt_variant variants[] = {
    {"x86-64",
     0,
     FAKE_SCRATCH,
     {{NULL, NULL}, {prefill, arenaBytes}, {decode, arenaBytes}}},
};

__attribute__((visibility("default")))
const qopt_artifact_table qopt_artifact = {
    .abi = QOPT_ABI_VERSION,
    .struct_bytes = sizeof(qopt_artifact_table),
    .version = "0.1.0",
    .model_name = "decoder",
    .weights_bytes = FAKE_WEIGHTS_OFFSET + 4 * vocabulary,
    .weights_offset = FAKE_WEIGHTS_OFFSET,
    .num_symbols = 3,
    .num_inputs = 7,
    .num_outputs = 5,
    .num_caches = layers,
    .num_messages = 2,
    .num_variants = 1,
    .batch_symbol = 0,
    .sequence_symbol = 1,
    .past_symbol = 2,
    .rows_symbol = -1,
#if defined(FAKE_PICKS)
    .picks_logits = 1,
#endif
#if !defined(FAKE_HALF)
    .has_candidates = 1,
#endif
    .max_context = 48,
    .vocabulary = vocabulary,
    .symbols = symbols,
    .inputs = inputs,
    .outputs = outputs,
    .caches = caches,
    .messages = messages,
    .variants = variants,
};

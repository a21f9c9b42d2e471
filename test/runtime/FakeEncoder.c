/*===- FakeEncoder.c - A model without caches, written by hand -----------===*/

#include "qopt/artifact.h"
#include "qopt/runtime.h"

#include <stddef.h>

#ifndef FAKE_ABI
#define FAKE_ABI QOPT_ABI_VERSION
#endif
#ifndef FAKE_STRUCT_BYTES
#define FAKE_STRUCT_BYTES sizeof(qopt_artifact_table)
#endif
#ifndef FAKE_FEATURES
#define FAKE_FEATURES 0
#endif
#ifndef FAKE_ROWS
#define FAKE_ROWS -1
#endif
#ifndef FAKE_ARENA
#define FAKE_ARENA 1
#endif

/** A first x below 0 is the error -x. y[b, s] = scale * (x[b, s, 0] + x[b, s,
 * 1]) + pair[b, 2s] + pair[b, 2s+1]
 * + which version this is; y[b, sequence] = number of items. */
typedef struct {
  const qopt_call *call;
  float bonus;
} environment;

static void item(const void *env, int64_t begin, int64_t end, void *scratch) {
  const environment *self = env;
  const qopt_call *call = self->call;
  const float *x = call->inputs[0], *scale = call->inputs[2];
  const int32_t *pair = call->inputs[1];
  float *y = call->outputs[0];
  int64_t sequence = call->symbols[1];
  (void)scratch;
  for (int64_t i = begin; i < end; ++i) {
    int64_t b = i / sequence, s = i % sequence;
    y[b * (sequence + 1) + s] = scale[0] * (x[2 * i] + x[2 * i + 1]) +
                                (float)pair[2 * i] + (float)pair[2 * i + 1] +
                                self->bonus;
  }
}

static void run(qopt_call *call, float bonus) {
  environment self = {call, bonus};
  int64_t batch = call->symbols[0], sequence = call->symbols[1];
  const float *x = call->inputs[0];
  float *y = call->outputs[0];
  if (batch * sequence > 0 && x[0] < 0) {
    call->error = (int32_t)-x[0];
    return;
  }
  for (int64_t i = 0; i < batch * sequence; ++i)
    call->arena[i] = 1;
  int64_t items = 0;
  call->parallel_for(call->runtime, item, &self, batch * sequence);
  for (int64_t i = 0; i < batch * sequence; ++i)
    items += call->arena[i];
  for (int64_t b = 0; b < batch; ++b)
    y[b * (sequence + 1) + sequence] = (float)items;
}

static void runNeverHere(qopt_call *call) { run(call, 1000); }
static void runFirst(qopt_call *call) { run(call, 100); }
static void runSecond(qopt_call *call) { run(call, 200); }

static int64_t arenaBytes(const int64_t *symbols) {
  return FAKE_ARENA * symbols[0] * symbols[1];
}

static const qopt_linear xDims[] = {
    {.coefficient[0] = 1}, {.coefficient[1] = 1}, {.constant = 2}};
static const qopt_linear pairDims[] = {{.coefficient[0] = 1},
                                       {.coefficient[1] = 2}};
static const qopt_linear yDims[] = {{.coefficient[0] = 1},
                                    {.constant = 1, .coefficient[1] = 1}};

static const qopt_tensor_info inputs[] = {
    {"x", QOPT_FLOAT, 3, QOPT_ROLE_PLAIN, -1, xDims},
    {"pair", QOPT_INT32, 2, QOPT_ROLE_PLAIN, -1, pairDims},
    {"scale", QOPT_FLOAT, 0, QOPT_ROLE_PLAIN, -1, NULL},
};

static const qopt_tensor_info outputs[] = {
    {"y", QOPT_FLOAT, 2, QOPT_ROLE_PLAIN, -1, yDims},
};

static const qopt_condition conditions[] = {
    {{.constant = 512, .coefficient[1] = -1},
     "sequences are at most 512 long"}};

static const char *const messages[] = {"the first error", "the second error"};

static const char *const symbols[] = {"batch", "sequence"};

static const qopt_variant variants[] = {
    {"future", FAKE_FEATURES | 1ull << 63, 0, {{runNeverHere, arenaBytes}}},
    {"first", FAKE_FEATURES, 0, {{runFirst, arenaBytes}}},
    {"second", FAKE_FEATURES, 0, {{runSecond, arenaBytes}}},
};

#ifdef FAKE_NO_SYMBOL
#define qopt_artifact another_name
#endif

__attribute__((visibility("default")))
const qopt_artifact_table qopt_artifact = {
    .abi = FAKE_ABI,
    .struct_bytes = FAKE_STRUCT_BYTES,
    .version = "0.1.0",
    .model_name = "encoder",
    .weights_bytes = 72,
    .weights_offset = 64,
    .num_symbols = 2,
    .num_inputs = 3,
    .num_outputs = 1,
    .num_conditions = 1,
    .num_messages = 2,
    .num_variants = 3,
    .batch_symbol = 0,
    .sequence_symbol = 1,
    .past_symbol = -1,
    .rows_symbol = FAKE_ROWS,
    .max_context = 2048,
    .symbols = symbols,
    .inputs = inputs,
    .outputs = outputs,
    .conditions = conditions,
    .messages = messages,
    .variants = variants,
};

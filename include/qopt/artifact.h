/*===- artifact.h - What model.so and the runtime agree on ---------------===*/

#ifndef QOPT_INCLUDE_QOPT_ARTIFACT_H
#define QOPT_INCLUDE_QOPT_ARTIFACT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Changes whenever a struct of this file or the meaning of a field changes. */
#define QOPT_ABI_VERSION 6

/** Largest number of symbols (dynamic sizes such as batch, sequence, past) of a
 * model. */
#define QOPT_MAX_SYMBOLS 8

/** Caches hold a multiple of this many time steps, see qopt_cache_info. */
#define QOPT_CACHE_PANEL 32

/** constant + sum over i of coefficient[i] * symbols[i]. */
typedef struct {
  int64_t constant;
  int64_t coefficient[QOPT_MAX_SYMBOLS];
} qopt_linear;

/** What the runtime has to know of a tensor of the signature. */
typedef enum {
  QOPT_ROLE_PLAIN = 0,
  QOPT_ROLE_TOKENS = 1,     /* input: token ids [batch, sequence] */
  QOPT_ROLE_MASK = 2,       /* input: attention mask [batch, past + sequence] */
  QOPT_ROLE_POSITIONS = 3,  /* input: position ids [batch, sequence] */
  QOPT_ROLE_PAST_KEY = 4,   /* input: [batch, heads, past, dim], see `cache` */
  QOPT_ROLE_PAST_VALUE = 5, /* input */
  QOPT_ROLE_LOGITS = 6,     /* output: [batch, sequence, vocabulary] */
  QOPT_ROLE_PRESENT_KEY = 7, /* output: [batch, heads, past + sequence, dim] */
  QOPT_ROLE_PRESENT_VALUE = 8, /* output */
} qopt_role;

/** A tensor of the ONNX signature. */
typedef struct {
  const char *name; /* as in the ONNX file */
  int32_t dtype;    /* qopt_dtype of runtime.h */
  int32_t rank;
  int32_t role;  /* qopt_role */
  int32_t cache; /* index of the cache of a past_* or present_*, else -1 */
  const qopt_linear *dims; /* rank of them */
} qopt_tensor_info;

/** A key/value cache: one for each attention layer of a decoder. It holds
 * T time steps: the capacity that the session chose, rounded up to a multiple
 * of QOPT_CACHE_PANEL. Of each row, one head after the other, keys lie as
 *   [T / QOPT_CACHE_PANEL][key_dim][QOPT_CACHE_PANEL]
 * and values as [T][value_dim]. Behind the codes of a head (QOPT_INT8) follow T
 * scales of float, one for each time step: an element is code * scale. */
typedef struct {
  int64_t heads;
  int64_t key_dim;
  int64_t value_dim;
  int32_t dtype; /* of the elements: QOPT_FLOAT, QOPT_FLOAT16 or QOPT_INT8 */
} qopt_cache_info;

/** A condition on the symbols: `expression` must be at least 0. */
typedef struct {
  qopt_linear expression;
  const char *message; /* says what is wrong when it is not */
} qopt_condition;

/** One piece of work: items [begin, end) of a parallel loop. `scratch` is the
 * calling thread's own, scratch_bytes of the variant, 64-byte aligned. */
typedef void (*qopt_kernel)(const void *env, int64_t begin, int64_t end,
                            void *scratch);

/** One execution of an entry. The runtime fills it in; generated code reads it
 * and writes only `error`. */
typedef struct qopt_call {
  /** num_symbols values, in the table's order; where the table picks_logits,
   * one more: the number of time steps of each row whose logits are wanted;
   * where it has_candidates, one more: how many candidates of each of them are
   * wanted in place of its logits, 0: the logits. */
  const int64_t *symbols;
  void *const *inputs;  /* the entry's inputs, in its order; dense, row-major */
  void *const *outputs; /* the entry's outputs, in its order */
  const uint8_t *weights; /* data section of weights.safetensors */
  uint8_t *arena;         /* arena_bytes(symbols) bytes, 64-byte aligned */
  uint8_t *const
      *caches;   /* key and value of cache 0, key and value of cache 1, ... */
  void *runtime; /* first argument of parallel_for */
  /** Runs kernel over items [0, items), in any order, on any threads; returns
   * when all are done. A kernel writes no byte that another item's does, but
   * for counters and locks that it changes atomically and what these guard. */
  void (*parallel_for)(void *runtime, qopt_kernel kernel, const void *env,
                       int64_t items);
  int64_t context; /* capacity of the caches in time steps */
  int32_t error;   /* 0, or 1 + index in the table's messages */
  /** Bytes ahead that one stream of weights or of a cache is prefetched into
   * the second-level cache. What helps one CPU hinders another: 0 where
   * hardware does it alone. */
  int64_t prefetch_distance;
  /** Where the table picks_logits, for the prefill entry: the time steps, of
   * those of this call, whose logits are wanted, [batch][number]. The entry
   * writes logits [batch][number][vocabulary]. */
  const int64_t *logit_rows;
  /** Where the table has_candidates and some are wanted: what the entry writes,
   * [batch][number][candidates], number 1 for the decode entry and that of all
   * time steps where logits are not picked. Of each row the largest logits
   * above minus infinity, the largest first, of equal ones that of the lower
   * token; and their tokens. Where there are fewer, -inf and -1 follow. What is
   * in the output of the logits then is undefined. */
  float *candidate_logits;
  int64_t *candidate_tokens;
} qopt_call;

/** Kinds of entry. A model without caches has QOPT_ENTRY_MAIN alone, one with
 * caches the other two. */
typedef enum {
  QOPT_ENTRY_MAIN = 0,
  QOPT_ENTRY_PREFILL = 1, /* any sequence length */
  QOPT_ENTRY_DECODE = 2,  /* sequence == 1 */
  QOPT_NUM_ENTRIES = 3,
} qopt_entry_kind;

/** An entry of one ISA version. Absent: run is null. */
typedef struct {
  void (*run)(qopt_call *call);
  int64_t (*arena_bytes)(const int64_t *symbols);
} qopt_entry;

/** CPU features that an ISA version needs; the runtime tests CPUID and, for
 * registers, OSXSAVE and XCR0. */
#define QOPT_CPU_X86_64_V2                                                     \
  (1ull << 0) /* cx16 lahf popcnt sse3 sse4.1 sse4.2 ssse3 */
#define QOPT_CPU_AVX2                                                          \
  (1ull << 1) /* avx avx2 bmi1 bmi2 f16c fma lzcnt movbe, ymm state */
#define QOPT_CPU_AVX512 (1ull << 2) /* f bw cd dq vl, zmm and opmask state */
#define QOPT_CPU_AVX512_VNNI_BF16 (1ull << 3) /* beside that */
#define QOPT_CPU_AMX_INT8_BF16                                                 \
  (1ull << 4) /* and amx-tile, tile state that the system lets us use */

/** The code for one ISA version, the most demanding first in the table. */
typedef struct {
  const char *isa;   /* x86-64-v4, ... */
  uint64_t features; /* QOPT_CPU_* that it needs */
  int64_t scratch_bytes;
  qopt_entry entries[QOPT_NUM_ENTRIES];
} qopt_variant;

/** The one symbol that model.so exports: `qopt_artifact`. Inputs and outputs
 * are those of the ONNX file in its order. The entries of a model with caches
 * take the inputs that are no past_* and give the outputs that are no
 * present_*, in this order. */
typedef struct {
  uint32_t abi;          /* QOPT_ABI_VERSION */
  uint32_t struct_bytes; /* sizeof(qopt_artifact_table) */
  const char *version;   /* of the compiler */
  const char *model_name;
  int64_t weights_bytes;  /* size of the file weights.safetensors */
  int64_t weights_offset; /* where its data section starts */
  int32_t num_symbols;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_caches;
  int32_t num_conditions;
  int32_t num_messages;
  int32_t num_variants;
  int32_t batch_symbol;    /* index of the symbol, or -1 */
  int32_t sequence_symbol; /* index of the symbol, or -1 */
  int32_t past_symbol;     /* index of the symbol, or -1 */
  /** Index of a symbol, or -1. A factor of the first size of every output and
   * of some inputs, and of no other size: it counts rows that do not depend on
   * each other, so that the entry may run on some of them at a time. */
  int32_t rows_symbol;
  int32_t picks_logits;   /* 1: see qopt_call.logit_rows */
  int32_t has_candidates; /* 1: see qopt_call.candidate_logits */
  int64_t max_context;    /* max_position_embeddings of the model, or 2048 */
  int64_t vocabulary;     /* token ids are below it; 0: not a language model */
  const char *const *symbols; /* names */
  const qopt_tensor_info *inputs;
  const qopt_tensor_info *outputs;
  const qopt_cache_info *caches;
  const qopt_condition *conditions;
  const char *const *messages; /* of errors found while running */
  const qopt_variant *variants;
} qopt_artifact_table;

#ifdef __cplusplus
}
#endif

#endif /* QOPT_INCLUDE_QOPT_ARTIFACT_H */

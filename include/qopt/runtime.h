/*===- runtime.h - Opens and runs compiled models ------------------------===*/

#ifndef QOPT_INCLUDE_QOPT_RUNTIME_H
#define QOPT_INCLUDE_QOPT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Exported from libqopt_runtime.so. */
#define QOPT_API __attribute__((visibility("default")))

/** Most dimensions of a tensor. */
#define QOPT_MAX_RANK 8

/** Element types, numbered as TensorProto.DataType of ONNX. A BOOL is one byte,
 * FLOAT16 and BFLOAT16 are two. */
typedef enum {
  QOPT_FLOAT = 1,
  QOPT_UINT8 = 2,
  QOPT_INT8 = 3,
  QOPT_UINT16 = 4,
  QOPT_INT16 = 5,
  QOPT_INT32 = 6,
  QOPT_INT64 = 7,
  QOPT_BOOL = 9,
  QOPT_FLOAT16 = 10,
  QOPT_DOUBLE = 11,
  QOPT_UINT32 = 12,
  QOPT_UINT64 = 13,
  QOPT_BFLOAT16 = 16,
} qopt_dtype;

/** Bytes of an element, 0 when `dtype` is none of the above. */
QOPT_API size_t qopt_dtype_bytes(int32_t dtype);

/** "float32", "int64", ...; "unknown" when `dtype` is none of the above. */
QOPT_API const char *qopt_dtype_name(int32_t dtype);

/** What every call that can fail returns. */
typedef enum {
  QOPT_OK = 0,
  QOPT_ERROR_ARGUMENT = 1, /* a null pointer, an option out of range */
  QOPT_ERROR_FILE = 2,     /* a file is missing, unreadable, damaged, resized */
  QOPT_ERROR_VERSION = 3,  /* the artifact was made for another runtime */
  QOPT_ERROR_CPU = 4, /* this CPU cannot run it; QOPT_ISA names no version */
  QOPT_ERROR_SIGNATURE =
      5,                /* wrong name, dtype, rank, shape or size of a tensor */
  QOPT_ERROR_VALUE = 6, /* a token id or other value is out of its range */
  QOPT_ERROR_CAPACITY = 7, /* the session's batch or context is exceeded */
  QOPT_ERROR_MEMORY = 8,
  QOPT_ERROR_SYSTEM = 9,    /* a thread could not be started */
  QOPT_ERROR_CANCELLED = 10 /* the cancel callback asked for it */
} qopt_status;

/** Why the last call that failed on this thread did; "" when none has. One
 * line, no full stop. Valid until the next call on this thread. */
QOPT_API const char *qopt_last_error(void);

/** Version of the runtime, "0.1.0". */
QOPT_API const char *qopt_version(void);

typedef enum { QOPT_LOG_INFO = 0, QOPT_LOG_WARNING = 1 } qopt_log_level;

/** Receives one line of text, valid during the call. Called on the thread that
 * uses the runtime, one call at a time; must not call the runtime. */
typedef void (*qopt_log_callback)(void *user, qopt_log_level level,
                                  const char *text);

/** Sets the log callback of the process; null (the default): no log. Any
 * thread, any time; the old callback is not called any more when this returns.
 */
QOPT_API void qopt_set_log(qopt_log_callback callback, void *user);

/*===- Models -------------------------------------------------------------===*/

/** An opened artifact: mapped code and weights, never changed. Any number of
 * threads may use it at once. */
typedef struct qopt_model qopt_model;

/** Opens the artifact in directory `path` (model.so and weights.safetensors)
 * and chooses the code for this CPU: the first ISA version of the artifact that
 * it supports, or the one that the environment variable QOPT_ISA names, which
 * must be one that the artifact holds and this CPU can run (QOPT_ERROR_CPU,
 * with those that there are). Weights are mapped read-only: processes share
 * them. On success *model is the caller's, released by qopt_model_free; on
 * failure it is null. */
QOPT_API qopt_status qopt_model_load(const char *path, qopt_model **model);

/** Releases the caller's hold; null is allowed. Sessions keep what they need of
 * the model, so the order in which they are freed does not matter. */
QOPT_API void qopt_model_free(qopt_model *model);

/** An input or output of the ONNX file. */
typedef struct {
  const char *name;
  int32_t dtype; /* qopt_dtype */
  int32_t rank;
  int32_t role;  /* qopt_role of artifact.h: tokens, mask, past key, ... */
  int32_t cache; /* index of the layer of a past_* or present_*, else -1 */
  int64_t dims[QOPT_MAX_RANK];          /* -1: dynamic */
  const char *dim_texts[QOPT_MAX_RANK]; /* "64", "batch", "past + sequence" */
} qopt_tensor_spec;

/** All that is known of a model. Lives as long as the model. */
typedef struct {
  const char *name;
  const char *compiler_version;
  int32_t num_inputs;
  int32_t num_outputs;
  const qopt_tensor_spec *inputs;  /* in the order of the ONNX file */
  const qopt_tensor_spec *outputs; /* in the order of the ONNX file */
  int32_t is_decoder;              /* 1: has key/value caches */
  int32_t num_caches;  /* one for each attention layer of a decoder */
  int64_t cache_bytes; /* memory of all caches per row and time step */
  int64_t max_context; /* default context of a session */
  int64_t vocabulary;  /* token ids are below it; 0: no language model */
  /** Most that qopt_candidates may ask for: QOPT_MAX_CANDIDATES, or 0 of a
   * model that gives logits alone. */
  int64_t max_candidates;
  const char *isa; /* the one that runs: "x86-64-v4" */
  int32_t num_isas;
  const char *const *isas; /* all that the artifact has */
  const uint8_t *weights;  /* mapping of the whole file weights.safetensors */
  int64_t weights_bytes;
} qopt_model_info;

/** Never null for a model that is not. */
QOPT_API const qopt_model_info *qopt_model_get_info(const qopt_model *model);

/*===- Sessions -----------------------------------------------------------===*/

/** Memory and threads to run a model with: one arena, the key/value caches, a
 * thread pool. Used by one thread at a time; several sessions of one model may
 * run in parallel. */
typedef struct qopt_session qopt_session;

/** Zero in a field: its default. */
typedef struct {
  int64_t batch;   /* decoders: most rows; 1 */
  int64_t context; /* decoders: most time steps in the cache; max_context */
  int32_t
      threads; /* with the calling one; as many as the process may use CPUs */
  /** Asked on the calling thread while a call runs, every few tens of
   * microseconds or so; the call ends with QOPT_ERROR_CANCELLED soon after it
   * returned nonzero. Null: never. Must not use the session. */
  int (*cancel)(void *user);
  void *cancel_user;
  /** Decoders: most time steps that qopt_session_prefill runs at once; 512.
   * Memory for intermediate values grows with it. */
  int64_t chunk;
} qopt_session_options;

/** `options` may be null. Cache memory is reserved here and taken from the
 * system as it is first written. On success *session is the caller's, released
 * by qopt_session_free; on failure it is null. */
QOPT_API qopt_status qopt_session_create(qopt_model *model,
                                         const qopt_session_options *options,
                                         qopt_session **session);

/** Null is allowed. Outputs that the session owns die with it. */
QOPT_API void qopt_session_free(qopt_session *session);

/** A tensor in the caller's or the session's memory: dense, row-major, any
 * alignment. */
typedef struct {
  const char *name;
  int32_t dtype; /* qopt_dtype */
  int32_t rank;
  int64_t dims[QOPT_MAX_RANK];
  void *data; /* read only, when it is an input */
  size_t bytes;
} qopt_tensor;

/** Runs the model as its ONNX file describes it. Every input is given, in any
 * order, found by name; dtype, rank, dims and bytes must fit. Nothing is
 * converted.
 *
 * Outputs are those asked for by `name`, in any order, none twice. Where `data`
 * is null the session provides memory, valid until the next call on it that is
 * given the session; else `data` holds at least the output's bytes, `bytes`
 * says how many there are. The call sets dtype, rank, dims, data and bytes.
 *
 * A decoder first copies past_*, of any length including 0, into the session's
 * cache; what was there is forgotten. It then appends the new time steps, so
 * that qopt_session_decode can go on from there. present_* are copied out only
 * when asked for. After a failure while running, the session is as after a
 * reset; a call that is refused before leaves it as it was. */
QOPT_API qopt_status qopt_session_run(qopt_session *session,
                                      const qopt_tensor *inputs,
                                      size_t num_inputs, qopt_tensor *outputs,
                                      size_t num_outputs);

/*===- Decoders on the session's own cache --------------------------------===*/

/** Which logits a call writes, as float32 whatever the file's dtype;
 * `vocabulary` is the last dimension of the file's logits. */
typedef enum {
  QOPT_LOGITS_NONE = 0,
  QOPT_LOGITS_LAST =
      1, /* [batch, vocabulary]: each row's last unmasked token's */
  QOPT_LOGITS_ALL = 2, /* [batch, length, vocabulary] */
} qopt_logits;

/** What qopt_session_prefill appends. Arrays are [batch, length], row-major. */
typedef struct {
  const int64_t *tokens;
  int64_t batch;  /* once the session holds time steps, always the same */
  int64_t length; /* at least 1 */
  /** 0: padding, which no token attends to, now or later. Null: all 1. */
  const uint8_t *mask;
  /** Null: the number of unmasked tokens before, in the same row. */
  const int64_t *positions;
} qopt_prompt;

/** Appends `length` time steps to the cache, a chunk of the session's options
 * at a time. A row whose tokens are all masked has the logits of its last one
 * as QOPT_LOGITS_LAST. `logits` may be null with QOPT_LOGITS_NONE. After a
 * failure the session's length is what it was. */
QOPT_API qopt_status qopt_session_prefill(qopt_session *session,
                                          const qopt_prompt *prompt,
                                          qopt_logits which, float *logits);

/** Appends one time step: `tokens` and `positions` (null as above) are [batch],
 * none masked, `logits` is [batch, vocabulary] or null. After a failure the
 * session's length is what it was. */
QOPT_API qopt_status qopt_session_decode(qopt_session *session,
                                         const int64_t *tokens, int64_t batch,
                                         const int64_t *positions,
                                         float *logits);

/** Most candidates of a row. */
#define QOPT_MAX_CANDIDATES 64

/** The largest logits of a row, all that greedy and top-k sampling read of
 * them. A call that is asked for them computes the same logits as one that
 * writes all, bit for bit, but does not write those. */
typedef struct {
  int64_t count; /* of each row: 1 to the model's max_candidates */
  /** [batch, count], float32: the row's largest logits above minus infinity,
   * the largest first, of equal ones that of the lower token. NaN is none of
   * them. Minus infinity where there are fewer. */
  float *logits;
  int64_t
      *tokens; /* [batch, count]: whose they are; -1 where there are fewer */
} qopt_candidates;

/** As qopt_session_prefill, with the candidates of each row's last unmasked
 * token. QOPT_ERROR_ARGUMENT, too, when the model has none or `count` is out of
 * its range. */
QOPT_API qopt_status qopt_session_prefill_candidates(
    qopt_session *session, const qopt_prompt *prompt,
    const qopt_candidates *candidates);

/** As qopt_session_decode, with the candidates of each row. Their tokens may be
 * the memory that `tokens` are in. */
QOPT_API qopt_status qopt_session_decode_candidates(
    qopt_session *session, const int64_t *tokens, int64_t batch,
    const int64_t *positions, const qopt_candidates *candidates);

/** Time steps in the cache, padding included; 0 for a model without caches. */
QOPT_API int64_t qopt_session_length(const qopt_session *session);

/** Rows in the cache; 0 while it is empty. */
QOPT_API int64_t qopt_session_batch(const qopt_session *session);

/** The session's limits, as created. */
QOPT_API int64_t qopt_session_max_batch(const qopt_session *session);
QOPT_API int64_t qopt_session_max_context(const qopt_session *session);
QOPT_API int32_t qopt_session_threads(const qopt_session *session);

/** Keeps the first `length` time steps of the cache, drops the others. */
QOPT_API qopt_status qopt_session_truncate(qopt_session *session,
                                           int64_t length);

/** Empties the cache. */
QOPT_API void qopt_session_reset(qopt_session *session);

/*===- Profiles -----------------------------------------------------------===*/

/** A parallel loop of a call begins, or ends. Each execution of an entry, a
 * qopt_entry_kind of artifact.h, runs the same loops in the same order: `loop`
 * counts them from 0, and the artifact's manifest.json says what they compute.
 * Called on the thread of the call; must not use the session. */
typedef void (*qopt_profile_callback)(void *user, int32_t entry, int32_t loop,
                                      int32_t ends);

/** Sets the callback of a session; null (the default): none. Not while a call
 * runs. */
QOPT_API void qopt_session_set_profile(qopt_session *session,
                                       qopt_profile_callback callback,
                                       void *user);

/*===- What the functions of a generated model.h check --------------------===*/

/** Product of `rank` sizes, 1 of none; SIZE_MAX when one is negative or the
 * product too large. */
QOPT_API size_t qopt_count_elements(int32_t rank, const int64_t *dims);

/** Fails with QOPT_ERROR_SIGNATURE unless the inputs and outputs are those of
 * the model, texts of dims aside; says which is not. */
QOPT_API qopt_status qopt_model_check(const qopt_model *model,
                                      const qopt_tensor_spec *inputs,
                                      int32_t num_inputs,
                                      const qopt_tensor_spec *outputs,
                                      int32_t num_outputs);

/** Elements that the caller has at the pointers of a prompt and at `logits`. */
typedef struct {
  size_t tokens;
  size_t mask;
  size_t logits;
} qopt_prompt_counts;

/** Fails with QOPT_ERROR_SIGNATURE unless the model has `num_logits` logits for
 * each token, there are as many tokens as the prompt says (and as many elements
 * of the mask, if it has one), and at least as many logits as will be written.
 */
QOPT_API qopt_status qopt_session_check_counts(
    const qopt_session *session, int64_t num_logits, const qopt_prompt *prompt,
    qopt_logits which, const qopt_prompt_counts *counts);

#ifdef __cplusplus
}
#endif

#endif /* QOPT_INCLUDE_QOPT_RUNTIME_H */

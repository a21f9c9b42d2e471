/*===- session.h - Memory and threads to run a model with ----------------===*/

#ifndef QOPT_RUNTIME_SESSION_H
#define QOPT_RUNTIME_SESSION_H

#include "runtime/cache.h"
#include "runtime/memory.h"
#include "runtime/model.h"
#include "runtime/threads.h"

/** What a call of the model works on, checked. */
typedef struct {
  int64_t symbols[QOPT_MAX_SYMBOLS];
  /* Of decoders; else 0. */
  int64_t batch;
  int64_t past;
  int64_t sequence;
  int64_t logitRows;  /* of each row: how many time steps have logits */
  int64_t candidates; /* of each of these, in place of its logits; 0: logits */
} qopt_sizes;

struct qopt_session {
  qopt_model *model;
  const qopt_artifact_table *table;
  qopt_pool *pool;
  int64_t maxBatch;
  int64_t context;
  int64_t chunk;            /* most time steps that a prefill runs at once */
  int64_t prefetchDistance; /* of weights; to ask the CPU takes a while */

  /* Of decoders: key and value of each layer, rows and time steps in them, and
   * which of those are not padding, [maxBatch][context]. */
  qopt_cache *caches;
  qopt_buffer *cacheMemory;
  uint8_t **cachePointers;
  uint8_t *mask;
  int64_t batch;
  int64_t length;

  qopt_buffer arena;
  qopt_buffer *inputMemory;  /* num_inputs: inputs made from a prompt */
  qopt_buffer *outputMemory; /* num_outputs: outputs that the session owns */
  qopt_buffer logitRows;     /* of qopt_call */
  qopt_buffer candidateLogits, candidateTokens; /* of qopt_call */

  /* Of the call; the arrays are here so that it allocates nothing. */
  const qopt_tensor **bound; /* num_inputs, in the table's order */
  qopt_tensor *inputs;       /* num_inputs: a prompt as the file has it */
  qopt_tensor *outputs;      /* num_outputs */
  bool *wanted;              /* num_outputs: whether outputs[i] is asked for */
  void **pointers; /* for each thread: inputs and outputs of the entry */
};

/** Finds the sizes of a call with the bound inputs, and logits of all time
 * steps; checks their dtypes and shapes and the session's limits. */
qopt_status qopt_session_check(const qopt_session *session, qopt_sizes *sizes);

/** Whether the entry for these sizes computes only logits that are asked for.
 */
bool qopt_session_picks_logits(const qopt_session *session,
                               const qopt_sizes *sizes);

/** Asks for the logits of `rows` time steps of each row; `*which` is where to
 * say which ones, [batch][rows]. The entry must pick logits. */
qopt_status qopt_session_pick_logits(qopt_session *session, qopt_sizes *sizes,
                                     int64_t rows, int64_t **which);

/** Asks for the logits of all time steps. */
qopt_status qopt_session_pick_all(qopt_session *session, qopt_sizes *sizes);

/** Asks for `count` candidates of each time step whose logits were asked for,
 * in place of these. */
qopt_status qopt_session_pick_candidates(qopt_session *session,
                                         qopt_sizes *sizes, int64_t count);

/** Fails unless the `count` token ids, in rows of `sequence`, are below the
 * vocabulary. `name` is the input's, for the error. */
qopt_status qopt_session_check_tokens(const qopt_session *session,
                                      const char *name, const void *tokens,
                                      int32_t dtype, size_t count,
                                      int64_t sequence);

/** Sets the shapes of session->outputs; the logits are those that were asked
 * for, which has been said before. Those without data get the session's memory;
 * of present_*, the entry's none, only the wanted. */
qopt_status qopt_session_place_outputs(qopt_session *session,
                                       const qopt_sizes *sizes);

/** Runs the entry that fits on the bound inputs, to session->outputs but for
 * present_*. The pool has been started. The session's length does not change.
 */
qopt_status qopt_session_execute(qopt_session *session,
                                 const qopt_sizes *sizes);

/** Runs this entry on them. Rows that are apart run in parts, these side by
 * side, each on a thread, as long as there is one for every thread: what a part
 * computes stays in the caches of its CPU. The loops of the parts that are left
 * run on all threads. */
qopt_status qopt_session_run_entry(qopt_session *session,
                                   const qopt_entry *entry,
                                   const qopt_sizes *sizes);

/** QOPT_ERROR_CANCELLED, with its text. */
qopt_status qopt_session_fail_cancelled(void);

#endif /* QOPT_RUNTIME_SESSION_H */

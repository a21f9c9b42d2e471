/*===- threads.h - The pool that runs parallel loops ---------------------===*/

#ifndef QOPT_RUNTIME_THREADS_H
#define QOPT_RUNTIME_THREADS_H

#include "qopt/artifact.h"
#include "qopt/runtime.h"

#include <stdbool.h>

/** Threads of one session. Its calls come from one thread at a time. */
typedef struct qopt_pool qopt_pool;

/** `threads` counts the caller of parallel_for; each thread has `scratchBytes`
 * of its own. `cancel` may be null. */
qopt_status qopt_pool_create(int32_t threads, size_t scratchBytes,
                             int (*cancel)(void *user), void *cancelUser,
                             qopt_pool **pool);

/** Null is allowed. */
void qopt_pool_free(qopt_pool *pool);

int32_t qopt_pool_threads(const qopt_pool *pool);

/** Forgets an earlier cancellation and asks for a new one: true when there is.
 */
bool qopt_pool_start(qopt_pool *pool);

/** Whether items were skipped since qopt_pool_start. */
bool qopt_pool_cancelled(const qopt_pool *pool);

/** From now on each loop calls `profile` as it begins and ends; null: none. */
void qopt_pool_set_profile(qopt_pool *pool, qopt_profile_callback profile,
                           void *user);

/** Whether there is one. */
bool qopt_pool_has_profile(const qopt_pool *pool);

/** The loops that follow are those of an entry, from its first on. */
void qopt_pool_enter(qopt_pool *pool, int32_t entry);

/** parallel_for of qopt_call; `pool` is a qopt_pool. Once cancelled it skips
 * what has not begun. Not to be called from a kernel. */
void qopt_pool_parallel_for(void *pool, qopt_kernel kernel, const void *env,
                            int64_t items);

/** A job runs on one thread, the pool's with this number; `thread` is for
 * qopt_thread_for. */
typedef void (*qopt_job)(void *env, int64_t item, int32_t number, void *thread);

/** Runs a job for each item, several at once. There must be no profile. Once
 * cancelled it skips what has not begun. */
void qopt_pool_run_jobs(qopt_pool *pool, qopt_job job, void *env,
                        int64_t items);

/** parallel_for of qopt_call, from within a job: all on its thread. */
void qopt_thread_for(void *thread, qopt_kernel kernel, const void *env,
                     int64_t items);

#endif /* QOPT_RUNTIME_THREADS_H */

/*===- threads.c - The pool that runs parallel loops ---------------------===*/

#include "runtime/threads.h"

#include "runtime/cpu.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* A thread takes a part of what is left, divided by this: long streams at
   * first, single items in the end, so that threads that lose their CPU for a
   * while are waited for the least. */
  sharesPerThread = 2,
  /* A pause is 15 to 45 ns: loops follow each other faster than a thread wakes.
   */
  spins = 2000,
};

/* A loop's number, whether threads may still join it, how many are in it. A
 * worker that wakes late does not join, so nobody waits for it. */
static const uint64_t joinedMask = 0xffffffff;
static const uint64_t openBit = 1ull << 32;
static const int loopShift = 33;

typedef struct {
  qopt_pool *pool;
  pthread_t thread;
  uint8_t *scratch;
} worker;

struct qopt_pool {
  _Alignas(64) _Atomic uint64_t state;
  _Alignas(64) _Atomic int64_t next; /* first item that nobody has taken */
  /* The loop: written while it is closed and empty, read by those who joined.
   */
  _Alignas(64) qopt_kernel kernel; /* null: the items are jobs */
  const void *env;
  qopt_job job;
  void *jobEnv;
  int64_t items;
  atomic_bool cancelled;

  _Alignas(64) pthread_mutex_t mutex;
  pthread_cond_t wake; /* a loop is open, or the pool ends */
  pthread_cond_t left; /* a worker has left the loop */
  atomic_int sleepers;
  atomic_bool callerSleeps;
  atomic_bool stop;

  int (*cancel)(void *user);
  void *cancelUser;
  qopt_profile_callback profile;
  void *profileUser;
  int32_t entry; /* whose loops run */
  int32_t loop;  /* number of the next one in it, when there is a profile */
  int32_t threads;
  int32_t started;
  int32_t spin;
  qopt_buffer scratch;
  worker workers[]; /* threads; the first is the caller */
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/** Whether to go on; the caller's thread asks. */
static bool goesOn(worker *self) {
  qopt_pool *pool = self->pool;
  if (self == pool->workers && pool->cancel && pool->cancel(pool->cancelUser))
    atomic_store_explicit(&pool->cancelled, true, memory_order_relaxed);
  return !atomic_load_explicit(&pool->cancelled, memory_order_relaxed);
}

static void runItems(worker *self, int64_t begin, int64_t end) {
  qopt_pool *pool = self->pool;
  if (pool->kernel)
    pool->kernel(pool->env, begin, end, self->scratch);
  else
    for (int64_t i = begin; i < end; ++i)
      pool->job(pool->jobEnv, i, (int32_t)(self - pool->workers), self);
}

/** Takes items until none is left. */
static void work(worker *self) {
  qopt_pool *pool = self->pool;
  while (goesOn(self)) {
    int64_t begin = atomic_load_explicit(&pool->next, memory_order_relaxed);
    int64_t count;
    do {
      if (begin >= pool->items)
        return;
      count = (pool->items - begin) / (sharesPerThread * pool->threads);
      count = count > 0 ? count : 1;
    } while (!atomic_compare_exchange_weak_explicit(
        &pool->next, &begin, begin + count, memory_order_relaxed,
        memory_order_relaxed));
    runItems(self, begin, begin + count);
  }
}

static bool isJoinable(uint64_t state, uint64_t lastLoop) {
  return (state & openBit) && state >> loopShift != lastLoop;
}

/** Waits for a loop other than `lastLoop` and joins it. 0: the pool ends. */
static uint64_t joinLoop(qopt_pool *pool, uint64_t lastLoop) {
  int spun = 0;
  uint64_t state = atomic_load(&pool->state);
  for (;;) {
    if (isJoinable(state, lastLoop)) {
      if (atomic_compare_exchange_weak(&pool->state, &state, state + 1))
        return state >> loopShift;
      continue;
    }
    if (atomic_load_explicit(&pool->stop, memory_order_relaxed))
      return 0;
    if (spun++ < pool->spin) {
      relax();
    } else {
      pthread_mutex_lock(&pool->mutex);
      atomic_fetch_add(&pool->sleepers, 1);
      while (!isJoinable(atomic_load(&pool->state), lastLoop) &&
             !atomic_load(&pool->stop))
        pthread_cond_wait(&pool->wake, &pool->mutex);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->mutex);
      spun = 0;
    }
    state = atomic_load(&pool->state);
  }
}

static void leaveLoop(qopt_pool *pool) {
  atomic_fetch_sub(&pool->state, 1);
  if (atomic_load(&pool->callerSleeps)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void *runWorker(void *argument) {
  worker *self = argument;
  qopt_pool *pool = self->pool;
  uint64_t loop = 0;
  while ((loop = joinLoop(pool, loop)) != 0) {
    work(self);
    leaveLoop(pool);
  }
  return NULL;
}

static void openLoop(qopt_pool *pool) {
  uint64_t loop = (atomic_load(&pool->state) >> loopShift) + 1;
  atomic_store(&pool->state, loop << loopShift | openBit);
  if (atomic_load(&pool->sleepers) == 0)
    return;
  int64_t wanted = pool->items - 1;
  pthread_mutex_lock(&pool->mutex);
  int sleepers = atomic_load(&pool->sleepers);
  for (int64_t i = 0; i < wanted && i < sleepers; ++i)
    pthread_cond_signal(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
}

/** Nobody joins any more; returns when all have left. */
static void closeLoop(qopt_pool *pool) {
  uint64_t state = atomic_fetch_and(&pool->state, ~openBit);
  for (int spun = 0; state & joinedMask; ++spun) {
    if (spun < pool->spin) {
      relax();
    } else {
      pthread_mutex_lock(&pool->mutex);
      atomic_store(&pool->callerSleeps, true);
      while (atomic_load(&pool->state) & joinedMask)
        pthread_cond_wait(&pool->left, &pool->mutex);
      atomic_store(&pool->callerSleeps, false);
      pthread_mutex_unlock(&pool->mutex);
    }
    state = atomic_load(&pool->state);
  }
}

/** Of the kernel or job that is set. */
static void runLoop(qopt_pool *pool, int64_t items) {
  if (items <= 0 || qopt_pool_cancelled(pool))
    return;
  bool alone = pool->threads == 1 || items == 1;
  if (alone && !pool->cancel) {
    runItems(pool->workers, 0, items);
    return;
  }
  pool->items = items;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  if (!alone)
    openLoop(pool);
  work(pool->workers);
  if (!alone)
    closeLoop(pool);
}

void qopt_pool_parallel_for(void *argument, qopt_kernel kernel, const void *env,
                            int64_t items) {
  qopt_pool *pool = argument;
  pool->kernel = kernel;
  pool->env = env;
  if (!pool->profile) {
    runLoop(pool, items);
    return;
  }
  int32_t loop = pool->loop++;
  pool->profile(pool->profileUser, pool->entry, loop, 0);
  runLoop(pool, items);
  pool->profile(pool->profileUser, pool->entry, loop, 1);
}

void qopt_pool_run_jobs(qopt_pool *pool, qopt_job job, void *env,
                        int64_t items) {
  pool->kernel = NULL;
  pool->job = job;
  pool->jobEnv = env;
  runLoop(pool, items);
}

void qopt_thread_for(void *argument, qopt_kernel kernel, const void *env,
                     int64_t items) {
  worker *self = argument;
  int64_t steps = self->pool->cancel ? 8 : 1; /* as often it is asked */
  int64_t count = (items + steps - 1) / steps;
  for (int64_t begin = 0; begin < items && goesOn(self); begin += count)
    kernel(env, begin, items - begin < count ? items : begin + count,
           self->scratch);
}

bool qopt_pool_has_profile(const qopt_pool *pool) {
  return pool->profile != NULL;
}

void qopt_pool_set_profile(qopt_pool *pool, qopt_profile_callback profile,
                           void *user) {
  pool->profile = profile;
  pool->profileUser = user;
}

void qopt_pool_enter(qopt_pool *pool, int32_t entry) {
  pool->entry = entry;
  pool->loop = 0;
}

bool qopt_pool_start(qopt_pool *pool) {
  bool cancelled = pool->cancel && pool->cancel(pool->cancelUser);
  atomic_store_explicit(&pool->cancelled, cancelled, memory_order_relaxed);
  return cancelled;
}

bool qopt_pool_cancelled(const qopt_pool *pool) {
  return atomic_load_explicit(&pool->cancelled, memory_order_relaxed);
}

int32_t qopt_pool_threads(const qopt_pool *pool) { return pool->threads; }

/** Signals are for the program's own threads. */
static qopt_status startWorkers(qopt_pool *pool) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int error = 0;
  while (!error && pool->started < pool->threads - 1) {
    worker *self = &pool->workers[pool->started + 1];
    error = pthread_create(&self->thread, NULL, runWorker, self);
    if (!error)
      ++pool->started;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (error)
    return qopt_fail(QOPT_ERROR_SYSTEM, "cannot start thread %d of %d: %s",
                     pool->started + 2, pool->threads, strerror(error));
  return QOPT_OK;
}

qopt_status qopt_pool_create(int32_t threads, size_t scratchBytes,
                             int (*cancel)(void *user), void *cancelUser,
                             qopt_pool **result) {
  size_t bytes = sizeof(qopt_pool) + (size_t)threads * sizeof(worker);
  qopt_pool *pool = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!pool)
    return qopt_fail_memory(bytes, "threads");
  memset(pool, 0, bytes);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->left, NULL);
  pool->threads = threads;
  pool->cancel = cancel;
  pool->cancelUser = cancelUser;
  pool->spin = threads <= qopt_cpu_count() ? spins : 0;

  size_t stride =
      (scratchBytes + 4095) / 4096 * 4096; /* no shared cache line */
  qopt_status status = qopt_buffer_reserve(
      &pool->scratch, stride * (size_t)threads, "the threads' scratch memory");
  for (int32_t i = 0; status == QOPT_OK && i < threads; ++i) {
    pool->workers[i].pool = pool;
    pool->workers[i].scratch = pool->scratch.data + stride * (size_t)i;
  }
  if (status == QOPT_OK)
    status = startWorkers(pool);
  if (status != QOPT_OK) {
    qopt_pool_free(pool);
    return status;
  }
  *result = pool;
  return QOPT_OK;
}

void qopt_pool_free(qopt_pool *pool) {
  if (!pool)
    return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->stop, true);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int32_t i = 1; i <= pool->started; ++i)
    pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->left);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  qopt_buffer_free(&pool->scratch);
  free(pool);
}

/*===- ceilings.c - What this machine can do at most ----------------------===*/

/* Compiled for the machine that it runs on. Arithmetic is measured in loops
 * whose values stay in registers, reads by adding up a region of memory. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define MAX_THREADS 256

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#ifdef __AVX512F__
#define V "zmm"
#define BITS 512
#define CLOBBERED                                                              \
  "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8",      \
      "zmm9", "zmm10", "zmm11", "zmm12", "zmm13"
#else
#define V "ymm"
#define BITS 256
#define CLOBBERED                                                              \
  "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8",      \
      "ymm9", "ymm10", "ymm11", "ymm12", "ymm13"
#endif

/* Twelve sums are more than a core has in flight. */
#define CHAINS 12
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define SET(i) "vbroadcastss %[one], %%" V #i "\n"
#define FMA(i) "vfmadd231ps %%" V "12, %%" V "13, %%" V #i "\n"
#define DOT8(i) "vpdpbusd %%" V "12, %%" V "13, %%" V #i "\n"
#define DOT16(i) "vdpbf16ps %%" V "12, %%" V "13, %%" V #i "\n"

#define LOOP(name, STEP)                                                       \
  static void name(int64_t rounds) {                                           \
    static const float one = 1;                                                \
    __asm__ volatile(TWELVE(SET) SET(12)                                       \
                         SET(13) "1:\n" TWELVE(STEP) "dec %[rounds]\njnz 1b\n" \
                     : [rounds] "+r"(rounds)                                   \
                     : [one] "m"(one)                                          \
                     : CLOBBERED, "cc");                                       \
  }

LOOP(runFma, FMA)
#ifdef __AVX512VNNI__
LOOP(runDot8, DOT8)
#endif
#ifdef __AVX512BF16__
LOOP(runDot16, DOT16)
#endif

#ifdef __AMX_INT8__
#include <sys/syscall.h>
#include <unistd.h>

/* Four sums of two by two tiles of 16 rows of 64 bytes. */
static void runTiles(int64_t rounds) {
  static const struct {
    uint8_t palette, start, unused[14];
    uint16_t columns[16];
    uint8_t rows[16];
  } shape = {.palette = 1,
             .columns = {64, 64, 64, 64, 64, 64, 64, 64},
             .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  __asm__ volatile("ldtilecfg %[shape]\n"
                   "tilezero %%tmm0\ntilezero %%tmm1\ntilezero %%tmm2\n"
                   "tilezero %%tmm3\ntilezero %%tmm4\ntilezero %%tmm5\n"
                   "tilezero %%tmm6\ntilezero %%tmm7\n"
                   "1:\n"
                   "tdpbusd %%tmm6, %%tmm4, %%tmm0\n"
                   "tdpbusd %%tmm7, %%tmm4, %%tmm1\n"
                   "tdpbusd %%tmm6, %%tmm5, %%tmm2\n"
                   "tdpbusd %%tmm7, %%tmm5, %%tmm3\n"
                   "dec %[rounds]\njnz 1b\n"
                   "tilerelease\n"
                   : [rounds] "+r"(rounds)
                   : [shape] "m"(shape)
                   : "cc", "memory");
}

static int allowTiles(void) {
  enum { requestPermission = 0x1023, tileData = 18 };
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}
#endif

typedef struct {
  void (*run)(int64_t rounds);
  int64_t operations; /* of a round */
} Unit;

/* Multiplications and additions: fp32, int8, bf16, int8 in tiles. */
static Unit getUnit(int unit) {
  Unit none = {0, 0};
  if (unit == 0)
    return (Unit){runFma, CHAINS * (BITS / 32) * 2};
#ifdef __AVX512VNNI__
  if (unit == 1)
    return (Unit){runDot8, CHAINS * (BITS / 8) * 2};
#endif
#ifdef __AVX512BF16__
  if (unit == 2)
    return (Unit){runDot16, CHAINS * (BITS / 16) * 2};
#endif
#ifdef __AMX_INT8__
  if (unit == 3 && allowTiles())
    return (Unit){runTiles, 4 * 16 * 16 * 64 * 2};
#endif
  return none;
}

typedef struct {
  void (*run)(int64_t rounds);
  int64_t rounds;
  const uint8_t *data;
  int64_t bytes;
} Work;

static _Atomic uint64_t sink;

/* By 16 bytes: the CPU fetches ahead of such loads best, 10 % and more better
 * than of loads of 64. */
static void readAll(const uint8_t *data, int64_t bytes) {
  typedef uint64_t pair __attribute__((vector_size(16), aligned(1)));
  /* Independent sums, so that loads need not wait for one another. */
  pair sums[8] = {0};
  for (int64_t i = 0; i + 128 <= bytes; i += 128)
    for (int j = 0; j < 8; ++j) {
      sums[j] += *(const pair *)(data + i + 16 * j);
      __asm__ volatile("" : "+x"(sums[j])); /* a load of its own */
    }
  for (int j = 0; j < 8; ++j)
    sink += sums[j][0] + sums[j][1];
}

static void *work(void *argument) {
  const Work *work = argument;
  if (work->run)
    work->run(work->rounds);
  else
    readAll(work->data, work->bytes);
  return 0;
}

/* Seconds until all are done; negative when a thread cannot be started. */
static double runAll(Work *works, int threads) {
  pthread_t others[MAX_THREADS];
  double start = now();
  int started = 1, failed = 0;
  for (; started < threads && !failed; started += !failed)
    failed = pthread_create(&others[started], 0, work, &works[started]);
  work(&works[0]);
  for (int i = 1; i < started; ++i)
    pthread_join(others[i], 0);
  return failed ? -1 : now() - start;
}

/* Operations a second of all threads, 0 without such a unit, negative when it
 * cannot be measured. Takes a tenth of a second. */
double measurePeak(int unit, int threads) {
  Unit what = getUnit(unit);
  if (!what.run || threads < 1 || threads > MAX_THREADS)
    return what.run ? -1 : 0;
  int64_t rounds = 100000;
  Work works[MAX_THREADS];
  for (;;) {
    for (int i = 0; i < threads; ++i)
      works[i] = (Work){what.run, rounds, 0, 0};
    double seconds = runAll(works, threads);
    if (seconds < 0)
      return -1;
    if (seconds > 0.05)
      return (double)(rounds * what.operations * threads) / seconds;
    rounds *= 2;
  }
}

/* Seconds that threads take to read all the bytes, each a part of its own;
 * negative when it cannot be measured. */
double measureRead(const uint8_t *data, int64_t bytes, int threads) {
  if (threads < 1 || threads > MAX_THREADS)
    return -1;
  Work works[MAX_THREADS];
  int64_t lines = bytes / 64;
  for (int i = 0; i < threads; ++i) {
    int64_t first = lines * i / threads, last = lines * (i + 1) / threads;
    works[i] = (Work){0, 0, data + 64 * first, 64 * (last - first)};
  }
  return runAll(works, threads);
}

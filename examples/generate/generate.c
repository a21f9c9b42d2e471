/*===- generate.c - Continues token ids with a decoder --------------------===*/

/* generate m.qopt COUNT TOKEN...: prints the COUNT likeliest tokens, one after
 * the other. Where `make install PREFIX=dir` put qopt:
 *   cc generate.c -o generate -Idir/include dir/lib/libqopt_runtime.a
 * or with CMake: ../CMakeLists.txt. */
#include <qopt/runtime.h>
#include <stdio.h>
#include <stdlib.h>

static void check(qopt_status status) {
  if (status == QOPT_OK)
    return;
  fprintf(stderr, "generate: error: %s\n", qopt_last_error());
  exit(1);
}

static int64_t number(const char *text) {
  char *end;
  long long value = strtoll(text, &end, 10);
  if (end != text && !*end)
    return value;
  fprintf(stderr, "generate: error: expects a number, but got '%s'\n", text);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 4)
    return fprintf(stderr, "usage: generate m.qopt COUNT TOKEN...\n"), 1;
  qopt_model *model;
  qopt_session *session;
  check(qopt_model_load(argv[1], &model));
  check(qopt_session_create(model, NULL, &session));
  int64_t *tokens = malloc((size_t)argc * sizeof *tokens);
  for (int i = 3; i < argc; ++i)
    tokens[i - 3] = number(argv[i]);
  qopt_prompt prompt = {.tokens = tokens, .batch = 1, .length = argc - 3};
  float logit;
  int64_t best;
  qopt_candidates likeliest = {.count = 1, .logits = &logit, .tokens = &best};
  check(qopt_session_prefill_candidates(session, &prompt, &likeliest));
  for (int64_t left = number(argv[2]); left > 0; --left) {
    if (best < 0)
      return fprintf(stderr, "generate: error: no logit is a number\n"), 1;
    printf("%lld\n", (long long)best);
    fflush(stdout);
    if (left > 1) /* what follows the last one is not wanted */
      check(
          qopt_session_decode_candidates(session, &best, 1, NULL, &likeliest));
  }
  free(tokens);
  qopt_session_free(session);
  qopt_model_free(model);
}

/*===- affine.c - Prints what a small model computes ---------------------===*/

#include "model.h"

#include <stdio.h>

int main(void) {
  enum { batch = 2, inputs = 16, outputs = 8 };
  float x[batch * inputs], y[batch * outputs];
  for (int i = 0; i < batch * inputs; ++i)
    x[i] = (float)(i % 5) - 2;
  qopt_model *model;
  qopt_session *session;
  if (tiny_load(TINY_NET_ARTIFACT, &model) != QOPT_OK ||
      qopt_session_create(model, NULL, &session) != QOPT_OK) {
    printf("%s\n", qopt_last_error());
    return 1;
  }
  size_t needed = tiny_count_output_y(batch);
  if (needed != batch * outputs)
    return 2;
  /* Too few elements anywhere are refused. */
  if (tiny_run(session, batch, x, inputs, y, needed) != QOPT_ERROR_SIGNATURE)
    return 3;
  if (tiny_run(session, batch, x, batch * inputs, y, needed - 1) !=
      QOPT_ERROR_SIGNATURE)
    return 4;
  if (tiny_run(session, batch, x, batch * inputs, y, needed) != QOPT_OK) {
    printf("%s\n", qopt_last_error());
    return 5;
  }
  for (size_t i = 0; i < needed; ++i)
    printf("%.6f\n", (double)y[i]);
  qopt_session_free(session);
  qopt_model_free(model);
  return 0;
}

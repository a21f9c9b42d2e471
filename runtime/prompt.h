/*===- prompt.h - The parts that a prompt runs in -------------------------===*/

#ifndef QOPT_RUNTIME_PROMPT_H
#define QOPT_RUNTIME_PROMPT_H

#include "runtime/session.h"

/** Time steps [first, first + length) of a prompt, which are run at once. */
typedef struct {
  const qopt_prompt *prompt;
  int64_t first;
  int64_t length;
} qopt_prompt_part;

/** Makes and binds the inputs of a part. Fails where the model has inputs that
 * no prompt tells. */
qopt_status qopt_session_make_inputs(qopt_session *session,
                                     const qopt_prompt_part *part);

#endif /* QOPT_RUNTIME_PROMPT_H */

//===- both.cpp - Two models in one C++ program ---------------------------===//

#include "tiny-net.qopt/model.h"
#include "tinystories.qopt/model.h"

#include <cstdio>

int main() {
  qopt_model *model = nullptr;
  const char *const paths[] = {TINY_NET_ARTIFACT, TINYSTORIES_ARTIFACT};
  for (const char *path : paths) {
    if (tiny_load(path, &model) == QOPT_OK) {
      std::printf("tiny\n");
      qopt_model_free(model);
    } else {
      std::printf("%s\n", qopt_last_error());
    }
  }
  if (tinystories_load(TINY_NET_ARTIFACT, &model) != QOPT_ERROR_SIGNATURE ||
      model)
    return 1;
  return 0;
}

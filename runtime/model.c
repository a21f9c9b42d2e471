/*===- model.c - Opens an artifact ---------------------------------------===*/

#include "runtime/model.h"

#include "runtime/convert.h"
#include "runtime/cpu.h"
#include "runtime/elf.h"
#include "runtime/error.h"
#include "runtime/weights.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/** What of the table this runtime relies on beyond its ABI. */
static qopt_status checkTable(const qopt_artifact_table *table,
                              const char *path) {
  if (table->abi != QOPT_ABI_VERSION)
    return qopt_fail(
        QOPT_ERROR_VERSION,
        "%s: made by another version of qopt (ABI %u, this runtime "
        "has ABI %u); compile the model again",
        path, table->abi, QOPT_ABI_VERSION);
  if (table->struct_bytes != sizeof *table)
    return qopt_fail(
        QOPT_ERROR_VERSION,
        "%s: made by another version of qopt (a table of %u bytes, "
        "this runtime expects %zu); compile the model again",
        path, table->struct_bytes, sizeof *table);
  bool sound =
      table->num_symbols + table->picks_logits + table->has_candidates <=
      QOPT_MAX_SYMBOLS;
  for (int32_t i = 0; i < table->num_inputs + table->num_outputs; ++i) {
    const qopt_tensor_info *tensor =
        i < table->num_inputs ? &table->inputs[i]
                              : &table->outputs[i - table->num_inputs];
    sound &= tensor->rank <= QOPT_MAX_RANK;
    sound &= qopt_dtype_bytes(tensor->dtype) != 0;
    sound &= tensor->cache < table->num_caches;
    if (tensor->cache >= 0)
      sound &= tensor->rank == 4 && qopt_is_float_dtype(tensor->dtype);
  }
  if (!sound)
    return qopt_fail(QOPT_ERROR_VERSION,
                     "%s: its table is not one of this runtime's", path);
  return QOPT_OK;
}

/** A name of the file at `path` that no library was opened by before: the
 * loader takes what is open under the same name for the same file, even when
 * another one has taken its place. Behind the last '/' a "/" or "./" stands for
 * each bit of a number. Null when memory ends. */
static char *makeNewName(const char *path) {
  static atomic_uint made;
  unsigned number = atomic_fetch_add(&made, 1);
  const char *file = strrchr(path, '/') + 1;
  char *name = malloc(strlen(path) + 2 * 8 * sizeof number + 1);
  if (!name)
    return NULL;
  char *end = stpncpy(name, path, (size_t)(file - path));
  for (; number; number >>= 1)
    end = stpcpy(end, number & 1 ? "./" : "/");
  strcpy(end, file);
  return name;
}

static qopt_status openLibrary(qopt_model *model, const char *path) {
  qopt_status status = qopt_check_shared_object(path);
  if (status != QOPT_OK)
    return status;
  char *name = makeNewName(path);
  if (!name)
    return qopt_fail_memory(strlen(path), "a file name");
  model->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  free(name);
  if (!model->library)
    return qopt_fail(QOPT_ERROR_FILE, "cannot load %s: %s", path, dlerror());
  model->table = dlsym(model->library, "qopt_artifact");
  if (!model->table)
    return qopt_fail(QOPT_ERROR_FILE,
                     "%s: not made by qopt (no symbol qopt_artifact)", path);
  status = checkTable(model->table, path);
  if (status != QOPT_OK)
    return status;
  return qopt_choose_variant(model->table, qopt_cpu_features(),
                             getenv("QOPT_ISA"), path, &model->variant);
}

/** `codePath` and `weightsPath` are the two files of the artifact. */
static qopt_status openFiles(qopt_model *model, const char *codePath,
                             const char *weightsPath) {
  qopt_status status = openLibrary(model, codePath);
  if (status != QOPT_OK)
    return status;
  status = qopt_weights_map(model, weightsPath);
  if (status != QOPT_OK)
    return status;
  return qopt_info_create(model);
}

static qopt_status openArtifact(qopt_model *model, const char *path) {
  struct stat information;
  if (stat(path, &information) != 0)
    return qopt_fail(QOPT_ERROR_FILE, "cannot open %s: %s", path,
                     strerror(errno));
  if (!S_ISDIR(information.st_mode))
    return qopt_fail(
        QOPT_ERROR_FILE,
        "cannot open %s: expects an artifact, which is a directory", path);
  size_t bytes = strlen(path) + sizeof "/weights.safetensors";
  char *names = malloc(2 * bytes);
  if (!names)
    return qopt_fail_memory(2 * bytes, "file names");
  snprintf(names, bytes, "%s/model.so", path);
  snprintf(names + bytes, bytes, "%s/weights.safetensors", path);
  qopt_status status = openFiles(model, names, names + bytes);
  free(names);
  return status;
}

qopt_status qopt_model_load(const char *path, qopt_model **result) {
  if (!result)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_model_load: model is null");
  *result = NULL;
  if (!path)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_model_load: path is null");
  qopt_model *model = calloc(1, sizeof *model);
  if (!model)
    return qopt_fail_memory(sizeof *model, "a model");
  atomic_init(&model->holds, 1);
  qopt_status status = openArtifact(model, path);
  if (status != QOPT_OK) {
    qopt_model_free(model);
    return status;
  }
  qopt_log(QOPT_LOG_INFO, "opened %s: %s, code for %s, %lld bytes of weights",
           path, model->info.name, model->info.isa,
           (long long)model->info.weights_bytes);
  *result = model;
  return QOPT_OK;
}

void qopt_model_hold(qopt_model *model) { atomic_fetch_add(&model->holds, 1); }

void qopt_model_free(qopt_model *model) {
  if (!model || atomic_fetch_sub(&model->holds, 1) != 1)
    return;
  qopt_info_free(&model->info);
  if (model->mapping)
    munmap(model->mapping, model->mappingBytes);
  if (model->library)
    dlclose(model->library);
  free(model);
}

const qopt_model_info *qopt_model_get_info(const qopt_model *model) {
  return model ? &model->info : NULL;
}

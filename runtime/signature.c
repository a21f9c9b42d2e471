/*===- signature.c - Shapes and symbols of a call ------------------------===*/

#include "runtime/signature.h"

#include "runtime/error.h"

#include <stdio.h>
#include <string.h>

/** Names of all inputs but past_*, of which there may be hundreds. */
static const char *listInputs(const qopt_artifact_table *table, char *text,
                              size_t bytes) {
  size_t used = 0;
  bool hasPast = false;
  text[0] = 0;
  for (int32_t i = 0; i < table->num_inputs && used < bytes; ++i) {
    if (table->inputs[i].cache >= 0)
      hasPast = true;
    else
      used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                               used ? ", " : "", table->inputs[i].name);
  }
  if (hasPast && used < bytes)
    snprintf(text + used, bytes - used, "%spast keys and values",
             used ? ", " : "");
  return text;
}

qopt_status qopt_bind_inputs(const qopt_artifact_table *table,
                             const qopt_tensor *inputs, size_t count,
                             const qopt_tensor **bound) {
  for (int32_t i = 0; i < table->num_inputs; ++i)
    bound[i] = NULL;
  for (size_t k = 0; k < count; ++k) {
    const char *name = inputs[k].name ? inputs[k].name : "";
    int32_t i = 0;
    while (i < table->num_inputs && strcmp(table->inputs[i].name, name) != 0)
      ++i;
    char all[512];
    if (i == table->num_inputs)
      return qopt_fail(QOPT_ERROR_SIGNATURE,
                       "the model has no input '%s' (it has %s)", name,
                       listInputs(table, all, sizeof all));
    if (bound[i])
      return qopt_fail(QOPT_ERROR_SIGNATURE, "input '%s' is given twice", name);
    bound[i] = &inputs[k];
  }
  for (int32_t i = 0; i < table->num_inputs; ++i)
    if (!bound[i])
      return qopt_fail(QOPT_ERROR_SIGNATURE, "input '%s' is missing",
                       table->inputs[i].name);
  return QOPT_OK;
}

static qopt_status checkType(const qopt_tensor_info *expected,
                             const qopt_tensor *input) {
  if (input->dtype != expected->dtype)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "input '%s' expects dtype %s, but got %s", expected->name,
                     qopt_dtype_name(expected->dtype),
                     qopt_dtype_name(input->dtype));
  if (input->rank != expected->rank)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "input '%s' expects rank %d, but got %d", expected->name,
                     expected->rank, input->rank);
  for (int32_t i = 0; i < input->rank; ++i)
    if (input->dims[i] < 0)
      return qopt_fail(QOPT_ERROR_SIGNATURE,
                       "input '%s' has dimension %d of negative size %lld",
                       expected->name, i, (long long)input->dims[i]);
  return QOPT_OK;
}

/** Solves `linear` = `size` when it has one symbol that is not known yet and
 * the solution is an integer of at least 0; whether it did. */
static bool solve(const qopt_artifact_table *table, const qopt_linear *linear,
                  int64_t size, bool *known, int64_t *symbols) {
  int32_t unknown = -1;
  for (int32_t i = 0; i < table->num_symbols; ++i) {
    if (linear->coefficient[i] == 0 || known[i])
      continue;
    if (unknown >= 0)
      return false;
    unknown = i;
  }
  if (unknown < 0)
    return false;
  int64_t coefficient = linear->coefficient[unknown];
  int64_t rest, difference;
  symbols[unknown] = 0;
  if (!qopt_linear_value(table, linear, symbols, &rest) ||
      __builtin_sub_overflow(size, rest, &difference) ||
      difference % coefficient != 0 || difference / coefficient < 0)
    return false;
  symbols[unknown] = difference / coefficient;
  known[unknown] = true;
  return true;
}

static bool isSymbol(const qopt_artifact_table *table,
                     const qopt_linear *linear) {
  int32_t terms = 0;
  for (int32_t i = 0; i < table->num_symbols; ++i)
    terms += linear->coefficient[i] != 0;
  return terms == 1 && linear->constant == 0;
}

/** One equation may give what another needs: until none gives more. Sizes that
 * are one symbol come first: where two disagree, it is the sum that is
 * reported. */
static void solveAll(const qopt_artifact_table *table,
                     const qopt_tensor *const *bound, bool *known,
                     int64_t *symbols) {
  bool symbolsOnly = true;
  for (bool progress = true; progress || symbolsOnly;) {
    symbolsOnly &= progress;
    progress = false;
    for (int32_t i = 0; i < table->num_inputs; ++i)
      for (int32_t j = 0; j < table->inputs[i].rank; ++j) {
        const qopt_linear *linear = &table->inputs[i].dims[j];
        if (symbolsOnly && !isSymbol(table, linear))
          continue;
        progress |= solve(table, linear, bound[i]->dims[j], known, symbols);
      }
  }
}

static bool allKnown(const qopt_artifact_table *table,
                     const qopt_linear *linear, const bool *known) {
  for (int32_t i = 0; i < table->num_symbols; ++i)
    if (linear->coefficient[i] != 0 && !known[i])
      return false;
  return true;
}

static qopt_status checkDim(const qopt_artifact_table *table, int32_t input,
                            int32_t dim, int64_t size, const bool *known,
                            const int64_t *symbols) {
  const qopt_tensor_info *expected = &table->inputs[input];
  const qopt_linear *linear = &expected->dims[dim];
  char text[256], value[32];
  int64_t wanted;
  qopt_linear_text(table, linear, text, sizeof text);
  if (!allKnown(table, linear, known))
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "input '%s' expects dimension %d to be %s, but got %lld, "
                     "which no size of the other inputs allows",
                     expected->name, dim, text, (long long)size);
  bool fits = qopt_linear_value(table, linear, symbols, &wanted);
  if (fits && wanted == size)
    return QOPT_OK;
  snprintf(value, sizeof value, "%lld", (long long)wanted);
  bool isConstant = fits && strcmp(text, value) == 0;
  return qopt_fail(QOPT_ERROR_SIGNATURE,
                   "input '%s' expects dimension %d to be %s%s%s, but got %lld",
                   expected->name, dim, text, fits && !isConstant ? " = " : "",
                   fits && !isConstant ? value : "", (long long)size);
}

/** The condition's message and the symbols that it speaks of. */
static qopt_status failCondition(const qopt_artifact_table *table,
                                 const qopt_condition *condition,
                                 const int64_t *symbols) {
  char values[512] = "";
  size_t used = 0;
  for (int32_t i = 0; i < table->num_symbols && used < sizeof values; ++i)
    if (condition->expression.coefficient[i] != 0)
      used += (size_t)snprintf(values + used, sizeof values - used,
                               "%s%s = %lld", used ? ", " : " (",
                               table->symbols[i], (long long)symbols[i]);
  return qopt_fail(QOPT_ERROR_SIGNATURE, "%s%s%s", condition->message, values,
                   used ? ")" : "");
}

qopt_status qopt_solve_shapes(const qopt_artifact_table *table,
                              const qopt_tensor *const *bound,
                              int64_t *symbols) {
  bool known[QOPT_MAX_SYMBOLS] = {false};
  memset(symbols, 0, QOPT_MAX_SYMBOLS * sizeof *symbols);
  for (int32_t i = 0; i < table->num_inputs; ++i) {
    qopt_status status = checkType(&table->inputs[i], bound[i]);
    if (status != QOPT_OK)
      return status;
  }
  solveAll(table, bound, known, symbols);
  for (int32_t i = 0; i < table->num_inputs; ++i)
    for (int32_t j = 0; j < table->inputs[i].rank; ++j) {
      qopt_status status =
          checkDim(table, i, j, bound[i]->dims[j], known, symbols);
      if (status != QOPT_OK)
        return status;
    }
  for (int32_t i = 0; i < table->num_symbols; ++i)
    if (!known[i])
      return qopt_fail(QOPT_ERROR_SIGNATURE,
                       "the inputs' shapes do not tell the size '%s'",
                       table->symbols[i]);
  for (int32_t i = 0; i < table->num_conditions; ++i) {
    int64_t value;
    if (!qopt_linear_value(table, &table->conditions[i].expression, symbols,
                           &value) ||
        value < 0)
      return failCondition(table, &table->conditions[i], symbols);
  }
  return QOPT_OK;
}

qopt_status qopt_output_shape(const qopt_artifact_table *table, int32_t index,
                              const int64_t *symbols, qopt_tensor *output) {
  const qopt_tensor_info *info = &table->outputs[index];
  output->name = info->name;
  output->dtype = info->dtype;
  output->rank = info->rank;
  bool fits = true;
  for (int32_t i = 0; i < info->rank; ++i)
    fits &= qopt_linear_value(table, &info->dims[i], symbols, &output->dims[i]);
  if (!fits ||
      !qopt_shape_bytes(info->dtype, info->rank, output->dims, &output->bytes))
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "output '%s' has no possible shape for these inputs",
                     info->name);
  return QOPT_OK;
}

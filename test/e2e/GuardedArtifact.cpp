//===- GuardedArtifact.cpp - Runs an artifact between forbidden pages -----===//

#include "test/e2e/GuardedArtifact.h"

#include "qopt/runtime.h"
extern "C" {
#include "runtime/cache.h"
#include "runtime/convert.h"
}
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <sys/mman.h>
#include <unistd.h>

namespace {

/// A thread's share of a parallel loop, without threads.
struct Runner {
  bool reversed;
  const Guarded *scratch;
  uint8_t fill;
  int shared = 0; ///< loops that several threads would meet at
};

void runItems(void *runtime, qopt_kernel kernel, const void *env,
              int64_t items) {
  Runner &runner = *static_cast<Runner *>(runtime);
  runner.shared += items > 1;
  if (!runner.reversed && items)
    return kernel(env, 0, items, runner.scratch->data);
  for (int64_t item = items - 1; item >= 0; --item) {
    std::memset(runner.scratch->data, runner.fill, runner.scratch->bytes);
    kernel(env, item, item + 1, runner.scratch->data);
  }
}

/// Numbers that look random, the same in every run.
uint32_t hash(uint64_t value) {
  value = (value + 1) * 0x9e3779b97f4a7c15u;
  return (value ^ value >> 29) * 0xbf58476d1ce4e5b9u >> 40;
}

int64_t evaluate(const qopt_linear &linear,
                 const std::vector<int64_t> &symbols) {
  int64_t value = linear.constant;
  for (size_t i = 0; i != symbols.size(); ++i)
    value += linear.coefficient[i] * symbols[i];
  return value;
}

/// The caches of one execution: past time steps are set, the others are not.
class Caches {
public:
  Caches(const qopt_artifact_table &table, const Sizes &sizes,
         const Setting &setting)
      : sizes(sizes) {
    qopt_pool_create(1, 0, nullptr, nullptr, &pool);
    for (int32_t i = 0; i != 2 * table.num_caches; ++i) {
      const qopt_cache_info &info = table.caches[i / 2];
      bool isKey = i % 2 == 0;
      qopt_cache cache = {nullptr,
                          info.heads,
                          isKey ? info.key_dim : info.value_dim,
                          sizes.past + sizes.sequence,
                          isKey,
                          info.dtype};
      size_t bytes = 0;
      qopt_cache_bytes(&cache, sizes.batch, &bytes);
      memory.push_back(
          std::make_unique<Guarded>("a cache", bytes, 64, setting));
      pointers.push_back(memory.back()->data);
      cache.data = memory.back()->data;
      std::vector<float> past(sizes.batch * cache.heads * sizes.past *
                              cache.dim);
      for (size_t k = 0; k != past.size(); ++k)
        past[k] = hash(k + i) / float(1 << 23) - 1;
      qopt_cache_load(&cache, pool, past.data(), QOPT_FLOAT, sizes.batch,
                      sizes.past);
      caches.push_back(cache);
    }
  }
  Caches(const Caches &) = delete;
  ~Caches() { qopt_pool_free(pool); }

  /// Adds past and new time steps.
  void store(std::vector<Result> &results) const {
    for (const qopt_cache &cache : caches) {
      size_t count = sizes.batch * cache.heads * cache.context * cache.dim;
      results.push_back({cache.isKey ? "a cache of keys" : "a cache of values",
                         QOPT_FLOAT,
                         std::vector<uint8_t>(count * sizeof(float))});
      qopt_cache_store(&cache, pool, results.back().bytes.data(), QOPT_FLOAT,
                       sizes.batch, cache.context);
    }
    for (const Memory &piece : memory)
      piece->check();
  }

  std::vector<uint8_t *> pointers;

private:
  Sizes sizes;
  qopt_pool *pool = nullptr;
  std::vector<qopt_cache> caches;
  std::vector<Memory> memory;
};

} // namespace

char context[256];

void fail(const std::string &text) {
  std::fprintf(stderr, "%s: %s\n", context, text.c_str());
  std::exit(1);
}

Guarded::Guarded(const char *name, size_t bytes, size_t alignment,
                 const Setting &setting)
    : name(name), bytes(bytes), fill(setting.fill) {
  size_t page = sysconf(_SC_PAGESIZE);
  accessible = std::max<size_t>((bytes + page - 1) / page, 1) * page;
  mapped = accessible + 2 * page;
  mapping = static_cast<uint8_t *>(
      mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (mapping == MAP_FAILED ||
      mprotect(mapping + page, accessible, PROT_READ | PROT_WRITE) != 0)
    fail(std::string("no memory for ") + name);
  begin = mapping + page;
  std::memset(begin, fill, accessible);
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  data = setting.side == Side::End ? begin + accessible - rounded : begin;
}

Guarded::~Guarded() { munmap(mapping, mapped); }

void Guarded::forbidWrites() { mprotect(begin, accessible, PROT_READ); }

void Guarded::check() const {
  auto isFill = [this](uint8_t byte) { return byte == fill; };
  if (!std::all_of(begin, data, isFill) ||
      !std::all_of(data + bytes, begin + accessible, isFill))
    fail(std::string("written outside of ") + name);
}

Artifact::Artifact(const std::string &path) {
  void *library = dlopen((path + "/model.so").c_str(), RTLD_NOW);
  if (!library)
    fail(dlerror());
  table =
      static_cast<const qopt_artifact_table *>(dlsym(library, "qopt_artifact"));
  if (!table || table->abi != QOPT_ABI_VERSION ||
      table->struct_bytes != sizeof *table)
    fail("not an artifact of this version");
  for (Side side : {Side::End, Side::Begin}) {
    Setting setting = {side, false, 0};
    size_t bytes = table->weights_bytes - table->weights_offset;
    weights.push_back(std::make_unique<Guarded>("weights", bytes, 64, setting));
    std::ifstream file(path + "/weights.safetensors", std::ios::binary);
    file.seekg(table->weights_offset);
    if (!file.read(reinterpret_cast<char *>(weights.back()->data), bytes))
      fail("cannot read the weights");
    weights.back()->forbidWrites();
  }
}

std::vector<int64_t> Artifact::symbolValues(const Sizes &sizes) const {
  std::vector<int64_t> symbols(table->num_symbols, sizes.sequence);
  if (table->num_symbols)
    symbols[0] = sizes.batch; // the first dimension, when nothing says more
  auto set = [&](int32_t index, int64_t value) {
    if (index >= 0)
      symbols[index] = value;
  };
  set(table->batch_symbol, sizes.batch);
  set(table->sequence_symbol, sizes.sequence);
  set(table->past_symbol, sizes.past);
  for (int32_t i = 0; i != table->num_conditions; ++i)
    if (evaluate(table->conditions[i].expression, symbols) < 0)
      fail(table->conditions[i].message);
  if (table->picks_logits)
    symbols.push_back(sizes.sequence); // logits of all time steps
  symbols.push_back(sizes.candidates);
  return symbols;
}

size_t Artifact::elements(const qopt_tensor_info &info,
                          const std::vector<int64_t> &symbols) const {
  size_t count = 1;
  for (int32_t i = 0; i != info.rank; ++i)
    count *= evaluate(info.dims[i], symbols);
  return count;
}

/// Of an input that says nothing of itself 0 and 1: ids, segments or a mask.
void Artifact::fillInput(const qopt_tensor_info &info, const Sizes &sizes,
                         void *data, size_t count) const {
  for (size_t i = 0; i != count; ++i) {
    int64_t value = hash(i) % 2;
    if (info.role == QOPT_ROLE_TOKENS && table->vocabulary)
      value = hash(i) % table->vocabulary;
    else if (info.role == QOPT_ROLE_MASK)
      value = i % 5 != 3;
    else if (info.role == QOPT_ROLE_POSITIONS)
      value = sizes.past + i % sizes.sequence;
    if (!qopt_store_integer(data, info.dtype, i, value))
      fail(std::string("cannot fill the input ") + info.name);
  }
}

std::vector<Result> Artifact::run(const qopt_variant &variant,
                                  const qopt_entry &entry, const Sizes &sizes,
                                  const Setting &setting) const {
  std::vector<int64_t> symbols = symbolValues(sizes);
  std::vector<Memory> memory;
  auto make = [&](const char *name, size_t bytes, size_t alignment) {
    memory.push_back(
        std::make_unique<Guarded>(name, bytes, alignment, setting));
    return memory.back()->data;
  };
  std::vector<void *> inputs, outputs;
  for (int32_t i = 0; i != table->num_inputs; ++i) {
    const qopt_tensor_info &info = table->inputs[i];
    if (info.cache >= 0)
      continue;
    size_t count = elements(info, symbols);
    inputs.push_back(make(info.name, count * qopt_dtype_bytes(info.dtype), 1));
    fillInput(info, sizes, inputs.back(), count);
    memory.back()->forbidWrites();
  }
  std::vector<Result> results;
  for (int32_t i = 0; i != table->num_outputs; ++i) {
    const qopt_tensor_info &info = table->outputs[i];
    if (info.cache >= 0)
      continue;
    size_t bytes = elements(info, symbols) * qopt_dtype_bytes(info.dtype);
    outputs.push_back(make(info.name, bytes, 1));
    results.push_back({info.name, info.dtype, std::vector<uint8_t>(bytes)});
    if (info.role == QOPT_ROLE_LOGITS && sizes.candidates)
      results.back().bytes.clear();
  }
  Caches caches(*table, sizes, setting);
  qopt_call call = {};
  call.arena =
      make("the arena",
           entry.arena_bytes ? entry.arena_bytes(symbols.data()) : 0, 64);
  make("scratch", variant.scratch_bytes, 64);
  Runner runner = {setting.reversed, memory.back().get(), setting.fill};
  call.symbols = symbols.data();
  call.inputs = inputs.data();
  call.outputs = outputs.data();
  call.weights = weights[setting.side == Side::Begin]->data;
  call.caches = caches.pointers.data();
  call.runtime = &runner;
  call.parallel_for = runItems;
  call.context = sizes.past + sizes.sequence;
  std::vector<int64_t> steps; // all logits
  for (int64_t i = 0; i != sizes.batch * sizes.sequence; ++i)
    steps.push_back(i % sizes.sequence);
  call.logit_rows = steps.data();
  if (sizes.candidates) {
    size_t count = sizes.batch * sizes.sequence * sizes.candidates;
    auto add = [&](const char *name, int32_t dtype) {
      size_t size = qopt_dtype_bytes(dtype);
      outputs.push_back(make(name, count * size, size));
      results.push_back({name, dtype, std::vector<uint8_t>(count * size)});
      return outputs.back();
    };
    call.candidate_logits =
        static_cast<float *>(add("logits of candidates", QOPT_FLOAT));
    call.candidate_tokens =
        static_cast<int64_t *>(add("tokens of candidates", QOPT_INT64));
    call.outputs = outputs.data();
  }
  entry.run(&call);
  if (call.error)
    fail(table->messages[call.error - 1]);
  if (&entry == &variant.entries[QOPT_ENTRY_DECODE] &&
      runner.shared > 5 * table->num_caches + 1)
    fail("a token has " + std::to_string(runner.shared) +
         " loops of several items, more than five a layer and the head's");
  for (const Memory &piece : memory)
    piece->check();
  for (size_t i = 0; i != outputs.size(); ++i)
    std::memcpy(results[i].bytes.data(), outputs[i], results[i].bytes.size());
  caches.store(results);
  return results;
}

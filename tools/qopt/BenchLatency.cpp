//===- BenchLatency.cpp - Speed of models without caches ------------------===//

#include "lib/Eval/Statistics.h"
#include "tools/qopt/Bench.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace qopt {

/// Ones, whatever the type: a mask that hides nothing, a valid token and type,
/// and no subnormal numbers.
static void fillWithOnes(NpyArray &array) {
  auto fill = [&](auto one) {
    for (size_t at = 0; at + sizeof(one) <= array.getNumBytes();
         at += sizeof(one))
      std::memcpy(array.data() + at, &one, sizeof(one));
  };
  switch (array.getType()) {
  case NpyType::F16:
    return fill(uint16_t(0x3c00));
  case NpyType::BF16:
    return fill(uint16_t(0x3f80));
  case NpyType::F32:
    return fill(1.0f);
  case NpyType::F64:
    return fill(1.0);
  default:
    break;
  }
  switch (getElementBytes(array.getType())) {
  case 1:
    return fill(uint8_t(1));
  case 2:
    return fill(uint16_t(1));
  case 4:
    return fill(uint32_t(1));
  default:
    return fill(uint64_t(1));
  }
}

namespace {
/// Inputs of a batch and a sequence, and what the runtime is given of them.
struct MadeInputs {
  std::vector<NpyArray> arrays;
  std::vector<qopt_tensor> inputs, outputs;
};
} // namespace

static Expected<MadeInputs> makeInputs(const qopt_model_info &info,
                                       int64_t batch, int64_t sequence) {
  MadeInputs made;
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.inputs, size_t(info.num_inputs))) {
    qopt_tensor tensor = {};
    tensor.name = spec.name;
    tensor.dtype = spec.dtype;
    tensor.rank = spec.rank;
    // What is called past where there is no cache is a sequence, too.
    for (int32_t i = 0; i != spec.rank; ++i)
      tensor.dims[i] = getInputSize(spec, i, {batch, sequence, sequence});
    Expected<NpyArray> array = NpyArray::create(
        getNpyType(spec.dtype), ArrayRef(tensor.dims, size_t(spec.rank)));
    if (!array)
      return createStringError("input '" + Twine(spec.name) +
                               "': " + toString(array.takeError()));
    fillWithOnes(*array);
    tensor.data = array->data();
    tensor.bytes = array->getNumBytes();
    made.arrays.push_back(std::move(*array));
    made.inputs.push_back(tensor);
  }
  for (const qopt_tensor_spec &spec :
       ArrayRef(info.outputs, size_t(info.num_outputs))) {
    qopt_tensor tensor = {};
    tensor.name = spec.name;
    made.outputs.push_back(tensor);
  }
  return made;
}

static Expected<LatencyFigures> benchOne(qopt_session *session,
                                         const qopt_model_info &info,
                                         int64_t batch, int64_t sequence,
                                         int64_t minRuns) {
  Expected<MadeInputs> made = makeInputs(info, batch, sequence);
  if (!made)
    return made.takeError();
  auto run = [&]() -> Expected<double> {
    return measure([&] {
      // The session's memory each time: the last call has set `data`.
      for (qopt_tensor &output : made->outputs)
        output.data = nullptr;
      return check(qopt_session_run(session, made->inputs.data(),
                                    made->inputs.size(), made->outputs.data(),
                                    made->outputs.size()));
    });
  };
  Expected<double> warmUp = run();
  if (!warmUp)
    return warmUp.takeError();

  // Short runs are repeated for half a second.
  constexpr double enough = 0.5;
  constexpr size_t maxRuns = 1000;
  std::vector<double> samples;
  double total = 0;
  while (samples.size() < size_t(minRuns) ||
         (total < enough && samples.size() < maxRuns)) {
    Expected<double> seconds = run();
    if (!seconds)
      return seconds.takeError();
    samples.push_back(*seconds);
    total += *seconds;
  }
  return LatencyFigures{batch,
                        sequence,
                        int64_t(samples.size()),
                        median(samples),
                        *std::min_element(samples.begin(), samples.end()),
                        quantile(samples, 0.95)};
}

Expected<std::vector<LatencyFigures>>
benchLatency(qopt_model *model, const BenchOptions &options, int32_t &threads) {
  Expected<SessionPointer> session = createSession(model, {options.threads});
  if (!session)
    return session.takeError();
  threads = qopt_session_threads(session->get());
  Progress progress;
  std::vector<LatencyFigures> figures;
  double all = double(options.batches.size() * options.sequences.size());
  for (int64_t batch : options.batches)
    for (int64_t sequence : options.sequences) {
      progress.update("measuring", double(figures.size()) / all);
      Expected<LatencyFigures> one =
          benchOne(session->get(), *qopt_model_get_info(model), batch, sequence,
                   options.runs);
      if (!one)
        return one.takeError();
      figures.push_back(*one);
    }
  return figures;
}

} // namespace qopt

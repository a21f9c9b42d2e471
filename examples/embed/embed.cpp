//===- embed.cpp - How alike texts are, by a sentence encoder -------------===//

// embed [--threads N] "TOKEN..." ...: runs the texts, each an argument of token
// ids, as one batch of all-MiniLM-L6-v2, and prints the cosines between their
// embeddings. Ctrl-C cancels. How to build it: ../CMakeLists.txt.
#include "model.h" // generated beside the artifact; includes qopt/runtime.h

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr size_t kWidth = 384; // of last_hidden_state

volatile std::sig_atomic_t interrupted = 0;

/// The first Ctrl-C asks, a second one ends the program.
extern "C" void interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

void check(qopt_status status) {
  if (status != QOPT_OK)
    throw std::runtime_error(qopt_last_error());
}

std::vector<int64_t> parseNumbers(const char *text) {
  std::vector<int64_t> numbers;
  for (char *end; *text; text = end + std::strspn(end, " ")) {
    numbers.push_back(std::strtoll(text, &end, 10));
    if (end == text)
      throw std::runtime_error("expects numbers, but got '" +
                               std::string(text) + "'");
  }
  return numbers;
}

struct Options {
  int32_t threads = 0; // as many as there are CPUs
  std::vector<std::vector<int64_t>> texts;
};

Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    bool isThreads = std::strcmp(argv[i], "--threads") == 0;
    std::vector<int64_t> numbers =
        parseNumbers(isThreads && i + 1 < argc ? argv[++i] : argv[i]);
    if (numbers.empty())
      throw std::runtime_error("expects token ids, but got an empty text");
    if (isThreads)
      options.threads = static_cast<int32_t>(numbers[0]);
    else
      options.texts.push_back(numbers);
  }
  if (options.texts.empty())
    throw std::runtime_error("usage: embed [--threads N] \"TOKEN...\" ...");
  return options;
}

/// Texts of unequal lengths as a matrix; the mask is 0 where there is no token.
struct Batch {
  int64_t rows, length = 0;
  std::vector<int64_t> tokens, mask, types;

  explicit Batch(const std::vector<std::vector<int64_t>> &texts)
      : rows(static_cast<int64_t>(texts.size())) {
    for (const std::vector<int64_t> &text : texts)
      length = std::max(length, static_cast<int64_t>(text.size()));
    tokens.resize(rows * length);
    mask.resize(rows * length);
    types.resize(rows * length);
    for (int64_t row = 0; row < rows; ++row) {
      std::copy(texts[row].begin(), texts[row].end(), &tokens[row * length]);
      std::fill_n(&mask[row * length], texts[row].size(), 1);
    }
  }
};

std::vector<float> run(qopt_session *session, const Batch &batch) {
  std::vector<float> hidden(
      minilm_l6_count_output_last_hidden_state(batch.rows, batch.length));
  check(minilm_l6_run(session, batch.rows, batch.length, batch.tokens.data(),
                      batch.tokens.size(), batch.mask.data(), batch.mask.size(),
                      batch.types.data(), batch.types.size(), hidden.data(),
                      hidden.size()));
  return hidden;
}

/// Each row's mean over its tokens, scaled to length 1.
std::vector<std::vector<float>> pool(const std::vector<float> &hidden,
                                     const Batch &batch) {
  std::vector<std::vector<float>> embeddings;
  for (int64_t row = 0; row < batch.rows; ++row) {
    std::vector<float> sum(kWidth);
    for (int64_t t = row * batch.length; t < (row + 1) * batch.length; ++t)
      for (size_t i = 0; batch.mask[t] && i < kWidth; ++i)
        sum[i] += hidden[t * kWidth + i];
    float square = 0; // the length takes the divisor of the mean with it
    for (float value : sum)
      square += value * value;
    for (float &value : sum)
      value /= std::sqrt(square);
    embeddings.push_back(sum);
  }
  return embeddings;
}

void printCosines(const std::vector<std::vector<float>> &embeddings) {
  for (const std::vector<float> &a : embeddings) {
    for (const std::vector<float> &b : embeddings) {
      float cosine = 0;
      for (size_t i = 0; i < kWidth; ++i)
        cosine += a[i] * b[i];
      std::printf("%7.4f", static_cast<double>(cosine));
    }
    std::printf("\n");
  }
}

using Model = std::unique_ptr<qopt_model, decltype(&qopt_model_free)>;
using Session = std::unique_ptr<qopt_session, decltype(&qopt_session_free)>;

void embed(const Options &options) {
  qopt_model *opened = nullptr;
  check(minilm_l6_load(MINILM_ARTIFACT, &opened));
  Model model(opened, qopt_model_free);
  qopt_session_options settings = {};
  settings.threads = options.threads;
  settings.cancel = [](void *) -> int { return interrupted; };
  qopt_session *created = nullptr;
  check(qopt_session_create(model.get(), &settings, &created));
  Session session(created, qopt_session_free);
  Batch batch(options.texts);
  std::fprintf(stderr, "%lld texts, %d threads\n",
               static_cast<long long>(batch.rows),
               static_cast<int>(qopt_session_threads(session.get())));
  printCosines(pool(run(session.get(), batch), batch));
}

} // namespace

int main(int argc, char **argv) {
  std::signal(SIGINT, interrupt);
  try {
    embed(parseOptions(argc, argv));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "embed: error: %s\n", error.what());
    return interrupted ? 130 : 1;
  }
}

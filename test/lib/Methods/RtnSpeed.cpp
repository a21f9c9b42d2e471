//===- RtnSpeed.cpp - Measures the search of scales -----------------------===//

#include "lib/Formats/PanelLayout.h"
#include "lib/Methods/Solver.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>
#include <random>

using namespace qopt;

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Seconds for 1e9 weights on one thread, of the solver and of packing.
static void measure(const char *formatText, const char *search) {
  Format format = llvm::cantFail(Format::parse(formatText));
  SolverOptions options;
  options["search"] = search;
  auto solver = llvm::cantFail(createSolver("rtn", options));
  const int64_t N = 2048, K = 2048;
  std::vector<float> rows(N * K);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  for (float &weight : rows)
    weight = normal(random);

  QuantizedMatrix matrix;
  double start = now();
  llvm::cantFail(solver->solve({rows, N, K}, format, 1, matrix));
  double solving = now() - start;
  PanelLayout layout(format, N, K);
  std::vector<uint8_t> panels(size_t(layout.bytes()));
  layout.pack(matrix, 0, layout.panels(), panels.data());
  start = now();
  layout.pack(matrix, 0, layout.panels(), panels.data());
  double packing = now() - start;
  llvm::outs() << formatText << " " << search << ": "
               << llvm::format("%.1f s, packing %.2f s\n",
                               solving * 1e9 / double(N * K),
                               packing * 1e9 / double(N * K));
}

int main(int argc, char **argv) {
  if (argc > 1)
    for (int i = 1; i < argc; ++i)
      measure(argv[i], "mse");
  else
    for (const char *format :
         {"int4-g64", "int4-g64-sym", "int3-g64", "int2-g64", "int4-g32",
          "int8-g64", "int8-channel",
          "codes = u4, block = 64, scale = f16, zero = f16", "int8-tensor"})
      for (const char *search : {"mse", "minmax"})
        measure(format, search);
}

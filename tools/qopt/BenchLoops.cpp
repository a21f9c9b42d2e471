//===- BenchLoops.cpp - Time of each loop of a language model -------------===//

#include "lib/Artifact/Directory.h"
#include "lib/Eval/Statistics.h"
#include "lib/Recipes/Paths.h"
#include "lib/Target/CostModel.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/DecoderRun.h"
#include "tools/qopt/LoopProfile.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace llvm;

namespace qopt {

namespace {

/// The loops of an entry.
struct EntryLoops {
  qopt_entry_kind kind;
  std::vector<LoopParts> loops;
  std::vector<std::string> names; ///< of each; equal loops have one
};

/// Names and predicts what a profile has measured.
class LoopReader {
public:
  static Expected<LoopReader> make(StringRef path, const qopt_model_info &info,
                                   const DecoderFigures &figures);

  /// Fails when other loops ran than the manifest lists.
  Error check(const LoopProfile &profile) const;
  /// Adds the seconds of an execution by name; returns their sum.
  double add(const EntryLoops &entry, const LoopProfile::Execution &execution,
             std::map<std::string, double> &seconds) const;
  /// A line without seconds for each loop of the entries that ran: of a prompt
  /// of so many tokens, else of a token.
  std::map<std::string, LoopLine> makeLines(const LoopProfile &profile,
                                            std::optional<int64_t> tokens,
                                            bool allLogits) const;
  ArrayRef<EntryLoops> getEntries() const { return entries; }

private:
  LoopReader(Manifest manifest, CostModel model)
      : manifest(std::move(manifest)), model(model) {}
  const WeightRecord *findWeight(const LoopPart &part) const;
  void predict(const LoopParts &parts, int64_t rows, int64_t executions,
               bool isLastOnly, LoopLine &line) const;

  Manifest manifest;
  CostModel model;
  std::vector<EntryLoops> entries;
};

} // namespace

/// This machine instead of an assumed one: what was measured with all threads.
static MachineSpeed getMeasuredSpeed(const X86Isa &isa,
                                     const DecoderFigures &figures) {
  double gigabytes = double(figures.weightBytes) / figures.readSeconds / 1e9;
  return {figures.fmaPeak /
              (2e9 * figures.threads * getMultiplyAddsPerCycle(isa, Unit::Fma)),
          gigabytes, gigabytes};
}

Expected<LoopReader> LoopReader::make(StringRef path,
                                      const qopt_model_info &info,
                                      const DecoderFigures &figures) {
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(path, manifestFile));
  if (!manifest)
    return manifest.takeError();
  const X86Isa *isa = findX86Isa(info.isa);
  if (!isa)
    return createStringError(Twine("nothing is known of the ISA version '") +
                             info.isa + "'");
  LoopReader reader(*manifest, CostModel(*isa, getMeasuredSpeed(*isa, figures),
                                         figures.threads));
  for (auto [name, kind] : {std::pair("prefill", QOPT_ENTRY_PREFILL),
                            {"decode", QOPT_ENTRY_DECODE}}) {
    auto loops = listLoops(manifest->loops, name);
    if (!loops)
      return loops.takeError();
    EntryLoops entry{kind, std::move(*loops), {}};
    for (const LoopParts &parts : entry.loops)
      entry.names.push_back(nameLoop(parts, *manifest));
    reader.entries.push_back(std::move(entry));
  }
  return reader;
}

Error LoopReader::check(const LoopProfile &profile) const {
  for (const EntryLoops &entry : entries)
    for (const LoopProfile::Execution &execution : profile.of(entry.kind))
      if (execution.size() != entry.loops.size())
        return createStringError("the manifest lists " +
                                 Twine(entry.loops.size()) + " loops, but " +
                                 Twine(execution.size()) + " ran");
  return Error::success();
}

double LoopReader::add(const EntryLoops &entry,
                       const LoopProfile::Execution &execution,
                       std::map<std::string, double> &seconds) const {
  double sum = 0;
  for (auto [name, time] : zip_equal(entry.names, execution)) {
    seconds[name] += time;
    sum += time;
  }
  return sum;
}

const WeightRecord *LoopReader::findWeight(const LoopPart &part) const {
  for (bool isExact : {true, false})
    for (const WeightRecord &weight : manifest.weights)
      if ((isExact ? weight.path : pathOfAll(weight.path)) == part.path)
        return &weight;
  return nullptr;
}

/// Adds the products of a loop that ran `executions` times, of `rows` rows each
/// or, with `isLastOnly`, where a head has logits of one row in all.
void LoopReader::predict(const LoopParts &parts, int64_t rows,
                         int64_t executions, bool isLastOnly,
                         LoopLine &line) const {
  for (const LoopPart &part : parts) {
    const WeightRecord *weight =
        part.op == "qopt.matmul" ? findWeight(part) : nullptr;
    if (!weight)
      continue;
    auto shape =
        ProductShape::parse(weight->shape, weight->stored, weight->activations);
    if (!shape) { // a type that has no kernel
      consumeError(shape.takeError());
      continue;
    }
    bool isOne = isLastOnly && weight->role == "head";
    ProductCost cost = model.cost(*shape, isOne ? 1 : rows);
    double times = isOne ? 1 : double(executions);
    line.predicted += times * cost.seconds();
    line.limit += times * cost.limitSeconds();
    (cost.isMemoryBound() ? line.memory : line.compute) +=
        times * cost.limitSeconds();
  }
}

std::map<std::string, LoopLine>
LoopReader::makeLines(const LoopProfile &profile, std::optional<int64_t> tokens,
                      bool allLogits) const {
  std::map<std::string, LoopLine> lines;
  auto single = int64_t(profile.of(QOPT_ENTRY_DECODE).size());
  for (const EntryLoops &entry : entries) {
    auto executions = int64_t(profile.of(entry.kind).size());
    if (executions == 0)
      continue;
    // A long prompt runs in chunks, of which the last may be a single token.
    int64_t rows = 1;
    if (!tokens)
      executions = 1;
    else if (entry.kind == QOPT_ENTRY_PREFILL)
      rows = int64_t(divideCeil(*tokens - single, executions));
    for (auto [name, parts] : zip_equal(entry.names, entry.loops)) {
      LoopLine &line = lines[name];
      line.name = name;
      line.calls += executions;
      for (const LoopPart &part : parts)
        if (!part.node.empty() && !is_contained(line.nodes, part.node))
          line.nodes.push_back(part.node);
      predict(parts, rows, executions, tokens && !allLogits, line);
    }
  }
  return lines;
}

namespace {
/// Of prompts, or of tokens.
struct LoopSamples {
  std::map<std::string, std::vector<double>> loops;
  std::vector<double> all, outside;

  void add(double seconds, double inLoops,
           const std::map<std::string, double> &times) {
    all.push_back(seconds);
    outside.push_back(seconds - inLoops);
    for (const auto &[name, time] : times)
      loops[name].push_back(time);
  }
};
} // namespace

static LoopFigures makeFigures(const LoopSamples &samples,
                               std::map<std::string, LoopLine> lines,
                               bool isPrefill, int64_t length) {
  LoopFigures figures;
  figures.isPrefill = isPrefill;
  figures.length = length;
  figures.seconds = median(samples.all);
  figures.outside = median(samples.outside);
  for (auto &[name, line] : lines) {
    line.seconds = median(samples.loops.at(name));
    figures.lines.push_back(std::move(line));
  }
  sort(figures.lines, [](const LoopLine &a, const LoopLine &b) {
    return a.seconds > b.seconds;
  });
  return figures;
}

static Expected<LoopFigures>
profilePrompts(const LoopReader &reader, DecoderRun &run, qopt_session *session,
               const BenchOptions &options, int64_t length) {
  LoopProfile profile(session);
  LoopSamples samples;
  for (int64_t i = 0; i != options.runs; ++i) {
    profile.clear();
    Expected<double> seconds = run.prefill(length);
    if (!seconds)
      return seconds.takeError();
    if (Error error = reader.check(profile))
      return std::move(error);
    double inLoops = 0;
    std::map<std::string, double> times;
    for (const EntryLoops &entry : reader.getEntries())
      for (const LoopProfile::Execution &execution : profile.of(entry.kind))
        inLoops += reader.add(entry, execution, times);
    samples.add(*seconds, inLoops, times);
  }
  return makeFigures(samples,
                     reader.makeLines(profile, length, options.allLogits),
                     /*isPrefill=*/true, length);
}

static Expected<LoopFigures>
profileTokens(const LoopReader &reader, DecoderRun &run, qopt_session *session,
              const BenchOptions &options, int64_t context, int64_t count) {
  LoopProfile profile(session);
  LoopSamples samples;
  for (int64_t i = 0; i != options.runs; ++i) {
    profile.clear();
    Expected<std::vector<double>> seconds = run.decode(count);
    if (!seconds)
      return seconds.takeError();
    if (Error error = reader.check(profile))
      return std::move(error);
    for (const EntryLoops &entry : reader.getEntries())
      for (auto [token, execution] : enumerate(profile.of(entry.kind))) {
        std::map<std::string, double> times;
        double inLoops = reader.add(entry, execution, times);
        samples.add((*seconds)[token], inLoops, times);
      }
  }
  return makeFigures(samples,
                     reader.makeLines(profile, std::nullopt, options.allLogits),
                     /*isPrefill=*/false, context);
}

Expected<std::vector<LoopFigures>> benchLoops(StringRef path, qopt_model *model,
                                              const BenchOptions &options,
                                              const DecoderFigures &figures) {
  const qopt_model_info &info = *qopt_model_get_info(model);
  Expected<std::vector<int64_t>> lengths = choosePromptLengths(info, options);
  if (!lengths)
    return lengths.takeError();
  Expected<LoopReader> reader = LoopReader::make(path, info, figures);
  if (!reader)
    return reader.takeError();
  Expected<SessionPointer> session = createSession(model, {options.threads});
  if (!session)
    return session.takeError();
  DecoderRun run(info, options, session->get(), *lengths);
  if (Expected<double> seconds = run.prefill(lengths->back()); !seconds)
    return seconds.takeError();
  Expected<LoopFigures> prompts =
      profilePrompts(*reader, run, session->get(), options, lengths->back());
  if (!prompts)
    return prompts.takeError();
  Expected<LoopFigures> tokens =
      profileTokens(*reader, run, session->get(), options, lengths->front(),
                    figures.decodedTokens);
  if (!tokens)
    return tokens.takeError();
  return std::vector<LoopFigures>{std::move(*prompts), std::move(*tokens)};
}

} // namespace qopt

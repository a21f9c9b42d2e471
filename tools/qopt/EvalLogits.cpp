//===- EvalLogits.cpp - Quality of language models ------------------------===//

#include "lib/Eval/Evaluation.h"
#include "lib/Report/Format.h"
#include "lib/Report/Json.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Eval.h"
#include "tools/qopt/EvalReport.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>

using namespace llvm;

namespace qopt {

/// Logits of the tokens in front of the window's targets, from an empty cache;
/// the head does not compute those of the tokens before.
static Error computeLogits(qopt_session *session, ArrayRef<int64_t> tokens,
                           const Window &window, std::vector<float> &logits) {
  qopt_session_reset(session);
  size_t first = window.firstTarget() - 1;
  auto prefill = [&](size_t begin, size_t end, qopt_logits which) {
    qopt_prompt prompt = {};
    prompt.tokens = tokens.data() + begin;
    prompt.batch = 1;
    prompt.length = int64_t(end - begin);
    return check(qopt_session_prefill(
        session, &prompt, which,
        which == QOPT_LOGITS_NONE ? nullptr : logits.data()));
  };
  if (first != window.begin)
    if (Error error = prefill(window.begin, first, QOPT_LOGITS_NONE))
      return error;
  return prefill(first, window.end, QOPT_LOGITS_ALL);
}

static Expected<Figures> evaluate(const Evaluated &model,
                                  const Evaluated *reference,
                                  const EvalTokens &tokens,
                                  const EvalOptions &options,
                                  EvalReport &report) {
  int64_t vocabulary = model.info().vocabulary;
  std::vector<float> logits(size_t(options.window * vocabulary)), others;
  if (reference)
    others.resize(logits.size());
  Evaluation evaluation(vocabulary);
  Progress progress;
  ArrayRef<int64_t> ids(tokens.ids);
  for (auto [i, window] : enumerate(tokens.windows)) {
    size_t first = window.firstTarget();
    if (first == window.end)
      continue; // one token, and nothing before it
    progress.update("evaluating", double(i) / double(tokens.windows.size()));
    if (Error error = computeLogits(model.session.get(), ids, window, logits))
      return error;
    if (reference)
      if (Error error =
              computeLogits(reference->session.get(), ids, window, others))
        return error;
    PartFigures part =
        evaluation.add(logits.data(), reference ? others.data() : nullptr,
                       ids.slice(first, window.end - first));
    double likelihood = part.negativeLogLikelihood;
    if (reference)
      report.add(window, {likelihood, part.kl, part.top1}, part.kl);
    else
      report.add(window, {likelihood}, likelihood);
  }
  return evaluation.getFigures();
}

static json::Value orNull(bool known, double value) {
  return known ? finiteOrNull(value) : json::Value(nullptr);
}

static Error printJson(const Figures &figures, const Evaluated &model,
                       const Evaluated *reference, const EvalOptions &options,
                       EvalReport &report, double seconds) {
  bool known = figures.hasReference;
  Error error = Error::success();
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", json::fixUTF8(model.path));
    json.attribute("tokens", figures.tokens);
    json.attribute("window", options.window);
    json.attribute("stride", options.stride);
    json.attribute("perplexity", orNull(true, figures.perplexity));
    json.attribute("kl", orNull(known, figures.klMean));
    json.attribute("kl_median", orNull(known, figures.klMedian));
    json.attribute("kl_p99", orNull(known, figures.kl99));
    json.attribute("kl_max", orNull(known, figures.klMax));
    json.attribute("top1", orNull(known, figures.top1));
    json.attribute("cosine", orNull(known, figures.cosine));
    model.writeSize(json);
    if (reference)
      json.attributeObject("reference", [&] {
        json.attribute("model", json::fixUTF8(reference->path));
        json.attribute("perplexity",
                       orNull(known, figures.referencePerplexity));
        reference->writeSize(json);
      });
    json.attribute("isa", model.info().isa);
    json.attribute("threads", qopt_session_threads(model.session.get()));
    json.attribute("seconds", seconds);
    error = joinErrors(std::move(error), report.writeJson(json));
  });
  outs() << '\n';
  return error;
}

static void printText(const Figures &figures, const Evaluated &model,
                      const Evaluated *reference) {
  Table table({{}, {"", /*rightAligned=*/true}});
  table.addRow({"perplexity", formatFixed(figures.perplexity, 4)});
  if (reference) {
    table.addRow(
        {"  of the reference", formatFixed(figures.referencePerplexity, 4)});
    table.addRow({"KL to the reference, mean", formatNumber(figures.klMean)});
    table.addRow({"  median", formatNumber(figures.klMedian)});
    table.addRow({"  99 %", formatNumber(figures.kl99)});
    table.addRow({"  largest", formatNumber(figures.klMax)});
    table.addRow({"top-1 agreement", formatFixed(figures.top1, 4)});
    table.addRow({"cosine of logits, mean", formatFixed(figures.cosine, 6)});
  }
  table.addRow({"predicted tokens", std::to_string(figures.tokens)});
  auto addSize = [&](const std::string &what, auto text) {
    table.addRow({what, text(model)});
    if (reference)
      table.addRow({"  of the reference", text(*reference)});
  };
  addSize("size", [](const Evaluated &of) { return formatBytes(of.bytes); });
  addSize("bits per weight, all", [](const Evaluated &of) {
    return formatFixed(of.weights.all.bitsPerWeight(), 2);
  });
  addSize("bits per weight, linears", [](const Evaluated &of) {
    return formatFixed(of.weights.linears.bitsPerWeight(), 2);
  });
  table.print(outs());
}

Error evalLogits(const Evaluated &model, const Evaluated *reference,
                 const EvalTokens &tokens, const EvalOptions &options) {
  std::vector<EvalReport::Column> columns = {
      {"-ln p", "negative_log_likelihood", 4}};
  if (reference)
    columns.insert(columns.end(), {{"KL", "kl", 6}, {"top-1", "top1", 4}});
  EvalReport report(tokens, options.report, std::move(columns));
  auto start = std::chrono::steady_clock::now();
  Expected<Figures> figures =
      evaluate(model, reference, tokens, options, report);
  if (!figures)
    return figures.takeError();
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (options.isJson)
    return printJson(*figures, model, reference, options, report, seconds);
  printText(*figures, model, reference);
  return report.printText();
}

} // namespace qopt

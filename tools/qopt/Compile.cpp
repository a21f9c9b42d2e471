//===- Compile.cpp - qopt compile and qopt explain ------------------------===//

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Recipes/Recipe.h"
#include "lib/Report/Format.h"
#include "lib/Report/Progress.h"
#include "passes/Compiler.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/DependencyFile.h"
#include "tools/qopt/Targets.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace qopt {

static Expected<Emit> parseEmit(StringRef text) {
  std::optional<Emit> emit = StringSwitch<std::optional<Emit>>(text)
                                 .Case("onnx", Emit::ONNX)
                                 .Case("qopt", Emit::QOpt)
                                 .Case("linalg", Emit::Linalg)
                                 .Case("llvm", Emit::LLVM)
                                 .Case("asm", Emit::Assembly)
                                 .Case("obj", Emit::Object)
                                 .Case("shared", Emit::Shared)
                                 .Default(std::nullopt);
  if (!emit)
    return createStringError(
        "unknown stage '" + text +
        "'; expects one of onnx, qopt, linalg, llvm, asm, obj, shared");
  return *emit;
}

/// What compile and explain have in common.
static Expected<CompileOptions> makeOptions(const Arguments &arguments,
                                            StringRef defaultTarget) {
  CompileOptions options;
  options.model = arguments.operand(0).str();
  options.recipe = arguments.get("recipe", "f32");
  if (Error error = checkRecipe(options.recipe))
    return error;
  Expected<std::vector<std::string>> isas =
      parseTargets(arguments.get("target", defaultTarget));
  if (!isas)
    return isas.takeError();
  options.isas = std::move(*isas);
  Expected<int64_t> threads = arguments.getInteger("threads", 0, 1, maxThreads);
  if (!threads)
    return threads.takeError();
  options.threads = unsigned(*threads);
  return options;
}

static bool isText(Emit emit) {
  return emit != Emit::Artifact && emit != Emit::Object && emit != Emit::Shared;
}

/// Refuses what the compiler would refuse after seconds of work.
static Error checkOutput(const CompileOptions &options) {
  if (options.emit == Emit::Artifact && !options.output.empty())
    return ArtifactDirectory::check(options.output, options.force);
  if (!options.output.empty())
    return checkOutputFile(options.output, options.force);
  if (!isText(options.emit))
    return createStringError("expects -o, the name of the output");
  return Error::success();
}

static Expected<int> compile(const Arguments &arguments) {
  Expected<CompileOptions> options = makeOptions(arguments, "all");
  if (!options)
    return options.takeError();
  options->output = arguments.get("o");
  options->force = arguments.has("force");
  options->printIRAfterAll = arguments.has("mlir-print-ir-after-all");
  options->remarks = arguments.has("remarks");
  options->fuse = !arguments.has("no-fusion");
  options->timing = arguments.has("mlir-timing");
  options->dumpPassPipeline = arguments.has("dump-pass-pipeline");
  if (arguments.has("emit")) {
    Expected<Emit> emit = parseEmit(arguments.get("emit"));
    if (!emit)
      return emit.takeError();
    options->emit = *emit;
  }
  std::string depfile = arguments.get("depfile");
  if (!depfile.empty() && options->emit != Emit::Artifact)
    return createStringError("--depfile is for artifacts, not with --emit");
  if (Error error = checkOutput(*options))
    return error;

  Progress progress;
  // Text on the same stream would cut through a bar.
  bool isQuiet = options->emit != Emit::Artifact || options->printIRAfterAll;
  if (!isQuiet)
    options->progress = [&](StringRef stage, double fraction) {
      progress.update(stage, fraction);
    };
  if (failed(compileModel(*options)))
    return 1;
  if (!depfile.empty())
    if (Error error = writeDependencyFile(depfile, *options))
      return std::move(error);
  return 0;
}

static Expected<int> explain(const Arguments &arguments) {
  Expected<CompileOptions> options = makeOptions(arguments, "host");
  if (!options)
    return options.takeError();
  if (arguments.has("target") && !arguments.has("costs"))
    return createStringError(
        "option '--target' is for --costs: nothing else depends on the CPU");
  ExplainOptions how;
  how.json = arguments.has("json");
  how.costs = arguments.has("costs");
  return failed(explainModel(*options, how, outs())) ? 1 : 0;
}

static const std::string recipeHelp =
    "what weights become: a YAML file of rules, or one of\n" +
    join(getBuiltInRecipeNames(), ", ") + " (default: f32)";
static const Option recipeOption = {"recipe", "RECIPE", recipeHelp.c_str()};
static const Option targetOption = {
    "target", "LIST",
    "CPUs to make code for: all, host, or some of x86-64, x86-64-v3,\n"
    "x86-64-v4, x86-64-v4-vnni and x86-64-v4-amx with commas between them\n"
    "(default: all)"};
static const Option costsTargetOption = {
    "target", "LIST",
    "with --costs: CPUs to predict for, named as in compile (default: host)"};

const Command compileCommand = {
    "compile",
    "compile an ONNX model to an artifact",
    {"MODEL.onnx"},
    {{"o", "m.qopt", "the artifact, a directory; a file with --emit"},
     recipeOption,
     targetOption,
     threadsOption,
     {"force", nullptr, "replace an output that exists"},
     {"depfile", "FILE",
      "write what the artifact depends on, as a rule for make or Ninja"},
     {"emit", "STAGE",
      "write the program at a stage instead: onnx, qopt, linalg, llvm, asm\n"
      "(text, to standard output without -o), obj or shared"},
     {"no-fusion", nullptr,
      "fold and fuse nothing, run every op by itself, to compare"},
     {"remarks", nullptr, "say what is slower or not fused, and why"},
     {"dump-pass-pipeline", nullptr,
      "print the passes of each stage to standard error, as qopt-opt takes "
      "them"},
     {"mlir-print-ir-after-all", nullptr,
      "print the program after each pass to standard error"},
     {"mlir-timing", nullptr, "print how long each pass took"}},
    {"qopt compile model.onnx -o model.qopt",
     "qopt compile model.onnx -o model.qopt --recipe w4 --target host",
     "qopt compile model.onnx -o model.qopt --recipe recipe.yaml",
     "qopt compile model.onnx -o model.qopt --target x86-64-v3,x86-64-v4 "
     "--force",
     "qopt compile model.onnx --emit=qopt"},
    compile};

const Command explainCommand = {
    "explain",
    "say for every node how it is compiled, or why it cannot be",
    {"MODEL.onnx"},
    {recipeOption,
     {"costs", nullptr,
      "predict the time of each product on the CPUs of --target"},
     costsTargetOption,
     jsonOption},
    {"qopt explain model.onnx", "qopt explain model.onnx --recipe w4a8 --json",
     "qopt explain model.onnx --recipe w4a8 --costs --target x86-64-v3"},
    explain};

} // namespace qopt

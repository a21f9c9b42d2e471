//===- qopt.cpp - The driver ----------------------------------------------===//

#include "lib/Report/Cleanup.h"
#include "lib/Report/Table.h"
#include "qopt/runtime.h"
#include "tools/qopt/Commands.h"
#include "llvm/Config/llvm-config.h"

using namespace llvm;
using namespace qopt;

static const Command *const commands[] = {
    &compileCommand, &explainCommand, &inspectCommand,  &runCommand,
    &evalCommand,    &benchCommand,   &generateCommand, &verifyCommand};

static void printUsage(raw_ostream &os) {
  os << "qopt compiles ONNX models to native code and runs them\n\n"
        "usage: qopt COMMAND ...\n\ncommands:\n";
  Table table({{}, {}});
  for (const Command *command : commands)
    table.addRow({command->name, command->summary});
  table.print(os, /*indent=*/2);
  os << "\nqopt COMMAND -h explains a command; qopt --version prints the "
        "version\n\n"
        "example:\n"
        "  qopt compile model.onnx -o model.qopt --recipe bf16\n";
}

static int fail(StringRef command, Error error) {
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    errs() << "qopt" << (command.empty() ? "" : " ") << command
           << ": error: " << info.message() << '\n';
  });
  return 1;
}

static int invoke(const Command &command, ArrayRef<const char *> rest) {
  Expected<Arguments> arguments = Arguments::parse(command, rest);
  if (!arguments)
    return fail(command.name, arguments.takeError());
  if (arguments->wantsHelp()) {
    printHelp(command, outs());
    return 0;
  }
  Expected<int> code = command.run(*arguments);
  if (!code)
    return fail(command.name, code.takeError());
  return *code;
}

/// What standard output did not take is an error, not a crash at exit.
static int finish(int code) {
  outs().flush();
  if (!outs().has_error())
    return code;
  std::error_code error = outs().error();
  outs().clear_error();
  return fail("", createFileError("standard output", error));
}

int main(int argc, char **argv) {
  installInterruptCleanup();
  ArrayRef<const char *> arguments(argv + 1, argc > 0 ? argc - 1 : 0);
  if (arguments.empty()) {
    printUsage(errs());
    return 1;
  }
  StringRef name = arguments.consume_front();
  if (name == "-h" || name == "--help" || name == "help") {
    printUsage(outs());
    return finish(0);
  }
  if (name == "--version") {
    outs() << "qopt " << qopt_version() << " (LLVM " << LLVM_VERSION_STRING
           << ")\n";
    return finish(0);
  }
  for (const Command *command : commands)
    if (name == command->name)
      return finish(invoke(*command, arguments));
  return fail("", createStringError("unknown command '" + name +
                                    "'; qopt -h lists them"));
}

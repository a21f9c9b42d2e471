//===- Options.h - Command lines as tables ----------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_OPTIONS_H
#define QOPT_TOOLS_QOPT_OPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace qopt {

/// An option of a command: --name, -n for names of one letter. Written with its
/// value as the next argument or after '='.
struct Option {
  const char *name;
  const char *value; ///< what to call its value; null: it has none
  const char *help;  ///< more lines after '\n'
  /// Takes all arguments up to the next option, and may be repeated.
  bool list = false;
};

class Arguments;

/// A command of the driver.
struct Command {
  const char *name;
  const char *summary;
  /// Names of what is given without an option; all of them must be.
  std::vector<const char *> operands;
  std::vector<Option> options;
  std::vector<const char *> examples;
  /// Returns the exit code, or an error that has not been printed.
  llvm::Expected<int> (*run)(const Arguments &arguments);
};

/// What a user gave to a command.
class Arguments {
public:
  /// Errors name the argument; options that nobody knows, values that are
  /// missing or too many, and options given twice are errors.
  static llvm::Expected<Arguments>
  parse(const Command &command, llvm::ArrayRef<const char *> arguments);

  /// -h was given: nothing else has been looked at.
  bool wantsHelp() const { return help; }

  llvm::StringRef operand(size_t index) const { return operands[index]; }
  bool has(llvm::StringRef option) const { return values.count(option) != 0; }
  /// The value, or `otherwise` when it was not given.
  std::string get(llvm::StringRef option, llvm::StringRef otherwise = "") const;
  /// All values of a list.
  std::vector<std::string> getAll(llvm::StringRef option) const;
  /// Fails unless the value is an integer between `min` and `max`.
  llvm::Expected<int64_t> getInteger(llvm::StringRef option, int64_t otherwise,
                                     int64_t min, int64_t max) const;
  /// The same for each value of a list; `otherwise` when it was not given.
  llvm::Expected<std::vector<int64_t>>
  getIntegers(llvm::StringRef option, std::vector<int64_t> otherwise,
              int64_t min, int64_t max) const;

private:
  bool help = false;
  std::vector<std::string> operands;
  llvm::StringMap<std::vector<std::string>> values;
};

/// Usage, options and examples of a command.
void printHelp(const Command &command, llvm::raw_ostream &os);

/// --threads, which several commands have.
extern const Option threadsOption, jsonOption;

/// Largest number of threads that --threads takes.
constexpr int64_t maxThreads = 1024;

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_OPTIONS_H

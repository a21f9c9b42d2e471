//===- Options.cpp - Command lines as tables ------------------------------===//

#include "tools/qopt/Options.h"

#include "lib/Report/Table.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

const Option threadsOption = {
    "threads", "N", "threads to use (default: as many as there are CPUs)"};
const Option jsonOption = {"json", nullptr, "print the figures as JSON"};

static std::string spell(StringRef name) {
  return (name.size() == 1 ? "-" : "--") + name.str();
}

static const Option *findOption(const Command &command, StringRef name) {
  for (const Option &option : command.options)
    if (name == option.name)
      return &option;
  return nullptr;
}

/// "" or "; did you mean '--recipe'?".
static std::string suggest(const Command &command, StringRef name) {
  const char *best = nullptr;
  unsigned bestDistance = 3;
  for (const Option &option : command.options) {
    unsigned distance = name.edit_distance(option.name);
    if (distance < bestDistance && distance < name.size()) {
      best = option.name;
      bestDistance = distance;
    }
  }
  return best ? "; did you mean '" + spell(best) + "'?" : "";
}

/// As options are spelled: neither '-', nor '-1', nor '- text'.
static bool isOption(StringRef argument) {
  StringRef name = argument;
  return argument == "--" ||
         (name.consume_front("-") && (name.consume_front("-"), true) &&
          !name.empty() && isAlpha(name[0]) && !name.contains(' '));
}

Expected<Arguments> Arguments::parse(const Command &command,
                                     ArrayRef<const char *> arguments) {
  Arguments result;
  for (StringRef argument : arguments)
    if (argument == "-h" || argument == "--help") {
      result.help = true;
      return result;
    }

  bool onlyOperands = false;
  while (!arguments.empty()) {
    StringRef argument = arguments.consume_front();
    if (!onlyOperands && argument == "--") {
      onlyOperands = true;
      continue;
    }
    if (onlyOperands || !isOption(argument)) {
      if (result.operands.size() == command.operands.size())
        return createStringError("unexpected argument '" + argument + "'");
      result.operands.push_back(argument.str());
      continue;
    }
    auto [name, value] = argument.split('=');
    bool hasValue = argument.contains('=');
    bool isLong = name.consume_front("--");
    if (!isLong)
      name = name.drop_front();
    const Option *option = findOption(command, name);
    if (!option || isLong != (name.size() > 1))
      return createStringError("unknown option '" + argument.split('=').first +
                               "'" + suggest(command, name));
    std::vector<std::string> &values = result.values[name];
    bool isRepeated = !values.empty();
    if (hasValue) {
      if (!option->value)
        return createStringError("option '" + spell(name) + "' has no value");
      values.push_back(value.str());
    } else if (!option->value) {
      values.emplace_back();
    } else {
      while (!arguments.empty() && !isOption(arguments.front())) {
        values.push_back(arguments.consume_front());
        if (!option->list)
          break;
      }
      if (values.empty())
        return createStringError("option '" + spell(name) + "' expects " +
                                 option->value);
    }
    if (isRepeated && !option->list)
      return createStringError("option '" + spell(name) + "' is given twice");
  }
  if (result.operands.size() < command.operands.size())
    return createStringError(StringRef("expects ") +
                             command.operands[result.operands.size()] +
                             "; qopt " + command.name + " -h says more");
  return result;
}

std::string Arguments::get(StringRef option, StringRef otherwise) const {
  auto found = values.find(option);
  return found == values.end() ? otherwise.str() : found->second.front();
}

std::vector<std::string> Arguments::getAll(StringRef option) const {
  return values.lookup(option);
}

Expected<std::vector<int64_t>>
Arguments::getIntegers(StringRef option, std::vector<int64_t> otherwise,
                       int64_t min, int64_t max) const {
  if (!has(option))
    return otherwise;
  std::vector<int64_t> integers;
  for (const std::string &list : getAll(option))
    for (StringRef text : split(list, ',')) {
      int64_t integer;
      if (text.getAsInteger(10, integer) || integer < min || integer > max)
        return createStringError(
            "option '" + spell(option) + "' expects an integer in [" +
            Twine(min) + ", " + Twine(max) + "], but got '" + text + "'");
      integers.push_back(integer);
    }
  return integers;
}

Expected<int64_t> Arguments::getInteger(StringRef option, int64_t otherwise,
                                        int64_t min, int64_t max) const {
  Expected<std::vector<int64_t>> integers =
      getIntegers(option, {otherwise}, min, max);
  if (!integers)
    return integers.takeError();
  if (integers->size() != 1)
    return createStringError("option '" + spell(option) +
                             "' expects one integer");
  return integers->front();
}

void printHelp(const Command &command, raw_ostream &os) {
  os << command.summary << "\n\nusage: qopt " << command.name;
  for (const char *operand : command.operands)
    os << ' ' << operand;
  os << " [options]\n\noptions:\n";

  Table table({{}, {}});
  auto addRows = [&](std::string left, StringRef help) {
    for (StringRef line : split(help, '\n')) {
      table.addRow({left, line.str()});
      left.clear();
    }
  };
  for (const Option &option : command.options) {
    std::string left = spell(option.name);
    if (option.value)
      left += std::string(" ") + option.value + (option.list ? " ..." : "");
    addRows(left, option.help);
  }
  addRows("-h", "print this help");
  table.print(os, /*indent=*/2);

  os << "\nexamples:\n";
  for (const char *example : command.examples)
    os << "  " << example << '\n';
}

} // namespace qopt

//===- Commands.h - Commands of the driver ----------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_COMMANDS_H
#define QOPT_TOOLS_QOPT_COMMANDS_H

#include "tools/qopt/Options.h"

namespace qopt {

extern const Command compileCommand, explainCommand, inspectCommand, runCommand,
    evalCommand, benchCommand, generateCommand, verifyCommand;

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_COMMANDS_H

//===- EntryArguments.h - Arguments of entries beside the file's -*- C++ -*-==//

#ifndef QOPT_PASSES_ENTRYARGUMENTS_H
#define QOPT_PASSES_ENTRYARGUMENTS_H

#include "llvm/ADT/StringRef.h"

namespace qopt {

/// How many time steps of each row logits are wanted of: a size that no input
/// tells, the last symbol of the signature.
constexpr llvm::StringLiteral logitRowsSymbol = "logit_rows";

/// Marks the argument that says which time steps these are; see
/// `qopt_call::logit_rows` in include/qopt/artifact.h.
constexpr llvm::StringLiteral logitRowsAttr = "qopt.logit_rows";

/// How many candidates of each row of logits are wanted in place of the logits:
/// a size that no input tells, the last symbol of the signature, behind
/// `logit_rows`.
constexpr llvm::StringLiteral candidatesSymbol = "candidates";

/// Marks the results with these, 0: their logits, 1: their tokens; see
/// `qopt_call::candidate_logits` in include/qopt/artifact.h.
constexpr llvm::StringLiteral candidatesAttr = "qopt.candidates";

/// The tensor type of an argument or result whose sizes are not those that the
/// signature says.
constexpr llvm::StringLiteral entryTypeAttr = "qopt.type";

} // namespace qopt

#endif // QOPT_PASSES_ENTRYARGUMENTS_H

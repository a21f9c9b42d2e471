//===- WireScan.h - Find weights in a protobuf file -------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_WIRESCAN_H
#define QOPT_LIB_ONNX_WIRESCAN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt::onnxfile {

/// Walks the wire format of a ModelProto and returns a copy of the message in
/// which every tensor of more than maxSmallElements elements whose data stands
/// in `bytes` in the order of memory (raw_data, packed float_data or
/// double_data) has a `segment` {begin, end}, the place of that data in
/// `bytes`, instead of it. No other tensor has a segment. Training information
/// is dropped. `bytes` may be anything; the error says what is wrong without
/// naming the file.
llvm::Expected<std::string> removeWeights(llvm::StringRef bytes);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_WIRESCAN_H

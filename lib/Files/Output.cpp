//===- Output.cpp - Files that are whole or absent ------------------------===//

#include "lib/Files/Output.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace qopt {

/// Writes to an open file; what the stream could not write is the error.
static Error writeTo(raw_fd_ostream &os,
                     function_ref<Error(raw_ostream &)> write) {
  Error error = write(os);
  os.flush();
  if (os.has_error()) {
    std::error_code code = os.error();
    os.clear_error();
    if (!error)
      return errorCodeToError(code);
  }
  return error;
}

Error writeFile(StringRef path, function_ref<Error(raw_ostream &)> write) {
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) &&
      status.type() != sys::fs::file_type::regular_file) {
    std::error_code code;
    raw_fd_ostream os(path, code);
    if (code)
      return createFileError(path, code);
    if (Error error = writeTo(os, write))
      return createFileError(path, std::move(error));
    return Error::success();
  }

  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!file)
    return createFileError(path, file.takeError());
  raw_fd_ostream os(file->FD, /*shouldClose=*/false);
  if (Error error = writeTo(os, write))
    return joinErrors(createFileError(path, std::move(error)), file->discard());
  if (Error error = file->keep(path))
    return createFileError(path, std::move(error));
  return Error::success();
}

} // namespace qopt

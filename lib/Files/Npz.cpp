//===- Npz.cpp - Named arrays in one file ---------------------------------===//

#include "lib/Files/Npz.h"

#include "lib/Files/Output.h"
#include "lib/Files/Zip.h"

using namespace llvm;

namespace qopt {

static Expected<NpyArray> readArray(StringRef archive, const ZipEntry &entry) {
  std::unique_ptr<MemoryBuffer> storage;
  Expected<StringRef> contents = readZipEntry(archive, entry, storage);
  if (!contents)
    return contents.takeError();
  return parseNpy(*contents);
}

Expected<std::vector<std::pair<std::string, NpyArray>>>
readNpz(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createFileError(path, buffer.getError());
  StringRef archive = (*buffer)->getBuffer();
  Expected<std::vector<ZipEntry>> entries = readZipDirectory(archive);
  if (!entries)
    return createFileError(path, entries.takeError());

  std::vector<std::pair<std::string, NpyArray>> arrays;
  for (const ZipEntry &entry : *entries) {
    Expected<NpyArray> array = readArray(archive, entry);
    if (!array)
      return createFileError(path,
                             createFileError(entry.name, array.takeError()));
    StringRef name = entry.name;
    name.consume_back(".npy");
    arrays.emplace_back(name.str(), std::move(*array));
  }
  return arrays;
}

Error writeNpz(StringRef path,
               ArrayRef<std::pair<std::string, NpyView>> arrays) {
  return writeFile(path, [&](raw_ostream &os) {
    ZipWriter writer(os);
    for (const auto &[name, array] : arrays) {
      std::string header = makeNpyHeader(array.type, array.shape);
      StringRef data(array.data, *getArrayBytes(array.type, array.shape));
      writer.add(name + ".npy", {header, data});
    }
    writer.finish();
    return Error::success();
  });
}

} // namespace qopt

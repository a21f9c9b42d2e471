//===- ZipTest.cpp - Tests of zip archives and npz ------------------------===//

#include "lib/Files/Zip.h"
#include "lib/Files/Npz.h"
#include "lib/Files/Output.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include <gtest/gtest.h>
#include <zlib.h>

using namespace llvm;
using namespace qopt;

namespace {

std::string makeArchive() {
  std::string bytes;
  raw_string_ostream os(bytes);
  ZipWriter writer(os);
  writer.add("a.npy", {"first ", "second"});
  writer.add("empty", {});
  writer.finish();
  return bytes;
}

/// Reads everything; the contents, or the first error.
Expected<std::vector<std::string>> readAll(StringRef archive) {
  Expected<std::vector<ZipEntry>> entries = readZipDirectory(archive);
  if (!entries)
    return entries.takeError();
  std::vector<std::string> all;
  for (const ZipEntry &entry : *entries) {
    std::unique_ptr<MemoryBuffer> storage;
    Expected<StringRef> contents = readZipEntry(archive, entry, storage);
    if (!contents)
      return contents.takeError();
    all.push_back(contents->str());
  }
  return all;
}

void put(std::string &bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i)
    bytes += char(value >> 8 * i);
}

/// An archive of one deflated member that claims this many bytes, with sizes
/// and offset in zip64 fields where `zip64` asks for them.
std::string makeDeflated(const std::string &text, uint64_t claimed,
                         bool zip64 = false) {
  std::string compressed(compressBound(text.size()), '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = (Bytef *)text.data();
  stream.avail_in = uInt(text.size());
  stream.next_out = (Bytef *)compressed.data();
  stream.avail_out = uInt(compressed.size());
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  uint32_t crc =
      uint32_t(crc32(0, (const Bytef *)text.data(), uInt(text.size())));

  std::string bytes = "PK\3\4";
  put(bytes, 20, 2), put(bytes, 0, 2), put(bytes, 8, 2), put(bytes, 0, 4);
  put(bytes, crc, 4), put(bytes, compressed.size(), 4), put(bytes, claimed, 4);
  put(bytes, 1, 2), put(bytes, 0, 2);
  bytes += "x" + compressed;
  size_t directory = bytes.size();
  bytes += "PK\1\2";
  put(bytes, 45, 2), put(bytes, 45, 2), put(bytes, 0, 2), put(bytes, 8, 2);
  put(bytes, 0, 4), put(bytes, crc, 4);
  put(bytes, zip64 ? 0xffffffff : compressed.size(), 4);
  put(bytes, zip64 ? 0xffffffff : claimed, 4);
  put(bytes, 1, 2), put(bytes, zip64 ? 28 : 0, 2), put(bytes, 0, 2);
  put(bytes, 0, 2), put(bytes, 0, 2), put(bytes, 0, 4);
  put(bytes, zip64 ? 0xffffffff : 0, 4);
  bytes += "x";
  if (zip64) {
    put(bytes, 1, 2), put(bytes, 24, 2), put(bytes, claimed, 8);
    put(bytes, compressed.size(), 8), put(bytes, 0, 8);
  }
  size_t end = bytes.size();
  if (zip64) {
    bytes += "PK\6\6";
    put(bytes, 44, 8), put(bytes, 45, 2), put(bytes, 45, 2), put(bytes, 0, 8);
    put(bytes, 1, 8), put(bytes, 1, 8), put(bytes, end - directory, 8);
    put(bytes, directory, 8);
    bytes += "PK\6\7";
    put(bytes, 0, 4), put(bytes, end, 8), put(bytes, 1, 4);
  }
  bytes += "PK\5\6";
  put(bytes, 0, 4), put(bytes, zip64 ? 0xffff : 1, 2);
  put(bytes, zip64 ? 0xffff : 1, 2);
  put(bytes, zip64 ? 0xffffffff : end - directory, 4);
  put(bytes, zip64 ? 0xffffffff : directory, 4), put(bytes, 0, 2);
  return bytes;
}

TEST(Zip, ReadsWhatItWrites) {
  auto all = readAll(makeArchive());
  ASSERT_TRUE(bool(all)) << toString(all.takeError());
  EXPECT_EQ(*all, (std::vector<std::string>{"first second", ""}));
}

TEST(Zip, ReadsDeflatedMembersAndZip64) {
  std::string text;
  for (int i = 0; i < 10000; ++i)
    text += "line " + std::to_string(i);
  for (bool zip64 : {false, true}) {
    auto all = readAll(makeDeflated(text, text.size(), zip64));
    ASSERT_TRUE(bool(all)) << toString(all.takeError());
    EXPECT_EQ(all->at(0), text);
  }
}

TEST(Zip, RefusesWrongSizes) {
  std::string text(5000, 'a');
  for (uint64_t claimed : {4999, 5001, 0})
    EXPECT_EQ(toString(readAll(makeDeflated(text, claimed)).takeError()),
              "the compressed contents are damaged");
  // A bomb is refused before memory is asked for.
  EXPECT_EQ(
      toString(
          readAll(makeDeflated(text, uint64_t(1) << 62, true)).takeError()),
      "the compressed contents are damaged");
}

TEST(Zip, RefusesChangedContents) {
  std::string archive = makeArchive();
  archive[archive.find("second")] = 'S';
  EXPECT_EQ(toString(readAll(archive).takeError()),
            "the checksum differs from the directory's");
}

TEST(Zip, NoPrefixAndNoChangedByteCrashes) {
  for (const std::string &good :
       {makeArchive(), makeDeflated("text text text", 14),
        makeDeflated("text text text", 14, /*zip64=*/true)}) {
    for (size_t length = 0; length < good.size(); ++length) {
      auto all = readAll(StringRef(good).take_front(length));
      EXPECT_FALSE(bool(all));
      consumeError(all.takeError());
    }
    for (size_t at = 0; at < good.size(); ++at)
      for (int change = 1; change < 256; ++change) {
        std::string bad = good;
        bad[at] = char(bad[at] ^ change);
        if (auto all = readAll(bad); !all)
          consumeError(all.takeError());
      }
  }
}

TEST(Npz, KeepsNamesOrderAndValues) {
  SmallString<128> path;
  ASSERT_FALSE(sys::fs::createTemporaryFile("arrays", "npz", path));
  FileRemover remover(path);
  float floats[] = {1.5f, -2.0f};
  int64_t scalar = 7;
  int64_t shape[] = {2, 1};
  Error error = writeNpz(
      path, {{"zz", NpyView{NpyType::F32, shape, (const char *)floats}},
             {"present.0.key", NpyView{NpyType::I64, {}, (char *)&scalar}}});
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  auto arrays = readNpz(path);
  ASSERT_TRUE(bool(arrays)) << toString(arrays.takeError());
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_EQ((*arrays)[0].first, "zz");
  EXPECT_EQ((*arrays)[0].second.getShape(), ArrayRef(shape));
  EXPECT_EQ(memcmp((*arrays)[0].second.data(), floats, sizeof(floats)), 0);
  EXPECT_EQ((*arrays)[1].first, "present.0.key");
  EXPECT_EQ(*getIntegers((*arrays)[1].second), std::vector<int64_t>{7});
}

} // namespace

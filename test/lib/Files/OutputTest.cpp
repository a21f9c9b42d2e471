//===- OutputTest.cpp - Tests of files that are whole or absent -----------===//

#include "lib/Files/Output.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace qopt;

namespace {

class Output : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("output", directory));
    path = directory;
    sys::path::append(path, "file");
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  int countFiles() {
    int count = 0;
    std::error_code code;
    for (sys::fs::directory_iterator it(directory, code), end;
         it != end && !code; it.increment(code))
      ++count;
    return count;
  }

  Error writeText(StringRef text) {
    return writeFile(path, [&](raw_ostream &os) {
      os << text;
      return Error::success();
    });
  }

  SmallString<128> directory, path;
};

TEST_F(Output, ReplacesAFile) {
  for (StringRef text : {"old", "new"})
    ASSERT_FALSE(bool(writeText(text)));
  EXPECT_EQ((*MemoryBuffer::getFile(path))->getBuffer(), "new");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(Output, LeavesTheOldFileAfterAFailure) {
  ASSERT_FALSE(bool(writeText("old")));
  Error error = writeFile(path, [&](raw_ostream &os) {
    os << "half";
    return createStringError("no more");
  });
  EXPECT_EQ(toString(std::move(error)), "'" + path.str().str() + "': no more");
  EXPECT_EQ((*MemoryBuffer::getFile(path))->getBuffer(), "old");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(Output, AFullDeviceIsAnError) {
  Error error = writeFile("/dev/full", [](raw_ostream &os) {
    os << std::string(1 << 20, 'x');
    return Error::success();
  });
  EXPECT_EQ(toString(std::move(error)), "'/dev/full': No space left on device");
}

TEST_F(Output, ADirectoryIsAnError) {
  path = directory;
  EXPECT_EQ(toString(writeText("text")),
            "'" + path.str().str() + "': Is a directory");
}

TEST_F(Output, AMissingFolderIsAnError) {
  path += "/missing/file";
  EXPECT_TRUE(errorToBool(writeText("text")));
}

} // namespace

//===- DirectoryTest.cpp - Artifacts appear whole or not at all -----------===//

#include "lib/Artifact/Directory.h"

#include "lib/Artifact/OutputFile.h"
#include "test/lib/Artifact/TempDirectory.h"
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

struct DirectoryTest : TempDirectoryTest {
  ArtifactDirectory create(const std::string &name, bool force = false) {
    llvm::Expected<ArtifactDirectory> result =
        ArtifactDirectory::create(path(name), force);
    EXPECT_TRUE(bool(result)) << llvm::toString(result.takeError());
    return std::move(*result);
  }
  std::string refusal(const std::string &name, bool force = false) {
    llvm::Expected<ArtifactDirectory> result =
        ArtifactDirectory::create(path(name), force);
    return result ? "" : llvm::toString(result.takeError());
  }
  size_t entries() const {
    return size_t(std::distance(fs::directory_iterator(directory),
                                fs::directory_iterator()));
  }
  void makeArtifact(const std::string &name, const std::string &text,
                    bool force) {
    ArtifactDirectory artifact = create(name, force);
    EXPECT_FALSE(bool(artifact.write(manifestFile, text)));
    llvm::Error error = artifact.commit();
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
  }
};

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DirectoryTest, AppearsWithCommit) {
  {
    ArtifactDirectory artifact = create("m.qopt/");
    EXPECT_FALSE(bool(artifact.write("model.h", "text")));
    write(path("config.json"), "{}");
    EXPECT_FALSE(bool(artifact.copy(path("config.json"), "config.json")));
    EXPECT_FALSE(fs::exists(path("m.qopt")));
    EXPECT_EQ(artifact.temporary(),
              path(".m.qopt.tmp-" + std::to_string(::getpid())));
    EXPECT_FALSE(bool(artifact.commit()));
  }
  EXPECT_EQ(read(path("m.qopt/model.h")), "text");
  EXPECT_EQ(read(path("m.qopt/config.json")), "{}");
  EXPECT_EQ(entries(), 2u);
}

TEST_F(DirectoryTest, LeavesNothingWithoutCommit) {
  {
    ArtifactDirectory artifact = create("m.qopt");
    EXPECT_FALSE(bool(artifact.write("model.h", "text")));
    ArtifactDirectory second = create("m.qopt"); // beside it
    EXPECT_EQ(entries(), 2u);
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(DirectoryTest, RefusesWhatExists) {
  makeArtifact("m.qopt", "1", false);
  EXPECT_TRUE(contains(refusal("m.qopt"),
                       "m.qopt' exists; --force replaces an artifact"));
  EXPECT_EQ(entries(), 1u);
  // It came into being after the start.
  ArtifactDirectory late = create("late.qopt");
  makeArtifact("late.qopt", "2", false);
  llvm::Error error = late.commit();
  EXPECT_TRUE(contains(llvm::toString(std::move(error)), "late.qopt' exists"));
  EXPECT_EQ(read(path("late.qopt/manifest.json")), "2");
}

TEST_F(DirectoryTest, ForceReplacesArtifactsOnly) {
  makeArtifact("m.qopt", "1", false);
  makeArtifact("m.qopt", "2", true);
  EXPECT_EQ(read(path("m.qopt/manifest.json")), "2");
  EXPECT_EQ(entries(), 1u);
  fs::create_directory(path("empty"));
  makeArtifact("empty", "3", true);
  EXPECT_EQ(read(path("empty/manifest.json")), "3");

  fs::create_directory(path("photos"));
  write(path("photos/cat"), "meow");
  EXPECT_TRUE(contains(refusal("photos", true), "is not an artifact"));
  write(path("file"), "text");
  EXPECT_TRUE(contains(refusal("file", true), "is not an artifact"));
  EXPECT_EQ(read(path("photos/cat")), "meow");
}

TEST_F(DirectoryTest, NamesPathAndCause) {
  EXPECT_TRUE(
      contains(refusal("no/such/m.qopt"), "no/such/m.qopt': No such file"));
  write(path("file"), "");
  EXPECT_TRUE(contains(refusal("file/m.qopt"), "Not a directory"));
  EXPECT_TRUE(contains(refusal(".."), "not a name"));
  // Nobody writes to it: reading must not wait.
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(llvm::toString(create("m.qopt").copy(path("pipe"), "config.json")),
            "cannot read '" + path("pipe") + "': not a regular file");
}

TEST_F(DirectoryTest, ChecksBeforeAnyWorkAsCreateDoes) {
  auto check = [&](const std::string &name, bool force) {
    return llvm::toString(ArtifactDirectory::check(path(name), force));
  };
  makeArtifact("m.qopt", "1", false);
  fs::create_directory(path("photos"));
  write(path("photos/cat"), "meow");
  for (const char *name : {"new.qopt", "m.qopt", "photos", "photos/cat",
                           "no/such/m.qopt", "photos/cat/m.qopt", "."})
    for (bool force : {false, true})
      EXPECT_EQ(check(name, force), refusal(name, force)) << name;
  EXPECT_EQ(entries(), 2u);
}

//===----------------------------------------------------------------------===//
// Single files
//===----------------------------------------------------------------------===//

TEST_F(DirectoryTest, FilesAppearWhole) {
  for (const char *text : {"old", "new"})
    EXPECT_FALSE(bool(writeSyncedFile(path("file"), text)));
  EXPECT_EQ(read(path("file")), "new");
  EXPECT_EQ(entries(), 1u);
  EXPECT_EQ(llvm::toString(writeSyncedFile(path("none/file"), "")),
            "cannot create '" + path("none/file") +
                "': No such file or directory");
  EXPECT_EQ(llvm::toString(writeSyncedFile(path("file/x"), "")),
            "cannot create '" + path("file/x") + "': Not a directory");
}

TEST_F(DirectoryTest, DevicesAndPipesAreWrittenDirectly) {
  EXPECT_EQ(llvm::toString(writeSyncedFile("/dev/full", "text")),
            "cannot write '/dev/full': No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_FALSE(bool(writeSyncedFile("/dev/null", "text")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));

  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read(path("pipe")); });
  EXPECT_FALSE(bool(writeSyncedFile(path("pipe"), "text")));
  reader.join();
  EXPECT_EQ(got, "text");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(DirectoryTest, ChecksNamesOfFiles) {
  auto check = [&](const std::string &name, bool force = false) {
    return llvm::toString(checkOutputFile(path(name), force));
  };
  write(path("file"), "");
  EXPECT_EQ(check("new"), "");
  EXPECT_EQ(check("file"),
            "'" + path("file") + "' exists; --force replaces it");
  EXPECT_EQ(check("file", true), "");
  EXPECT_EQ(check(".", true),
            "cannot create '" + path(".") + "': Is a directory");
  EXPECT_TRUE(contains(check("none/x", true), "No such file or directory"));
  EXPECT_TRUE(contains(check("file/x", true), "Not a directory"));
  EXPECT_EQ(llvm::toString(checkOutputFile("/dev/full", false)), "");
}

} // namespace

//===- DirectoryTest.cpp - Artifacts appear whole or not at all -----------===//

#include "lib/Artifact/Directory.h"

#include "TempDirectory.h"
#include "lib/Artifact/OutputFile.h"
#include <sys/stat.h>
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
  EXPECT_TRUE(contains(refusal("m.qopt"), "m.qopt' already exists"));
  EXPECT_EQ(entries(), 1u);
  // It came into being after the start.
  ArtifactDirectory late = create("late.qopt");
  makeArtifact("late.qopt", "2", false);
  llvm::Error error = late.commit();
  EXPECT_TRUE(contains(llvm::toString(std::move(error)), "already exists"));
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
  std::string text = llvm::toString(writeSyncedFile("/dev/full", "text"));
  EXPECT_EQ(text, "cannot write '/dev/full': No space left on device");
}

} // namespace

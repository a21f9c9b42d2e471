//===- CleanupTest.cpp - Tests of what an interrupt removes ---------------===//

#include "lib/Report/Cleanup.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace qopt;

namespace {

class Cleanup : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("cleanup", directory));
    ASSERT_FALSE(sys::fs::create_directory(inside("tree")));
    std::error_code code;
    raw_fd_ostream(inside("tree/file"), code) << "text";
    ASSERT_FALSE(code);
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  std::string inside(StringRef name) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    return std::string(path);
  }

  /// The status of a child that registers the tree, then gets this signal.
  int interrupt(int signal) {
    pid_t child = fork();
    if (child == 0) {
      installInterruptCleanup();
      Temporary temporary(inside("tree"));
      kill(getpid(), signal);
      sleep(20);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  SmallString<128> directory;
};

TEST_F(Cleanup, RemovesWhatIsNotKept) {
  { Temporary temporary(inside("tree")); }
  EXPECT_FALSE(sys::fs::exists(inside("tree")));
}

TEST_F(Cleanup, LeavesWhatIsKept) {
  {
    Temporary temporary(inside("tree"));
    temporary.keep();
  }
  EXPECT_TRUE(sys::fs::exists(inside("tree/file")));
}

TEST_F(Cleanup, DoesNotFollowLinks) {
  ASSERT_FALSE(sys::fs::create_link(inside("tree"), inside("link")));
  { Temporary temporary(inside("link")); }
  EXPECT_FALSE(sys::fs::exists(inside("link")));
  EXPECT_TRUE(sys::fs::exists(inside("tree/file")));
}

TEST_F(Cleanup, AnInterruptRemovesAndEndsTheProcess) {
  for (int signal : {SIGINT, SIGTERM}) {
    sys::fs::create_directory(inside("tree"));
    int status = interrupt(signal);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    EXPECT_FALSE(sys::fs::exists(inside("tree")));
  }
}

} // namespace

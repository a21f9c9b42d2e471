//===- TempDirectory.h - A folder that goes with the test -------*- C++ -*-===//

#ifndef QOPT_TEST_LIB_ARTIFACT_TEMPDIRECTORY_H
#define QOPT_TEST_LIB_ARTIFACT_TEMPDIRECTORY_H

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

/// A test whose files live in `directory`.
class TempDirectoryTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "qopt-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string path(const std::string &name) const {
    return (directory / name).string();
  }
  static std::string read(const std::string &file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  static void write(const std::string &file, const std::string &contents) {
    std::ofstream(file, std::ios::binary) << contents;
  }

  std::filesystem::path directory;
};

#endif // QOPT_TEST_LIB_ARTIFACT_TEMPDIRECTORY_H

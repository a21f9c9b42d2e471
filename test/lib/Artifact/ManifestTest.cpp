//===- ManifestTest.cpp - Manifests and digests ---------------------------===//

#include "lib/Artifact/Manifest.h"

#include "lib/Artifact/Sha256.h"
#include "test/lib/Artifact/TempDirectory.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace qopt;

namespace {

std::string sha256(llvm::StringRef text, bool portable, size_t step) {
  Sha256 hash;
  if (portable)
    hash.disableInstructions();
  for (; !text.empty(); text = text.drop_front(std::min(step, text.size())))
    hash.update(text.substr(0, step));
  return hash.hex();
}

TEST(Sha256, AgreesWithLLVMAtAllLengths) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    llvm::SHA256 hash;
    hash.update(text);
    std::string expected = llvm::toHex(hash.final(), true);
    for (bool portable : {false, true})
      for (size_t step : {1, 7, 64, 1000})
        ASSERT_EQ(sha256(text, portable, step), expected) << i;
    text += char(i * 7);
  }
  EXPECT_EQ(sha256("abc", false, 3),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct ManifestTest : TempDirectoryTest {};

TEST_F(ManifestTest, RoundTrip) {
  write(path("model.onnx"), "abc");
  llvm::Expected<FileDigest> model = digestFile(path("model.onnx"));
  ASSERT_TRUE(bool(model));
  EXPECT_EQ(model->name, "model.onnx");
  EXPECT_EQ(model->bytes, 3);

  Manifest manifest;
  manifest.version = "0.1.0";
  manifest.abi = 1;
  manifest.model = *model;
  manifest.externalData = {{"model.onnx.data", 5, "00"}};
  manifest.recipe = "bf16";
  manifest.targets = {"x86-64-v3", "x86-64"};
  manifest.pipeline = "builtin.module(a,b)";
  manifest.weights.resize(1);
  manifest.weights[0].name = "w";
  manifest.caches = {{"layers.0.attn", "f16", 512}};
  manifest.files = {{"model.so", 12345678901, "ff"}};
  std::string text = manifestText(manifest);
  EXPECT_EQ(text.find("{\n  \"abi\": 1,\n  \"caches\": ["), 0u) << text;

  write(path("manifest.json"), text);
  llvm::Expected<Manifest> back = readManifest(path("manifest.json"));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(manifestText(*back), text);
  EXPECT_EQ(back->files[0].bytes, 12345678901);
  EXPECT_EQ(back->caches[0].bytes, 512);
}

TEST_F(ManifestTest, BadFilesAreErrors) {
  auto failure = [&](const std::string &text) {
    write(path("m.json"), text);
    llvm::Expected<Manifest> manifest = readManifest(path("m.json"));
    return manifest ? "" : llvm::toString(manifest.takeError());
  };
  EXPECT_NE(failure("{\"abi\": 1").find("m.json'"), std::string::npos);
  EXPECT_NE(failure("[]").find("expected object"), std::string::npos);
  EXPECT_NE(failure("{\"version\": \"0\"}").find("missing value"),
            std::string::npos);
  EXPECT_NE(failure(""), "");
  llvm::Expected<Manifest> none = readManifest(path("none.json"));
  ASSERT_FALSE(bool(none));
  EXPECT_NE(llvm::toString(none.takeError()).find("none.json': No such file"),
            std::string::npos);
}

} // namespace

//===- PackedWeightsTest.cpp - Factors of weights are read ----------------===//

#include "passes/Compiler/PackedWeights.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Parser/Parser.h"
#include "test/lib/Artifact/TempDirectory.h"

using namespace qopt;

namespace {

struct PackedWeightsTest : TempDirectoryTest {
  PackedWeightsTest() {
    context.loadDialect<QOptDialect>();
    context.getDiagEngine().registerHandler(
        [&](mlir::Diagnostic &diagnostic) { messages += diagnostic.str(); });
  }

  /// Of a module whose weights lie in `file`: f16 numbers 1, 2, 3 and f32 0.1.
  mlir::FailureOr<std::vector<PackedWeight>> collect(std::string text) {
    const unsigned char bytes[] = {0x00, 0x3c, 0x00, 0x40, 0x00,
                                   0x42, 0xcd, 0xcc, 0xcc, 0x3d};
    write(path("file"), {reinterpret_cast<const char *>(bytes), 10});
    for (size_t at; (at = text.find("FILE")) != std::string::npos;)
      text.replace(at, 4, path("file"));
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(bool(module)) << messages;
    if (!module)
      return mlir::failure();
    return collectWeights(*module);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string messages;
};

TEST_F(PackedWeightsTest, FactorsAreProducts) {
  auto weights = collect(R"mlir(
    qopt.weight @w : tensor<2x3xf32> {value = dense<1.0> : tensor<2x3xf32>,
      row_factor = @one, column_factor = @vector, packed = tensor<2x3xf32>,
      packed_offset = 64 : i64}
    qopt.weight @plain : tensor<3xf32> {value = dense<1.0> : tensor<3xf32>,
      packed = tensor<3xf32>, packed_offset = 0 : i64}
    qopt.weight @vector : tensor<3xf16> {file = "FILE", length = 6 : i64,
      column_factor = @one}
    qopt.weight @one : tensor<1x1xf32> {file = "FILE", offset = 6 : i64,
      length = 4 : i64}
  )mlir");
  ASSERT_TRUE(mlir::succeeded(weights)) << messages;
  // Factors are not written.
  ASSERT_EQ(weights->size(), 2u);
  EXPECT_EQ((*weights)[0].name, "plain");
  EXPECT_FALSE((*weights)[0].hasFactors());
  EXPECT_EQ((*weights)[1].rowFactor, (std::vector<float>{0.1f, 0.1f}));
  EXPECT_EQ((*weights)[1].columnFactor,
            (std::vector<float>{1 * 0.1f, 2 * 0.1f, 3 * 0.1f}));
}

TEST_F(PackedWeightsTest, AShortOrAbsentFileIsAnErrorOfTheFactor) {
  auto failure = [&](const std::string &range) {
    messages.clear();
    EXPECT_TRUE(mlir::failed(collect(R"mlir(
      qopt.weight @w : tensor<2xf32> {value = dense<1.0> : tensor<2xf32>,
        column_factor = @f, packed = tensor<2xf32>, packed_offset = 0 : i64}
      qopt.weight @f : tensor<2xf32> {length = 8 : i64, )mlir" +
                                     range + "}")));
    return messages;
  };
  EXPECT_EQ(failure(R"(file = "FILE", offset = 4 : i64)"),
            "expects 8 bytes at 4 of '" + path("file") +
                "', but it has 10 bytes");
  EXPECT_EQ(failure(R"(file = "FILE", offset = 11 : i64)"),
            "expects 8 bytes at 11 of '" + path("file") +
                "', but it has 10 bytes");
  EXPECT_NE(failure(R"(file = "FILE.absent")").find("No such file"),
            std::string::npos)
      << messages;
}

} // namespace

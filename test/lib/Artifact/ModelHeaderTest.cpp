//===- ModelHeaderTest.cpp - Generated headers compile --------------------===//

#include "lib/Artifact/ModelHeader.h"

#include "lib/Artifact/CText.h"
#include "lib/Symbols/DimExpr.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "test/lib/Artifact/TempDirectory.h"

using namespace qopt;

namespace {

LinearSize constant(int64_t value) { return {value, {}}; }

TensorInfo tensor(std::string name, int32_t dtype, std::vector<LinearSize> dims,
                  int32_t role = QOPT_ROLE_PLAIN, int32_t cache = -1) {
  return {std::move(name), dtype, role, cache, std::move(dims)};
}

ArtifactTable decoder() {
  ArtifactTable table;
  table.version = "0.1.0";
  table.modelName = "tiny stories/7m";
  table.symbols = {"batch", "past", "sequence"};
  table.batchSymbol = 0, table.pastSymbol = 1, table.sequenceSymbol = 2;
  table.maxContext = 2048, table.vocabulary = 4096;
  table.hasCandidates = true;
  LinearSize batch{0, {1}}, past{0, {0, 1}}, sequence{0, {0, 0, 1}},
      both{0, {0, 1, 1}};
  table.inputs = {
      tensor("input_ids", QOPT_INT64, {batch, sequence}, QOPT_ROLE_TOKENS),
      tensor("attention_mask", QOPT_INT64, {batch, both}, QOPT_ROLE_MASK)};
  table.outputs = {tensor("logits", QOPT_FLOAT16,
                          {batch, sequence, constant(4096)}, QOPT_ROLE_LOGITS)};
  for (int i = 0; i < 2; ++i)
    for (const char *kind : {"key", "value"}) {
      std::string name = "." + std::to_string(i) + "." + kind;
      bool isKey = kind[0] == 'k';
      table.inputs.push_back(
          tensor("past_key_values" + name, QOPT_FLOAT,
                 {batch, constant(2), past, constant(64)},
                 isKey ? QOPT_ROLE_PAST_KEY : QOPT_ROLE_PAST_VALUE, i));
      table.outputs.push_back(
          tensor("present" + name, QOPT_FLOAT,
                 {batch, constant(2), both, constant(64)},
                 isKey ? QOPT_ROLE_PRESENT_KEY : QOPT_ROLE_PRESENT_VALUE, i));
    }
  table.caches = {{2, 64, 64, QOPT_FLOAT}, {2, 64, 64, QOPT_FLOAT}};
  return table;
}

/// Names that C does not like, and sizes that are sums.
ArtifactTable awkward() {
  ArtifactTable table;
  table.version = "*/ 0";
  table.modelName = "7 \"*/\" \\ model";
  table.symbols = {"int", "a.b", "unused", "data"};
  table.inputs = {tensor("x:0", QOPT_FLOAT, {{-3, {2, -1}}, {0, {}}}),
                  tensor("x_0", QOPT_BOOL, {}),
                  tensor("?"
                         "?/\n\"\\",
                         QOPT_INT8, {{0, {-1, 0, 0, 1}}}),
                  tensor("class", QOPT_DOUBLE, {{5, {0, 1}}}),
                  tensor("x_0_count", QOPT_INT16, {constant(2)}),
                  tensor("CLASS_", QOPT_FLOAT, {constant(2)})};
  table.outputs = {tensor("x:0", QOPT_BFLOAT16, {{0, {0, 0, 0, 7}}}),
                   tensor("", QOPT_UINT64, {constant(-1)})};
  return table;
}

struct ModelHeaderTest : TempDirectoryTest {
  /// Compiles the header twice included, and `body`, with every warning an
  /// error.
  void compiles(const ArtifactTable &table, const std::string &body) {
    write(path("model.h"), modelHeader(table));
    for (const char *extension : {"c", "cpp"}) {
      std::string source = path(std::string("use.") + extension);
      write(source, "#include \"model.h\"\n#include \"model.h\"\n" + body);
      bool isC = std::string(extension) == "c";
      std::string command =
          std::string(isC ? C_COMPILER " -std=c11"
                          : CXX_COMPILER " -std=c++11") +
          " -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I" INCLUDE_DIRECTORY
          " " +
          source + " 2>&1";
      EXPECT_EQ(std::system(command.c_str()), 0) << read(path("model.h"));
    }
  }
};

TEST_F(ModelHeaderTest, DecoderCompiles) {
  compiles(decoder(), R"(
int use(qopt_session *session, const int64_t *ids, const int64_t *mask,
        uint16_t *logits, const float *past, float *wide);
int use(qopt_session *session, const int64_t *ids, const int64_t *mask,
        uint16_t *logits, const float *past, float *wide) {
  qopt_model *model;
  qopt_tensor key = tiny_stories_7m_input_past_key_values_0_key(
      past, tiny_stories_7m_count_input_past_key_values_0_key(1, 5), 1, 5);
  const char *name = TINY_STORIES_7M_INPUT_INPUT_IDS;
  int sizes[TINY_STORIES_7M_VOCABULARY + TINY_STORIES_7M_NUM_LOGITS +
            TINY_STORIES_7M_MAX_CANDIDATES];
  (void)sizes;
  return tiny_stories_7m_load("a.qopt", &model) == QOPT_OK &&
         tiny_stories_7m_run(session, 1, 5, ids, 5, mask, 5, logits,
                             tiny_stories_7m_count_output_logits(1, 5)) ==
             QOPT_OK &&
         tiny_stories_7m_prefill(session, 1, 5, ids, 5, 0, 0, QOPT_LOGITS_LAST,
                                 wide, 4096) == QOPT_OK &&
         tiny_stories_7m_decode(session, 1, ids, 1, wide, 4096) == QOPT_OK &&
         key.rank && name;
}
)");
  std::string text = modelHeader(decoder());
  EXPECT_NE(text.find("  tensor.dims[1] = past + sequence;\n"),
            std::string::npos);
  EXPECT_NE(text.find("#define TINY_STORIES_7M_INPUT_PAST_KEY_VALUES_1_VALUE "
                      "\"past_key_values.1.value\"\n"),
            std::string::npos)
      << text;
}

/// prefill and decode make tokens, mask and positions, and no other input.
TEST_F(ModelHeaderTest, OtherInputsOnlyRun) {
  ArtifactTable table = decoder();
  table.inputs.push_back(tensor("temperature", QOPT_FLOAT, {constant(1)}));
  std::string text = modelHeader(table);
  EXPECT_EQ(text.find("_prefill("), std::string::npos) << text;
  EXPECT_EQ(text.find("NUM_LOGITS"), std::string::npos);
  EXPECT_NE(text.find("size_t temperature_count"), std::string::npos);
}

TEST_F(ModelHeaderTest, AwkwardNamesCompile) {
  compiles(awkward(), "int unit_is_not_empty(void);\n");
  std::string text = modelHeader(awkward());
  EXPECT_NE(text.find("tensor.dims[0] = 2 * int_ - a_b - 3;"),
            std::string::npos)
      << text;
}

TEST(LinearSizes, FromExpressions) {
  std::vector<std::string> symbols = {"a", "b"};
  auto size = toLinearSize(*DimExpr::parse("3*b - a + 7"), symbols);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->constant, 7);
  EXPECT_EQ(size->coefficients, (std::vector<int64_t>{-1, 3}));
  EXPECT_FALSE(toLinearSize(*DimExpr::parse("a*b"), symbols));
  EXPECT_FALSE(toLinearSize(*DimExpr::parse("c"), symbols));
}

} // namespace

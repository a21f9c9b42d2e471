//===- ChatTemplateTest.cpp - Tests of chat templates ---------------------===//

#include "lib/Text/ChatTemplate.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace qopt::text;

namespace {

const std::vector<ChatMessage> talk = {
    {"user", "Hi"}, {"assistant", " Yes? "}, {"user", "Bye"}};
const std::vector<ChatMessage> withSystem = {{"system", "Be kind."},
                                             {"user", "Hi"}};

std::string render(const char *source,
                   const std::vector<ChatMessage> &messages = talk,
                   bool addGenerationPrompt = true) {
  auto chat = ChatTemplate::parse(
      source, {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  if (!chat)
    return "error: " + llvm::toString(chat.takeError());
  auto text = chat->render(messages, addGenerationPrompt);
  return text ? *text : "error: " + llvm::toString(text.takeError());
}

// The formats of families of models, each as its users write it.

TEST(ChatTemplateTest, ChatMl) {
  const char *source =
      "{% for message in messages %}"
      "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
      "'<|im_end|>\\n' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
      "{% endif %}";
  EXPECT_EQ(render(source),
            "<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n Yes? <|im_end|>\n"
            "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(source, withSystem, false),
            "<|im_start|>system\nBe kind.<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n");
}

const char *const llama2 = R"({% if messages[0].role == 'system' %}
  {% set rules = '<<SYS>>\n' + messages[0].content.strip() + '\n<</SYS>>\n\n' %}
  {% set rest = messages[1:] %}
{% else %}
  {% set rules = '' %}
  {% set rest = messages %}
{% endif %}
{% for m in rest %}
  {% if (m.role == 'user') != (loop.index0 % 2 == 0) %}
    {{ raise_exception('roles must alternate') }}
  {% endif %}
  {% if m.role == 'user' %}
    {{- bos_token + '[INST] ' + (rules if loop.first else '') + m.content.strip() + ' [/INST]' -}}
  {% else %}
    {{- ' ' ~ m.content | trim ~ ' ' ~ eos_token -}}
  {% endif %}
{% endfor %})";

TEST(ChatTemplateTest, Llama2) {
  EXPECT_EQ(render(llama2), "<s>[INST] Hi [/INST] Yes? </s>"
                            "<s>[INST] Bye [/INST]");
  EXPECT_EQ(render(llama2, withSystem),
            "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST]");
  EXPECT_EQ(render(llama2, {{"assistant", "Hm"}}),
            "error: line 10, column 23: the template says: roles must "
            "alternate");
}

TEST(ChatTemplateTest, Llama3) {
  const char *source = R"({{- bos_token }}
{%- for m in messages %}
    {{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)";
  EXPECT_EQ(render(source),
            "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nYes?<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(ChatTemplateTest, Gemma) {
  const char *source =
      "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
      "{{ raise_exception('System role not supported') }}{% endif %}"
      "{% for m in messages %}"
      "{% if m['role'] == 'assistant' %}{% set role = 'model' %}"
      "{% else %}{% set role = m['role'] %}{% endif %}"
      "{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + "
      "'<end_of_turn>\n' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";
  EXPECT_EQ(render(source), "<s><start_of_turn>user\nHi<end_of_turn>\n"
                            "<start_of_turn>model\nYes?<end_of_turn>\n"
                            "<start_of_turn>user\nBye<end_of_turn>\n"
                            "<start_of_turn>model\n");
  EXPECT_EQ(render(source, withSystem), "error: line 1, column 74: the "
                                        "template says: System role not "
                                        "supported");
}

TEST(ChatTemplateTest, ZephyrAndTinyLlama) {
  const char *source = R"({% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %})";
  EXPECT_EQ(render(source), "<|user|>\nHi</s>\n<|assistant|>\n Yes? </s>\n"
                            "<|user|>\nBye</s>\n<|assistant|>\n");
}

TEST(ChatTemplateTest, QwenAddsASystemMessage) {
  const char *source = R"({%- if tools %}{{- 'tools' }}{%- else %}
  {%- if messages[0].role != 'system' %}{{- '<|im_start|>system\nYou help.<|im_end|>\n' }}{%- endif %}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == "user" or (message.role == "system" and loop.first) or (message.role == "assistant" and not message.tool_calls) %}
    {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
  {%- endif %}
{%- endfor %})";
  EXPECT_EQ(render(source, {{"user", "Hi"}}),
            "<|im_start|>system\nYou help.<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n");
  EXPECT_EQ(render(source, withSystem),
            "<|im_start|>system\nBe kind.<|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n");
}

TEST(ChatTemplateTest, SpacesAroundTags) {
  EXPECT_EQ(render("a\n  {% if true %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
  EXPECT_EQ(render("a\n  {%+ if true +%}\nb{% endif %}"), "a\n  \nb");
  EXPECT_EQ(render("a \n {%- if true -%} \n b {%- endif %} c"), "ab c");
  EXPECT_EQ(render("a {{ 1 }}\n {{- 2 -}} \n b"), "a 12b");
  EXPECT_EQ(render("a\n {# no\n #}\nb{#- c -#} d"), "a\nbd");
  EXPECT_EQ(render("a {#-#}\n\nb"), "a\nb");
  EXPECT_EQ(render("a\r\nb\rc\r\n"), "a\nb\nc");
}

TEST(ChatTemplateTest, Expressions) {
  EXPECT_EQ(render("{{ 1 + 2 * 3 - 4 }} {{ -7 // 2 }} {{ -7 % 3 }}"), "3 -4 2");
  EXPECT_EQ(render("{{ 'a' ~ 1 ~ none ~ true }}"), "a1NoneTrue");
  EXPECT_EQ(render("{{ 'b' if 1 > 2 else 'c' }}{{ 'd' if nothing }}"), "c");
  EXPECT_EQ(render("{{ 'ab' in 'cab' and 2 not in [1, 3] }}"), "True");
  EXPECT_EQ(render("{{ x is defined }} {{ messages is not none }} "
                   "{{ 3 is odd }} {{ 'a' is in ['a'] }}"),
            "False True True True");
  EXPECT_EQ(render("{{ '\\u00e9\\n\\x41\\q' }}"), "\u00e9\nA\\q");
  EXPECT_EQ(render("{{ '\u00e9ab'[1:] }}{{ 'abc'[::-1] }}{{ 'abc'[-1] }}"),
            "abcbac");
  EXPECT_EQ(render("{{ messages[5] }}{{ messages[0].nothing }}"), "");
  EXPECT_EQ(render("{{ {'a': [1, 'b\"']} | tojson }}"), R"({"a": [1, "b\""]})");
}

TEST(ChatTemplateTest, TextsAndLists) {
  EXPECT_EQ(render("{{ ' a '.strip() }}{{ 'xxa'.lstrip('x') }}"
                   "{{ 'a b'.split()[1] }}{{ 'a,b,c'.split(',', 1)[1] }}"),
            "aabb,c");
  EXPECT_EQ(render("{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('ab') }} "
                   "{{ 'aXb'.replace('X', '-') }} {{ 'a bc'.title() }}"),
            "True False a-b A Bc");
  EXPECT_EQ(render("{{ \"it's (a) x-Y\" | title }} {{ \"it's\".title() }}"),
            "It's (A) X-Y It'S");
  EXPECT_EQ(render("{{ messages | length }} {{ 'a' | upper }} "
                   "{{ nothing | default('d') }} "
                   "{{ messages | map(attribute='role') | join('/') }}"),
            "3 A d user/assistant/user");
  EXPECT_EQ(render("{{ messages | selectattr('role', 'equalto', 'user') | list "
                   "| length }} {{ messages | rejectattr('content') | list | "
                   "length }}"),
            "2 0");
}

TEST(ChatTemplateTest, LoopsAndNames) {
  EXPECT_EQ(render("{% set ns = namespace(n=0) %}{% for m in messages if "
                   "m.role == 'user' %}{% set ns.n = ns.n + loop.index %}"
                   "{{ loop.revindex0 }}{% endfor %}={{ ns.n }}"),
            "10=3");
  EXPECT_EQ(render("{% set a = 1 %}{% for i in [2, 3] %}{% set a = i %}"
                   "{% endfor %}{{ a }}"),
            "1")
      << "a loop has names of its own";
  EXPECT_EQ(
      render("{% for i in range(9) %}{% if i == 1 %}{% continue %}"
             "{% elif i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
      "023");
  EXPECT_EQ(render("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}"
                   "{% endfor %}{% for x in [] %}{% else %}none{% endfor %}"),
            "a1b2none");
}

TEST(ChatTemplateTest, RefusesByName) {
  EXPECT_EQ(render("a\n {% macro f() %}{% endmacro %}"),
            "error: line 2, column 5: the statement 'macro' is not supported");
  EXPECT_EQ(render("{% include 'x' %}"),
            "error: line 1, column 4: the statement 'include' is not "
            "supported");
  EXPECT_EQ(render("{{ 'a' | wordwrap }}"),
            "error: line 1, column 8: the filter 'wordwrap' is not "
            "supported");
  EXPECT_EQ(render("{{ 'a'.zfill(3) }}"),
            "error: line 1, column 13: the method zfill() of a text is not "
            "supported");
  EXPECT_EQ(render("{{ 'a' is callable }}"),
            "error: line 1, column 8: the test 'callable' with these arguments "
            "is not supported");
  EXPECT_EQ(render("{{ cycler(1) }}"),
            "error: line 1, column 10: the function cycler() with these "
            "arguments is not supported");
  EXPECT_EQ(render("{{ 1.5 }}"), "error: line 1, column 5: numbers that are "
                                 "no integers are not supported");
  EXPECT_EQ(render("{{ messages }}"), "error: line 1, column 4: to write a "
                                      "list as text is not supported");
  EXPECT_EQ(render("{{ 'a' + 1 }}"), "error: line 1, column 8: '+' of the text "
                                     "'a' and 1 is not supported");
  EXPECT_EQ(render("{{ a.b.c }}"),
            "error: line 1, column 5: 'b' of an undefined value");
}

TEST(ChatTemplateTest, BrokenTemplates) {
  EXPECT_EQ(render("{% if true %}"), "error: line 1, column 14: expects "
                                     "'endif', but got the end of the "
                                     "template");
  EXPECT_EQ(render("{% endif %}"),
            "error: line 1, column 4: the statement 'endif' is not supported");
  EXPECT_EQ(render("{{ 'a }}"),
            "error: line 1, column 4: the string has no end");
  EXPECT_EQ(render("{{ 1"), "error: line 1, column 5: the tag has no end");
  EXPECT_EQ(render("{# a"), "error: line 1, column 1: the comment has no end");
  EXPECT_EQ(render("{{ 1 2 }}"), "error: line 1, column 6: expects the end of "
                                 "the tag, but got '2'");
  EXPECT_EQ(render("{{ }}"),
            "error: line 1, column 4: expects a name, but got the end of the "
            "tag");
}

TEST(ChatTemplateTest, HostileTemplates) {
  std::string deep = "{{ " + std::string(100'000, '(') + "1";
  EXPECT_NE(render(deep.c_str()).find("error"), std::string::npos);
  std::string chain = "{{ 1";
  for (int i = 0; i < 100'000; ++i)
    chain += "+1";
  EXPECT_NE(render((chain + " }}").c_str()).find("nested too deeply"),
            std::string::npos);
  std::string ifs;
  for (int i = 0; i < 10'000; ++i)
    ifs += "{% if 1 %}";
  EXPECT_NE(render(ifs.c_str()).find("nested too deeply"), std::string::npos);
  const char *nested = "{% for a in range(99999) %}{% for b in range(99999) %}"
                       "{% endfor %}{% endfor %}";
  EXPECT_NE(render(nested).find("takes too long"), std::string::npos);
  const char *doubling =
      "{% set n = namespace(s='0123456789') %}{% for i in range(60) %}"
      "{% set n.s = n.s + n.s %}{% endfor %}";
  EXPECT_NE(render(doubling).find("larger than 64 MB"), std::string::npos);
  const char *lists = "{% set n = namespace(l=[1]) %}{% for i in range(60) %}"
                      "{% set n.l = n.l + n.l %}{% endfor %}";
  EXPECT_NE(render(lists).find("takes too long"), std::string::npos);
  EXPECT_NE(render("{{ -9223372036854775807 - 2 }}").find("too large"),
            std::string::npos);
  EXPECT_NE(render("{{ 1 % 0 }}").find("division by zero"), std::string::npos);
}

class ChatTemplateFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("chat", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  void write(const char *name, const char *text) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << text;
  }
  std::string load() {
    auto chat = ChatTemplate::load(folder);
    if (!chat) {
      std::string text = llvm::toString(chat.takeError());
      return text.substr(text.find("': ") + 3);
    }
    return *chat ? llvm::cantFail((*chat)->render(talk, true)) : "none";
  }

  llvm::SmallString<128> folder;
};

TEST_F(ChatTemplateFileTest, FindsTheTemplate) {
  EXPECT_EQ(load(), "none");
  write("tokenizer_config.json", R"({"eos_token": {"content": "E"},
    "bos_token": "B", "pad_token": null,
    "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}"})");
  EXPECT_EQ(load(), "BE");
  write("chat_template.jinja", "file {{ bos_token }}\n");
  EXPECT_EQ(load(), "file B");
}

TEST_F(ChatTemplateFileTest, TakesTheDefaultOfAList) {
  write("tokenizer_config.json", R"({"chat_template": [
    {"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}
  ]})");
  EXPECT_EQ(load(), "d");
  write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_EQ(load(), "chat_template: expects a text, or a list with one that is "
                    "named 'default'");
  write("tokenizer_config.json", R"({"chat_template": "{% x %}"})");
  EXPECT_EQ(load(), "line 1, column 4: the statement 'x' is not supported");
}

} // namespace

//===- Pattern.cpp - What a text is split or replaced at ------------------===//

#include "lib/Text/Pattern.h"
#include "lib/Text/Unicode.h"
#include "lib/Text/Vocabulary.h"
#include "llvm/ADT/StringExtras.h"
#include <unicode/regex.h>

using namespace llvm;

namespace qopt::text {

struct Pattern::Expression {
  std::unique_ptr<icu::RegexPattern> compiled;
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern &&) = default;
Pattern &Pattern::operator=(Pattern &&) = default;
Pattern::~Pattern() = default;

/// What ICU reads in another way than Oniguruma, or nothing.
static StringRef foreignConstruct(StringRef pattern) {
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\')
      continue;
    char escaped = pattern[i + 1];
    if (llvm::isAlpha(escaped) &&
        !StringRef("dDsSpPnrtfaexuAzZ").contains(escaped))
      return pattern.substr(i, 2);
    ++i;
  }
  size_t bracket = pattern.find("[[:");
  return bracket == StringRef::npos ? StringRef() : pattern.substr(bracket, 3);
}

Expected<Pattern> Pattern::expression(StringRef text) {
  if (StringRef foreign = foreignConstruct(text); !foreign.empty())
    return createStringError("the regular expression has " + foreign +
                             ", which is not supported");
  Pattern pattern;
  pattern.regex = std::make_unique<Expression>();
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  // ^ and $ are those of lines, and \n alone ends a line.
  pattern.regex->compiled.reset(icu::RegexPattern::compile(
      icu::UnicodeString::fromUTF8({text.data(), int32_t(text.size())}),
      UREGEX_MULTILINE | UREGEX_UNIX_LINES, where, status));
  if (U_FAILURE(status))
    return createStringError(
        "not a regular expression: " + Twine(u_errorName(status)) +
        " at character " + Twine(where.offset));
  return pattern;
}

Pattern Pattern::read(JsonCursor json) {
  Pattern pattern;
  if (!json.has("Regex")) {
    JsonCursor literal = json.at("String");
    pattern.literal = literal.text();
    if (pattern.literal.empty() || pattern.literal.size() > longestToken)
      literal.refuse("expects a text of 1 to " + Twine(longestToken) +
                     " bytes");
    return pattern;
  }
  JsonCursor regex = json.at("Regex");
  StringRef text = regex.text();
  if (text.size() > 100'000)
    regex.refuse("expects a regular expression of at most 100000 bytes");
  if (json.failed())
    return pattern;
  Expected<Pattern> compiled = expression(text);
  if (compiled)
    return std::move(*compiled);
  regex.refuse(toString(compiled.takeError()));
  return pattern;
}

static void addSpan(std::vector<Span> &spans, size_t begin, size_t end) {
  size_t last = spans.empty() ? 0 : spans.back().end;
  if (last < begin)
    spans.push_back({last, begin, false});
  spans.push_back({begin, end, true});
}

namespace {

/// ICU asks every 10,000 steps of its machine whether to go on.
struct Budget {
  int64_t left;

  static UBool U_CALLCONV goOn(const void *context, int32_t) {
    return --static_cast<Budget *>(const_cast<void *>(context))->left > 0;
  }
};

/// Bytes of UTF-8 for ascending indices into the same text as UTF-16.
class ByteCounter {
public:
  explicit ByteCounter(StringRef text) : text(text) {}

  size_t at(int32_t index) {
    while (units < index && bytes < text.size())
      units += nextCharacter(text, bytes) > 0xFFFF ? 2 : 1;
    return bytes;
  }

private:
  StringRef text;
  int32_t units = 0;
  size_t bytes = 0;
};

} // namespace

static Error findAll(const icu::RegexPattern &pattern, StringRef text,
                     std::vector<Span> &spans) {
  if (text.size() > 1'000'000'000)
    return createStringError("expects a text of at most 1 GB");
  auto units =
      icu::UnicodeString::fromUTF8({text.data(), int32_t(text.size())});
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::RegexMatcher> matcher(pattern.matcher(units, status));
  // Words of a language take some 3 steps for each byte: 50 are for all.
  Budget budget{1000 + static_cast<int64_t>(text.size() / 200)};
  if (matcher) {
    matcher->setMatchCallback(Budget::goOn, &budget, status);
    // A run of spaces takes some 50 bytes for each of them.
    matcher->setStackLimit(
        std::min<int64_t>(INT32_MAX, 8'000'000 + 100 * text.size()), status);
  }
  ByteCounter count(text);
  int32_t last = -1;
  while (U_SUCCESS(status) && matcher->find(status)) {
    int32_t begin = matcher->start(status), end = matcher->end(status);
    if (begin == end && begin == last)
      continue; // an empty match right behind a match is none
    size_t from = count.at(begin);
    addSpan(spans, from, count.at(end));
    last = end;
  }
  if (status == U_REGEX_STOPPED_BY_CALLER || status == U_REGEX_TIME_OUT)
    return createStringError("the regular expression takes too long");
  if (U_FAILURE(status))
    return createStringError("the regular expression fails: " +
                             Twine(u_errorName(status)));
  return Error::success();
}

Expected<std::vector<Span>> Pattern::find(StringRef text) const {
  std::vector<Span> spans;
  if (regex) {
    if (Error error = findAll(*regex->compiled, text, spans))
      return std::move(error);
  } else {
    for (size_t at = text.find(literal); at != StringRef::npos;
         at = text.find(literal, at + literal.size()))
      addSpan(spans, at, at + literal.size());
  }
  size_t last = spans.empty() ? 0 : spans.back().end;
  if (last < text.size())
    spans.push_back({last, text.size(), false});
  return spans;
}

} // namespace qopt::text

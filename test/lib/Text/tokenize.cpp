//===- tokenize.cpp - A tokenizer for scripts that compare it -------------===//
//
// tokenize PATH encode|encode-special: texts in, ids out.
// tokenize PATH decode|decode-special|stream: ids in, texts out; -special keeps
// special tokens. Each text is its size (u32) and its bytes, each list of ids
// is its size (u32) and its ids (i32), on the standard streams.
//
//===----------------------------------------------------------------------===//

#include "lib/Text/StreamDecoder.h"
#include "lib/Text/Tokenizer.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;
using namespace qopt::text;

static ExitOnError exitOnError("tokenize: ");

static uint32_t readSize(StringRef &input) {
  uint32_t size;
  std::memcpy(&size, input.data(), 4);
  input = input.drop_front(4);
  return size;
}

static void writeSize(uint32_t size) {
  outs().write(reinterpret_cast<const char *>(&size), 4);
}

static void encode(const Tokenizer &tokenizer, StringRef text, bool special) {
  std::vector<int64_t> ids = exitOnError(tokenizer.encode(text, special));
  writeSize(ids.size());
  for (int64_t id : ids)
    writeSize(static_cast<uint32_t>(id));
}

static std::string stream(const Tokenizer &tokenizer, ArrayRef<int64_t> ids) {
  StreamDecoder decoder(tokenizer, /*skipSpecialTokens=*/true);
  std::string text;
  for (int64_t id : ids) {
    std::string part = exitOnError(decoder.push(id));
    exitOnError(checkUtf8(part));
    text += part;
  }
  return text + decoder.finish();
}

static void decode(const Tokenizer &tokenizer, ArrayRef<int64_t> ids,
                   StringRef how) {
  std::string text = how == "stream"
                         ? stream(tokenizer, ids)
                         : exitOnError(tokenizer.decode(ids, how == "decode"));
  writeSize(text.size());
  outs() << text;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  std::unique_ptr<Tokenizer> tokenizer = exitOnError(Tokenizer::load(argv[1]));
  StringRef how = argv[2];
  auto buffer = exitOnError(errorOrToExpected(MemoryBuffer::getSTDIN()));
  StringRef input = buffer->getBuffer();
  while (!input.empty()) {
    uint32_t size = readSize(input);
    if (how.starts_with("encode")) {
      encode(*tokenizer, input.take_front(size), how == "encode-special");
      input = input.drop_front(size);
      continue;
    }
    std::vector<int64_t> ids;
    while (size-- > 0)
      ids.push_back(static_cast<int32_t>(readSize(input)));
    decode(*tokenizer, ids, how);
  }
}

//===- Link.cpp - Linking in process --------------------------------------===//

#include "lib/Artifact/Link.h"

#include "lib/Artifact/OutputFile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace qopt {
namespace {

/// Closes what it holds.
class Descriptor {
public:
  explicit Descriptor(int fd = -1) : fd(fd) {}
  Descriptor(Descriptor &&other) : fd(std::exchange(other.fd, -1)) {}
  ~Descriptor() { close(); }

  void close() {
    if (fd >= 0)
      ::close(std::exchange(fd, -1));
  }
  int get() const { return fd; }
  /// lld reads and writes files only.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }

private:
  int fd;
};

Expected<Descriptor> inMemory(StringRef contents) {
  Descriptor file(::memfd_create("object", MFD_CLOEXEC));
  while (file.get() >= 0 && !contents.empty()) {
    ssize_t written = ::write(file.get(), contents.data(), contents.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errnoError("cannot write", "memory file", errno);
    contents = contents.drop_front(size_t(written));
  }
  if (file.get() < 0)
    return errnoError("cannot create", "memory file", errno);
  return std::move(file);
}

std::string readAll(int fd) {
  std::string text;
  std::vector<char> buffer(1 << 16);
  for (;;) {
    ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return text;
    text.append(buffer.data(), size_t(count));
  }
}

Expected<std::string> link(std::vector<std::string> options,
                           ArrayRef<StringRef> objects) {
  // Through a pipe: for lld a full disk is a fatal error, or a signal.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return errnoError("cannot create", "pipe", errno);
  Descriptor output(ends[0]), input(ends[1]);

  std::vector<std::string> arguments = {"ld.lld",      "-m", "elf_x86_64",
                                        "--threads=1", "-o", input.path()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  std::vector<Descriptor> files;
  for (StringRef object : objects) {
    Expected<Descriptor> file = inMemory(object);
    if (!file)
      return file.takeError();
    arguments.push_back(file->path());
    files.push_back(std::move(*file));
  }
  SmallVector<const char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());

  static std::mutex mutex; // lld's state is global
  static bool isBroken = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (isBroken)
    return createStringError("the linker failed earlier in this process");
  std::string messages, library;
  raw_string_ostream stream(messages);
  CrashRecoveryContext::Enable(); // lld's fatal errors come back
  std::thread reader([&] { library = readAll(output.get()); });
  lld::Result result =
      lld::lldMain(argv, stream, stream, {{lld::Gnu, &lld::elf::link}});
  input.close();
  reader.join();
  isBroken = !result.canRunAgain;
  if (result.retCode != 0)
    return createStringError("cannot link: " + StringRef(messages).trim());
  return library;
}

} // namespace

Expected<std::string> linkShared(ArrayRef<StringRef> objects) {
  return link({"-shared", "--no-undefined", "-Bsymbolic", "--gc-sections",
               "--build-id=none", "--hash-style=gnu", "-z", "relro", "-z",
               "now", "-z", "text", "-z", "noexecstack"},
              objects);
}

Expected<std::string> linkRelocatable(ArrayRef<StringRef> objects) {
  return link({"-r"}, objects);
}

} // namespace qopt

//===- BenchOpening.cpp - A process' first token, and its memory ----------===//

#include "lib/Eval/Statistics.h"
#include "lib/Report/Cleanup.h"
#include "tools/qopt/DecoderRun.h"
#include "tools/qopt/PageCache.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/MemoryBuffer.h"
#include <array>
#include <cstring>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace qopt {

namespace {
/// What a child process tells, as bytes through a pipe.
struct Opening {
  int64_t length;        ///< of the prompt; 0: not a language model
  double seconds;        ///< from opening to the first token
  double prefillSeconds; ///< of the same prompt once more, median
  int64_t programBytes, peakBytes, weightBytes;
};
} // namespace

static Expected<std::string> readProc(StringRef name) {
  // These files have no size.
  auto buffer = MemoryBuffer::getFileAsStream(name);
  if (!buffer)
    return createFileError(name, buffer.getError());
  return (*buffer)->getBuffer().str();
}

/// Resident memory of this process.
static Expected<int64_t> readResidentBytes() {
  Expected<std::string> text = readProc("/proc/self/statm");
  if (!text)
    return text.takeError();
  int64_t pages;
  if (StringRef(*text).split(' ').second.split(' ').first.getAsInteger(10,
                                                                       pages))
    return createStringError("/proc/self/statm: expects numbers of pages");
  return pages * sysconf(_SC_PAGESIZE);
}

/// Resident memory of the mapping that has `address`. It is a paragraph of
///   7f0e1c000000-7f0e2c000000 r--p 00000000 fe:00 1234   /path
///   Rss:              262144 kB
static Expected<int64_t> readMappingBytes(const void *address) {
  Expected<std::string> text = readProc("/proc/self/smaps");
  if (!text)
    return text.takeError();
  SmallVector<StringRef> lines;
  SplitString(*text, lines, "\n");
  bool isHere = false;
  for (StringRef line : lines) {
    uint64_t begin, end;
    auto [range, rest] = line.split(' ');
    auto [first, last] = range.split('-');
    if (!first.getAsInteger(16, begin) && !last.getAsInteger(16, end))
      isHere = begin <= uint64_t(uintptr_t(address)) &&
               uint64_t(uintptr_t(address)) < end;
    int64_t kilobytes;
    if (isHere && range == "Rss:" &&
        !rest.trim().split(' ').first.getAsInteger(10, kilobytes))
      return kilobytes * 1024;
  }
  return createStringError("/proc/self/smaps: the weights are not there");
}

/// In the child: opens, makes the first token, then runs everything else that
/// a benchmark does once, for its memory.
static Expected<Opening> openAndRun(StringRef path,
                                    const BenchOptions &options) {
  Opening result = {};
  Expected<int64_t> programBytes = readResidentBytes();
  if (!programBytes)
    return programBytes.takeError();
  result.programBytes = *programBytes;
  auto start = std::chrono::steady_clock::now();
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  if (!info.is_decoder || info.vocabulary <= 0)
    return result;
  Expected<std::vector<int64_t>> lengths = choosePromptLengths(info, options);
  if (!lengths)
    return lengths.takeError();
  Expected<SessionPointer> session =
      createSession(model->get(), {options.threads});
  if (!session)
    return session.takeError();
  DecoderRun run(info, options, session->get(), *lengths);
  result.length = lengths->front();
  if (auto first = run.prefill(result.length); !first)
    return first.takeError();
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();

  if (auto longest = run.prefill(lengths->back()); !longest)
    return longest.takeError();
  std::vector<double> again;
  for (int64_t i = 0; i != options.runs; ++i) {
    Expected<double> seconds = run.prefill(result.length);
    if (!seconds)
      return seconds.takeError();
    again.push_back(*seconds);
  }
  result.prefillSeconds = median(again);
  if (auto seconds = run.decode(std::min<int64_t>(run.room(), 8)); !seconds)
    return seconds.takeError();

  Expected<int64_t> weightBytes = readMappingBytes(info.weights);
  if (!weightBytes)
    return weightBytes.takeError();
  result.weightBytes = *weightBytes;
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  result.peakBytes = int64_t(usage.ru_maxrss) * 1024; // VmHWM
  return result;
}

/// Writes 'v' and the value, or 'e' and an error's text.
static void tell(int pipe, Expected<Opening> opening) {
  std::string bytes = opening ? "v" : "e";
  if (opening)
    bytes.append(reinterpret_cast<const char *>(&*opening), sizeof(Opening));
  else
    bytes += toString(opening.takeError());
  raw_fd_ostream(pipe, /*shouldClose=*/true, /*unbuffered=*/true) << bytes;
}

/// Runs `openAndRun` in a process of its own. This one must have no threads
/// and no model open.
static Expected<Opening> openInChild(StringRef path,
                                     const BenchOptions &options) {
  auto systemError = [](const char *what) {
    return createStringError(std::error_code(errno, std::generic_category()),
                             what);
  };
  int ends[2];
  if (pipe(ends) != 0)
    return systemError("cannot make a pipe");
  outs().flush();
  pid_t child = fork();
  if (child == 0) {
    restoreInterrupts();
    ::close(ends[0]);
    tell(ends[1], openAndRun(path, options));
    _exit(0);
  }
  ::close(ends[1]);
  scope_exit close([&] { ::close(ends[0]); });
  if (child < 0)
    return systemError("cannot start a process");
  std::string told;
  std::array<char, 4096> buffer;
  ssize_t count;
  while ((count = sys::RetryAfterSignal(-1, read, ends[0], buffer.data(),
                                        buffer.size())) > 0)
    told.append(buffer.data(), size_t(count));
  int status;
  sys::RetryAfterSignal(-1, waitpid, child, &status, 0);
  if (told.empty())
    return createStringError(
        "the process that opens the artifact ended without a word" +
        (WIFSIGNALED(status) ? ", by signal " + std::to_string(WTERMSIG(status))
                             : std::string()));
  if (told[0] == 'e')
    return createStringError(told.substr(1));
  Opening opening;
  if (told.size() != 1 + sizeof(opening))
    return createStringError("the process that opens the artifact ended early");
  std::memcpy(&opening, told.data() + 1, sizeof(opening));
  return opening;
}

/// More would be more than what is dropped.
static constexpr double coldShare = 0.01;
static constexpr int64_t maxColdRuns = 3;

Expected<std::optional<OpeningFigures>>
benchOpening(StringRef path, const BenchOptions &options) {
  Progress progress;
  progress.update("opening", 0);
  // Also puts the files into memory for the warm ones.
  Expected<Opening> first = openInChild(path, options);
  if (!first)
    return first.takeError();
  if (first->length == 0)
    return std::nullopt;

  OpeningFigures figures = {};
  figures.length = first->length;
  std::vector<double> cold, warm, prefill;
  int64_t coldRuns = std::min(options.runs, maxColdRuns);
  auto run = [&](std::vector<double> &samples) -> Error {
    progress.update("opening", double(cold.size() + warm.size()) /
                                   double(coldRuns + options.runs));
    Expected<Opening> opening = openInChild(path, options);
    if (!opening)
      return opening.takeError();
    samples.push_back(opening->seconds);
    if (&samples == &warm)
      prefill.push_back(opening->prefillSeconds);
    figures.peakBytes = std::max(figures.peakBytes, opening->peakBytes);
    figures.programBytes = opening->programBytes;
    figures.weightBytes = opening->weightBytes;
    return Error::success();
  };
  for (int64_t i = 0; i != coldRuns; ++i) {
    Expected<double> resident = dropFromPageCache(path);
    if (!resident)
      return resident.takeError();
    figures.residentShare = std::max(figures.residentShare, *resident);
    if (figures.residentShare > coldShare)
      break;
    if (Error error = run(cold))
      return std::move(error);
  }
  if (figures.residentShare <= coldShare)
    figures.coldSeconds = median(cold);
  for (int64_t i = 0; i != options.runs; ++i)
    if (Error error = run(warm))
      return std::move(error);
  figures.warmSeconds = median(warm);
  figures.prefillSeconds = median(prefill);
  return figures;
}

} // namespace qopt

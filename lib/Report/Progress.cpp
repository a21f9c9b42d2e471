//===- Progress.cpp - How far long work has come --------------------------===//

#include "lib/Report/Progress.h"

#include "lib/Report/Format.h"
#include "llvm/Support/Process.h"
#include <algorithm>

using namespace llvm;

namespace qopt {

/// The one whose bar is on the terminal.
static Progress *visible = nullptr;

void clearProgressBar() {
  if (visible)
    visible->finish();
}

Progress::Progress(raw_ostream &os) : os(os), terminal(os.is_displayed()) {}

/// The time that is left if the rest goes on as fast; empty while too little is
/// done to say so.
static std::string estimateRest(double elapsed, double fraction) {
  if (elapsed < 1 || fraction < 0.02 || fraction >= 1)
    return "";
  return ", " + formatDuration(elapsed * (1 - fraction) / fraction) + " left";
}

void Progress::update(StringRef stage, double fraction) {
  fraction = std::clamp(fraction, 0.0, 1.0);
  Clock::time_point now = Clock::now();
  auto sincePrint = std::chrono::duration<double>(now - lastPrint).count();
  bool isNew = stage != lastStage;
  if (!isNew && sincePrint < (terminal ? 0.1 : 10))
    return;
  lastStage = stage.str();
  lastPrint = now;
  if (terminal)
    return drawBar(stage, fraction);
  os << "qopt: " << stage;
  if (!isNew)
    os << ": " << int(fraction * 100) << " %"
       << estimateRest(std::chrono::duration<double>(now - start).count(),
                       fraction);
  os << '\n';
  os.flush();
}

void Progress::drawBar(StringRef stage, double fraction) {
  constexpr int width = 24;
  int filled = int(fraction * width);
  double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  std::string line = "[" + std::string(filled, '#') +
                     std::string(width - filled, '.') + "] " +
                     std::to_string(int(fraction * 100)) + " %  " +
                     stage.str() + estimateRest(elapsed, fraction);
  unsigned columns = sys::Process::StandardErrColumns();
  if (columns > 1 && line.size() > columns - 1)
    line.resize(columns - 1);
  os << '\r' << line << "\x1b[K"; // clears what an older, longer line left
  os.flush();
  drawn = true;
  visible = this;
}

void Progress::finish() {
  if (!drawn)
    return;
  os << "\r\x1b[K";
  os.flush();
  drawn = false;
  visible = nullptr;
}

} // namespace qopt

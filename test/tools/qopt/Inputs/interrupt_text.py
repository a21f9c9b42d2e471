"""interrupt_text.py COMMAND...: sends SIGINT when some text is there; the command ends its line and says what it did."""

import signal
import subprocess
import sys

process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, restore_signals=True,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
text = process.stdout.read(60)
process.send_signal(signal.SIGINT)
rest, statistics = process.communicate(timeout=30)
print(f"exit code {process.returncode}; text ends with {(text + rest)[-1]!r}; {statistics.strip()}")

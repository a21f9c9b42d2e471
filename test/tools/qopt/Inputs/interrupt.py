"""interrupt.py FOLDER COMMAND...: sends SIGINT as soon as something appears in FOLDER; nothing may be left there."""

import pathlib
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
# As from a terminal: a shell that runs commands in the background would have SIGINT ignored.
process = subprocess.Popen(sys.argv[2:], restore_signals=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
while process.poll() is None and not any(folder.iterdir()):
    time.sleep(0.001)
assert process.poll() is None, f"ended by itself with {process.returncode}"
process.send_signal(signal.SIGINT)
process.wait(10)
assert process.returncode == -signal.SIGINT, f"ended with {process.returncode}, expected by SIGINT"
assert not any(folder.iterdir()), f"left {[path.name for path in folder.iterdir()]}"

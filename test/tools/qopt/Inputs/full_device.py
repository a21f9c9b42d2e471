"""full_device.py FOLDER SIZE COMMAND...: runs a command while FOLDER is a file system of SIZE bytes, lists what it left there.

Says so where this user may not mount."""

import os
import subprocess
import sys

folder, size, command = sys.argv[1], sys.argv[2], sys.argv[3:]
os.makedirs(folder)
if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode:
    print("cannot mount")
    sys.exit()
try:
    code = subprocess.run(command, stderr=subprocess.STDOUT).returncode
    print(f"exit code {code}, left {os.listdir(folder)}")
finally:
    subprocess.run(["umount", folder], check=True)

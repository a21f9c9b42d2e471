"""What the tests of an installed tree share: installing, and running with nothing of this build in reach."""

import os
import pathlib
import subprocess
import sys

CMAKE, *SETTINGS = sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["QOPT_BUILD"])

# Nothing of this build may be found.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("QOPT", "PYTHON", "LD_", "CMAKE"))}
ENVIRONMENT["PATH"] = "/usr/bin:/bin"


def run(*command, check=True, environment=ENVIRONMENT):
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=environment)
    if check and result.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}")
    return result


def expect(holds, text):
    if not holds:
        sys.exit(f"FAILED: {text}")
    print("ok:", text)


def install(prefix):
    run(CMAKE, "--install", BUILD, "--prefix", prefix, environment=os.environ)

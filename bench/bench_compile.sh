#!/usr/bin/env bash
# Compile time, memory and code size of the decoder of make_llama_1b.py at bf16, for all ISA versions.
#   bench_compile.sh [QOPT] [WORK]     driver (default build/clang/bin/qopt), folder for models and artifacts (9 GB)
# Two compilations run with at most 1500 MB of data (prlimit --data): 16 layers and 2 layers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${QOPT_CACHE:-$HOME/.cache/qopt}
qopt=${1:-$here/../build/clang/bin/qopt}
work=${2:-$cache/bench}
mkdir -p "$work"

# compile MODEL ARTIFACT: seconds and the largest resident anonymous memory in MB, as "S M".
compile() {
  "$cache/venv/bin/python" - "$qopt" "$1" "$2" <<'PY'
import subprocess, sys, time
qopt, model, artifact = sys.argv[1:]
begin = time.time()
child = subprocess.Popen(["prlimit", "--data=1500000000", qopt, "compile", model, "-o", artifact, "--recipe", "bf16", "--force"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
peak = 0
while child.poll() is None:
    try:
        lines = open(f"/proc/{child.pid}/status").read().splitlines()
        peak = max(peak, sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "VmSwap"))))
    except OSError:
        pass
    time.sleep(0.02)
if child.returncode:
    sys.exit(f"qopt compile {model}: exit code {child.returncode}")
print(f"{time.time() - begin:.1f} {peak // 1024}")
PY
}

for layers in 2 16; do
  model=$work/llama-1b-$layers/model.onnx
  [ -e "$model" ] || "$cache/venv/bin/python" "$here/make_llama_1b.py" "$(dirname "$model")" --layers $layers
  cat "$model.data" >/dev/null # from memory, not from the disk
  read -r seconds memory < <(compile "$model" "$work/llama-1b-$layers-all-bf16.qopt")
  code=$(stat -c %s "$work/llama-1b-$layers-all-bf16.qopt/model.so")
  weights=$(stat -c %s "$work/llama-1b-$layers-all-bf16.qopt/weights.safetensors")
  printf '%2d layers: %s s, anonymous memory %s MB, model.so %s bytes, weights %s bytes\n' $layers "$seconds" "$memory" "$code" "$weights"
  eval "code_$layers=$code"
done
awk -v a="$code_2" -v b="$code_16" 'BEGIN { printf "code of 16 layers / of 2 layers: %.3f\n", b / a }'

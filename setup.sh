#!/usr/bin/env bash
# Installs all that qopt needs to build and to test on Debian 12. Idempotent: a second run costs about a second.
#   ./setup.sh            everything
#   QOPT_CACHE=DIR        where third-party libraries, the Python environment and test models are kept
#                         (default ~/.cache/qopt)
set -euo pipefail

ONNX_VERSION=1.23.2
SENTENCEPIECE_VERSION=0.2.1
here=$(cd "$(dirname "$0")" && pwd)
cache=${QOPT_CACHE:-$HOME/.cache/qopt}
llvm=/usr/lib/llvm-22
packages=(
  build-essential cmake make ninja-build git ca-certificates
  clang-22 lld-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools liblld-22-dev libclang-rt-22-dev
  clang-format-14 libprotobuf-dev protobuf-compiler libeigen3-dev libicu-dev libgtest-dev libbenchmark-dev
  zlib1g-dev libzstd-dev python3 python3-venv python3-pip
)

say() { printf 'setup: %s\n' "$*"; }

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  local sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Python is used by tests, benchmarks and model scripts only.
make_venv() {
  local venv=$cache/venv wanted
  wanted=$(sha256sum "$here/python/requirements.txt")
  [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.requirements" 2>/dev/null)" = "$wanted" ] && return
  say "making the Python environment in $venv"
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/python/requirements.txt"
  echo "$wanted" >"$venv/.requirements"
}

# fetch_source PACKAGE VERSION: the source release from PyPI, unpacked in $work.
fetch_source() {
  "$cache/venv/bin/pip" download -q --disable-pip-version-check --no-binary "$1" --no-deps -d "$work" "$1==$2"
  tar -xzf "$work/$1-$2.tar.gz" -C "$work"
}

# Static, on Debian's protobuf: one protobuf in the process.
build_onnx() {
  local prefix=$cache/onnx-$ONNX_VERSION
  [ -e "$prefix/.complete" ] && return
  say "building the ONNX C++ library $ONNX_VERSION (2-3 minutes, once)"
  fetch_source onnx "$ONNX_VERSION"
  sed -i '2s/3\.26/3.25/' "$work/onnx-$ONNX_VERSION/CMakeLists.txt" # Debian 12's CMake is enough
  cmake -S "$work/onnx-$ONNX_VERSION" -B "$work/onnx-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=$llvm/bin/clang -DCMAKE_CXX_COMPILER=$llvm/bin/clang++ \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DBUILD_SHARED_LIBS=OFF \
    -DONNX_USE_UNITY_BUILD=ON -DCMAKE_INSTALL_PREFIX="$prefix" -DPython3_EXECUTABLE="$cache/venv/bin/python" >"$work/log" 2>&1 &&
    cmake --build "$work/onnx-build" -j2 --target install >>"$work/log" 2>&1 || { tail -30 "$work/log"; exit 1; }
  touch "$prefix/.complete"
}

# Debian's libsentencepiece carries its own protobuf and crashes beside libprotobuf.
build_sentencepiece() {
  local prefix=$cache/sentencepiece-$SENTENCEPIECE_VERSION
  [ -e "$prefix/.complete" ] && return
  say "building sentencepiece $SENTENCEPIECE_VERSION (half a minute, once)"
  fetch_source sentencepiece "$SENTENCEPIECE_VERSION"
  local source=$work/sentencepiece-$SENTENCEPIECE_VERSION/sentencepiece
  cmake -S "$source" -B "$work/sentencepiece-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=$llvm/bin/clang -DCMAKE_CXX_COMPILER=$llvm/bin/clang++ -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DSPM_ENABLE_SHARED=OFF -DSPM_ENABLE_TCMALLOC=OFF -DSPM_PROTOBUF_PROVIDER=package >"$work/log" 2>&1 &&
    cmake --build "$work/sentencepiece-build" -j2 --target sentencepiece-static >>"$work/log" 2>&1 ||
    { tail -30 "$work/log"; exit 1; }
  mkdir -p "$prefix/lib" "$prefix/include"
  cp "$work/sentencepiece-build/src/libsentencepiece.a" "$prefix/lib/"
  cp "$source/src/sentencepiece_processor.h" "$prefix/include/"
  touch "$prefix/.complete"
}

mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install_packages
make_venv
build_onnx
build_sentencepiece
say "ready (cache: $cache)"

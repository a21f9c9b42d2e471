# The two commands of the README, and the others. Everything is built through CMakePresets.json.

JOBS   ?= $(shell nproc)
PREFIX ?= $(CURDIR)/build/install
CACHE   = $(if $(QOPT_CACHE),$(QOPT_CACHE),$(HOME)/.cache/qopt)
PYTHON  = $(CACHE)/venv/bin/python

.PHONY: setup build test demo readme peers sanitize install clean

build: setup
	cmake --preset clang
	cmake --build --preset clang -j$(JOBS)

setup:
	./setup.sh

test: build
	ctest --preset clang -j$(JOBS)

demo: build
	$(PYTHON) bench/demo.py --qopt build/clang/bin/qopt

# Measures anew what the README's table of recipes says; `peers` does that of its other one.
readme: build
	$(PYTHON) bench/demo.py --qopt build/clang/bin/qopt --json build/demo.json
	$(PYTHON) bench/readme.py build/demo.json

# Speed against llama.cpp, which it builds, ONNX Runtime and the machine's limits: an hour, 20 GB in the cache.
peers: build
	ctest --preset clang -R "^models$$" --output-on-failure
	$(PYTHON) bench/bench_peers.py --json build/peers.json --plot docs/peers.svg
	$(PYTHON) bench/readme.py build/peers.json

# ASan and UBSan over all tests, TSan over those of the runtime and over two sessions of one model.
sanitize: build
	cmake --preset debug
	cmake --build --preset debug -j$(JOBS)
	ctest --preset debug -j$(JOBS)
	cmake --preset tsan
	cmake --build --preset tsan -j$(JOBS) --target qopt_runtime_test qopt_parallel_sessions
	ctest --preset tsan
	build/clang/bin/qopt compile examples/tinystories/model.onnx -o build/tsan/tinystories.qopt --force
	build/tsan/test-bin/qopt_parallel_sessions build/tsan/tinystories.qopt

install: build
	cmake --install build/clang --prefix $(PREFIX)

clean:
	rm -rf build

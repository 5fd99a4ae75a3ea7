# Two commands do everything: `make deit-base` and `make test`. Both set up .venv first.
PYTHON ?= python3.11
CXX ?= g++
export CXX

BIN := .venv/bin
READY := .venv/.ready
MODELS := deit-tiny deit-small deit-base
# Frame rate in, accelerator out: as fast as the board allows with activations of 8 bits.
COMPILE_FLAGS ?= --fps max --bits 8

.NOTPARALLEL:
.PHONY: help setup test lint test-unit test-lit test-long calibrate format clean $(MODELS)

help:
	@echo "make deit-base   compile DeiT-base into build/deit-base and simulate it"
	@echo "                 (also deit-small, deit-tiny; COMPILE_FLAGS=... goes to vaqf-compile)"
	@echo "make test        formatting, types, unit tests and lit tests"
	@echo "make test-long   what takes minutes: whole models through every tool"
	@echo "make calibrate   synthesise the cost model's building blocks again (minutes)"
	@echo "make format      format the code, apply safe lint fixes"
	@echo "make setup       only set up .venv"
	@echo "make clean       remove build/ and .venv/"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) > /dev/null || { \
	    echo "$(PYTHON) not found; give another with PYTHON=... (importing models needs 3.11)"; \
	    exit 1; }
	@echo "==> Setting up .venv (once; downloads PyTorch and torch-mlir)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(MODELS): $(READY)
	@echo "==> Compiling $@ into build/$@"
	$(BIN)/vaqf-compile $@ -o build/$@ $(COMPILE_FLAGS)
	@echo "==> Simulating build/$@ against the reference"
	$(BIN)/vaqf-sim build/$@

test: lint test-unit test-lit

lint: $(READY)
	@echo "==> ruff and pyright"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test-unit: $(READY)
	@echo "==> Unit tests"
	$(BIN)/python -m pytest -m "not long" -n auto --maxprocesses 4 --dist loadfile

test-lit: $(READY)
	@echo "==> lit tests"
	$(BIN)/lit -v -j2 test

test-long: $(READY)
	@echo "==> Long tests"
	$(BIN)/python -m pytest -m long

calibrate: $(READY)
	@echo "==> Synthesising the cost model's building blocks"
	$(BIN)/python -m vaqf_compiler.cli.calibrate --all

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build .venv

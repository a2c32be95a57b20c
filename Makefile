# Needs GNU make and Python 3.11 to 3.14, nothing else: the first target that wants it builds .venv.

PYTHON ?= python3
VENV ?= .venv
# More arguments: for pip, for pytest, for the demo and the benchmarks. JOBS is the number of test processes, each with
# one thread: two threads that share busy cores wait for each other most of the time.
PIP_ARGS ?=
PYTEST_ARGS ?=
JOBS ?= 2
DATA ?=
ARGS ?=
BENCH ?=

# On Linux without an NVIDIA GPU, PyTorch's CPU build saves several gigabytes.
CPU_TORCH ?= https://download.pytorch.org/whl/cpu
WANTS_CPU_TORCH := $(shell [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi > /dev/null && [ ! -e /proc/driver/nvidia ] && echo yes)

BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install $(PIP_ARGS) --constraint constraints.txt
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PYTEST = $(BIN)/python -m pytest $(if $(JOBS),-n $(JOBS) --dist worksteal)
IS_PYTHON = -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null

export MPLBACKEND ?= Agg
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo bench docs docs-fast docs-test test test-all test-wheel test-oldest fuzz lint types format check clean clean-all

help:  ## show this list
	@echo "make <target>; everything is installed into $(VENV), once"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-17s %s\n' "$$target" "$$text"; done
	@echo "variables: PYTHON=python3.12  DATA=my_ecg.npz  ARGS='arguments of demo or bench'  JOBS=4  PYTEST_ARGS='-k filter'  PIP_ARGS=--quiet"

$(BIN)/pip:
	@$(PYTHON) $(IS_PYTHON) || { \
	    echo "sklearn_ecgssl needs Python 3.11 to 3.14; '$(PYTHON)' is `$(PYTHON) --version 2>&1`."; \
	    echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@echo "creating $(VENV) with `$(PYTHON) --version`"
	@[ -e $(VENV) ] || made=yes; $(PYTHON) -m venv $(VENV) || { [ -z "$$made" ] || rm -rf $(VENV); exit 1; }

# A stamp is newer than what it was installed from, so a second make installs nothing.
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/pip
	@$(BIN)/python $(IS_PYTHON) || { echo "$(VENV) has `$(BIN)/python --version`, 3.11 to 3.14 is needed: remove $(VENV)"; exit 1; } >&2
	@echo "installing into $(VENV), once: PyTorch is large, this takes some minutes"
ifeq ($(WANTS_CPU_TORCH),yes)
	@echo "first PyTorch's CPU build; where $(CPU_TORCH) cannot be reached, what the package index has"
	@$(PIP_INSTALL) --no-deps --retries 1 --extra-index-url $(CPU_TORCH) torch
endif
	@$(PIP_INSTALL) --editable ".[evaluation,hrv,plot]"
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "installing the tools for tests and the site into $(VENV), once"
	@$(PIP_INSTALL) --editable ".[dev]"
	@touch $@

install: $(INSTALLED_DEV)  ## create .venv and install the package and all tools

demo: $(INSTALLED)  ## the main job on simulated ECG, in minutes; on yours with DATA=file-or-folder
	@$(BIN)/python examples/programs/demo.py $(if $(DATA),--data "$(DATA)") $(ARGS)

bench: $(INSTALLED_DEV)  ## benchmarks, on a quiet machine; one of them with BENCH=pretraining
	$(BIN)/python -m benchmarks $(BENCH) $(ARGS)

docs: $(INSTALLED_DEV)  ## the site, with every example run, into docs/_build/html
	$(BIN)/python docs/build.py $(ARGS)

docs-fast: $(INSTALLED_DEV)  ## the site, with the examples that changed since the last `make docs`
	$(BIN)/python docs/build.py --changed $(ARGS)

docs-test: $(INSTALLED_DEV)  ## look at the site in headless Chromium, as a reader would
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests/docs/test_site.py

test: $(INSTALLED_DEV)  ## what protects daily work, in five minutes: all tests but the slow, and docstring examples
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-all: $(INSTALLED_DEV)  ## every test: processes, kills, real ECG, precision, memory, examples too
	$(PYTEST) $(PYTEST_ARGS)

test-wheel:  ## build a wheel, install it elsewhere, and test that
	PYTHON="$(PYTHON)" PIP_ARGS="$(PIP_ARGS)" CPU_TORCH="$(if $(WANTS_CPU_TORCH),$(CPU_TORCH))" .ci/test-wheel $(if $(JOBS),-n $(JOBS) --dist worksteal) $(or $(PYTEST_ARGS),-m "not slow")

test-oldest:  ## the contract, estimator checks and signal tests with the oldest releases that are allowed
	PYTHON="$(PYTHON)" PIP_ARGS="$(PIP_ARGS)" CPU_TORCH="$(if $(WANTS_CPU_TORCH),$(CPU_TORCH))" .ci/test-oldest $(PYTEST_ARGS)

fuzz: $(INSTALLED_DEV)  ## damaged files, random parameters, killed trainings, for about half an hour
	FUZZ_FILES=30000 $(BIN)/python -m pytest -p no:xdist -q tests/datasets/test_poly5.py
	$(BIN)/python -m pytest --hypothesis-profile=fuzz -p no:xdist -q -m hypothesis tests
	for what in save recognition masked classifier; do $(BIN)/python -m tests.killing $$what --random 40 || exit 1; done

lint: $(INSTALLED_DEV)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED_DEV)  ## mypy on the package
	$(BIN)/mypy

format: $(INSTALLED_DEV)  ## let ruff mend and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint types test  ## what to run before a commit

clean:  ## remove caches, builds and the demo's output
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache demo-output
	rm -rf docs/_build docs/auto_examples docs/reference/generated docs/reference/examples_of
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean  ## clean, and remove .venv and .venv-oldest
	for venv in $(VENV) .venv-oldest; do [ ! -f $$venv/pyvenv.cfg ] || rm -rf $$venv; done

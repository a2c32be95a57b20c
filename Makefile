# Needs GNU make and Python 3.11 or newer, nothing else: the first target that wants it builds .venv.

PYTHON ?= python3
VENV ?= .venv
# More arguments: for pip, for pytest, for the demo and the benchmarks. JOBS is the number of test processes, each with
# one thread: two threads that share busy cores wait for each other most of the time.
PIP_ARGS ?= --quiet
PYTEST_ARGS ?=
JOBS ?= 2
DATA ?=
ARGS ?=
BENCH ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST = $(strip $(BIN)/python -m pytest $(if $(JOBS),-n $(JOBS) --dist worksteal) $(PYTEST_ARGS))

export MPLBACKEND ?= Agg
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo demo-pretraining bench docs docs-test test test-fast test-slow test-wheel fuzz lint types format check clean clean-all

help:  ## show this list
	@echo "make <target>; everything is installed into $(VENV), once"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-17s %s\n' "$$target" "$$text"; done
	@echo "variables: PYTHON=python3.12  DATA=my_ecg.npz  ARGS='arguments of demo or bench'  JOBS=4  PYTEST_ARGS='-k filter'  PIP_ARGS=  (shows pip's progress)"

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "sklearn_ecgssl needs Python 3.11 or newer; '$(PYTHON)' is `$(PYTHON) --version 2>&1`."; \
	    echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@echo "creating $(VENV) with `$(PYTHON) --version`"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The stamp is newer than what it was installed from, so a second make installs nothing.
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "installing into $(VENV): some minutes the first time, PyTorch is large (PIP_ARGS= shows progress)"
	@$(BIN)/python -m pip install $(PIP_ARGS) --constraint constraints.txt --editable ".[dev]"
	@touch $@
	@echo "installed"

install: $(INSTALLED)  ## create .venv and install the package and its tools

demo: $(INSTALLED)  ## a first result on simulated ECG, in seconds; on yours with DATA=file-or-folder
	$(BIN)/python examples/programs/first_result.py $(if $(DATA),--data "$(DATA)") $(ARGS)

demo-pretraining: $(INSTALLED)  ## the same with an encoder of your own, in minutes
	$(BIN)/python examples/programs/own_encoder.py $(if $(DATA),--data "$(DATA)") $(ARGS)

bench: $(INSTALLED)  ## benchmarks, on a quiet machine; one of them with BENCH=pretraining
	$(BIN)/python -m benchmarks $(BENCH) $(ARGS)

docs: $(INSTALLED)  ## the site, with every example run, into docs/_build/html
	$(BIN)/python docs/build.py $(ARGS)

docs-test: $(INSTALLED)  ## look at the site in headless Chromium, as a reader would
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests/docs/test_site.py

test: $(INSTALLED)  ## every test, and every example in a docstring
	$(PYTEST)

test-fast: $(INSTALLED)  ## all but the slow tests
	$(PYTEST) -m "not slow"

test-slow: $(INSTALLED)  ## the slow tests alone
	$(PYTEST) -m slow

test-wheel:  ## build a wheel, install it elsewhere, and test that
	PYTHON="$(PYTHON)" PIP_ARGS="$(PIP_ARGS)" .ci/test-wheel $(if $(JOBS),-n $(JOBS) --dist worksteal) $(or $(PYTEST_ARGS),-m "not slow")

fuzz: $(INSTALLED)  ## damaged files, random parameters, killed trainings, for about half an hour
	FUZZ_FILES=30000 $(BIN)/python -m pytest -p no:xdist -q tests/datasets/test_poly5.py
	$(BIN)/python -m pytest --hypothesis-profile=fuzz -p no:xdist -q tests/properties
	for what in save recognition masked classifier; do $(BIN)/python -m tests.killing $$what --random 40 || exit 1; done

lint: $(INSTALLED)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)  ## mypy on the package
	$(BIN)/mypy

format: $(INSTALLED)  ## let ruff mend and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint types test  ## what CI runs

clean:  ## remove caches, builds and the demo's output
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache demo-output
	rm -rf docs/_build docs/auto_examples docs/reference/generated docs/reference/examples_of
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean  ## clean, and remove .venv
	rm -rf $(VENV)

# Every target sets up what it needs by itself: `make demo` on a fresh clone just works.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The workflow starts its jobs with whatever python comes first on the path.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
# Of the page that `make mlflow` opens.
PORT ?= 5000
# One thread a job: Snakemake fills the cores with jobs.
export OMP_NUM_THREADS ?= 1
SOURCES := Snakefile workflow/rules
# Tests of one file share what they start, so a file stays in one process.
SPREAD := --dist loadfile --no-loadscope-reorder
CORES := $(shell getconf _NPROCESSORS_ONLN)
# One more than cores, as slow tests wait for servers, clusters and killed jobs some of their time.
WORKERS := $(shell expr $(CORES) + 1)

.PHONY: demo results mlflow test test-slow check lint format schema bench graph clean

demo: $(READY)
	UNSMEAR_SHOW_RESULTS=0 snakemake --cores all
	@unsmear results

results: $(READY)
	@unsmear results

mlflow: $(READY)
	@unsmear mlflow --port $(PORT)

test: $(READY)
	python -m pytest -m "not slow" -n $(CORES) $(SPREAD)

test-slow: $(READY)
	python -m pytest -m slow -n $(WORKERS) $(SPREAD)

# In one go, what several tests need is made once.
check: lint
	python -m pytest -m "slow or not slow" -n $(WORKERS) $(SPREAD)

lint: $(READY)
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check $(SOURCES)
	snakemake --lint --workflow-profile none

format: $(READY)
	ruff check --fix .
	ruff format .
	snakefmt $(SOURCES)

schema: $(READY)
	python -m unsmear.schema workflow/schemas/config.schema.json

bench: $(READY)
	python benchmarks/run.py

graph: $(READY)
	@snakemake --rulegraph mermaid-js --workflow-profile none 2>/dev/null | grep -v style

# Snakemake leaves the path of Python unquoted in its jobs' commands.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import os, re, sys; odd = sorted(set(re.findall(r"[^\w@%+=,./-]", os.getcwd()))); sys.exit(odd and f"the path of this folder, {os.getcwd()}, holds {odd}, at which the shell would cut it: move the folder to a path of letters, digits, dots and dashes, then run make again" or 0)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unsmear needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

clean:
	rm -rf results .snakemake

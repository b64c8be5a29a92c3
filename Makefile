# What a checkout can do. Everything lands inside it: the virtual environment in .venv, Airflow's home in .airflow,
# whatever is built in build/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed
OLDEST := .venv-oldest
# Packages of this day are the oldest that are tested, with the oldest Airflow that is supported.
OLDEST_DAY     := 2025-10-15
OLDEST_AIRFLOW := 3.0.6
# What the provider does not run on may be newer: PyAV probes video for the sandbox, moto stands in for S3.
PEERS          := av moto py-partiql-parser
PEERS_DAY      := 2026-11-01
WORKERS ?= 2

# Byte code in one place: importing Airflow takes seconds without it.
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
export AIRFLOW_HOME := $(CURDIR)/.airflow/home
export UV_LINK_MODE := copy

.DEFAULT_GOAL := help
.PHONY: help install demo demo-pixop ui test test-oldest chaos fuzz bench docs lint format clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(STAMP)  ## Make the virtual environment

$(STAMP): pyproject.toml constraints.txt tools/install.sh
	@sh tools/install.sh "$(PYTHON)" $(VENV) -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## Ingest two days of video through a real Airflow and local stand-ins of S3 and all four services
	$(if $(VIDEO),$(error Use make demo-pixop VIDEO=$(VIDEO)))@$(BIN)/python -m media_sandbox.demo

demo-pixop: $(STAMP)  ## Enhance real video with the stand-in of Pixop alone; VIDEO=path for your own
	@$(BIN)/python -m media_sandbox.demo pixop $(if $(VIDEO),--video "$(VIDEO)")

ui: $(STAMP)  ## Start the stand-ins and an Airflow to look at, until Ctrl-C
	@$(BIN)/python -m media_sandbox.demo ui

test: $(STAMP)  ## Run all tests
	@echo "Running the tests on $(WORKERS) processes"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-oldest: $(OLDEST)/installed  ## Run the tests on the oldest Airflow that is supported
	@echo "Running the tests on Airflow $(OLDEST_AIRFLOW) with packages of $(OLDEST_DAY)"
	@$(OLDEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup tests/unit tests/contract tests/dags

$(OLDEST)/installed: pyproject.toml tools/install.sh
	@sh tools/install.sh "$(PYTHON)" $(OLDEST) --exclude-newer $(OLDEST_DAY) \
		$(foreach peer,$(PEERS),--exclude-newer-package $(peer)=$(PEERS_DAY)) \
		apache-airflow==$(OLDEST_AIRFLOW) -e '.[test]'
	@touch $@

chaos: $(STAMP)  ## Every fault at every request of every task, and every process killed; writes docs/faults.json for the docs
	@$(BIN)/python -m pytest tests/chaos -q -n $(WORKERS) --dist loadgroup --chaos --chaos-report docs/faults.json

fuzz: $(STAMP)  ## Property-based tests for ten minutes; MINUTES=2 for fewer, SEED=n for the same again
	@$(BIN)/python tools/fuzz.py --workers $(WORKERS) --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

bench: $(STAMP)  ## Measure against peers, for 90 minutes; BENCH=name for one
	@command -v curl >/dev/null || { echo "Installing curl, the peer of the uploads"; \
		$$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -qq -y curl; }
	@$(BIN)/python tests/benchmarks/run.py $(BENCH)

docs: $(STAMP)  ## Build the documentation into build/docs
	@$(BIN)/sphinx-build -W --keep-going -n -q -b html docs build/docs
	@echo "Open build/docs/index.html"

lint: $(STAMP)  ## Check style, types, that packages fit together, and the rules of the house
	@echo "ruff check"; $(BIN)/ruff check .
	@echo "ruff format --check"; $(BIN)/ruff format --check -q .
	@echo "mypy --strict"; $(BIN)/mypy --no-error-summary
	@echo "uv pip check"; VIRTUAL_ENV=$(VENV) $(BIN)/uv pip check -q
	@echo "import rules"; $(BIN)/lint-imports --no-cache > build/imports.log || { cat build/imports.log; exit 1; }

format: $(STAMP)  ## Put the source into shape
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

clean:  ## Remove all that was made
	rm -rf $(VENV) $(OLDEST) .airflow build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

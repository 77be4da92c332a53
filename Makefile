# Every task of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# The interpreter that makes the environment; wheels for everything exist for 3.11 and 3.12.
PYTHON ?= $(shell for name in python3.11 python3.12 python3 python; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info)' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := $(wildcard host plugins examples tests tools bench)
WORKERS ?= 2

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Backline needs Python 3.11 or newer; say where with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "The venv module of $(PYTHON) does not work; on Debian: apt-get install python3-venv" >&2; exit 1; }

# Stamp files make a second run quick: packages are installed again only when what they stand on has changed.
$(VENV)/installed-core: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Backline"
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Backline with everything its tests need"
	@$(PIP) --editable '.[dev,minihost,docs]'
	@touch $@ $(VENV)/installed-core

.PHONY: help demo test system lint format types pytest docs bench clean

help: ## list the tasks
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

demo: $(VENV)/installed-core ## render three shipped examples to out/ and print what came out
	@$(BIN)/python examples/demo.py out

test: system $(VENV)/installed-test lint types docs pytest ## set up everything the tests need and run them all

system:
	@tools/system-packages.sh

lint: $(VENV)/installed-test ## check layout and style
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

format: $(VENV)/installed-test ## lay out the code and fix what can be fixed
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

types: $(VENV)/installed-test ## check types
	$(BIN)/mypy

pytest: system $(VENV)/installed-test
	$(BIN)/python -m pytest -n $(WORKERS)

docs: $(VENV)/installed-test ## build the manual into site/
	$(BIN)/zensical build --clean --strict

bench: $(VENV)/installed-test ## run the benchmarks against their peers
	@$(PIP) --editable '.[bench]'
	$(BIN)/python bench/run.py

clean: ## remove what was built; the environment stays
	rm -rf out site dist build .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

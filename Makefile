# Nothing but Python 3.11 and make is presupposed.
SHELL := /bin/bash
PYTHON ?= $(shell for candidate in python3.11 /usr/bin/python3.11 python3; do command -v $$candidate && break; done)
VENV := .venv
BIN := $(VENV)/bin
DATA_DIR ?= data
# Many tests wait for servers and clocks, so there are more of them than cores.
TEST_PROCESSES ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: env demo up test lint bench clean

env: $(VENV)/.installed

# The stamp is younger than the lock exactly when the environment holds what the lock says.
# pip's own upgrade comes from the lock's resolver rules being newer than the bundled pip.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make env: no Python 3.11 found. Install python3.11 or call: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: env
	$(BIN)/python -m deployments demo --data-dir $(DATA_DIR)/demo

up: env
	exec $(BIN)/python -m deployments up --data-dir $(DATA_DIR)

test: env
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: env
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info

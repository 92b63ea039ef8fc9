# Nothing but make and a Python of 3.11 to 3.13 is presupposed.
SHELL := /bin/bash
BIN := .venv/bin
DATA_DIR ?= data
# Many tests wait for servers and clocks, so there are more of them than cores.
TEST_PROCESSES ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: env demo up test lint bench clean

# PYTHON=/path/to/python3.12 chooses another interpreter than the first that is found.
env:
	@PYTHON="$(PYTHON)" ./make_env.sh

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
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info

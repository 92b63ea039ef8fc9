# Nothing but make and a Python of 3.11 to 3.13 is presupposed.
SHELL := /bin/bash
BIN := .venv/bin
DATA_DIR ?= data
# Many tests wait for servers and clocks: three of these do so from the beginning, two compute.
TEST_PROCESSES ?= 5
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Each process of the tests would make the bytecode of all test files anew, twelve seconds of it.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := $(BIN)/python -m pytest
SHARED_OUT := --dist loadscope --no-loadscope-reorder

.PHONY: env demo demo-quick up test test-fast soak lint lint-types lint-layers lint-clocks bench docs screens clean

# PYTHON=/path/to/python3.12 chooses another interpreter than the first that is found.
env:
	@PYTHON="$(PYTHON)" ./make_env.sh

# What make env made when it installed, made anew where sources have changed since.
.venv/.machine_code: $(shell find trading -name "*.py") | env
	-$(BIN)/python -m deployments.machine_code && touch $@

demo: env .venv/.machine_code
	$(BIN)/openbell demo --data-dir $(DATA_DIR)/demo

# Without Prefect, in half a minute.
demo-quick: env .venv/.machine_code
	$(BIN)/openbell demo --quick --data-dir $(DATA_DIR)/demo

up: env .venv/.machine_code
	exec $(BIN)/openbell up --data-dir $(DATA_DIR)

# With machine code of the present sources: several processes of the tests would each make it.
test: env .venv/.machine_code
	$(PYTEST) -n $(TEST_PROCESSES) $(SHARED_OUT)

# The first step after a change: rules, files and settings, without processes and servers.
test-fast: env
	$(PYTEST) -n 2 $(SHARED_OUT) -m "not soak and not slow" tests/unit

# At most an hour: what make test leaves for being dear, some ten minutes, and then the long ones. Of
# these none begins after 22 minutes, and none may take longer than the 28 that follow; what did not
# begin is named, and is among the first tomorrow. They have one process, for they use both cores
# themselves. The second part also runs where the first fails.
soak: env
	$(PYTEST) -n $(TEST_PROCESSES) $(SHARED_OUT) -m "soak and not long" --timeout=600; dear=$$?; \
	SOAK_BEGINS_WITHIN=1320 $(PYTEST) -n 0 -vv -rPs -m "soak and long" --timeout=1680 && exit $$dear

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-layers lint-clocks

# Each takes one core for half a minute.
lint-types:
	$(BIN)/mypy

lint-layers:
	$(BIN)/lint-imports --no-cache

# No wall clock and no chance without a seed in what a simulated session runs.
lint-clocks:
	$(BIN)/python -m pytest -n 0 -q tests/unit/flows/simulation/test_no_clock_and_no_chance.py

# Ends with 1 for a link that leads nowhere, but not with --quiet. The variable silences a notice of MkDocs's makers.
docs: env
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	@echo "Open build/site/index.html, or with the search: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site 8000"

# Pictures of all that people see, to be looked at; with Debian's chromium, some ten minutes.
screens: env
	$(BIN)/python -m tests.screens

bench: env
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info

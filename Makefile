# The tasks of this project; bare `make` lists them.
#
#   make run ARGS='--port 9000'     gives flags to the command behind a task
#   make install PYTHON=python3.13  chooses the Python that .venv is made with

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV ?= $(if $(wildcard $(BIN)/uv),$(BIN)/uv,uv)
PYTHON ?=
ARGS ?=

COMPILE := compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
TIDY := .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/_build dist

.DEFAULT_GOAL := help
.PHONY: help install run test check fmt bench docs lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.installed ## make .venv with everything capx needs, from the lock files

run: install ## set everything up and run three nodes that share sample listings
	$(BIN)/capx play $(ARGS)

test: $(VENV)/.developing ## set everything up and run the whole test suite
	@$(chromium)
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.developing ## lint, format, types, architecture, messages and docs; under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs tests/web/test_wording.py

fmt: $(VENV)/.developing ## format the code and repair what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.developing ## run the quick benchmark
	$(BIN)/python -m tests.bench --quick $(ARGS)

docs: $(VENV)/.developing ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

lock: ## work out the lock files anew with uv; ARGS=--upgrade takes newer versions
	$(UV) pip $(COMPILE) $(ARGS) pyproject.toml -o requirements.lock
	$(UV) pip $(COMPILE) $(ARGS) pyproject.toml --group dev --extra uvloop -c requirements.lock -o requirements-dev.lock
	$(UV) pip $(COMPILE) $(ARGS) --group build -c requirements-dev.lock -o requirements-build.lock

clean: ## remove caches and what was built; .venv stays
	rm -rf $(TIDY)
	find catalogue federation node web tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

# -- setting up -----------------------------------------------------------------------------------

$(VENV)/.developing: requirements-dev.lock | $(VENV)/.installed
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed: pyproject.toml requirements.lock requirements-build.lock | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@$(new_venv)

# Finds a Python of 3.11 or later. Debian and Ubuntu keep what venv needs in a package of its own,
# which root gets here and anyone else is told about.
define new_venv
set -eu; \
for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11) none; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
done; \
if [ "$$python" = none ]; then \
	echo "make: no Python of 3.11 or later was found; name one: make install PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi; \
if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	package="$$(basename "$$python")-venv"; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "make: $$python cannot make a virtual environment; on Debian or Ubuntu run this first:" >&2; \
		echo "  sudo apt-get install $$package" >&2; \
		exit 1; \
	fi; \
	apt-get update --quiet; \
	DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$$package"; \
fi; \
echo "$$python -m venv $(VENV)"; \
"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
endef

# The browser tests drive Debian's Chromium; without it they are skipped.
define chromium
set -eu; \
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then exit 0; fi; \
if [ "$$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo -n"; else sudo="-"; fi; \
if [ "$$sudo" != - ] && command -v apt-get >/dev/null; then \
	$$sudo apt-get update --quiet && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends chromium || \
	echo "make: Chromium could not be installed; the browser tests are skipped"; \
else \
	echo "make: there is no Chromium and no right to install it; the browser tests are skipped"; \
fi
endef

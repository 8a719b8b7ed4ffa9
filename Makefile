# Everything that a person or CI does with this project. `make` alone lists it.
# All paths are relative, so the project may lie in a folder with spaces in its name.

PYTHON ?= python3
VENV ?= .venv
VENV_TRAIN ?= .venv-train
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
SOAK_ARGS ?=
LOCK_ARGS ?=
DATA_DIR ?= ../shared/data
MODEL_OUT ?= models/default/1
MODEL_ARGS ?=

PY := $(VENV)/bin/python
PY_TRAIN := $(VENV_TRAIN)/bin/python
DESKROUTE := $(PY) -c 'from service.cli import main; main()'
# Stamps: what a virtual environment holds, and from which files.
HAS_RUNTIME := $(VENV)/.has-runtime
HAS_DEV := $(VENV)/.has-dev
HAS_TRAIN := $(VENV_TRAIN)/.has-train
PIP := -m pip --disable-pip-version-check --quiet
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-services demo up down check test test-all bench soak lock model clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup: $(HAS_DEV) ## Make .venv with the locked dependencies for development

setup-services: $(HAS_DEV) ## Install Java, Maven and PostgreSQL by apt-get where they are missing (needs root)
	@$(PY) -m deploy.local install

demo: $(HAS_RUNTIME) ## Run the whole pipeline on sample tickets, with no Kafka and no PostgreSQL
	@$(DESKROUTE) demo $(DEMO_ARGS)

up: $(HAS_DEV) ## Start a real Kafka and a real PostgreSQL here, with topics and schema
	@$(PY) -m deploy.local up

down: $(HAS_DEV) ## Stop what `make up` started
	@$(PY) -m deploy.local down

check: $(HAS_DEV) ## Lint, formatting, types, lock files; changes nothing
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m deploy.lock check

test: $(HAS_DEV) ## Run all tests but those that need the training extra, on a real Kafka and PostgreSQL
	@$(PY) -m deploy.local install --optional
	$(PY) -m pytest -m "not train" $(PYTEST_ARGS)

test-all: test $(HAS_TRAIN) ## Run the tests of training too (installs torch into .venv-train)
	$(PY_TRAIN) -m pytest -m train $(PYTEST_ARGS)

bench: $(HAS_RUNTIME) ## Measure this build on this machine
	@$(DESKROUTE) bench $(BENCH_ARGS)

soak: $(HAS_DEV) ## Kill, stop, fill and cut everything for about two hours; print what was lost (SOAK_ARGS=--help)
	@$(PY) -m deploy.local install --optional
	@$(PY) -m load_tests.soak $(SOAK_ARGS)

lock: $(HAS_DEV) ## Resolve requirements/*.txt anew from pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	$(PY) -m deploy.lock write $(LOCK_ARGS)

model: $(HAS_TRAIN) ## Train the default model again from DATA_DIR and the written tickets
	$(PY_TRAIN) -m models.training --data-dir "$(DATA_DIR)" --out "$(MODEL_OUT)" $(MODEL_ARGS)

clean: ## Stop the services, delete their data and everything built; virtual environments stay
	@if [ -e "$(HAS_DEV)" ]; then $(PY) -m deploy.local down --delete; fi
	rm -rf build dist demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis deploy/kafka/target
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed, set PYTHON=")'
	$(PYTHON) -m venv "$(VENV)"

$(PY_TRAIN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed, set PYTHON=")'
	$(PYTHON) -m venv "$(VENV_TRAIN)"

$(HAS_RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(PY)
	$(PY) $(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PY) $(PIP) install --no-deps --no-build-isolation -e .
	@touch "$@"

$(HAS_DEV): requirements/dev.txt requirements/build.txt pyproject.toml | $(PY)
	$(PY) $(PIP) install --require-hashes -r requirements/dev.txt -r requirements/build.txt
	$(PY) $(PIP) install --no-deps --no-build-isolation -e .
	@touch "$(HAS_RUNTIME)" "$@"

$(HAS_TRAIN): requirements/train.txt requirements/build.txt pyproject.toml | $(PY_TRAIN)
	$(PY_TRAIN) $(PIP) install --require-hashes -r requirements/build.txt
	$(PY_TRAIN) $(PIP) install --require-hashes -r requirements/train.txt
	$(PY_TRAIN) $(PIP) install --no-deps --no-build-isolation -e .
	@touch "$@"

# Scrutin. `make help` lists the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PORT ?= 8000
DEMO ?= demo-election
MINUTES ?= 30
BALLOTS ?= 1000000
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench million soak fuzz weight browsers screenshots rehearsal lock sbom audit clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Scrutin needs Python 3.11 or later: set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

setup: $(STAMP) ## make the environment in .venv

run: $(STAMP) ## start the service with a ready demo election on http://127.0.0.1:8000
	$(BIN)/scrutin demo $(DEMO) --port $(PORT)

test: $(STAMP) ## lint, types and every test
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(STAMP) ## ruff and mypy strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## speed, as ratios within one run; BENCH=full for every rule on every file
	$(BIN)/python -m tests.bench $(if $(filter full,$(BENCH)),--full)

million: $(STAMP) ## BALLOTS=1000000 cast into files, published and verified: time and memory
	$(BIN)/python -m tests.bench.million --ballots $(BALLOTS)

soak: $(STAMP) ## MINUTES=30 of ballots while processes are killed, on both databases
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

fuzz: $(STAMP) ## MINUTES=30 of hostile bytes for everything that reads
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

weight: $(STAMP) ## bytes and seconds of the pages to vote on, on a slow phone
	$(BIN)/python -m tests.browser.weight

browsers: $(STAMP) ## a vote in Firefox and in WebKit, Safari's engine; installs them where it may
	SCRUTIN_BROWSERS=required $(BIN)/python -m pytest tests/browser/test_engines.py

screenshots: $(STAMP) ## the pictures of docs/screens.md, from the demonstration in a browser
	$(BIN)/python -m tests.browser.screens

rehearsal: $(STAMP) ## a whole small election with real processes, no outside file
	$(BIN)/scrutin rehearse --out rehearsal-out --voters 60

lock: $(STAMP) ## renew the lock files
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra charts --extra server --extra build --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra charts --extra server --extra build pyproject.toml -o requirements-server.lock

sbom: $(STAMP) ## write sbom.json: what the service consists of (CycloneDX), from the lock file
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --validate --of JSON -o sbom.json requirements-server.lock

audit: $(STAMP) ## known vulnerabilities of what the service consists of; fails where the index does not tell
	@$(BIN)/pip-audit --requirement requirements-server.lock --disable-pip --require-hashes --strict --progress-spinner off || { \
	  echo "make audit: failed. With a table above: known vulnerabilities, renew these packages (make lock). Without one: the index" >&2; \
	  echo "did not tell, so nothing is known of any package: run it where the index answers, or see sbom.json (make sbom)." >&2; \
	  exit 1; }

clean: ## remove the environment, caches, the demo and rehearsal output
	rm -rf $(VENV) $(DEMO) rehearsal-out build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .coverage htmlcov sbom.json

# `make` alone lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes
FRONTEND := $(BIN)/python scripts/frontend.py
# Of these, what opens a store.
ON_POSTGRESQL := tests/plugin_store tests/web tests/integrations tests/test_cluster.py tests/faults/test_hosts.py \
    tests/faults/test_hosts_shared.py tests/faults/test_database_server.py tests/browser/test_hosts.py

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## Install what is missing, then start Patchbay
	@$(FRONTEND) build || true
	@exec $(BIN)/python app.py

# Compiling all tests in each worker, and Patchbay in each process that a test starts, would take a minute.
test: $(VENV)/dev.stamp ## Run all tests (ARGS=… goes to pytest)
	@$(FRONTEND) npm run types
	@$(FRONTEND) npm test
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-postgresql: $(VENV)/postgresql.stamp ## Run tests on PostgreSQL (ARGS=tests/web; PATCHBAY_TEST_DATABASE_URL names a server)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m scripts.private_postgresql $(BIN)/python -m pytest -n 2 --dist worksteal \
		$(or $(ARGS),$(ON_POSTGRESQL))

frontend: $(VENV)/run.stamp ## Build the pages and the JavaScript client, if their sources changed
	@$(FRONTEND) build

npm: $(VENV)/run.stamp ## Run npm in frontend/ (ARGS="test -- --watch")
	@$(FRONTEND) npm $(ARGS)

flask: $(VENV)/run.stamp ## Run a Patchbay command (ARGS="secrets --help"; alone it lists them)
	@$(BIN)/flask --app app $(or $(ARGS),--help)

packages: $(VENV)/run.stamp ## Pack the npm packages into build/packages/
	@$(FRONTEND) npm run --silent packages

dist: $(VENV)/dev.stamp ## Build the sdist and the wheel into build/dist/
	@$(FRONTEND) build
	@rm -rf build/dist
	@$(BIN)/python -m hatchling build -d build/dist

api-types: $(VENV)/run.stamp ## Write the client's types anew, after a change of the API
	@mkdir -p build
	@PATCHBAY_INSTANCE=build/instance $(BIN)/flask --app app openapi write build/openapi.json
	@$(FRONTEND) npm run --silent api-types

bench: $(VENV)/dev.stamp ## Run the benchmarks; writes build/bench.json (ARGS=--help)
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/dev.stamp ## Load, kill and check servers for SOAK_SECONDS (600); writes build/soak.json
	@$(BIN)/python -m benchmarks.soak $(ARGS)

cluster: $(VENV)/postgresql.stamp ## Load, kill and check three hosts on one PostgreSQL behind nginx (ARGS="--minutes 5")
	@$(BIN)/python -m benchmarks.cluster $(ARGS)

fuzz: build/fuzz-venv/fuzz.stamp ## Fuzz what reads other people's text, FUZZ_SECONDS (60) for each target
	@build/fuzz-venv/bin/python -m fuzz $(ARGS)

demo: $(VENV)/run.stamp ## Start Patchbay with the examples and a sandbox of providers (ARGS=--port=…)
	@$(FRONTEND) build || true
	@exec $(BIN)/python -m examples.demo $(ARGS)

demo-check: $(VENV)/run.stamp ## Run the demo once and check its results
	@$(BIN)/python -m examples.demo --check

screenshots: $(VENV)/dev.stamp ## Draw the pictures of the README from the demo (needs Chromium)
	@$(FRONTEND) build
	@$(BIN)/python -m scripts.screenshots $(ARGS)

lint: $(VENV)/dev.stamp ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

format: $(VENV)/dev.stamp ## Format the code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

lock: ## Pin the dependencies again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-otel.in -o requirements-otel.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-postgresql.in -o requirements-postgresql.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes frontend/node-requirements.in -o frontend/node-requirements.txt

licences: $(VENV)/dev.stamp ## List the licences of all dependencies in docs/licences.md
	@$(BIN)/python -m scripts.components licences docs/licences.md

sbom: $(VENV)/dev.stamp ## Write the list of all dependencies to build/sbom.json (CycloneDX)
	@$(BIN)/python -m scripts.components sbom build/sbom.json

audit: $(VENV)/run.stamp ## Look for known vulnerabilities of the dependencies (needs uv and the network)
	uv tool run pip-audit --disable-pip --require-hashes -r requirements.txt
	$(FRONTEND) npm audit --omit=dev

clean: ## Remove the virtual environment and caches; instance/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build static/built
	find frontend -name node_modules -type d -prune -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@sh scripts/make-venv.sh $(VENV)

$(VENV)/run.stamp: requirements.txt $(VENV)/bin/python
	@echo "Installing what Patchbay needs …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what the tests need …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

$(VENV)/postgresql.stamp: requirements-postgresql.txt $(VENV)/dev.stamp
	@$(INSTALL) -r requirements-postgresql.txt
	@touch $@

build/fuzz-venv/fuzz.stamp: requirements.txt requirements-fuzz.txt
	@mkdir -p build
	@sh scripts/make-venv.sh build/fuzz-venv
	@build/fuzz-venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.txt -r requirements-fuzz.txt
	@touch $@

.PHONY: help run flask test test-postgresql frontend npm packages dist api-types bench soak cluster fuzz demo demo-check screenshots lint format lock licences sbom audit clean

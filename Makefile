# What developers and CI run. `make help` lists it. Nothing here needs root.
PYTHON ?= python3
PY := .venv/bin/python
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long test-browser bench dist check format schema clean

help: ## List what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || grep '##' $(MAKEFILE_LIST)

setup: ## Make .venv with `cms` in it; does nothing when it is up to date
	@$(PYTHON) scripts/setup.py dev

demo: setup ## Build a starter and serve it (STARTER=news, directory, shop …, all; DEMO_ONCE=1: check one page and stop; S3=1: publish the blog to a local bucket)
	@$(PY) scripts/$(if $(S3),demo_s3,demo).py

# Where it is set, every command that a test starts compiles this package again.
test test-long: export PYTHONDONTWRITEBYTECODE =

test: setup ## Run the tests but the long ones
	@$(PY) -m pytest -q -rfEs -n $(WORKERS) $(ARGS)

test-long: setup ## Run the long random tests: some hours, of which the comparison with clean builds takes one and a half
	@$(PY) -m pytest -q -rfEs -m long $(ARGS)

test-browser: ## Look at every template of every starter in chromium: accessibility, valid HTML, nothing that sticks out
	@$(PYTHON) scripts/setup.py dev browser
	@$(PY) -m pytest -q -rs -m "browser and long" tests/test_starters_in_browser.py $(ARGS)

bench: ## Measure beside Hugo: make bench ARGS="--articles 10000"
	@$(PYTHON) scripts/setup.py dev bench
	@$(PY) scripts/bench.py $(ARGS)

check: setup ## Look at format, lint, types, imports, lengths of files; half a minute
	@bad=0; \
	.venv/bin/ruff format --check --quiet --output-format concise . || bad=1; \
	.venv/bin/ruff check --quiet --output-format concise . || bad=1; \
	.venv/bin/mypy --no-error-summary || bad=1; \
	imports=$$(.venv/bin/lint-imports 2>&1) || { echo "$$imports"; bad=1; }; \
	$(PY) -m pytest -q tests/test_house.py || bad=1; \
	exit $$bad

format: setup ## Put the code into the one format
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format .

dist: setup ## Make a wheel and an sdist in dist/
	@rm -rf dist
	@.venv/bin/hatchling build

schema: setup ## Write sql/schema.sql from the migrations
	@$(PY) scripts/dump_schema.py

clean: ## Remove what the tools left; the demo and .venv stay
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Every target makes its own environment. Works with GNU make 3.81 and later, on Debian and macOS.
#
#   make demo     run the example news site        make check    lint, types, layers, house rules, docs
#   make test     run every test                   make docs     build the documentation
#   make coverage the same, with branch coverage, which takes longer
#   make bench    measure against the peers        make soak     the long counts: kills, fuzzing, load
#   make frameworks   build pages with today's frameworks and look at them in a browser
#   make matrix       run every back-end framework on every server
#   make scripts      minify the scripts that pages load, after a change of one

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
FUZZ := .venv-fuzz
FRAMEWORKS := .venv-frameworks
MATRIX := .venv-matrix
# Processes of `make test`, each with files of its own: one more than CI has cores, as tests in a browser often wait.
# Python's development mode is for `make coverage`.
WORKERS ?= 3
# Seconds that `make soak` fuzzes each target.
FUZZ_SECONDS ?= 1800
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start many processes: what these import is compiled once.
export PYTHONDONTWRITEBYTECODE :=

# The first Python of at least 3.11 on the path; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then command -v $$p; break; fi; done)

.PHONY: demo test coverage check bench docs soak frameworks matrix scripts browser clean lock

demo: $(VENV)/.demo
	@$(BIN)/python -m examples.news

test: $(VENV)/.dev $(VENV)/.node browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

coverage: $(VENV)/.dev $(VENV)/.node browser
	$(BIN)/coverage erase
	$(BIN)/python -X dev -m coverage run -m pytest $(PYTEST)
	@$(BIN)/coverage combine -q && $(BIN)/coverage report --format=total | sed 's/^/branch coverage, percent: /'

soak: $(VENV)/.dev browser $(FUZZ)/.fuzz
	CONSENTKIT_SOAK=1 FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -X dev -m pytest -m soak -o faulthandler_timeout=0 $(PYTEST)
	@if $(FUZZ)/bin/python -c 'import atheris' 2>/dev/null; then \
		for target in rewriter linear urls headers; do \
		$(FUZZ)/bin/python -m tests.fuzz $$target -seconds $(FUZZ_SECONDS) || exit 1; done; \
		else echo "fuzzing is left out: atheris comes for Linux on x86-64"; fi

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PYTHONPATH=tests $(BIN)/python -m house
	$(BIN)/sphinx-build -n -W -q -b html docs docs/_build/html

docs: $(VENV)/.dev
	$(BIN)/sphinx-build -n -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

# NAMES="rewrite asgi" measures only those.
bench: $(BENCH)/.bench $(BENCH)/.node
	PYTHONPATH=tests $(BENCH)/bin/python -m bench $(NAMES)

# NAMES="next nuxt" looks at those only. Builds are kept in .cache/frameworks.
frameworks: $(FRAMEWORKS)/.frameworks
	PYTHONPATH=tests $(FRAMEWORKS)/bin/python -m frameworks $(NAMES)

# NAMES="quart daphne" runs what has both names only.
matrix: $(MATRIX)/.matrix
	PYTHONPATH=tests $(MATRIX)/bin/python -m matrix $(NAMES)

# Minify the scripts that pages load, after a change of one of them. Needs npm.
scripts: $(VENV)/.node
	$(BIN)/python -m docs.scripts

# A browser for the tests: the system's Chromium, else Playwright's own.
browser: $(VENV)/.dev
	@$(BIN)/python tests/e2e/chromium.py

define need-python
	@if [ -z "$(PYTHON)" ]; then \
		echo "consentkit needs Python 3.11 or later, and found none." >&2; \
		echo "Debian, Ubuntu: apt-get install python3 python3-venv    macOS: brew install python@3.13" >&2; \
		exit 1; fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$(PYTHON) cannot make virtual environments." >&2; \
		echo "Debian, Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; fi
endef

$(BIN)/python:
	$(need-python)
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(BENCH)/.bench: requirements/bench.txt pyproject.toml
	$(need-python)
	"$(PYTHON)" -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	$(BENCH)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Packages from npm. Without npm, or where it fails, what needs them is left out and says so.
# Arguments: environment, folder of the lock file, what needs them.
define npm-packages
	@mkdir -p $(1)/node && cp $(2)/package.json $(2)/package-lock.json $(1)/node/
	@if ! command -v npm >/dev/null 2>&1; then echo "no npm on the path; left out: $(3)"; \
		elif npm ci --prefix $(1)/node --ignore-scripts --no-audit --no-fund --loglevel=error; then touch $@; \
		else echo "npm could not install its packages; left out: $(3)"; fi
endef

$(VENV)/.node: tests/node/package-lock.json | $(VENV)/.dev
	$(call npm-packages,$(VENV),tests/node,autoconsent and Consent-O-Matic in the tests)

$(BENCH)/.node: tests/bench/package-lock.json | $(BENCH)/.bench
	$(call npm-packages,$(BENCH),tests/bench,html-rewriter-wasm and Lighthouse)

$(FRAMEWORKS)/.frameworks: requirements/frameworks.txt pyproject.toml
	$(need-python)
	"$(PYTHON)" -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/python -m pip install --quiet --require-hashes -r requirements/frameworks.txt
	$(FRAMEWORKS)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(FRAMEWORKS)/bin/python tests/e2e/chromium.py
	@touch $@

$(MATRIX)/.matrix: requirements/matrix.txt pyproject.toml
	$(need-python)
	"$(PYTHON)" -m venv $(MATRIX)
	$(MATRIX)/bin/python -m pip install --quiet --require-hashes -r requirements/matrix.txt
	$(MATRIX)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(FUZZ)/.fuzz: requirements/soak.txt pyproject.toml
	$(need-python)
	"$(PYTHON)" -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --require-hashes -r requirements/soak.txt
	$(FUZZ)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Compile the requirements again, with hashes and without addresses. Needs uv on the path.
lock:
	cd requirements && for name in demo dev bench soak frameworks matrix; do \
		pins=$$([ $$name = demo ] || echo "--constraint demo.txt"); \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-emit-find-links --no-annotate --no-header $$pins $$name.in --output-file $$name.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) $(BENCH) $(FUZZ) $(FRAMEWORKS) $(MATRIX) .cache/frameworks docs/_build .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Shoutbus: `make run` and `make test` install what they need, as root or with sudo.

PYTHON ?= python3
DATA ?= var
BIN := .venv/bin

FOR_RUN := prosody lua-dbi-sqlite3 openssl python3-venv tzdata fortune-mod fortunes
FOR_TEST := $(FOR_RUN) prosody-modules ejabberd tmux profanity poezio chromium fonts-dejavu-core libatomic1 exim4-daemon-light kannel kannel-extras

.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: .venv/run ## start a private Prosody and the bus, with something in it to try (DATA=var)
	@exec $(BIN)/shoutbus demo --data $(DATA)

test: .venv/test ## every test, against real servers, clients and a browser
	$(BIN)/python -m tests

check: .venv/dev ## lint, format, types, layout, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: .venv/test ## how fast, beside a bare slixmpp component on the same Prosody
	$(BIN)/python -m tests.bench

audit: .venv/dev ## known weaknesses in what is locked
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

lock: .venv/dev ## lock the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile -q --upgrade --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links --allow-unsafe --all-build-deps -o requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --upgrade --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links --allow-unsafe --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## forget the virtual environment and the demo's data
	rm -rf .venv $(DATA) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist

.venv/run: requirements.lock pyproject.toml
	@.ci/need $(FOR_RUN)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: set PYTHON=") if sys.version_info < (3, 11) else 0'
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/test: .venv/dev
	@.ci/need $(FOR_TEST)
	@touch $@

.PHONY: help run test check bench audit lock clean

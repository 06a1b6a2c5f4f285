# Shoutbus: `make run` and `make test` install what they need, as root or with sudo.

PYTHON ?= python3
DATA ?= var
BIN := .venv/bin

FOR_RUN := prosody lua-dbi-sqlite3 openssl python3-venv tzdata fortune-mod fortunes
FOR_TEST := $(FOR_RUN) prosody-modules ejabberd tmux profanity poezio chromium fonts-dejavu-core libatomic1 exim4-daemon-light kannel kannel-extras

# What is locked and nothing else, never resolved anew; then Shoutbus itself, as it lies here.
UV := $(BIN)/uv pip
define INSTALL
	$(UV) sync --quiet --python $(BIN)/python --require-hashes $<
	$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
endef
# For everybody: no index, host or setting of this machine gets in.
COMPILE := env $(addprefix -u UV_,INDEX DEFAULT_INDEX INDEX_URL EXTRA_INDEX_URL FIND_LINKS CONSTRAINT OVERRIDE EXCLUDE_NEWER) \
	$(UV) compile --quiet --no-config --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-header --annotation-style line

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

lock: .venv/run ## lock the newest versions that pyproject.toml allows
	$(COMPILE) -o requirements-bootstrap.lock --group bootstrap
	$(COMPILE) -o requirements.lock pyproject.toml --group build
	$(COMPILE) -o requirements-dev.lock pyproject.toml --group dev -c requirements.lock

clean: ## forget the virtual environment and the demo's data
	rm -rf .venv $(DATA) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist

.venv/uv: requirements-bootstrap.lock
	@.ci/need $(FOR_RUN)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: set PYTHON=") if sys.version_info < (3, 11) else 0'
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r $<
	@touch $@

.venv/run: requirements.lock pyproject.toml .venv/uv
	$(INSTALL)
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(INSTALL)
	@touch $@

.venv/test: .venv/dev
	@.ci/need $(FOR_TEST)
	@touch $@

.PHONY: help run test check bench audit lock clean

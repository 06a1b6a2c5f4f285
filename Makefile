# Shoutbus: `make run` and `make test` install what they need, as root or with sudo.

PYTHON ?= python3
DATA ?= var
SUITE ?= bookworm trixie
PREFIX ?= /opt/shoutbus
BIN := .venv/bin

FOR_RUN := prosody lua-dbi-sqlite3 openssl python3-venv tzdata fortune-mod fortunes
FOR_TEST := $(FOR_RUN) prosody-modules ejabberd tmux profanity poezio chromium fonts-dejavu-core libatomic1 exim4-daemon-light kannel kannel-extras

# For everybody: no index, host or setting of this machine gets in.
COMPILE := env $(addprefix -u UV_,INDEX DEFAULT_INDEX INDEX_URL EXTRA_INDEX_URL FIND_LINKS CONSTRAINT OVERRIDE EXCLUDE_NEWER) \
	$(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 \
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
	$(BIN)/python -m tests.gates

install: ## a virtual environment for your own server (PREFIX=/opt/shoutbus)
	@.ci/need python3-venv
	PYTHON=$(PYTHON) .ci/install $(PREFIX) requirements.lock

bench: .venv/test ## how fast, beside a bare slixmpp component on the same Prosody
	$(BIN)/python -m tests.bench

audit: .venv/dev ## known weaknesses in what is locked
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

lock: .venv/run ## lock the newest versions that pyproject.toml allows
	$(COMPILE) -o requirements-bootstrap.lock --group bootstrap
	$(COMPILE) -o requirements.lock pyproject.toml --group build
	$(COMPILE) -o requirements-dev.lock pyproject.toml --group dev -c requirements.lock

fresh: ## both commands on a bare Debian, made for it (SUITE=bookworm, SUITE=trixie, or both)
	@for suite in $(SUITE); do .ci/fresh $$suite || exit; done

clean: ## forget the virtual environment and the demo's data
	rm -rf .venv $(DATA) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist

.venv/run: requirements.lock requirements-bootstrap.lock pyproject.toml
	@.ci/need $(FOR_RUN)
	PYTHON=$(PYTHON) .ci/install .venv requirements.lock --editable
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	PYTHON=$(PYTHON) .ci/install .venv requirements-dev.lock --editable
	@touch $@

.venv/test: .venv/dev
	@.ci/need $(FOR_TEST)
	@touch $@

.PHONY: help run test check install bench audit lock fresh clean

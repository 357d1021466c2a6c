# voice-gateway. On a Debian or Ubuntu with make and Python >= 3.11, `make demo` and `make test` do all the set-up.
# pip and apt-get are used as they are configured on the machine: no index or mirror is named here.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements.lock

# Debian packages that tests need, each with a command that it brings: package:command
TEST_PACKAGES := sox:sox baresip-core:baresip kamailio:kamailio sip-tester:sipp openssl:openssl \
    espeak-ng:espeak-ng chromium:chromium iproute2:ip nginx-light:nginx

# The first interpreter that runs and is new enough; override with `make PYTHON=/path/to/python setup`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
    if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)

# $(call apt_install,PACKAGES): as root or through sudo, never asking a question, package lists fetched once.
define apt_install
if ! command -v apt-get >/dev/null; then \
    echo "error: needs the packages: $(1); this is no Debian or Ubuntu, install them yourself" >&2; exit 1; fi; \
as_root=""; \
if [ "$$(id -u)" != 0 ]; then \
    if ! command -v sudo >/dev/null; then \
        echo "error: needs the packages: $(1); run as root: apt-get install $(1)" >&2; exit 1; fi; \
    as_root="sudo"; [ -t 0 ] || as_root="sudo -n"; fi; \
echo "installing Debian packages: $(1)"; \
$$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null || \
    echo "warning: the package lists could not be refreshed, going on with those at hand" >&2; \
$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) </dev/null >/dev/null
endef

.PHONY: help setup demo test check bench lock clean test-packages lint

help:  ## Say what there is to make
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */make \1|/' | \
	    while IFS='|' read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done

setup: $(STAMP)  ## Make .venv and install the exact versions of requirements.lock

demo: $(STAMP)  ## Listen to three calls, told as conversations
	@$(BIN)/voice-gateway demo

# Two workers, a file at a time, in the order of the folders: the long waits of the load and peers tiers begin early and
# the other worker computes meanwhile.
test: $(STAMP) test-packages lint  ## Everything: Debian packages for tests, lint, types, all test tiers
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP) lint  ## The quick round while working: lint, types, layer map, unit tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m unit tests/unit

bench: $(STAMP)  ## Measure on this machine: speed, latency, memory
	@failed=0; for script in bench/bench_*.py; do \
	    [ -e "$$script" ] || { echo "error: no bench/bench_*.py here" >&2; exit 1; }; \
	    echo "== $$script"; $(BIN)/python "$$script" || failed=1; done; exit $$failed

lock: $(STAMP)  ## Resolve requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --extra dev --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o $(LOCK)

clean:  ## Remove .venv, caches and build leftovers; recordings and stores stay
	rm -rf $(VENV) build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-packages: $(STAMP)
	@missing=""; PATH="$$PATH:/usr/sbin"; \
	for pair in $(TEST_PACKAGES); do command -v "$${pair#*:}" >/dev/null || missing="$$missing $${pair%%:*}"; done; \
	[ -z "$$missing" ] || { $(call apt_install,$$missing); \
	    for service in kamailio nginx; do case "$$missing" in *$$service*) [ ! -d /run/systemd/system ] || \
	        $$as_root systemctl --quiet disable --now $$service.service;; esac; done; }  # tests start their own

$(STAMP): pyproject.toml $(LOCK)
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    python='$(PYTHON)'; \
	    if [ -z "$$python" ]; then \
	        echo "error: no Python >= 3.11 found; install python3 (Debian 12, Ubuntu 24.04 or later) or say make PYTHON=..." >&2; \
	        exit 1; fi; \
	    if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	        $(call apt_install,python$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv); fi; \
	    echo "making $(VENV) with $$("$$python" -V)"; \
	    rm -rf $(VENV); "$$python" -m venv $(VENV); fi
	@echo "installing the packages of $(LOCK)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

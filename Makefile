# Every target sets up what it needs in .venv; nothing is needed beforehand but Python 3.11 with venv.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# Two at a time: most tests wait for a process or a disk now and then. A file's tests stay together, so
# that what they share is made once.
PYTEST_ARGS ?= -n 2 --dist loadfile
# Real calls take as long as they take, however few files they are in.
E2E_ARGS ?= -n 2
FAULTS_ARGS ?= -n 2 --dist loadfile
# One test after the other, whatever its file, so that both ends come at the same time.
SOAK_ARGS ?= -n 2 --dist worksteal
# How long the mixed load of `make soak` goes on; the other faults are caused by count.
SOAK_MINUTES ?= 120
# Each is a whole story: of a build, or of a machine of its own.
PACKAGE_ARGS ?= -n 2
BIN := .venv/bin
# What `make e2e` and `make faults` run takes as long again.
QUICK := -m "not slow and not pbx and not faults" --ignore=tests/e2e --ignore=tests/pbx

# Branches counted in full: what a call's answer depends on.
EXACT := routing_engine/*,schedules/model.py,schedules/*editing.py,schedules/exception_dates.py,schedules/forward_rows.py,schedules/message_rows.py,schedules/carry_over.py

# Locks hold what the public index offers, whatever this machine's pip is set up to prefer.
LOCK := env -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL -u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null \
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes \
	--strip-extras --allow-unsafe --no-header --no-emit-options --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host

# What the hook is measured beside has an environment of its own, with a Node in it.
PEERS := benchmarks/peers
NPM := PATH="$(CURDIR)/.venv-peers/bin:$$PATH" npm --ignore-scripts --no-audit --no-fund

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# `make install` puts the program in $(PREFIX)/lib/bereikbaar; DESTDIR is where a package is prepared.
DESTDIR ?=
PREFIX ?= /usr/local
# Files of a package are as old as the commit, so that the same sources give the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH

.PHONY: run
run: .venv/.installed  ## start the demo: the daemon with example schedules
	$(BIN)/python docs/examples/run.py

.PHONY: test
test: .venv/.tools  ## all tests but of whole daemons, PBXs and faults; PYTEST_ARGS="-k holidays" narrows
	$(BIN)/python -m pytest $(QUICK) $(PYTEST_ARGS)

.PHONY: check
check: .venv/.tools  ## everything CI asks: format, lint, types, imports, spelling, tests, coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(QUICK) $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include="$(EXACT)" --fail-under=100
	$(BIN)/coverage report --omit="$(EXACT)" --fail-under=90

.PHONY: e2e
e2e: pbx-suites  ## the real daemon and command line as processes, and calls through real PBXs
	@rm -rf .pbx-notes && mkdir .pbx-notes
	PBX_NOTES=$(CURDIR)/.pbx-notes $(BIN)/python -m pytest tests/e2e tests/monitoring tests/pbx $(E2E_ARGS); \
		status=$$?; $(BIN)/python -m tests.pbx.matrix .pbx-notes; exit $$status

.PHONY: faults
faults: beside-suite  ## cause every fault there is a test for, in short: kills, full disks, floods
	@rm -rf .fault-notes && mkdir .fault-notes
	FAULT_NOTES=$(CURDIR)/.fault-notes $(BIN)/python -m pytest tests/faults -o faulthandler_timeout=600 $(FAULTS_ARGS); \
		status=$$?; $(BIN)/python -m tests.faults.fault_table .fault-notes; exit $$status

.PHONY: soak
soak:  ## the same in long, and a mixed load for SOAK_MINUTES; writes docs/faults.md
	@$(MAKE) soak-faults
	@$(MAKE) soak-load

# Either half takes long enough to be run by itself; the second one writes the page, and needs what
# the first one noted of the same tree.
.PHONY: soak-faults
soak-faults: beside-suite
	@rm -rf .fault-notes && mkdir .fault-notes
	FAULTS=long FAULT_NOTES=$(CURDIR)/.fault-notes timeout 60m $(BIN)/python -m pytest \
		tests/faults --ignore tests/faults/test_mixed_load.py -o faulthandler_timeout=0 $(SOAK_ARGS) \
		|| { rm -rf .fault-notes; exit 1; }

# By itself: how long its calls take is told.
.PHONY: soak-load
soak-load: beside-suite
	@rm -rf .load-notes && mkdir .load-notes
	FAULTS=long SOAK_MINUTES=$(SOAK_MINUTES) FAULT_NOTES=$(CURDIR)/.load-notes \
		timeout $$(($(SOAK_MINUTES) + 30))m \
		$(BIN)/python -m pytest tests/faults/test_mixed_load.py -o faulthandler_timeout=0; \
		status=$$?; $(BIN)/python -m tests.faults.fault_table .fault-notes .load-notes; exit $$status

# What sets the clock for one process.
.PHONY: beside-suite
beside-suite: .venv/.tools
	@$(BIN)/python -m tests.pbx.install_suites beside

.PHONY: pbx-suites
pbx-suites: .venv/.tools  ## Asterisk, Kamailio and Mono in .pbx/, for `make e2e`; needs root
	@$(BIN)/python -m tests.pbx.install_suites

.PHONY: pbx-wine
pbx-wine: .venv/.tools  ## Swyx's VBScript under Wine, which it brings into .pbx/; needs root
	@$(BIN)/python -m tests.pbx.install_suites bookworm
	$(BIN)/python -m pytest tests/pbx/test_swyx_vbscript.py $(E2E_ARGS)

.PHONY: install
install: .venv/.locked  ## the program, its units and a configuration; PREFIX=/usr/local DESTDIR=
	@$(BIN)/python -m package.install "$(DESTDIR)" "$(PREFIX)"

.PHONY: deb
deb: .venv/.locked  ## the Debian package, in dist/; DEB_VERSION= names another version
	@$(BIN)/python -m package.deb dist "$(DEB_VERSION)"

.PHONY: package-test
package-test: .venv/.tools deb  ## the package in a clean Debian, which it brings into .pbx/; needs root
	@$(BIN)/python -m tests.pbx.install_suites clean
	$(BIN)/python -m pytest tests/package -o faulthandler_timeout=600 $(PACKAGE_ARGS)

.PHONY: bench
bench: .venv/.tools  ## measure speed and memory; writes benchmarks/results.json
	@$(MAKE) --no-print-directory --keep-going bench-peers || \
		echo "some peers can't be installed here: the table will say which" >&2
	$(BIN)/python -m benchmarks

.PHONY: bench-peers
bench-peers: .venv-peers/.fastapi .venv-peers/.express

.PHONY: bench-scale
bench-scale: .venv/.tools  ## how cost grows up to 100,000 schedules, for a quarter of an hour
	$(BIN)/python -m benchmarks --only scale

.PHONY: plots
plots: .venv-plots/.installed  ## draw docs/performance/ from benchmarks/results.json
	.venv-plots/bin/python -m benchmarks.plots

.PHONY: format
format: .venv/.tools  ## format, and mend what ruff can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: .venv/.tools  ## renew all lock files within the bounds of pyproject.toml and of what is beside it in benchmarks/
	$(LOCK) --build-deps-for=editable --output-file requirements.lock pyproject.toml
	$(LOCK) --build-deps-for=editable --extra dev --extra bench --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	$(LOCK) --constraint requirements-dev.lock --output-file $(PEERS)/fastapi.lock $(PEERS)/fastapi.in
	$(LOCK) --output-file $(PEERS)/node.lock $(PEERS)/node.in
	@$(MAKE) --no-print-directory .venv-peers/.node
	cd $(PEERS)/express && $(NPM) update --package-lock-only --omit-lockfile-registry-resolved
	@# A lock names no address, not even where one may give money.
	cd $(PEERS)/express && PATH="$(CURDIR)/.venv-peers/bin:$$PATH" node without_funding.js
	$(LOCK) --output-file benchmarks/plots-requirements.lock \
		benchmarks/plots-requirements.in

.PHONY: clean
clean:  ## remove .venv and everything else that is made
	rm -rf .venv .venv-peers .venv-plots .pbx .pbx-notes .fault-notes .load-notes build dist *.egg-info .coverage .coverage.* .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, as $(PYTHON); or name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "$(PYTHON) has no working venv module; on Debian: apt install python3-venv" >&2; exit 1; }

# Each stamp says that one step is done for the files as they are now, so that a second run is quick.
.venv/.locked: requirements.lock | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

.venv/.installed: pyproject.toml .venv/.locked
	$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tools: requirements-dev.lock .venv/.installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

.venv-peers/bin/python: | .venv/bin/python
	@$(BIN)/python -m venv .venv-peers

.venv-peers/.fastapi: $(PEERS)/fastapi.lock | .venv-peers/bin/python
	.venv-peers/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

.venv-peers/.node: $(PEERS)/node.lock | .venv-peers/bin/python
	.venv-peers/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

.venv-peers/.express: $(PEERS)/express/package.json $(PEERS)/express/package-lock.json .venv-peers/.node
	@mkdir -p .venv-peers/express && cp $(PEERS)/express/package*.json .venv-peers/express
	cd .venv-peers/express && $(NPM) ci
	@touch $@

# What only drawing needs stays out of what the tests install.
.venv-plots/.installed: benchmarks/plots-requirements.lock | .venv/bin/python
	@$(BIN)/python -m venv .venv-plots
	.venv-plots/bin/python -m pip install --quiet --require-hashes -r benchmarks/plots-requirements.lock
	@touch $@

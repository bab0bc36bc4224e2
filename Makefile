# One command for each thing people do here. `make demo` is meant to be the first one on a new machine.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS   ?= 2
# Of this the demo hrv takes an hour of heartbeats, a file; what the package would need to run is large and not needed.
HEARTBEATS := --no-deps pyhrv==0.5

# What the compiled core is made of; the Python files need no re-install (the install is editable).
NATIVE       := CMakeLists.txt pyproject.toml $(shell find csrc -type f 2>/dev/null)
NATIVE_TESTS := $(shell find tests/native -type f 2>/dev/null)

.PHONY: help demo install test malformed lint format bench bench-concrete figures docs fresh nightly sanitizers ctime qemu embed wheel release clean preflight
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.installed-demo  ## install, then play the three roles on real patients
	$(BIN)/pyfe demo

install: $(VENV)/.installed-test  ## the environment of the tests, with the test build of the core

test: $(VENV)/.installed-test  ## every test that needs no other tool (about 8 minutes on 2 cores)
	PYFE_REQUIRE_TESTING=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal tests

malformed: $(VENV)/.installed-test  ## the exhaustive half of the malformed-bytes tests
	PYFE_REQUIRE_TESTING=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal tests/malformed --slow

lint: $(VENV)/.installed-lint  ## format, style, types, import arrows, stub of the core
	$(BIN)/python scripts/lint.py

format: $(VENV)/.installed-lint  ## rewrite the sources in the agreed format
	$(BIN)/python scripts/lint.py --fix

bench: $(VENV)/.installed-bench  ## our figures beside the peers', one run
	$(BIN)/python -m bench

bench-concrete: $(VENV)/.installed-bench $(VENV)-concrete/.installed  ## one score by all of them, concrete-python too (1.5 GB of its own)
	PYFE_BENCH_CONCRETE=$(VENV)-concrete/bin/python $(BIN)/python -m bench one_score

figures: $(VENV)/.installed-bench  ## measure everything and write the docs' figures (a quiet machine, half an hour)
	$(BIN)/python -m bench --json docs/bench.json --plot docs/assets/bench
	$(BIN)/python scripts/figures.py

docs: $(VENV)/.installed-docs  ## the site, in site/ (opens without a network)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

sanitizers: $(VENV)/.installed-native  ## native runners under address, undefined-behaviour and thread sanitizers
	$(BIN)/python scripts/sanitize.py $(KINDS)

ctime: $(VENV)/.installed-native  ## constant-time check by valgrind, planted leaks included
	$(BIN)/python scripts/ctime.py

qemu: $(VENV)/.installed-native  ## native runners on other CPU models
	$(BIN)/python scripts/qemu.py

nightly: $(VENV)/.installed-test $(VENV)/.installed-native $(VENV)/.installed-lint $(VENV)/.installed-docs $(VENV)/.installed-bench $(VENV)/.installed-foreign  ## all the long checks; resumes where it stopped
	$(BIN)/python scripts/nightly.py

fresh: preflight  ## `make demo` and `make test` in a new Debian 12 minbase folder (root, debootstrap)
	bash scripts/fresh.sh

embed: $(VENV)/.installed-embed  ## libpyfe, the C ABI, and a client of it in every language that is here
	$(BIN)/python scripts/embed.py $(CLIENTS)

wheel: $(VENV)/.installed-release  ## wheels of what is committed and its sdist, in dist/, read and tried
	$(BIN)/python scripts/wheels.py --sdist --check

release: $(VENV)/.installed-test $(VENV)/.installed-embed $(VENV)/.installed-release  ## what a release needs beside a night: wheels, ARM, clients of the C ABI; resumes
	$(BIN)/python scripts/nightly.py --release

clean:  ## remove everything that was built; keeps the environment
	rm -rf build dist site .nightly .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f $(VENV)/.installed-*

preflight:
	@sh scripts/preflight.sh "$(PYTHON)"

# --- the environment ---------------------------------------------------------------------------------------------
# A stamp is newer than the sources it was installed from. The test build contains everything the demo needs and
# more, so installing it satisfies both; each further stamp only adds Python packages.

$(BIN)/python: | preflight
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-demo: $(NATIVE) | $(BIN)/python
	@echo "installing pyfe and what the demo needs (downloads, then compiles the core: about 3 minutes)"
	$(PIP) install --editable '.[demo]'
	$(PIP) install $(HEARTBEATS)
	@touch $@

$(VENV)/.installed-test: $(NATIVE) $(NATIVE_TESTS) | $(BIN)/python
	@echo "installing pyfe with its test build (downloads, then compiles: about 6 minutes)"
	$(PIP) install --editable '.[demo,test]' --config-settings=cmake.define.PYFE_BUILD_TESTING=ON
	$(PIP) install $(HEARTBEATS)
	@touch $(VENV)/.installed-demo $@

$(VENV)/.installed-lint: $(VENV)/.installed-test
	$(PIP) install $$($(BIN)/python scripts/extras.py lint)
	@touch $@

# The site is made from the sources: no core is built for it.
$(VENV)/.installed-docs: pyproject.toml | $(BIN)/python
	$(PIP) install $$($(BIN)/python scripts/extras.py docs)
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(PIP) install $$($(BIN)/python scripts/extras.py bench)
	@touch $@

# torch first, from the index that has it without CUDA's packages; concrete-python imports pkg_resources.
$(VENV)-concrete/.installed:
	$(PYTHON) -m venv $(VENV)-concrete
	$(VENV)-concrete/bin/python -m pip install --quiet torch==2.13.0 "numpy<2" "setuptools<81" concrete-python==2.11.0
	@touch $@

$(VENV)/.installed-foreign: $(VENV)/.installed-test
	$(PIP) install $$($(BIN)/python scripts/extras.py foreign)
	@touch $@

$(VENV)/.installed-embed: $(VENV)/.installed-demo $(VENV)/.installed-native
	$(PIP) install $$($(BIN)/python scripts/extras.py embed)
	@touch $@

$(VENV)/.installed-release: pyproject.toml | $(BIN)/python
	$(PIP) install $$($(BIN)/python scripts/extras.py release)
	@touch $@

$(VENV)/.installed-native: pyproject.toml | $(BIN)/python
	$(PIP) install $$($(BIN)/python scripts/extras.py native)
	@touch $@

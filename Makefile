# oceandata. On a bare machine: Python >= 3.11 and make are all that is needed.
#   make demo   simulate a sea, ingest it, make maps and a report in demo/
#   make test   run all tests

PYTHON ?= python3
VENV ?= .venv
PEERS ?= .peers
DEMO ?= demo
PYTEST_ARGS ?=
BIN := $(VENV)/bin
# once set up, nothing needs a network: prove it where the kernel lets us
OFFLINE := $(shell for o in -n -rn; do unshare $$o true 2>/dev/null && echo unshare $$o && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo test check docs bench clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 8

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	  f"oceandata needs Python >= 3.11, $(PYTHON) is {v.major}.{v.minor}: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "no venv module: trying to install python3-venv"; \
	  apt-get install -y --no-install-recommends python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/run.stamp: setup.cfg | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/test.stamp: setup.cfg | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[mpi,test]'
	touch $@ $(VENV)/run.stamp

demo: $(VENV)/run.stamp ## the main job on simulated data: maps and a report in demo/
	$(OFFLINE) $(BIN)/oceandata demo $(DEMO)

test: $(VENV)/test.stamp ## all tests, without a network where the kernel allows it
	$(OFFLINE) $(BIN)/python -m pytest -q --doctest-modules oceandata kernels/oceankernels
	$(OFFLINE) $(BIN)/python tests/offline.py $(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/test.stamp ## style and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --config setup.cfg

docs: $(VENV)/run.stamp ## build the documentation in docs/_build
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	$(BIN)/sphinx-build -q -W docs docs/_build

$(PEERS)/bench.stamp: benchmarks/peers.txt $(VENV)/test.stamp
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r benchmarks/peers.txt
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	touch $@

bench: $(PEERS)/bench.stamp ## benchmarks beside the peers, answers compared first
	OCEANDATA_PEERS=$(PEERS)/bin/python $(BIN)/python benchmarks/run_all.py

clean: ## remove environments and built things
	rm -rf $(VENV) $(PEERS) build dist *.egg-info docs/_build

# The verbs. PYTHON picks the interpreter (3.11, 3.12 or 3.13), VENV the folder of the environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: sine test lint test-programs test-science test-extras test-torch bench gallery clean

sine: $(VENV)/.installed
	$(BIN)/snnlab run force_sine --eigenvalues

# Compiled programs of tests are kept in .test-cache; with SNNLAB_TEST_CACHE=cold all are compiled anew.
test: $(VENV)/.tests-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not (programs or science or extras or torch)"

# What takes long: C++ and Cython for every family and form, and more cases of slow tests.
test-programs: $(VENV)/.tests-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "programs and not science"

lint: $(VENV)/.tests-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-science: $(VENV)/.tests-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m science

test-extras: $(VENV)/.extras-installed
	$(BIN)/python -m pytest -m extras

# With torchvision comes torch, about 5.5 GB: where /tmp is small, set TMPDIR.
test-torch: $(VENV)/.torch-installed
	$(BIN)/python -m pytest -m torch

bench: $(VENV)/.bench-installed
	$(BIN)/python -m pytest benchmarks -q --benchmark-columns=min,median,rounds -s

# Draws figures/gallery anew from full-scale runs in runs/; what is missing runs first (hours).
gallery: $(VENV)/.installed
	$(BIN)/snnlab reproduce --gallery figures/gallery --yes

$(VENV)/.installed: setup.cfg setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "snnlab needs Python 3.11 or newer; for example: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e .
	@touch $@

$(VENV)/.tests-installed: $(VENV)/.installed
	$(BIN)/pip install -q -e ".[test]"
	@touch $@

$(VENV)/.extras-installed: $(VENV)/.tests-installed
	$(BIN)/pip install -q -e ".[movie]"
	@touch $@

$(VENV)/.torch-installed: $(VENV)/.tests-installed
	$(BIN)/pip install -q -e ".[movie,mnist]"
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.installed
	$(BIN)/pip install -q -e ".[bench]"
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .test-cache

# Thin names for what people do often; `make prepare` before a commit.
PYTHON ?= .venv/bin/python
NOTEBOOKS = $(PYTHON) dev/notebooks.py

.PHONY: setup prepare fresh docs look test all mutants bench compare constraints ci

setup:
	python3 -m venv .venv
	$(PYTHON) -m pip install -e '.[dev,docs]' -c constraints.txt

prepare:
	$(NOTEBOOKS) export
	$(NOTEBOOKS) execute --jobs 2
	$(NOTEBOOKS) clean
	$(NOTEBOOKS) readme
	$(NOTEBOOKS) lint
	$(PYTHON) -m ruff check

# every notebook, compared with what it holds
fresh:
	$(NOTEBOOKS) execute --all --check

docs:
	$(PYTHON) dev/docs.py build

# every page of the site in a browser; what is good is not opened again before it changes
look:
	TENSOR_OVERPARAM_LOOK=all $(PYTHON) -m pytest -m "" tests/test_docs.py

test:
	$(PYTHON) -m pytest -n auto

all:
	$(PYTHON) -m pytest -n auto -m ""

# one line of the code changed at a time: a claim or a test has to notice
mutants:
	$(PYTHON) dev/mutants.py

bench:
	$(PYTHON) tests/bench/bench_regimes.py
	$(PYTHON) tests/bench/bench_kernels.py
	$(PYTHON) tests/bench/bench_decompose.py
	$(PYTHON) tests/bench/bench_noise.py
	$(PYTHON) tests/bench/bench_sweeps.py
	$(PYTHON) tests/bench/bench_rotations.py
	$(PYTHON) tests/bench/bench_data.py

compare:
	$(PYTHON) -m tensor_overparam compare

# the newest of everything, in an environment of its own; to be committed when all tests pass there
constraints:
	python3 -m venv .venv-newest
	.venv-newest/bin/python -m pip install -q -e '.[dev,docs,tutorials]'
	.venv-newest/bin/python dev/versions.py freeze

ci:
	.ci/run

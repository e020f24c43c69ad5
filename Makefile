# Two commands: `make run` compares the classic models on real ratings, `make test` runs every test.
# Each sets up .venv by itself, and again only when a pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
PYPROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
PLUGINS := $(patsubst %/pyproject.toml,-e ./%,$(wildcard plugins/*/pyproject.toml))

.PHONY: run test test-slow check fix golden docs bench peers clean

run: .venv/installed
	$(BIN)/recbench -m experiment=compare

test: .venv/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: .venv/installed-slow
	$(BIN)/python -m pytest -m slow --timeout 900

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What a change to a model moves: the golden RMSE, and what the documentation shows.
golden: .venv/installed
	$(BIN)/python -m tests.models.test_golden_rmse

docs: .venv/installed
	$(BIN)/python -m tests.docs.refresh

# Every figure of BENCHMARKS.md: RECBENCH_DATA=folder make bench BENCH="--data ml-100k --models mf,item_knn"
bench: .venv/installed
	$(BIN)/python -m recbench_peers.bench $(BENCH)

# the libraries that recbench is compared with
peers: .venv/installed
	$(BIN)/python -m pip install --quiet --editable './plugins/recbench-peers[all]'

clean:
	rm -rf .venv

# the launchers of a cluster, which only the slow tests need
.venv/installed-slow: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[parquet]' --group dev --group slow $(PLUGINS)
	@touch $@

.venv/installed: $(PYPROJECTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit(f"recbench needs Python 3.11 or later, $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[parquet]' --group dev $(PLUGINS)
	@touch $@

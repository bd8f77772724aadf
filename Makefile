# Each target says of itself what it does: `make help`.
.DEFAULT_GOAL := help
.PHONY: help install demo data s3 test test-slow lint bench screenshot clean
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
# `python`, `dvc` and `dagster` in stages and tests are this environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help:  ## This list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## Make .venv with the exact versions of constraints.txt

# Not pyproject.toml: people edit their settings there, and every change of a dependency changes the constraints.
$(VENV)/.installed: constraints.txt
	@echo "Installing into $(VENV): about 2 minutes and 2 GB, once"
	@sh scripts/make_venv.sh $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,dev,exports,postgres]'
	@touch $@

demo: install  ## Land real flights in an embedded S3 and watch them go through (ARGS=--once: headless, exits)
	$(BIN)/ml-assets demo $(ARGS)

data: install  ## Land 90 days in data/raw for a `dvc repro` by hand (DAYS=n)
	$(BIN)/python -m ml_assets.demo.feed data/raw --days $(or $(DAYS),90)
	$(BIN)/dvc add --quiet data/raw

s3: install  ## The embedded S3 in the foreground; prints the variables that point DVC at it
	$(BIN)/python -m ml_assets.demo.s3 --data .demo/s3 $(ARGS)

test: install  ## The quick tests, under 5 minutes on 2 cores
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

test-slow: install  ## The long tests: a whole year, kill -9, a real browser
	$(BIN)/pytest -m slow $(ARGS)

lint: install  ## ruff, mypy --strict, the import contracts, complete deps in dvc.yaml, file sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ml-assets deps --check
	$(BIN)/python scripts/file_sizes.py

bench: install  ## All benchmarks, side by side with their peers, into benchmarks/results.json
	$(BIN)/python -m benchmarks $(ARGS)

bench-%: install  ## One benchmark
	$(BIN)/python -m benchmarks $* $(ARGS)

screenshot: install  ## Take docs/asset-graph.png again, from a running demo's UI
	$(BIN)/python scripts/screenshot.py $(ARGS)

clean:  ## Remove what the demo and the tools made; keeps .venv, data and the ledger
	rm -rf .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info

# Every target makes what it needs: a fresh clone and a Python 3.11 or newer are enough.
# `make help` lists the targets; CI calls the same ones.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The Spark to develop and test with: SPARK=3.5, 4.0, 4.3, or any release by its full name, e.g. make test SPARK=4.1.4
SPARK  ?= 4.0
# A short name means one fixed release: EMR 7.13's, emr-spark-8.0's, the newest.
RELEASE_3.5 := 3.5.6
RELEASE_4.0 := 4.0.2
RELEASE_4.3 := 4.3.0
PYSPARK := $(or $(RELEASE_$(SPARK)),$(SPARK))
STAMP  := $(VENV)/.installed-$(PYSPARK)
PYTEST := $(BIN)/python -m pytest
# How many processes share the test files: each has a Spark of two cores and 2 GB.
WORKERS ?= 2
SHARED := $(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# What runs over the one Spark of each of those processes.
HERE   := not process and not tables and not slow and not package and not yarn and not aws
# What test-package and test-yarn run: built once for both, and again when something that goes into it has changed.
TESTED := build/tested-$(PYSPARK)
SHIPPED := $(shell find $(wildcard jobs sources core transforms expectations delivery bulk bundle conf) -type f ! -name '*.pyc')
# Airflow's own environment: it must never share one with the job, and its tests need none of the job's packages. Airflow
# is 165 packages, for which uv needs a fifth of pip's time.
AIRFLOW_VENV := .venv-airflow
AIRFLOW_BIN  := $(AIRFLOW_VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-fast test-jobs test-processes test-slow test-dags test-yarn check format docs bench kill-test test-aws test-package test-all package clean

help: ## show what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## make the virtual environment .venv with everything the job, its tests and the demo need

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "pyspark==$(PYSPARK)" --editable ".[dev]"
	@rm -f $(VENV)/.installed-*
	@touch $@

demo: venv ## load a shop's made-up history into a local stand-in of the service, twice
	$(BIN)/personalize-backfill demo

test: venv ## run the tests of every package, and a whole job for each example in conf/
	$(SHARED) -m "$(HERE)" --ignore=tests/whole_job

test-jobs: venv ## run whole jobs: the account, faults, bad input, values of every kind, imports, replays
	$(SHARED) -m "$(HERE)" tests/whole_job

test-fast: venv ## run the tests that start neither Spark nor a process of the whole job
	$(PYTEST) -n $(WORKERS) -m "not spark and not job and not process and not tables and not s3 and not aws and not yarn"

test-processes: venv ## run what starts a Spark in a process of its own: signals, start-up, steering, tables of lakes
	$(SHARED) -m "(process or tables) and not slow"

test-slow: venv ## run what takes minutes: a cluster that loses an executor, S3, spark-submit's signals, hostile settings, the demo
	$(SHARED) -m slow

$(AIRFLOW_VENV)/.installed: constraints-airflow.txt
	test -x $(AIRFLOW_BIN)/python || $(PYTHON) -m venv $(AIRFLOW_VENV)
	$(AIRFLOW_BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints-airflow.txt uv
	$(AIRFLOW_BIN)/uv pip install --quiet --python $(AIRFLOW_BIN)/python --constraint constraints-airflow.txt \
		apache-airflow-core apache-airflow-providers-standard "apache-airflow-providers-amazon[aiobotocore,s3fs]" pytest pytest-timeout
	@touch $@

test-dags: venv $(AIRFLOW_VENV)/.installed ## test the Airflow DAG, in an environment of Airflow's own
	JOB_PYTHON=$(CURDIR)/$(BIN)/python $(AIRFLOW_BIN)/python -m pytest tests/dags

check: venv docs ## lint, formatting, types, layers, the documentation's links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv ## format the code as `check` requires
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Not --quiet: with it MkDocs counts no warnings, and --strict lets every one pass.
docs: venv ## build the documentation into site/; fails where a link leads nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: venv ## measure speed and memory side by side; prints ratios
	$(BIN)/python -m benchmarks

kill-test: venv ## kill a process of a real cluster N times while the job sends (default: N=100)
	$(BIN)/python -m benchmarks.kill_test --runs $(or $(N),100)

$(TESTED).built: $(STAMP) $(SHIPPED)
	@mkdir -p $(@D) && touch $@.begun # the stamp is as old as the beginning: what changes during the build is built next time
	$(BIN)/python -m bundle $(TESTED)
	@mv $@.begun $@

test-package: $(TESTED).built ## run the package alone on a real cluster; takes minutes, and pip's network once
	DIST=$(CURDIR)/$(TESTED) $(PYTEST) -m package tests/whole_job/processes/test_packaged.py

test-aws: venv ## run whole jobs under AWS's own host names on loopback; needs root, or a namespace that may listen on 443
	$(SHARED) -m aws

test-yarn: $(TESTED).built ## submit the package to a real YARN as on Amazon EMR; takes minutes, and the network once
	DIST=$(CURDIR)/$(TESTED) $(PYTEST) -m yarn tests/yarn

test-all: export HYPOTHESIS_PROFILE := thorough
test-all: test test-jobs test-processes test-aws test-slow test-package test-dags test-yarn ## run all tests, one target after the other

package: venv ## build dist/: the code, an environment archive for the cluster, the entry, conf/
	$(BIN)/python -m bundle

clean: ## remove the environment and everything built
	rm -rf $(VENV) $(AIRFLOW_VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache spark-warehouse

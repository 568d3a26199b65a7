# The only commands a newcomer needs: `make demo` and `make test`. Both install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
# the pip that comes with Python 3.11 takes a third longer than today's
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
# byte code is written by whoever first imports a module: pip would write that of thousands which nobody ever imports,
# and without any each of the hundreds of processes that tests start would compile us anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint check format bench-verdict bench-speed bench-spark stress library browser wheel docs clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install into .venv and take a real incident from its log to incidents/INC-0001/postmortem.html"
	@echo "make test    install into .venv and run the whole test suite"
	@echo "make check   lint, types and tests: what continuous integration runs"

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	-$(PIP) --upgrade pip
	$(PIP) --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/postmortem demo

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers $(WORKERS)

check: lint test

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# longer work, never part of `make test`
bench-verdict: $(STAMP)
	$(BIN)/python -m benchmarks.verdict.run

bench-speed: $(STAMP)
	$(BIN)/python -m benchmarks.speed.run

# needs pip install '.[spark]' and Java 17; the 200 logs take an hour or more
bench-spark: $(STAMP)
	$(BIN)/python -m benchmarks.spark.run

stress: $(STAMP)
	$(BIN)/python -m benchmarks.stress

# every case study played and diagnosed; the suite takes a sample
library: $(STAMP)
	POSTMORTEM_CASES=all $(BIN)/python -m pytest tests/test_cases.py tests/test_case_verdicts.py tests/test_drills.py

browser: $(STAMP)
	$(BIN)/python -m pytest -m "browser or lab" tests

# the wheel with all that it needs in a new environment; the suite takes a copy of its own
wheel: $(STAMP)
	POSTMORTEM_WHEEL=fresh $(BIN)/python -m pytest tests/test_wheel.py

docs: $(STAMP)
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache

# Two commands are enough: `make train` runs the main job, `make test` the tests. Both set everything up on first use.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# setuptools warns of every editable installation that it is one
INSTALL := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet
MODEL ?= zoo/resnet34.cnn

.PHONY: train test proof bench lint format tables clean help

help:            ## what there is
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

train: $(VENV)/.installed   ## train MODEL (zoo/resnet34.cnn) on scikit-learn's digits
	$(BIN)/cnnc train $(MODEL)

test: $(VENV)/.tests        ## run the tests
	$(BIN)/python -m pytest -n 2 -m "not proof" $(ARGS)

proof: $(VENV)/.tests       ## run the slow proofs as well
	$(BIN)/python -m pytest -n 2 $(ARGS)

bench: $(VENV)/.tests       ## print ratios to Keras and torchvision, measured side by side
	$(BIN)/python -m benchmarks

lint: $(VENV)/.dev          ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.typecheck

format: $(VENV)/.dev        ## bring Python and .cnn files into their layout
	$(BIN)/ruff check --fix -q .
	$(BIN)/ruff format -q .
	$(BIN)/cnnc fmt zoo examples

tables: $(VENV)/.installed  ## rebuild the parser tables and the index of the zoo, after a change of grammar/cnn.lark or zoo/
	$(BIN)/python -m cnnc.grammar.build
	$(BIN)/python -m cnnc.zoo.index

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --upgrade pip

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo 'Setting up $(VENV): PyTorch is a large download'
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.tests: $(VENV)/bin/python pyproject.toml
	@$(INSTALL) --editable ".[test]"
	@touch $@ $(VENV)/.installed

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@$(INSTALL) --editable ".[dev]"
	@touch $@ $(VENV)/.tests $(VENV)/.installed

clean:           ## remove what was built, not what was trained
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .links

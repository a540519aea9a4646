# `make demo` and `make test` set up everything they need. PYTHON=… names another Python,
# ARGS=… hands options on: make demo ARGS="--port 8081". VS=URL beside bench: another broker.
PYTHON ?= python3
# Where it is set, each process would compile all code anew: a second more at each start.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint format bench build lock doctor clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## set up, then serve http://127.0.0.1:8080 with a living city
	@$(PYTHON) scripts/bootstrap.py && exec $(BIN)/tamamo demo $(ARGS)

serve:  ## set up, then serve an installation without simulated data
	@$(PYTHON) scripts/bootstrap.py && exec $(BIN)/tamamo serve $(ARGS)

test:  ## set up, then check style, types and imports and run all tests
	@$(PYTHON) scripts/bootstrap.py --dev && exec $(BIN)/python scripts/check.py $(ARGS)

lint:  ## only the checks of style, types and imports
	@$(PYTHON) scripts/bootstrap.py --dev && exec $(BIN)/python scripts/check.py --only-checks

format:  ## put the code into the house format
	@$(PYTHON) scripts/bootstrap.py --dev && $(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench:  ## measure the speeds that docs/ names; VS=http://host:port: another broker beside ours
	@$(PYTHON) scripts/bootstrap.py --dev && exec $(BIN)/python -m bench $(if $(VS),--vs $(VS)) $(ARGS)

build:  ## set up only: .venv and the front end
	@$(PYTHON) scripts/bootstrap.py

lock:  ## make the lock files again (ARGS=--upgrade for new versions)
	@$(PYTHON) scripts/bootstrap.py --dev && exec $(BIN)/python scripts/lock.py $(ARGS)

doctor:  ## say what is there and what is missing
	@$(PYTHON) scripts/bootstrap.py && exec $(BIN)/tamamo doctor $(ARGS)

clean:  ## remove what the set-up made (not the data in .tamamo)
	rm -rf .venv node_modules tamamo/web/static/build *.egg-info

# Two commands for everyone: make demo, make test. The rest is for those who change framepath.
.PHONY: demo test check unit bench docs lock clean help
PY := .venv/bin/python

help:   ## list the commands
	@grep -E '^[a-z]+: .*##' Makefile | sed 's/:.*##/\t/'

demo:   ## frames from a simulated detector to pictures, every hop verified (ARGS="--keep", ...)
	@tools/bootstrap.sh demo
	@.venv/bin/framepath demo $(ARGS)

test:   ## everything that CI runs: style, layers, types, all tests
	@tools/bootstrap.sh test
	@tools/system_packages.sh
	@$(MAKE) --no-print-directory check
	@tools/run_tests.sh $(ARGS)

check:  ## style, layers and types only
	@tools/bootstrap.sh test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/pyright

unit:   ## the tests that start no servers
	@tools/bootstrap.sh test
	@$(PY) -m pytest tests/unit $(ARGS)

bench:  ## ratios against named baselines -> benchmarks/results.json (ARGS="writing" for one folder)
	@tools/bootstrap.sh test
	@$(PY) -m benchmarks $(ARGS)

docs:   ## write the generated pages of docs/reference anew
	@tools/bootstrap.sh test
	@$(PY) tools/commands_page.py
	@$(PY) tools/errors_page.py
	@$(PY) -m framepath.layout.lint.page
	@$(PY) -m framepath.config.reference
	@$(PY) tools/make_parameter_docs.py

lock:   ## write requirements/*.txt anew (needs uv)
	@tools/lock.sh

clean:  ## remove .venv and what tests leave
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .coverage* demo-output

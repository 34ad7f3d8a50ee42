#!/bin/sh
# Run all tests, a folder in a process of its own; with arguments, what they name in one process.
# EPICS client libraries live as long as their process: channels of one folder's IOCs that have
# ended would be searched for, and make connections slower, in all folders after it.
set -eu
cd "$(dirname "$0")/.."
export PYTHONFAULTHANDLER=1
pytest() { .venv/bin/python -m coverage run -m pytest "$@"; }

failed=""
if [ $# -gt 0 ]; then
    pytest "$@" || failed=" $*"
else
    for folder in tests/docs tests/unit tests/chain/*/; do
        pytest "${folder%/}" || failed="$failed ${folder%/}"
    done
fi
.venv/bin/python -m coverage combine --quiet
.venv/bin/python -m coverage report --skip-covered --sort=cover | tail -n 25
[ -z "$failed" ] || { echo "framepath: tests failed:$failed" >&2; exit 1; }

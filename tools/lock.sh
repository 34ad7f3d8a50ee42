#!/bin/sh
# Write requirements/test.txt and requirements/demo.txt: every package pinned and hashed, for
# Python 3.11 to 3.13 at once. Needs uv. Run it after a change of dependencies in pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
lock() { # NAME [more options]
    name=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --no-annotate --only-binary :all: \
        --extra all --group "$name" "$@" pyproject.toml --output-file "requirements/$name.txt"
}
lock test
# The demo gets the tested versions of the packages it needs, and no others.
lock demo --constraints requirements/test.txt

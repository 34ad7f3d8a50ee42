#!/bin/sh
# Make .venv from a hashed lock: bootstrap.sh demo|test. Does nothing when that is already so.
# What is missing on this machine is named in one line with the command that brings it.
set -eu
cd "$(dirname "$0")/.."
name=$1
lock=requirements/$name.txt
stamp=.venv/.framepath-$name
stop() {
    echo "framepath: $*" >&2
    exit 1
}
as_root_on_debian() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; }

# The test lock holds all that the demo needs.
for made in "$stamp" .venv/.framepath-test; do
    made_from=requirements/${made##*framepath-}.txt
    if [ -f "$made" ] && cmp -s "$made" "$made_from" && [ "$made" -nt pyproject.toml ]; then
        exit 0
    fi
done

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11} none; do
    if [ "$python" != none ] && "$python" -c "$fits" 2>/dev/null; then break; fi
done
[ "$python" != none ] ||
    stop "needs Python 3.11, 3.12 or 3.13; name it: make $name PYTHON=/path/to/python3.12"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    as_root_on_debian ||
        stop "this Python cannot make environments; on Debian run: sudo apt-get install python3-venv"
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
fi

echo "framepath: installing $lock into .venv ($("$python" -V)); about two minutes the first time" >&2
[ -x .venv/bin/python ] && .venv/bin/python -c "$fits" 2>/dev/null || "$python" -m venv --clear .venv
export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r "$lock" ||
    stop "the packages of $lock could not be installed; look above, and try the same command again"
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable . ||
    stop "framepath itself could not be installed into .venv; look above"
cp "$lock" "$stamp"

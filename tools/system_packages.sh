#!/bin/sh
# Bring the Debian packages that tests use beside Python: name them where that cannot be done.
set -eu
# Debian keeps the programs of PostgreSQL's server beside PATH, a folder a version.
for programs in /usr/lib/postgresql/*/bin; do PATH="$PATH:$programs"; done
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need h5dump hdf5-tools
need redis-server redis-server
need initdb postgresql
need chromium chromium
need chromedriver chromium-driver
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    echo "framepath: installing$missing" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
else
    echo "framepath: tests that need$missing will be skipped; sudo apt-get install$missing" >&2
fi

"""What every test may use, and the rule that CI notices every skip."""

from __future__ import annotations

import os
import shutil
import signal
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

# What a shell starts in the background ignores Ctrl-C, and so would every process of the tests.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tiled's client reads it when it is imported: its own retries would hide ours for 45 s.
os.environ.setdefault("TILED_RETRY_ATTEMPTS", "2")

REPOSITORY = Path(__file__).parent.parent
REFERENCE_FILES = REPOSITORY.parent / "shared"
OPTIONAL = "optional:"
"""A skip whose reason begins so is allowed in CI: the thing is not part of the repository."""

MINUTES = {
    "docs": 1.0,
    "unit": 3.0,
    "chain/acquire": 7.0,
    "chain/catalog": 6.0,
    "chain/demo": 2.0,
    "chain/detector": 9.0,
    "chain/session": 2.0,
}
"""Minute budget of each folder of tests; printed beside what the folder took."""

# The same examples each time in CI, new ones everywhere else; machines are too noisy for deadlines.
settings.register_profile(
    "framepath", deadline=None, database=None, derandomize=os.environ.get("FRAMEPATH_CI") == "1"
)
settings.load_profile("framepath")

_seconds: dict[str, float] = defaultdict(float)


def pytest_addoption(parser):
    group = parser.getgroup("framepath: an IOC that is already up")
    group.addoption("--ioc-prefix", metavar="PREFIX", help="run the tests that hold on every IOC")
    group.addoption("--ioc-kind", default="sim", help="its kind: sim (default), eiger, generic")
    group.addoption("--ioc-folder", metavar="IOC[=HERE]", help="folder for files that it may write")


def pytest_configure(config):
    config.addinivalue_line("markers", "any_ioc: holds on every areaDetector IOC")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--ioc-prefix"):
        others = [item for item in items if item.get_closest_marker("any_ioc") is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def in_ci() -> bool:
    return os.environ.get("FRAMEPATH_CI") == "1"


def count(in_ci_count: int, full_count: int) -> int:
    """How often to repeat a costly thing: ``FRAMEPATH_LONG=1`` runs the full count."""
    return full_count if os.environ.get("FRAMEPATH_LONG") == "1" else in_ci_count


@pytest.fixture(scope="session")
def program():
    """Path of a system program by name; without it the test skips, and fails in CI."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed; make test says how to bring it")
        return found

    return find


@pytest.fixture(scope="session")
def golden():
    """Folder of files written by the real C++ plugin; not part of the repository."""
    return _reference_folder("golden")


@pytest.fixture(scope="session")
def recorded_scan():
    """Master file of a recorded tomography scan; not part of the repository."""
    return _reference_folder("data") / "k11-18014-scan" / "k11-18014.nxs"


def _reference_folder(name: str) -> Path:
    folder = REFERENCE_FILES / name
    if not folder.is_dir():
        pytest.skip(f"{OPTIONAL} reference files ({name}) are not beside the repository")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and in_ci() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if OPTIONAL not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped where FRAMEPATH_CI=1 allows no skip: {reason}"
    return report


def pytest_runtest_logreport(report):
    parts = Path(report.nodeid.split("::")[0]).parts
    _seconds["/".join(parts[1 : 3 if parts[1] == "chain" else 2])] += report.duration


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("minutes of each folder")
    for folder, seconds in sorted(_seconds.items()):
        budget = MINUTES.get(folder, 1.0)
        mark = "  OVER BUDGET" if seconds > 60 * budget else ""
        terminalreporter.line(f"tests/{folder}: {seconds / 60:.1f} of {budget:g} min{mark}")

"""A folder before a run: both hosts mean the same one, and it has room."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.readiness.outcomes import Findings
from framepath.spec.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder that exists here, with the detector's table of its names."""

    detector: str
    folder: FileFolder
    here: Path


class FolderPV(Protocol):
    """Asks the IOC whether a folder exists."""

    def exists(self, path_on_ioc: str) -> bool:
        """Whether the IOC sees a folder under this name."""
        ...


def check_same(name: str, report: Findings, folder: FileFolder, here: Path, ioc: FolderPV) -> None:
    """Make a folder here and ask the IOC for it: both then mean the same place."""
    if not here.is_dir():
        report.findings.append(
            Finding(
                rule="preflight-folder",
                severity=Severity.ERROR,
                found=f"no folder {str(here)!r} here",
                expected=f"the folder that the IOC knows as {folder.on_ioc_of(here)!r}",
                where=name,
                next_step="mount it here, or correct this machine's name for it",
            )
        )
        return
    with marker_folder(here) as marker:
        if marker is None:
            report.findings.append(_not_writable(name, here, "the IOC means the same folder"))
        elif not ioc.exists(folder.on_ioc_of(marker)):
            report.findings.append(
                Finding(
                    rule="preflight-other-folder",
                    severity=Severity.ERROR,
                    found=f"{folder.on_ioc_of(here)!r} of the IOC is not {str(here)!r} of here: a "
                    "folder made here does not exist there",
                    expected="two names of one folder",
                    where=name,
                    next_step="correct the names in files, or mount the same share on both hosts",
                )
            )
        else:
            report.checked.append(f"{name}: {str(here)!r} is the folder that the IOC writes to")


def _not_writable(name: str, here: Path, unknown: str) -> Finding:
    return Finding(
        rule="preflight-read-only",
        severity=Severity.NOTE,
        found=f"this account may not write {str(here)!r}",
        expected="to write there for a moment",
        where=name,
        effect=f"it is not known whether {unknown}",
        next_step="take one frame: staging and the ledger check the file itself",
    )


@contextmanager
def marker_folder(here: Path) -> Iterator[Path | None]:
    """A new folder below ``here``, removed afterwards; None where this account may not write."""
    marker = here / f".framepath-check-{secrets.token_hex(4)}"
    try:
        marker.mkdir()
    except OSError:
        yield None
        return
    try:
        yield marker
    finally:
        shutil.rmtree(marker)


def check_space(name: str, here: Path, report: Findings, free_gb: float) -> None:
    """Tell how much room a folder has, and whether that is less than ``free_gb`` x 10^9 bytes."""
    free = shutil.disk_usage(here).free / 1e9
    if free >= free_gb:
        report.checked.append(f"{name}: {free:.0f} GB free in {str(here)!r}")
        return
    report.findings.append(
        Finding(
            rule="preflight-space",
            severity=Severity.WARNING,
            found=f"{free:.1f} GB free in {str(here)!r}",
            expected=f"{free_gb:g} GB",
            where=name,
            next_step="make room, or name another folder",
        )
    )

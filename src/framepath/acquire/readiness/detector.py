"""A detector before a run: its IOC, its folder on both hosts, its XML and its space."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.pvs.connection import put_confirmed, value_of
from framepath.acquire.pvs.silence import why_silent
from framepath.acquire.pvs.staged_settings import Setting, StagedSettings, signal_of
from framepath.acquire.stock.ledger import StockLedger
from framepath.acquire.stock.paths import check_paths, folder_of
from framepath.errors import FramepathError
from framepath.spec.findings import Finding, Severity
from framepath.spec.frame_type import FrameType

ANSWER_S = 5.0
"""Seconds that PVs get to connect."""


class Findings(Protocol):
    """Where results go."""

    checked: list[str]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder that exists here, with the detector's table of its names."""

    detector: str
    folder: FileFolder
    here: Path


def check_device(device: Any, report: Findings) -> None:
    """Check that a device answers; devices that are no EPICS clients always do."""
    wait = getattr(device, "wait_for_connection", None)
    if wait is None:
        return
    if _answers(report, device, lambda: wait(timeout=ANSWER_S)):
        report.checked.append(f"{device.name}: answers")


def check_detector(det: FrameDetector, report: Findings, free_gb: float) -> list[FolderPair]:
    """Check a detector of `area_detector`; returns its folder where it is visible here."""
    if not _answers(report, det, det.wait_for_connection):
        return []
    report.checked.append(f"{det.name}: the IOC answers ({det.prefix})")
    if det.acquisition is not None or det.trigger_logic.is_acquiring() or _captures(det):
        _busy(report, det.name)
        return []
    settings = StagedSettings(det)
    found: list[FolderPair] = []

    def as_staged() -> None:
        now = datetime.now()
        folder = [s for s in det.file_logic.settings(now) if _is_folder(s)]
        settings.begin()
        try:
            settings.apply(folder)
            det.file_logic.check(FrameType.IMAGE)
            here = det.folder.here(det.folder.on_ioc(now))
            part = folder[-1].signal.rpartition(".")[0]
            _check_same(det.name, report, det.folder, here, _Part(det, settings, part))
            found.append(FolderPair(det.name, det.folder, here))
        finally:
            settings.restore()

    if _tried(report, det.name, "preflight-folder", as_staged):
        report.checked.append(f"{det.name}: folder and XML are as staging wants them")
        _check_space(det.name, found[0].here, report, free_gb)
    return found


def _is_folder(setting: Setting) -> bool:
    return setting.signal.rpartition(".")[2] in ("create_directory", "file_path")


def _captures(det: FrameDetector) -> bool:
    capture = signal_of(det, "hdf1.capture")
    return capture is not None and bool(value_of(capture))


def check_stock_detector(ledger: StockLedger, report: Findings, free_gb: float) -> list[FolderPair]:
    """Check a detector of ophyd's or apstools' classes; returns folders visible here."""
    parts, name = ledger.parts, ledger.name

    def answers() -> None:
        for part in (parts.cam, *parts.files):
            part.wait_for_connection(timeout=ANSWER_S)

    if not _answers(report, parts.detector, answers):
        return []
    report.checked.append(f"{name}: the IOC answers ({parts.detector.prefix})")
    found = []
    for plugin in parts.files:
        if value_of(plugin.capture):
            _busy(report, name)
            continue
        found += _check_plugin(plugin, name, report, free_gb)
    _tried(report, name, "preflight-xml", ledger.check_xml)
    if not any(plugin.attr_name in parts.detector.read_attrs for plugin in parts.files):
        report.findings.append(
            Finding(
                rule="preflight-not-read",
                severity=Severity.WARNING,
                found=f"read_attrs {parts.detector.read_attrs}",
                expected=f"{parts.files[0].attr_name} among them",
                where=name,
                effect="runs have no images, and nothing says so",
                next_step=f'{name}.read_attrs = ["{parts.files[0].attr_name}"]',
            )
        )
    return found


def _check_plugin(plugin: Any, name: str, report: Findings, free_gb: float) -> list[FolderPair]:
    before = value_of(plugin.file_path)
    found: list[FolderPair] = []

    def paths() -> None:
        try:
            check_paths(plugin)
            folder = folder_of(plugin)
            here = folder.here(value_of(plugin.file_path))
            _check_same(name, report, folder, here, _Plugin(plugin))
            found.append(FolderPair(name, folder, here))
        finally:
            put_confirmed(plugin.file_path, before)

    if _tried(report, name, "preflight-folder", paths):
        report.checked.append(f"{name}: the folder exists on both hosts ({found[0].here})")
        _check_space(name, found[0].here, report, free_gb)
    if hasattr(plugin, "array_size") and not any(plugin.array_size.get()):
        report.findings.append(
            Finding(
                rule="preflight-unprimed",
                severity=Severity.ERROR,
                found="no frame has reached the plugin since its IOC started",
                expected="one, so that it knows size and type",
                where=plugin.prefix,
                next_step=f"{name}.{plugin.attr_name}.warmup(), or take one frame",
            )
        )
    return found


class _FolderPV(Protocol):
    """Asks the IOC whether a folder exists."""

    def exists(self, path_on_ioc: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """The folder PVs of a part of our detectors; what is put is put back with the staging."""

    detector: FrameDetector
    settings: StagedSettings
    part: str

    def exists(self, path_on_ioc: str) -> bool:
        self.settings.apply(
            [
                Setting(f"{self.part}.create_directory", 0, optional=True),
                Setting(f"{self.part}.file_path", path_on_ioc),
            ]
        )
        return bool(value_of(getattr(self.detector, self.part).file_path_exists))


@dataclass(frozen=True, slots=True)
class _Plugin:
    """The folder PVs of a stock plugin; whoever makes it puts FilePath back."""

    plugin: Any

    def exists(self, path_on_ioc: str) -> bool:
        create = self.plugin.create_directory
        before = value_of(create)
        put_confirmed(create, 0)
        try:
            put_confirmed(self.plugin.file_path, path_on_ioc)
            return bool(value_of(self.plugin.file_path_exists))
        finally:
            put_confirmed(create, before)


def _check_same(
    name: str, report: Findings, folder: FileFolder, here: Path, ioc: _FolderPV
) -> None:
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


def _check_space(name: str, here: Path, report: Findings, free_gb: float) -> None:
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


def _busy(report: Findings, name: str) -> None:
    report.findings.append(
        Finding(
            rule="preflight-busy",
            severity=Severity.WARNING,
            found="it is acquiring or storing",
            expected="idle",
            where=name,
            effect="its folder was not checked; staging stops what is under way",
            next_step="end the plan, the live view or the other session",
        )
    )


def _answers(report: Findings, device: Any, wait: Callable[[], Any]) -> bool:
    """Whether the PVs of a device connect; else those that do not are a finding."""
    try:
        wait()
    except TimeoutError as error:
        addresses = os.environ.get("EPICS_CA_ADDR_LIST", "") or "(empty)"
        report.findings.append(
            Finding(
                rule="preflight-ioc",
                severity=Severity.ERROR,
                found=why_silent(device) or str(error),
                expected="an IOC that answers",
                where=device.name,
                next_step="start the IOC, or correct prefix or addresses (EPICS_CA_ADDR_LIST="
                f"{addresses}); PVs that an IOC lacks are left out with without=[...]",
            )
        )
        return False
    return True


def _tried(report: Findings, name: str, rule: str, check: Callable[[], Any]) -> bool:
    """Whether a check went through; else its error is a finding."""
    try:
        check()
    except FramepathError as error:
        found = error.summary if error.found is None else f"{error.summary}: {error.found}"
        report.findings.append(
            Finding(
                rule=rule,
                severity=Severity.ERROR,
                found=found,
                expected=str(error.expected or "no error"),
                where=f"{name}, {error.where}" if error.where else name,
                next_step=error.next_step or "correct it and check again",
            )
        )
        return False
    return True

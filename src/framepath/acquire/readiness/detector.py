"""A detector of `area_detector` before a run: its IOC, its folder on both hosts, its XML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.pvs.connection import value_of
from framepath.acquire.pvs.staged_settings import Setting, StagedSettings, signal_of
from framepath.acquire.readiness.folders import FolderPair, check_same, check_space
from framepath.acquire.readiness.outcomes import ANSWER_S, Findings, answers, passes, report_busy
from framepath.spec.frame_type import FrameType


def check_device(device: Any, report: Findings) -> None:
    """Check that a device answers; devices that are no EPICS clients always do."""
    wait = getattr(device, "wait_for_connection", None)
    if wait is None:
        return
    if answers(report, device, lambda: wait(timeout=ANSWER_S)):
        report.checked.append(f"{device.name}: answers")


def check_detector(det: FrameDetector, report: Findings, free_gb: float) -> list[FolderPair]:
    """Check a detector of `area_detector`; returns its folder where it is visible here."""
    if not answers(report, det, det.wait_for_connection):
        return []
    report.checked.append(f"{det.name}: the IOC answers ({det.prefix})")
    if det.acquisition is not None or det.trigger_logic.is_acquiring() or _captures(det):
        report_busy(report, det.name)
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
            check_same(det.name, report, det.folder, here, _Part(det, settings, part))
            found.append(FolderPair(det.name, det.folder, here))
        finally:
            settings.restore()

    if passes(report, det.name, "preflight-folder", as_staged):
        report.checked.append(f"{det.name}: folder and XML are as staging wants them")
        check_space(det.name, found[0].here, report, free_gb)
    return found


def _is_folder(setting: Setting) -> bool:
    return setting.signal.rpartition(".")[2] in ("create_directory", "file_path")


def _captures(det: FrameDetector) -> bool:
    capture = signal_of(det, "hdf1.capture")
    return capture is not None and bool(value_of(capture))


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

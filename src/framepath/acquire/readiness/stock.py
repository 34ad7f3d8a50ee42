"""A detector of ophyd's or apstools' classes before a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from framepath.acquire.pvs.connection import put_confirmed, value_of
from framepath.acquire.readiness.folders import FolderPair, check_same, check_space
from framepath.acquire.readiness.outcomes import ANSWER_S, Findings, answers, passes, report_busy
from framepath.acquire.stock.ledger import StockLedger
from framepath.acquire.stock.paths import check_paths, folder_of
from framepath.spec.findings import Finding, Severity


def check_stock_detector(ledger: StockLedger, report: Findings, free_gb: float) -> list[FolderPair]:
    """Check a detector of ophyd's or apstools' classes; returns folders visible here."""
    parts, name = ledger.parts, ledger.name

    def connect() -> None:
        for part in (parts.cam, *parts.files):
            part.wait_for_connection(timeout=ANSWER_S)

    if not answers(report, parts.detector, connect):
        return []
    report.checked.append(f"{name}: the IOC answers ({parts.detector.prefix})")
    found = []
    for plugin in parts.files:
        if value_of(plugin.capture):
            report_busy(report, name)
            continue
        found += _check_plugin(plugin, name, report, free_gb)
    passes(report, name, "preflight-xml", ledger.check_xml)
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
            check_same(name, report, folder, here, _Plugin(plugin))
            found.append(FolderPair(name, folder, here))
        finally:
            put_confirmed(plugin.file_path, before)

    if passes(report, name, "preflight-folder", paths):
        report.checked.append(f"{name}: the folder exists on both hosts ({found[0].here})")
        check_space(name, found[0].here, report, free_gb)
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

"""Whether a run can be taken now: IOCs, folders, XML, space and catalog, checked before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.readiness.detector import check_detector, check_device
from framepath.acquire.readiness.folders import FolderPair
from framepath.acquire.readiness.stock import check_stock_detector
from framepath.acquire.stock.checks import stock_ledger
from framepath.spec.findings import Finding, Severity

if TYPE_CHECKING:
    from tiled.client.container import Container

    from framepath.acquire.documents.document_writer import DocumentWriter

FREE_SPACE_GB = 10.0
"""Less free space than this is told, in 10^9 bytes."""


@dataclass
class Report:
    """What a preflight found.

    Attributes
    ----------
    checked
        What is as it should be, a line each.
    findings
        What is not; see `Finding`.
    """

    checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether nothing was found that would lose or misplace frames."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def __repr__(self) -> str:
        lines = [f"ok       {line}" for line in self.checked]
        lines += [f"{f.severity:<8} {_sentence(f)}" for f in self.findings]
        lines.append("ready" if self.is_ready else "not ready")
        return "\n".join(lines)


def _sentence(finding: Finding) -> str:
    effect = f"\n         effect: {finding.effect}" if finding.effect else ""
    return (
        f"{finding.where}: found {finding.found}; expected {finding.expected}{effect}\n"
        f"         next: {finding.next_step}  [{finding.rule}]"
    )


def preflight(
    devices: Iterable[Any],
    *,
    catalog: Container | None = None,
    writer: DocumentWriter | None = None,
    free_space_gb: float = FREE_SPACE_GB,
) -> Report:
    """Check what a run with these devices will need; every PV that is put is put back.

    Detectors of `area_detector` and of ophyd's and apstools' classes are checked alike; of other
    devices only that they answer.

    Parameters
    ----------
    devices
        Devices of a session. A detector that is staged, or is storing, is left alone.
    catalog
        Container that takes runs. A container is made in it and removed; with a folder that this
        account may write, also a small image file that the server is asked to read.
    writer
        Its runs that the catalog does not have yet are told.
    free_space_gb
        Less free space in a folder than so many 10^9 bytes is told.
    """
    report = Report()
    folders: list[FolderPair] = []
    for device in devices:
        ledger = None if isinstance(device, FrameDetector) else stock_ledger(device, "fail")
        if isinstance(device, FrameDetector):
            folders += check_detector(device, report, free_space_gb)
        elif ledger is not None:
            folders += check_stock_detector(ledger, report, free_space_gb)
        else:
            check_device(device, report)
    if catalog is not None:
        # Tiled's client takes its time to import.
        from framepath.acquire.readiness.catalog import check_catalog

        check_catalog(catalog, folders, report)
    if writer is not None:
        _check_writer(writer, report)
    return report


def _check_writer(writer: DocumentWriter, report: Report) -> None:
    waiting = writer.undelivered
    if not waiting:
        report.checked.append("documents: the catalog has every run")
        return
    report.findings.append(
        Finding(
            rule="preflight-undelivered",
            severity=Severity.WARNING,
            found=f"{len(waiting)} run(s) in journals, the last error {writer.last_error!r}",
            expected="every run in the catalog",
            where="document writer",
            next_step="they are delivered when the catalog answers; framepath documents replay",
        )
    )

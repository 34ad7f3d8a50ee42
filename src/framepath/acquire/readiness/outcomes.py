"""What becomes of a check: a line of what is right, or a finding."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

from framepath.acquire.pvs.silence import why_silent
from framepath.errors import FramepathError
from framepath.spec.findings import Finding, Severity

ANSWER_S = 5.0
"""Seconds that PVs get to connect."""


class Findings(Protocol):
    """Where results go."""

    checked: list[str]
    findings: list[Finding]


def answers(report: Findings, device: Any, wait: Callable[[], Any]) -> bool:
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


def passes(report: Findings, name: str, rule: str, check: Callable[[], Any]) -> bool:
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


def report_busy(report: Findings, name: str) -> None:
    """Tell of a detector that is left alone because it is in use."""
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

"""PVs of other IOCs, watched by a Channel Access client in a helper process.

Why not in this one: docs/explanation/decisions/0006-foreign-pvs-in-a-helper-process.md.
"""

from __future__ import annotations

import itertools
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from framepath.detector.attributes import UNDEFINED, Typed
from framepath.errors import IocUnreachable
from framepath.layout.attributes_model import DbrType
from framepath.spec.ndattribute import NDAttrType

log = logging.getLogger(__name__)

HELPER = "framepath.detector.foreign_client"


class ForeignPvs:
    """Values of foreign PVs as last heard (implements `framepath.detector.attributes.PvSource`).

    The helper starts with the first PV.

    Parameters
    ----------
    environment
        Of the helper: as it was before the IOC's own servers were put into it, so that it looks
        where the user said (``EPICS_CA_ADDR_LIST``).
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._helper: subprocess.Popen[str] | None = None
        self._asked: set[tuple[str, DbrType]] = set()
        self._values: dict[tuple[str, str], Typed] = {}
        self._connected: set[str] = set()
        self._changed = threading.Condition()
        self._tickets = itertools.count()
        self._fresh: dict[int, list[str]] = {}
        self._ended = False

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        """Begin to watch a PV; the helper looks for it until it appears."""
        with self._changed:
            if (pv, dbrtype) in self._asked or self._ended:
                return
            self._asked.add((pv, dbrtype))
            if self._helper is None:
                self._start()
            self._request("connect", pv, dbrtype)

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        """Type and value last heard; undefined for a PV that never connected.

        A PV that went away keeps its last value, as areaDetector's attributes do.
        """
        return self._values.get((pv, dbrtype), UNDEFINED)

    def is_connected(self, pv: str) -> bool:
        """Whether the PV's IOC answers now."""
        return pv in self._connected

    def refresh(self, pvs: Iterable[str], timeout_s: float = 5.0) -> None:
        """Read PVs now, so that the next `read` is not older than this call.

        Raises
        ------
        IocUnreachable
            A PV does not answer, or the helper does not.
        """
        names = list(pvs)
        with self._changed:
            ticket = next(self._tickets)
            if self._helper is not None:
                self._request("refresh", ticket, *names)
            self._changed.wait_for(lambda: ticket in self._fresh or self._ended, timeout_s)
            missing = self._fresh.pop(ticket, names)
        if missing:
            raise IocUnreachable(
                "PVs of another IOC do not answer",
                found=f"no answer from {', '.join(missing)}",
                expected="an IOC that serves them",
                where=f"EPICS_CA_ADDR_LIST={self._environment.get('EPICS_CA_ADDR_LIST', '')!r}",
                next_step="start that IOC, and put the ca= address of its ready line into "
                "EPICS_CA_ADDR_LIST before this one starts",
            )

    def stop(self) -> None:
        """End the helper."""
        self._ended = True
        helper = self._helper
        if helper is None or helper.stdin is None:
            return
        helper.stdin.close()
        try:
            helper.wait(5.0)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()

    def _start(self) -> None:
        # A session of its own: a signal for the IOC's group must not end it before the IOC.
        self._helper = subprocess.Popen(
            [sys.executable, "-m", HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="foreign PVs", daemon=True).start()

    def _request(self, *message: Any) -> None:
        assert self._helper is not None
        assert self._helper.stdin is not None
        try:
            self._helper.stdin.write(json.dumps(message) + "\n")
            self._helper.stdin.flush()
        except BrokenPipeError:
            log.error("the helper for PVs of other IOCs has ended")

    def _listen(self) -> None:
        assert self._helper is not None
        assert self._helper.stdout is not None
        with self._helper.stdout as lines:
            for line in lines:
                with self._changed:
                    self._hear(*json.loads(line))
                    self._changed.notify_all()
        if not self._ended:
            log.error("the helper for PVs of other IOCs ended; their last values stay")
        with self._changed:
            self._ended = True
            self._connected.clear()
            self._changed.notify_all()

    def _hear(self, what: str, subject: Any, *details: Any) -> None:
        match what:
            case "value":
                dbrtype, kind, value = details
                self._values[subject, dbrtype] = (NDAttrType(kind), value)
            case "connection":
                (is_connected,) = details
                (self._connected.add if is_connected else self._connected.discard)(subject)
                log.log(
                    logging.INFO if is_connected else logging.WARNING,
                    "foreign PV %s",
                    "connected" if is_connected else "disconnected",
                    extra={"pv": subject},
                )
            case "fresh":
                self._fresh[subject] = details[0]

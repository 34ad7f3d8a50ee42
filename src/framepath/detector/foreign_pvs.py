"""EPICS_PV attributes of other IOCs, as a helper process has last seen them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping

from framepath.detector.attributes import UNDEFINED, Typed
from framepath.layout.attributes_model import DbrType
from framepath.spec.ndattribute import NDAttrType

log = logging.getLogger(__name__)

HELPER = "framepath.detector.foreign_client"


class ForeignPvs:
    """Watches PVs through one helper process, started with the first of them.

    Parameters
    ----------
    environment
        Of the helper: as it was before the IOC's own servers were put into it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._values: dict[tuple[str, str], Typed] = {}
        self._asked: set[tuple[str, str]] = set()
        self._helper: subprocess.Popen[str] | None = None
        self._ended = False

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        """Watch a PV from now on; frames before it answers carry an undefined value."""
        key = (pv, dbrtype.value)
        if key in self._asked or self._ended:
            return
        self._asked.add(key)
        helper = self._helper or self._start()
        assert helper.stdin is not None
        try:
            helper.stdin.write(json.dumps(key) + "\n")
            helper.stdin.flush()
        except BrokenPipeError:
            log.error("the helper for PVs of other IOCs has ended", extra={"pv": pv})

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        """The last value seen; undefined before the first."""
        return self._values.get((pv, dbrtype.value), UNDEFINED)

    def stop(self) -> None:
        """End the helper."""
        self._ended = True
        helper, self._helper = self._helper, None
        if helper is None or helper.stdin is None:
            return
        helper.stdin.close()
        try:
            helper.wait(5.0)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()

    def _start(self) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C in the terminal ends the IOC, and the IOC its helper.
        self._helper = subprocess.Popen(
            [sys.executable, "-m", HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            start_new_session=True,
        )
        follower = threading.Thread(target=self._follow, args=(self._helper,), daemon=True)
        follower.start()
        return self._helper

    def _follow(self, helper: subprocess.Popen[str]) -> None:
        assert helper.stdout is not None
        with helper.stdout as lines:
            for line in lines:
                pv, dbrtype, kind, value = json.loads(line)
                self._values[pv, dbrtype] = (NDAttrType[kind], value)
        if not self._ended:
            log.error("the helper for PVs of other IOCs ended; their last values stay")

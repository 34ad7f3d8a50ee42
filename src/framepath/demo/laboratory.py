"""What a user would set up by hand: a RunEngine, a catalog client and detectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluesky import RunEngine
from bluesky.plans import count
from bluesky_tiled_plugins import TiledWriter
from tiled.client import from_uri

from framepath.acquire import area_detector, configure_routing, frame_series
from framepath.acquire.devices.default_xml import THETA
from framepath.acquire.devices.detector import FrameDetector
from framepath.spec.frame_type import FrameType
from framepath.spec.serving import Served

EXPOSURE_S = 0.02
"""Exposure of the simulated camera and Eiger: long enough to be believed, short enough to wait."""

FRAMES_PER_DATA_FILE = 4
"""Few, so that ten Eiger frames need three data files."""


@dataclass(frozen=True)
class Laboratory:
    """The session of the demo.

    Attributes
    ----------
    engine
        A RunEngine whose documents go to the catalog.
    catalog
        Tiled client of the catalog of runs.
    files
        Folder that detectors write to.
    """

    engine: RunEngine
    catalog: Any
    files: Path

    @classmethod
    def connect(cls, served: Served, files: Path) -> Laboratory:
        """Connect to the catalog and subscribe its writer."""
        catalog = from_uri(served.uri, api_key=served.api_key)
        # Without the RunEngine's own signal handling Ctrl-C ends the demo at once.
        engine = RunEngine(context_managers=[])
        engine.subscribe(TiledWriter(catalog))
        return cls(engine, catalog, files)

    def camera(self, prefix: str, name: str, *, replayed: bool) -> FrameDetector:
        """A camera whose IOC tells images, darks and flats apart from here on."""
        detector = area_detector(prefix, name=name, kind="sim", files=self.files)
        configure_routing(detector, more_attributes=(THETA,) if replayed else ())
        if not replayed:
            self._expose_quickly(detector)
        return detector

    def eiger(self, prefix: str, name: str) -> FrameDetector:
        """An Eiger whose own file writer stores a master file and data files."""
        detector = area_detector(prefix, name=name, kind="eiger", files=self.files)
        self._expose_quickly(detector)
        cam: Any = detector.cam  # type: ignore[attr-defined]
        cam.fw_num_images_per_file.set(FRAMES_PER_DATA_FILE).wait(5.0)
        return detector

    @staticmethod
    def _expose_quickly(detector: FrameDetector) -> None:
        cam: Any = detector.cam  # type: ignore[attr-defined]
        for signal in (cam.acquire_time, cam.acquire_period):
            signal.set(EXPOSURE_S).wait(5.0)

    def series(self, detector: FrameDetector, steps: Iterable[tuple[FrameType, int]]) -> Any:
        """Run ``frame_series`` and return the run as the catalog has it."""
        return self._run(frame_series(detector, list(steps)))

    def count(self, detector: Any, num: int) -> Any:
        """Run ``bp.count`` and return the run as the catalog has it."""
        return self._run(count([detector], num=num))

    def _run(self, plan: Any) -> Any:
        uids: Any = self.engine(plan)
        return self.catalog[uids[0]]

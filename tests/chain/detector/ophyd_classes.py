"""Detectors of ophyd's classic classes, put together as the field's tutorials do."""

from __future__ import annotations

from typing import Any

from chain import iocs  # noqa: F401 - chooses the ports, so it comes before the EPICS client

# isort: split
import ophyd
from ophyd import ADComponent, DetectorBase, EpicsSignal, SingleTrigger
from ophyd.areadetector import SimDetectorCam
from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite
from ophyd.areadetector.plugins import HDF5Plugin_V34
from ophyd.device import Device

from framepath.acquire.pvs.destroying import destroy

CONNECT_S = 30


class FileStore(ophyd.HDF5Plugin, FileStoreHDF5IterativeWrite):
    """One HDF5 file a run."""


class KeepsStatus(SingleTrigger):
    """SingleTrigger without the race of its ``trigger``.

    The stock method puts Acquire and then returns an attribute that the falling edge may have
    cleared; here the status is kept and the datum exists before the put.
    """

    def trigger(self):
        status = self._status_type(self)
        self._status = status
        self.generate_datum(self._image_name, 0.0, {})
        self._acquisition_signal.put(1, wait=False)
        return status


class OneFrameAPoint(HDF5Plugin_V34, FileStoreHDF5IterativeWrite):
    """A file plugin as users write it."""

    def get_frames_per_point(self):
        return 1


def small_detector(prefix: str, name: str, files: dict[str, ADComponent], **others: ADComponent):
    """A camera with some plugins, of a class as users write it, ready to count.

    ``files`` are its file plugins, of which ``hdf1`` is one.
    """
    parts = {"cam": ADComponent(SimDetectorCam, "cam1:"), **files, **others}
    det = type("SmallDetector", (KeepsStatus, DetectorBase), parts)(prefix, name=name)
    det.wait_for_connection()
    det.read_attrs = list(files)
    det.cam.stage_sigs.update({"acquire_time": 0.005, "num_images": 1})
    for plugin in files:
        getattr(det, plugin).read_attrs = []
        getattr(det, plugin).enable.put("Enable")
    det.cam.array_callbacks.put(1)
    EpicsSignal(f"{prefix}cam1:WaitForPlugins", name="waits").put(1)
    det.hdf1.warmup()
    return det


class SixPlugins(Device):
    """The plugins that users add to a camera."""

    hdf1 = ADComponent(FileStore, "HDF1:", write_path_template="/", root="/", kind="normal")
    image = ADComponent(ophyd.ImagePlugin, "image1:")
    stats1 = ADComponent(ophyd.StatsPlugin, "Stats1:")
    roi1 = ADComponent(ophyd.ROIPlugin, "ROI1:")
    proc1 = ADComponent(ophyd.ProcessPlugin, "Proc1:")
    tiff1 = ADComponent(ophyd.TIFFPlugin, "TIFF1:")


class StockSim(SingleTrigger, SixPlugins, ophyd.SimDetector):
    """ophyd's SimDetector as it is."""


class StockEiger(SingleTrigger, SixPlugins, ophyd.EigerDetector):
    """ophyd's EigerDetector as it is."""


class Sim(KeepsStatus, SixPlugins, ophyd.SimDetector):
    """ophyd's SimDetector, every point's status kept."""


class Eiger(KeepsStatus, SixPlugins, ophyd.EigerDetector):
    """ophyd's EigerDetector, every point's status kept."""


PLUGINS = ("hdf1", "image", "stats1", "roi1", "proc1", "tiff1")

EXPOSURE_S = 0.001

OF_EIGER: dict[str, Any] = {
    "data_source": "Stream",
    "stream_enable": "Enable",
    "fw_enable": "Disable",
    "num_triggers": 1,
}
"""How a beamline stores an Eiger's frames with HDF1 alone."""


def connected(cls: type, prefix: str) -> Any:
    """A detector whose files and pixels nobody has set up yet."""
    detector = cls(prefix, name="det")
    detector.wait_for_connection(timeout=CONNECT_S)
    return detector


def storing(detector: Any, folder: Any) -> Any:
    """Set up as users do: HDF1 stores in ``folder`` and has seen a frame; no queue overflows."""
    detector.hdf1.write_path_template = f"{folder}/"
    settings = {"num_images": 1, "acquire_time": EXPOSURE_S, "acquire_period": EXPOSURE_S}
    if isinstance(detector, ophyd.EigerDetector):
        settings |= OF_EIGER
    detector.cam.stage_sigs.update(settings)
    for name in PLUGINS:
        getattr(detector, name).stage_sigs.update({"blocking_callbacks": "No", "queue_size": 1000})
    detector.read_attrs = ["hdf1"]
    _prime(detector, settings)
    return detector


def _prime(detector: Any, settings: dict[str, Any]) -> None:
    """One frame, that every plugin has dealt with at the end.

    HDF1's own ``warmup`` puts a trigger mode that no Eiger has.
    """
    waits = ophyd.EpicsSignal(f"{detector.prefix}cam1:WaitForPlugins", name="waits")
    waits.put(1, wait=True)
    detector.hdf1.enable.put(1, wait=True)
    for name, value in {**settings, "image_mode": 1}.items():
        getattr(detector.cam, name).put(value, wait=True)
    detector.cam.acquire.put(1, wait=True)
    waits.put(0, wait=True)
    destroy(waits)

"""A recorded tomography scan, taken again by the plan that takes such scans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from event_model import unpack_event_page
from ophyd import EpicsMotor

from chain.acquire.test_document_writer import writer  # noqa: F401 (a fixture)
from chain.acquire.test_tomography import motion  # noqa: F401 (a fixture)
from chain.iocs import running_ioc
from framepath.acquire import area_detector, configure_routing, tomo_scan
from framepath.acquire.devices.default_xml import THETA
from framepath.spec.frame_type import FrameType

TYPES = (FrameType.IMAGE, FrameType.DARK, FrameType.FLAT)


@dataclass(frozen=True)
class Recorded:
    """A scan: (frames, y, x), and (frames,) image keys and angles."""

    path: Path
    frames: np.ndarray
    keys: np.ndarray
    theta: np.ndarray

    def of(self, frame_type: FrameType) -> np.ndarray:
        return self.frames[self.keys == frame_type.image_key]

    @property
    def angles(self) -> np.ndarray:
        return self.theta[self.keys == FrameType.IMAGE.image_key]


@pytest.fixture(scope="module")
def made_recording(tmp_path_factory):
    """An NXtomo file: flats, darks, images, flats, darks, with random pixels."""
    random = np.random.default_rng(14)
    keys = np.repeat([1, 2, 0, 1, 2], [3, 2, 12, 3, 2])
    theta = np.linspace(-10, 192.25, len(keys))
    frames = random.integers(0, 2**16, (len(keys), 22, 26), dtype=np.uint16)
    path = tmp_path_factory.mktemp("recorded") / "scan.nxs"
    with h5py.File(path, "w") as file:
        detector = file.create_group("entry/instrument/imaging")
        detector.attrs["NX_class"] = "NXdetector"
        detector["data"], detector["image_key"] = frames, keys
        file["entry"].attrs["NX_class"] = "NXentry"
        file["entry/instrument"].attrs["NX_class"] = "NXinstrument"
        file["entry/sample/rotation_angle"] = theta
    return Recorded(path, frames, keys, theta)


@pytest.fixture
def recorded(recorded_scan):
    with h5py.File(recorded_scan) as file:
        return Recorded(
            recorded_scan,
            file["/entry/imaging/data"][:],
            file["/entry/instrument/imaging/image_key"][:],
            file["/entry/imaging/gts_theta_value"][:],
        )


def replaying(ioc, folder):
    det = area_detector(ioc.prefix, name="imaging", files=folder)
    configure_routing(det, more_attributes=[THETA])
    det.cam.acquire_time.put(0.0005)
    det.cam.acquire_period.put(0.002)
    return det


def counts(scan, when):
    sides = 2 if when == "both" else 1
    n = {t: len(scan.of(t)) for t in TYPES}
    return {"darks": n[FrameType.DARK] // sides, "flats": n[FrameType.FLAT] // sides, "when": when}


def check_stored(det, scan):
    """Every frame of the recording is in the file, under its type, byte for byte."""
    entries = {entry.frame_type: entry for entry in det.ledger}
    for frame_type in TYPES:
        entry, wanted = entries[frame_type.name.lower()], scan.of(frame_type)
        assert entry.triggered == entry.received == entry.stored == len(wanted)
        with h5py.File(entry.file) as file:
            stored = file[entry.dataset]
            assert stored.dtype == wanted.dtype
            assert stored[:].tobytes() == wanted.tobytes()


@pytest.mark.usefixtures("writer")
def test_a_step_scan_takes_what_was_recorded(
    RE,
    made_recording,
    motion,  # noqa: F811
    writer,  # noqa: F811
    catalog,
    files_folder,
):
    arguments = ("--source", str(made_recording.path), "--by-frame-type")
    with running_ioc(*arguments, kind="replay") as ioc:
        det = replaying(ioc, files_folder / "replayed")
        det.columns = ["Theta"]
        theta = EpicsMotor(f"{motion}m1", name="theta")
        theta.wait_for_connection()
        theta.velocity.put(90, wait=True)
        (uid,) = RE(tomo_scan(det, theta, 0, 11, 12, **counts(made_recording, "both")))
        check_stored(det, made_recording)
    writer.wait()
    run = catalog[uid]
    for frame_type, stream in zip(TYPES, ("primary", "dark", "flat"), strict=True):
        images = run[stream]["imaging_image"]
        np.testing.assert_array_equal(images[:], made_recording.of(frame_type))
    np.testing.assert_array_equal(run["primary"]["imaging_Theta"].read(), made_recording.angles)
    np.testing.assert_allclose(run["primary"]["theta"].read(), np.arange(12), atol=0.01)


def test_the_recorded_scan_in_flight(RE, documents, recorded, motion, files_folder):  # noqa: F811
    arguments = ("--source", str(recorded.path), "--by-frame-type")
    with running_ioc(*arguments, kind="replay") as ioc:
        det = replaying(ioc, files_folder / "k11")
        theta = EpicsMotor(f"{motion}m1", name="theta")
        theta.wait_for_connection()
        n_images = len(recorded.angles)
        RE(tomo_scan(det, theta, 90, 270, n_images, fly=True, **counts(recorded, "both")))
        check_stored(det, recorded)
    assert documents.ledger() == {
        "image": (3001,) * 3, "dark": (100,) * 3, "flat": (100,) * 3
    }  # fmt: skip
    uid = documents.streams["theta"]["uid"]
    pages = [d for d in documents.of("event_page") if d["descriptor"] == uid]
    rows = [event["data"] for page in pages for event in unpack_event_page(page)]
    assert [row["theta"] for row in rows] == list(recorded.angles)
    assert not any(row["approximate"] for row in rows)
    assert np.all(np.diff([row["unique_id"] for row in rows]) == 1)

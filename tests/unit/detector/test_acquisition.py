"""Image modes, timing, stop and counters, with a real driver and no server."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from framepath.detector.acquisition import Acquisition, DetectorState
from framepath.detector.attributes import Attributes
from framepath.detector.camera import CameraPort, initial_values
from framepath.detector.drivers.base import Exposure, FreeRunning, ImageMode
from framepath.detector.drivers.sim import Sim
from framepath.detector.graph import Graph
from framepath.detector.port import Port
from framepath.errors import StagingError
from framepath.spec.frame_type import FrameType
from framepath.spec.params import CAMERA_TABLES, load
from unit.detector.rigs import Table, wait_for

SINGLE, MULTIPLE, CONTINUOUS = ImageMode


class Keeper:
    """Receives every frame."""

    def __init__(self):
        self.frames = []

    def offer(self, frame):
        self.frames.append(frame)


class Camera:
    """cam1 without records, and what came out of it."""

    def __init__(self, driver):
        graph = Graph()
        tables = (*CAMERA_TABLES, *driver.info.tables)
        self.port = Port("T:cam1:", load(tables), initial_values(driver.info))
        camera = CameraPort(self.port, driver.info, graph, Attributes(self.port, Table()))
        driver.attach(camera)
        self.acquisition = Acquisition(camera, driver, graph)
        self.keeper = Keeper()
        graph.connect(self.keeper, driver.info.port)
        self.acquisition.start()
        self.put(AcquireTime=0.0, AcquirePeriod=0.0, ImageMode=SINGLE)

    def put(self, **values):
        for name, value in values.items():
            self.port.put(name, int(value) if isinstance(value, bool) else value)

    def acquire(self, **values):
        """Put Acquire 1 and wait as a put-callback does; return the new frames."""
        before = len(self.keeper.frames)
        done = threading.Event()
        self.put(**values, Acquire=1)
        self.port.when_done("Acquire", done.set)
        assert done.wait(30)
        wait_for(lambda: self.port["Acquire"] == 0, "Acquire_RBV falls")
        return self.keeper.frames[before:]

    @property
    def state(self):
        return DetectorState(self.port["DetectorState"])


@pytest.fixture
def start():
    started = []

    def make(driver):
        started.append(Camera(driver))
        return started[-1]

    yield make
    for camera in started:
        camera.acquisition.stop()


@pytest.fixture
def camera(start):
    return start(Sim((24, 32)))


def test_modes_take_the_frames_they_say(camera):
    assert len(camera.acquire()) == 1
    assert len(camera.acquire(ImageMode=MULTIPLE, NumImages=5)) == 5
    assert len(camera.acquire(NumImages=0)) == 1
    assert camera.port["NumImagesCounter"] == 1
    assert camera.port["ArrayCounter"] == 7
    assert camera.state is DetectorState.IDLE
    assert camera.port["StatusMessage"] == "Waiting for acquisition"


def test_arrays_that_nobody_holds_are_forgotten_unasked(camera):
    camera.acquire(ImageMode=MULTIPLE, NumImages=5)
    camera.keeper.frames.clear()
    camera.acquire(ImageMode=SINGLE)
    made = camera.acquisition._camera._made
    wait_for(lambda: len(made) <= 2, "one frame is kept, one may still be on its way")


def test_frames_are_numbered_and_dated(camera):
    frames = camera.acquire(ImageMode=MULTIPLE, NumImages=3)
    assert [frame.unique_id for frame in frames] == [1, 2, 3]
    assert [frame.data[0, 0] - frames[0].data[0, 0] for frame in frames] == [0, 1, 2]
    times = [frame.timestamp for frame in frames]
    assert times == sorted(times)
    assert abs(times[0] + 631152000 - time.time()) < 60
    assert frames[0].epics_ts[0] == int(times[0])
    assert camera.port["UniqueId"] == 3
    assert frames[0].attributes["ColorMode"].value == 0


@pytest.mark.parametrize(
    ("mode", "state"), [(MULTIPLE, DetectorState.ABORTED), (CONTINUOUS, DetectorState.IDLE)]
)
def test_stop_ends_at_once_even_in_a_long_exposure(camera, mode, state):
    camera.put(ImageMode=mode, AcquireTime=30.0, Acquire=1)
    assert camera.port["Acquire"] == 1
    wait_for(lambda: camera.state is DetectorState.ACQUIRE, "exposing")
    camera.put(Acquire=0)
    wait_for(lambda: camera.port["Acquire"] == 0, "stopped")  # sooner than its 30 s
    assert camera.state is state
    assert camera.keeper.frames == []
    assert len(camera.acquire(ImageMode=SINGLE, AcquireTime=0.0)) == 1


def test_a_second_start_changes_nothing(camera):
    camera.put(ImageMode=CONTINUOUS, AcquireTime=30.0, Acquire=1)
    camera.put(Acquire=1)
    camera.put(Acquire=0)
    wait_for(lambda: camera.port["Acquire"] == 0, "stopped")


def test_the_exposures_and_the_periods_between_them_last(camera):
    began = time.monotonic()
    camera.acquire(ImageMode=MULTIPLE, NumImages=3, AcquireTime=0.05, AcquirePeriod=0.1)
    assert time.monotonic() - began >= 0.25


def test_the_last_period_is_not_waited_for(camera):
    # `acquire` waits for 30 s at most.
    assert len(camera.acquire(ImageMode=MULTIPLE, NumImages=1, AcquirePeriod=1000.0)) == 1


def test_exposures_are_summed_and_held_at_the_largest_value(camera):
    one = camera.acquire(DataType=1)[0].data
    summed = camera.acquire(NumExposures=4)[0].data
    expected = sum(one.astype(int) + n for n in range(1, 5)).clip(0, 255)
    np.testing.assert_array_equal(summed, expected)
    assert camera.port["NumExposuresCounter"] == 4
    assert camera.port["ArrayCounter"] == 2


def test_region_and_binning_shape_the_frame_and_are_shown(camera):
    frame = camera.acquire(MinX=8, SizeX=100, BinX=2, BinY=4, ReverseX=True, DataType=3)[0]
    assert frame.data.shape == (6, 12)
    assert camera.port["SizeX"] == 24
    assert camera.port["ArraySizeX"] == 12
    assert (frame.dimensions[0].offset, frame.dimensions[0].reverse) == (8, True)


@pytest.mark.parametrize("data_type", range(10))
def test_every_data_type_can_be_taken(camera, data_type):
    frame = camera.acquire(DataType=data_type)[0]
    assert frame.dtype == np.dtype(
        ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"][data_type]
    )


@pytest.mark.parametrize(
    ("mode", "shape", "sizes"),
    [(1, (24, 32, 3), (32, 24, 3)), (2, (24, 3, 32), (32, 24, 3)), (3, (3, 24, 32), (32, 24, 3))],
)
def test_colour_modes_order_the_axes(camera, mode, shape, sizes):
    frame = camera.acquire(ColorMode=mode)[0]
    assert frame.data.shape == shape
    assert tuple(camera.port[f"ArraySize{letter}"] for letter in "XYZ") == sizes


def test_array_callbacks_off_keeps_frames_from_plugins(camera):
    assert camera.acquire(ArrayCallbacks=0) == []
    assert camera.port["ArrayCounter"] == 1


class Failing(FreeRunning):
    """A detector that cannot prepare, and one frame later cannot expose."""

    info = Sim((8, 8)).info

    def __init__(self):
        self.problem = "prepare"
        self.n_finished = 0

    def prepare(self, settings):
        if self.problem == "prepare":
            raise StagingError("the detector is not armed", next_step="arm it")

    def expose(self, settings, frame_index):
        if self.problem == "unforeseen":
            raise ZeroDivisionError("nobody foresaw this")
        if frame_index or self.problem == "expose":
            raise OSError("cable")
        return Exposure(np.zeros((8, 8), np.uint8), frame_type=FrameType.FLAT)

    def finish(self):
        self.n_finished += 1


class Triggered(Failing):
    """Waits for a trigger before its first frame; notes when exposures begin."""

    def __init__(self):
        super().__init__()
        self.problem = ""
        self.began_s = []

    def wait_for_trigger(self, settings, frame_index, stop):
        return frame_index > 0 or not stop.wait(0.1)  # the trigger comes after most of a period

    def expose(self, settings, frame_index):
        self.began_s.append(time.monotonic())
        return super().expose(settings, 0)


def test_periods_begin_with_the_trigger(start):
    driver = Triggered()
    start(driver).acquire(ImageMode=MULTIPLE, NumImages=2, AcquireTime=0.0, AcquirePeriod=0.12)
    first_s, second_s = driver.began_s
    assert second_s - first_s >= 0.11


def test_a_driver_that_fails_ends_in_error_with_its_words(start):
    driver = Failing()
    camera = start(driver)
    assert camera.acquire() == []
    assert camera.state is DetectorState.ERROR
    assert camera.port["StatusMessage"] == "the detector is not armed. Next: arm it"
    driver.problem = "second frame"
    assert len(camera.acquire(ImageMode=MULTIPLE, NumImages=3)) == 1
    assert (camera.state, camera.port["StatusMessage"]) == (DetectorState.ERROR, "cable")
    assert driver.n_finished == 2
    driver.problem = ""
    camera.put(AcquireTime=30.0, Acquire=1)
    assert camera.port["StatusMessage"] == "Acquiring data"
    camera.put(Acquire=0)
    wait_for(lambda: camera.port["Acquire"] == 0, "stopped")


def test_a_driver_may_say_the_frame_type(start):
    driver = Failing()
    driver.problem = ""
    camera = start(driver)
    camera.acquire()
    assert camera.port["FrameType"] == FrameType.FLAT


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_camera_outlives_an_unforeseen_fault(start):
    driver = Failing()
    driver.problem = "unforeseen"
    camera = start(driver)
    failing = camera.acquisition._thread
    assert camera.acquire() == []
    failing.join(30)
    assert camera.state is DetectorState.ERROR
    driver.problem = ""
    assert len(camera.acquire()) == 1
    assert camera.state is DetectorState.IDLE


def test_what_a_driver_makes_of_the_data_type_is_shown(start):
    driver = Failing()
    driver.problem = ""
    camera = start(driver)
    camera.acquire(DataType=5)
    assert camera.port["DataType"] == 1

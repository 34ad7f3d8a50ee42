"""Client libraries as users configure them: ophyd's _V34 classes and apstools' ad_creator."""

from __future__ import annotations

from collections import Counter

import h5py
import pytest
import yaml
from bluesky import RunEngine
from bluesky import plans as bp
from epics import ca

from chain.detector.interruptions import INTERRUPTIONS, interrupted_ophyd
from chain.iocs import running_ioc
from chain.waiting import wait_for
from conftest import count
from framepath.acquire.pvs.destroying import destroy

# apstools leaves a file of its own package open when it is imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*aps_cycle_info:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*aps_cycle_info:ResourceWarning"),
]

N_POINTS = count(20, 200)
CONNECT_S = 30
LONG_S = 60.0

NOT_HELD = {
    "asyn_io",
    "reset",
    "reset1",
    "reset2",
    "read_background_tiff_seq",
    "read_flat_field_tiff_seq",
}
"""Signals on record types that no library for Python has (asyn, sseq)."""

NOT_IN_AREADETECTOR = {"high_clip", "low_clip"}
"""Signals that ophyd declares and current areaDetector templates do not have."""

PLUGINS = ("stats1", "roi1", "process1", "transform1", "codec1", "cb1")


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", "24x32") as running:
        yield running


def devices_yml(prefix, folder):
    """A detector as a beamline's devices.yml describes it."""
    hdf1 = {
        "class": "apstools.devices.area_detector_support.AD_EpicsFileNameHDF5Plugin",
        "write_path_template": f"{folder}/",
        "read_path_template": f"{folder}/",
    }
    cam = {"class": "apstools.devices.SimDetectorCam_V34"}
    return yaml.safe_dump(
        {
            "apstools.devices.ad_creator": [
                {
                    "name": "simdet",
                    "prefix": prefix,
                    "plugins": [{"cam": cam}, "image", "pva", {"hdf1": hdf1}, *PLUGINS],
                }
            ]
        }
    )


@pytest.fixture
def detector(ioc, tmp_path):
    from guarneri import Instrument

    settings = tmp_path / "devices.yml"
    settings.write_text(devices_yml(ioc.prefix, tmp_path))
    instrument = Instrument({})
    instrument.load(settings)
    made = instrument.devices["simdet"]
    made.wait_for_connection(timeout=CONNECT_S)
    yield made
    destroy(made)


def stored_by(detector, folder):
    """Set up as apstools asks: names are the caller's, the plugin has seen a frame."""
    from apstools.devices import AD_prime_plugin2

    cam, hdf1 = detector.cam, detector.hdf1
    hdf1.file_path.put(f"{folder}/")
    hdf1.file_name.put("series")
    hdf1.file_number.put(1)
    hdf1.file_template.put("%s%s_%4.4d.h5")
    hdf1.auto_increment.put("Yes")
    hdf1.auto_save.put("Yes")
    hdf1.create_directory.put(-5)
    hdf1.num_capture.put(0)
    AD_prime_plugin2(hdf1)
    hdf1.stage_sigs["blocking_callbacks"] = "No"
    cam.stage_sigs.update(
        {"image_mode": "Single", "num_images": 1, "acquire_time": 0.1, "wait_for_plugins": "Yes"}
    )
    cam.stage_sigs["acquire_period"] = 0.1  # ophyd's trigger must be back before it ends


def counted(detector, n_points):
    names = []
    RunEngine()(bp.count([detector], num=n_points), lambda name, doc: names.append(name))
    return Counter(names)


def test_ad_creator_from_a_devices_file_counts(detector, tmp_path):
    stored_by(detector, tmp_path)
    assert counted(detector, N_POINTS)["event"] == N_POINTS
    assert detector.hdf1.dropped_arrays.get() == 0
    # Priming stored a file of its own: AutoSave is on, and the mode Single.
    with h5py.File(detector.hdf1.full_file_name.get()) as file:
        firsts = [int(frame[0, 0]) for frame in file["/entry/data/data"]]
    assert firsts == [(firsts[0] + n) % 256 for n in range(N_POINTS)]


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_interrupted_exposure_leaves_a_whole_file_and_an_idle_camera(
    detector, tmp_path, interruption
):
    stored_by(detector, tmp_path)
    detector.cam.stage_sigs["acquire_time"] = LONG_S
    documents = interrupted_ophyd(detector, interruption)
    assert documents[-1][0] == "stop"
    wait_for(lambda: detector.cam.acquire.get() == 0, "idle")
    wait_for(lambda: detector.hdf1.capture.get() == 0, "the file is closed")
    assert detector.hdf1.num_captured.get() == (1 if interruption == "resume" else 0)
    with h5py.File(detector.hdf1.full_file_name.get()) as file:
        assert len(file["/entry/data/data"]) == 1  # areaDetector's shape for no frame too


def is_in_libca(signal):
    pvs = [getattr(signal, name) for name in ("_read_pv", "_write_pv") if hasattr(signal, name)]
    return pvs != [] and all(ca.isConnected(pv.chid) for pv in pvs)


def test_all_signals_of_the_v34_classes_connect_but_the_named_ones(detector):
    for part in (detector, *(part for _, part in detector.walk_subdevices(include_lazy=True))):
        part.lazy_wait_for_connection = False
    signals = [walk.item for walk in detector.walk_signals(include_lazy=True)]

    def missing():
        return [signal for signal in signals if not signal.connected]

    def names(signals):
        return {signal.attr_name for signal in signals}

    expected = NOT_HELD | NOT_IN_AREADETECTOR
    try:
        wait_for(lambda: names(missing()) == expected, "all but the named signals")
    except AssertionError:
        # Of a thousand at once ophyd may miss for good that one has connected; libca knows.
        assert names(signal for signal in missing() if not is_in_libca(signal)) == expected
    assert len(signals) > 1000
    assert sum(signal.attr_name == "asyn_io" for signal in missing()) == 4 + len(PLUGINS)
    with pytest.raises(TimeoutError, match="asyn_io"):
        detector.wait_for_connection(all_signals=True, timeout=0.5)

"""The HDF5 plugin's modes, names, messages and refusals, with the real writer."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from framepath.detector.graph import Graph
from framepath.detector.plugins.hdf5 import Hdf5Plugin
from framepath.detector.plugins.hdf5_limits import LIMITS
from framepath.detector.plugins.hdf5_settings import EXTRA_DIMENSIONS, settings_of
from framepath.detector.port import PutRefused
from framepath.spec.addresses import LEDGER_ADDRESS
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttribute, NDAttrType
from framepath.writing.geometry import geometry_of
from framepath.writing.settings import FileWriteMode
from unit.detector.rigs import SOURCE, make_plugin, numbered, plugin_port, wait_for

SINGLE, CAPTURE, STREAM = range(3)
DATA = "/entry/data/data"


class Hdf1:
    """One plugin, fed by hand, and short words for what tests do with it."""

    def __init__(self, folder):
        self.graph = Graph()
        self.plugin = make_plugin("HDF1", self.graph, Hdf5Plugin, QueueSize=100)
        self.port = self.plugin.port
        self.plugin.start()
        self.put(
            FilePath=str(folder),
            FileName="f",
            FileTemplate="%s%s_%3.3d.h5",
            FileWriteMode=STREAM,
            NumCapture=3,
        )

    def put(self, **values):
        for name, value in values.items():
            self.port.put(name, value)

    def send(self, *indices, **how):
        for index in indices:
            self.graph.send(SOURCE, numbered(index, **how))
        assert self.graph.wait_idle(60)

    def send_one(self, index, **attributes):
        self.graph.send(SOURCE, numbered(index, **attributes))
        assert self.graph.wait_idle(60)

    def write_file(self):
        self.put(WriteFile=1)
        done = []
        self.port.when_done("WriteFile", lambda: done.append(1))
        wait_for(lambda: bool(done), "WriteFile")

    @property
    def status(self):
        return self.port["WriteStatus"], self.port["WriteMessage"]

    def stored(self, name=None):
        with h5py.File(name or self.port["FullFileName"]) as file:
            return [int(frame.flat[0]) // 100 for frame in file[DATA][()].reshape(-1, 4, 6)]


@pytest.fixture
def hdf(tmp_path):
    made = Hdf1(tmp_path)
    yield made
    made.plugin.stop()


def test_a_stream_takes_as_many_frames_as_asked_and_closes(hdf, tmp_path):
    hdf.send(0)
    hdf.put(Capture=1)
    assert (hdf.port["Capture"], hdf.port["FullFileName"]) == (1, f"{tmp_path}/f_000.h5")
    hdf.send(1, 2, 3, 4)
    assert (hdf.port["Capture"], hdf.port["NumCaptured"]) == (0, 3)
    assert hdf.status == (0, "")
    assert hdf.stored() == [1, 2, 3]


def test_a_lazy_stream_has_the_layout_of_the_mode_it_began_in(hdf):
    hdf.put(LazyOpen=1, NumCapture=0, Capture=1, FileWriteMode=SINGLE)
    hdf.send(1, 2)
    hdf.put(Capture=0)
    assert hdf.stored() == [1, 2]


def test_zero_frames_wanted_means_until_stopped(hdf):
    hdf.send(0)
    hdf.put(NumCapture=0, Capture=1)
    hdf.send(*range(1, 8))
    assert hdf.port["Capture"] == 1
    hdf.put(Capture=0)
    assert hdf.stored() == list(range(1, 8))


def test_a_capture_holds_frames_until_they_are_written(hdf, tmp_path):
    hdf.send(0)
    hdf.put(FileWriteMode=CAPTURE, Capture=1)
    hdf.send(1, 2, 3, 4)
    assert (hdf.port["Capture"], hdf.port["NumCaptured"]) == (0, 3)
    assert list(tmp_path.iterdir()) == []
    hdf.write_file()
    assert hdf.stored() == [1, 2, 3]
    assert hdf.port["NumCaptured"] == 0
    hdf.write_file()
    assert hdf.status == (1, "ERROR, no capture buffer present")


def test_captured_frames_that_nobody_writes_are_logged(hdf, caplog):
    hdf.send(0)
    hdf.put(FileWriteMode=CAPTURE, Capture=1)
    hdf.send(1, 2, 3)
    hdf.put(Capture=1)
    (said,) = [record for record in caplog.records if "never written" in record.message]
    assert (said.n_frames, said.unique_ids) == (3, "2 to 4")
    hdf.send(4, 5, 6)
    hdf.write_file()
    hdf.put(Capture=1)
    assert sum("never written" in record.message for record in caplog.records) == 1


def test_a_capture_stopped_early_writes_what_it_has(hdf):
    hdf.send(0)
    hdf.put(FileWriteMode=CAPTURE, NumCapture=9, Capture=1)
    hdf.send(1, 2)
    hdf.put(Capture=0)
    hdf.write_file()
    assert hdf.stored() == [1, 2]


def test_a_capture_can_be_dropped(hdf):
    hdf.send(0)
    hdf.put(FileWriteMode=CAPTURE, Capture=1)
    hdf.send(1, 2, 3)
    hdf.put(FreeCapture=1)
    assert hdf.port["NumCaptured"] == 0
    hdf.write_file()
    assert hdf.status == (1, "ERROR, no capture buffer present")


def test_auto_save_writes_a_capture_by_itself(hdf):
    hdf.send(0)
    hdf.put(FileWriteMode=CAPTURE, AutoSave=1, Capture=1)
    hdf.send(1, 2, 3)
    assert hdf.stored() == [1, 2, 3]


def test_single_mode_writes_the_last_frame_or_each(hdf, tmp_path):
    hdf.put(FileWriteMode=SINGLE, AutoIncrement=1)
    hdf.write_file()
    assert list(tmp_path.iterdir()) == []
    hdf.send(4)
    hdf.write_file()
    assert hdf.stored() == [4]
    hdf.put(AutoSave=1)
    hdf.send(5, 6)
    assert [hdf.stored(tmp_path / f"f_00{n}.h5") for n in (1, 2)] == [[5], [6]]
    assert hdf.port["FileNumber"] == 3


def test_capture_in_single_mode_is_refused(hdf):
    hdf.send(0)
    hdf.put(FileWriteMode=SINGLE, Capture=1)
    assert hdf.port["Capture"] == 0
    assert hdf.status == (1, "ERROR: capture not supported in Single mode")


def test_without_a_frame_capture_stays_done_in_silence(hdf, tmp_path):
    hdf.put(Capture=1)
    assert hdf.port["Capture"] == 0
    assert hdf.status == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_lazy_open_waits_for_the_first_frame(hdf, tmp_path):
    hdf.put(LazyOpen=1, Capture=1)
    assert (hdf.port["Capture"], hdf.port["FullFileName"]) == (1, "")
    assert hdf.status == (0, "Lazy Open...")
    assert list(tmp_path.iterdir()) == []
    hdf.send(1, 2, 3)
    assert hdf.stored() == [1, 2, 3]
    assert hdf.status == (0, "")


def test_the_number_is_incremented_when_the_file_is_opened(hdf, tmp_path):
    hdf.send(0)
    hdf.put(AutoIncrement=1, FileNumber=7, Capture=1)
    assert hdf.port["FileNumber"] == 8
    assert hdf.port["FullFileName"] == f"{tmp_path}/f_007.h5"


def test_capture_while_capturing_begins_the_next_file(hdf, tmp_path):
    hdf.send(0)
    hdf.put(AutoIncrement=1, Capture=1)
    hdf.send(1)
    hdf.put(FileName="g", Capture=1)
    hdf.send(2, 3, 4)
    assert hdf.stored(tmp_path / "f_000.h5") == [1]
    assert hdf.stored(tmp_path / "g_001.h5") == [2, 3, 4]


def test_a_missing_folder_is_said_and_ends_the_capture(hdf, tmp_path):
    hdf.send(0)
    hdf.put(FilePath=str(tmp_path / "none"))
    assert hdf.port["FilePathExists"] == 0
    hdf.put(Capture=1)
    assert hdf.port["Capture"] == 0
    assert hdf.status == (1, f"Error opening file {tmp_path}/none/f_000.h5, status=3")
    hdf.put(Capture=0)
    assert hdf.status == (0, "")


def test_a_good_file_wipes_the_error_of_the_one_before(hdf, tmp_path):
    hdf.put(FileWriteMode=SINGLE, FilePath=str(tmp_path / "missing"))
    hdf.send(1)
    hdf.write_file()
    assert hdf.status[0] == 1
    hdf.put(FilePath=str(tmp_path))
    hdf.write_file()
    assert hdf.status == (0, "")


def test_folders_are_made_before_the_path_is_put(hdf, tmp_path):
    hdf.put(CreateDirectory=-2, FilePath=str(tmp_path / "a" / "b"))
    assert hdf.port["FilePathExists"] == 1
    assert hdf.port["FilePath"] == f"{tmp_path}/a/b/"


@pytest.mark.parametrize("change", [{"shape": (4, 3)}, {"dtype": np.uint32}])
def test_a_frame_that_does_not_fit_is_ignored_and_said(hdf, change):
    hdf.send(0)
    hdf.put(Capture=1)
    hdf.send(1)
    hdf.send(2, **change)
    assert hdf.status == (1, "Invalid frame. Ignoring.")
    assert (hdf.port["Capture"], hdf.port["NumCaptured"]) == (1, 1)
    hdf.send(3, 4)
    assert hdf.stored() == [1, 3, 4]


def test_a_wild_template_is_refused(hdf):
    with pytest.raises(PutRefused, match="file template cannot be used"):
        hdf.put(FileTemplate="%s%s_%s.h5")
    assert hdf.port["FileTemplate"] == "%s%s_%3.3d.h5"
    assert hdf.port["WriteStatus"] == 1


def test_a_temporary_suffix_is_there_until_the_file_is_closed(hdf, tmp_path):
    hdf.send(0)
    hdf.put(TempSuffix=".tmp", Capture=1)
    hdf.send(1)
    assert [path.name for path in tmp_path.iterdir()] == ["f_000.h5.tmp"]
    assert hdf.port["FullFileName"] == f"{tmp_path}/f_000.h5"
    hdf.send(2, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["f_000.h5"]


@pytest.mark.parametrize(
    ("destination", "is_stored"), [("all", True), ("filehdf1", True), ("FileTIFF1", False)]
)
def test_a_frame_may_name_the_file_plugin_it_is_for(hdf, destination, is_stored):
    attribute = NDAttribute("FilePluginDestination", NDAttrType.STRING, destination)
    hdf.send(0)
    hdf.put(NumCapture=0, Capture=1)
    hdf.graph.send(SOURCE, numbered(1, FilePluginDestination=attribute))
    hdf.send(2)
    hdf.put(Capture=0)
    assert hdf.stored() == ([1, 2] if is_stored else [2])


def named(index, name, number=None):
    """A frame that says which file it belongs to."""
    said = {"FilePluginFileName": NDAttribute("FilePluginFileName", NDAttrType.STRING, name)}
    if number is not None:
        key = "FilePluginFileNumber"
        said[key] = NDAttribute(key, NDAttrType.INT32, number)
    return numbered(index, **said)


@pytest.mark.parametrize("mode", [CAPTURE, STREAM])
def test_frames_that_name_their_files_go_there(hdf, tmp_path, mode):
    frames = [named(0, "a"), named(1, "a"), numbered(2), named(3, "b", 7), named(4, "b", 8)]
    hdf.graph.send(SOURCE, named(9, "before"))
    assert hdf.graph.wait_idle(60)
    hdf.put(FileWriteMode=mode, NumCapture=5, AutoSave=1, Capture=1)
    assert (hdf.port["Capture"], hdf.port["FullFileName"]) == (1, "")
    for frame in frames:
        hdf.graph.send(SOURCE, frame)
    assert hdf.graph.wait_idle(60)
    assert (hdf.port["Capture"], hdf.status) == (0, (0, ""))
    found = {path.name: hdf.stored(path) for path in tmp_path.iterdir()}
    assert found == {"a_000.h5": [0, 1, 2], "b_007.h5": [3], "b_008.h5": [4]}
    assert (hdf.port["FileName"], hdf.port["FileNumber"], hdf.port["AutoIncrement"]) == ("b", 8, 0)


def test_a_mode_put_while_a_file_is_open_does_not_keep_it_open(hdf):
    hdf.send(0)
    hdf.put(Capture=1)
    hdf.send(1)
    hdf.put(FileWriteMode=SINGLE, Capture=0)
    assert hdf.stored() == [1]


def test_a_mode_put_while_a_file_is_open_does_not_lose_the_file(hdf, tmp_path):
    """A file of one frame would have the same name."""
    hdf.send(0)
    hdf.put(TempSuffix=".part", AutoSave=1, Capture=1)
    hdf.send(1)
    hdf.put(FileWriteMode=SINGLE)
    hdf.write_file()
    assert hdf.status == (1, "ERROR, WriteFile while a stream is open")
    hdf.send(2, 3)
    assert hdf.port["Capture"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["f_000.h5"]
    assert hdf.stored() == [1, 2, 3]


def test_a_file_that_cannot_be_opened_is_named_and_uses_up_its_number(hdf, tmp_path):
    hdf.send(0)
    hdf.put(AutoIncrement=1, TempSuffix=".part", FilePath=str(tmp_path / "absent"), Capture=1)
    name = f"{tmp_path}/absent/f_000.h5"
    assert hdf.status == (1, f"Error opening file {name}.part, status=3")
    assert (hdf.port["FullFileName"], hdf.port["FileNumber"]) == (name, 1)


def test_a_layout_is_checked_when_it_is_put(hdf):
    assert hdf.port["XMLErrorMsg"] == "Default layout selected"
    for source, message in (
        ("/no/such.xml", "XML description file cannot be opened"),
        ("<?xml version='1.0'?><hdf5_layout>", "XML description file parser error"),
    ):
        with pytest.raises(PutRefused):
            hdf.put(XMLFileName=source)
        assert (hdf.port["XMLValid"], hdf.port["XMLErrorMsg"]) == (0, message)
    hdf.send(0)
    hdf.put(Capture=1)
    assert hdf.status[1].startswith("Error opening file")
    hdf.put(XMLFileName="")
    assert (hdf.port["XMLValid"], hdf.port["XMLErrorMsg"]) == (1, "Default layout selected")


def test_stopping_the_plugin_leaves_a_whole_file(hdf):
    hdf.send(0)
    hdf.put(NumCapture=0, Capture=1)
    hdf.send(1, 2)
    hdf.plugin.stop()
    assert hdf.stored() == [1, 2]


def test_frames_do_not_change_on_the_way(hdf):
    hdf.send(0)
    hdf.put(NumCapture=1, Capture=1)
    frame = numbered(7, shape=(16, 9), dtype=np.uint16)
    hdf.put(Capture=0)
    hdf.graph.send(SOURCE, frame)
    assert hdf.graph.wait_idle(60)
    hdf.put(Capture=1)
    hdf.graph.send(SOURCE, frame)
    assert hdf.graph.wait_idle(60)
    with h5py.File(hdf.port["FullFileName"]) as file:
        np.testing.assert_array_equal(file[DATA][0], frame.data)


def test_dropped_frames_stand_in_the_ledger_of_a_strict_file(hdf):
    hdf.put(FramepathMode=1, QueueSize=2)
    hdf.send(0)
    hdf.put(NumCapture=0, Capture=1)
    with hdf.plugin.lock:  # the plugin cannot work: one frame in its hands, two in the queue
        hdf.graph.send(SOURCE, numbered(1))
        wait_for(lambda: hdf.port["QueueFree"] == 2, "the first frame is in work")
        for index in range(2, 6):
            hdf.graph.send(SOURCE, numbered(index))
    assert hdf.graph.wait_idle(60)
    hdf.put(Capture=0)
    assert hdf.port["DroppedArrays"] == 2
    assert hdf.stored() == [1, 2, 3]
    with h5py.File(hdf.port["FullFileName"]) as file:
        rows = file[LEDGER_ADDRESS][()]
    fates = {int(row["unique_id"]): Fate(row["fate"]) for row in rows}
    assert fates == {
        **dict.fromkeys((2, 3, 4), Fate.STORED),
        **dict.fromkeys((5, 6), Fate.DROPPED),
    }
    reasons = rows["reason"][rows["fate"] == Fate.DROPPED]
    assert all(b"queue of FileHDF1 was full" in reason for reason in reasons)


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_what_the_layout_depends_on_is_fixed_while_a_file_is_open_and_has_limits(hdf, name):
    hdf.send(0)
    hdf.put(Capture=1)
    before = hdf.port[name]
    with pytest.raises(PutRefused, match="fixed while a file is open"):
        hdf.put(**{name: 1})
    assert hdf.port[name] == before
    hdf.put(Capture=0)
    hdf.put(**{name: 1})
    assert hdf.port[name] == 1
    least, most = LIMITS[name]
    for value in (least - 1, most + 1):
        with pytest.raises(PutRefused, match=f"expected {least} to {most}|no such state"):
            hdf.put(**{name: value})
    assert hdf.port[name] == 1


@pytest.mark.parametrize("letter", EXTRA_DIMENSIONS)
def test_each_extra_dimension_has_its_size_chunk_names_and_index(letter):
    axis = EXTRA_DIMENSIONS.index(letter)
    port = plugin_port("HDF1", NumExtraDims=9, PositionMode=1, DimAttDatasets=1)
    chunk = "NumFramesChunks" if letter == "N" else f"ExtraDimChunk{letter}"
    port.put(f"ExtraDimSize{letter}", 4)
    port.put(chunk, 3)
    port.put(f"PosNameDim{letter}", "place")
    port.put(f"PosIndexDim{letter}", "index")
    settings = settings_of(port, FileWriteMode.STREAM)
    geometry = geometry_of(numbered(0), settings)
    lead = 9 - axis
    assert geometry.lead_sizes == tuple(4 if i == lead else 1 for i in range(10))
    assert geometry.chunk[:10] == tuple(3 if i == lead else 1 for i in range(10))
    assert settings.position_attributes[axis] == "place"
    assert settings.index_axis("index") == lead
    assert settings.index_axis("place") is settings.index_axis("") is None


@pytest.mark.parametrize("axis", range(10))
def test_each_axis_of_a_frame_has_its_chunk(axis):
    names = ["NumColChunks", "NumRowChunks", *(f"ChunkSize{n}" for n in range(2, 10))]
    port = plugin_port("HDF1", ChunkSizeAuto=0, NumCapture=1)
    port.put(names[axis], 1)
    chunk = geometry_of(numbered(0, shape=(2,) * 10), settings_of(port, FileWriteMode.STREAM)).chunk
    assert chunk == (1, *(1 if 9 - i == axis else 2 for i in range(10)))


def test_num_capture_and_extra_dimensions_hold_each_other(hdf):
    hdf.put(NumCapture=100, ExtraDimSizeX=2)
    assert hdf.port["NumCapture"] == 1  # N alone, as NDFileHDF5's calcNumFrames has it
    hdf.put(ExtraDimSizeN=3)
    assert hdf.port["NumCapture"] == 3
    hdf.put(NumCapture=100)
    assert hdf.port["NumCapture"] == 100
    hdf.put(NumExtraDims=1)
    assert hdf.port["NumCapture"] == 6
    hdf.put(NumCapture=5)
    assert hdf.port["NumCapture"] == 5
    hdf.put(NumCapture=7)
    assert hdf.port["NumCapture"] == 6
    hdf.put(ExtraDimSizeX=4)
    assert hdf.port["NumCapture"] == 12
    hdf.put(NumCapture=0)
    assert hdf.port["NumExtraDims"] == 0
    with pytest.raises(PutRefused, match="found -1"):
        hdf.put(NumCapture=-1)


def test_frames_without_end_keep_extra_dimensions_where_they_name_their_places(hdf):
    hdf.put(ExtraDimSizeN=3, ExtraDimSizeX=2, NumExtraDims=1, PositionMode=1, NumCapture=0)
    assert (hdf.port["NumExtraDims"], hdf.port["NumCapture"]) == (1, 0)
    assert settings_of(hdf.port, FileWriteMode.STREAM).n_frames_limit == 0
    hdf.put(PositionMode=0)
    assert hdf.port["NumExtraDims"] == 0


def test_frames_decide_when_to_flush_for_swmr_readers_only(hdf):
    """Without readers each flush would cost a frame a third of its CPU for nothing."""

    def wanted(**settings):
        hdf.put(**settings)
        return settings_of(hdf.port, FileWriteMode.STREAM).flush_every_frames

    assert wanted(NumFramesFlush=2) == 0
    assert wanted(SWMRMode=1) == 2
    assert wanted(NumFramesChunks=3) == 3


def test_chunk_sizes_in_effect_become_the_settings(hdf):
    """ADCore sets its parameters to them at each open, so 0 works once (pull request 404)."""

    def chunk_of_a_file(shape, **settings):
        hdf.send(0, shape=shape)
        hdf.put(**settings, Capture=1)
        hdf.send(1, shape=shape)
        hdf.put(Capture=0)
        with h5py.File(hdf.port["FullFileName"]) as file:
            return file[DATA].chunks

    assert chunk_of_a_file((4, 6), ChunkSizeAuto=0, NumFramesChunks=9, SWMRMode=1) == (3, 4, 6)
    names = ("NumColChunks", "NumRowChunks", "NumFramesChunks", "NumFramesFlush", "ChunkSize2")
    assert [hdf.port[name] for name in names] == [6, 4, 3, 3, 0]
    assert chunk_of_a_file((8, 12), NumCapture=5, NumRowChunks=0) == (3, 8, 6)
    assert chunk_of_a_file((8, 12), ChunkSizeAuto=1) == (3, 8, 12)
    assert [hdf.port[name] for name in names] == [12, 8, 3, 3, 0]


def test_a_single_frame_has_no_extra_dimensions(hdf):
    hdf.put(NumExtraDims=2, ExtraDimSizeN=4, FileWriteMode=SINGLE, AutoSave=1)
    hdf.send(1)
    assert hdf.port["NumExtraDims"] == 0
    with h5py.File(hdf.port["FullFileName"]) as file:
        assert file[DATA].shape == (4, 6)


def test_flushes_to_readers_are_counted(hdf):
    hdf.send(0)
    hdf.put(SWMRMode=1, NumFramesFlush=2, NumCapture=5, Capture=1)
    seen = []
    for index in range(1, 5):
        hdf.send(index)
        seen.append(hdf.port["SWMRCbCounter"])
    assert seen == [0, 1, 1, 2]
    hdf.send(5)
    n_attributes = 4  # every frame's own
    assert hdf.port["SWMRCbCounter"] == 3 + n_attributes
    hdf.put(Capture=1)
    assert hdf.port["SWMRCbCounter"] == 0


def test_extra_dimensions_say_how_many_frames_a_file_holds(hdf):
    hdf.send(0)
    hdf.put(NumExtraDims=1, ExtraDimSizeN=3, ExtraDimSizeX=2, Capture=1)
    assert hdf.port["NumCapture"] == 6
    hdf.send(*range(1, 7))
    assert hdf.port["Capture"] == 0
    with h5py.File(hdf.port["FullFileName"]) as file:
        assert file[DATA].shape == (2, 3, 4, 6)
    assert hdf.stored() == list(range(1, 7))


def test_flushes_are_not_closer_than_the_frames_of_a_chunk(hdf):
    hdf.put(NumFramesChunks=4)
    for interval in (0, 3):
        with pytest.raises(PutRefused, match=r"at least 4 \(NumFramesChunks\)"):
            hdf.put(NumFramesFlush=interval)
    hdf.put(NumFramesFlush=4)
    hdf.put(FramepathMode=1, NumFramesFlush=0)


def test_the_drivers_own_file_is_deleted_once_its_frame_is_stored(hdf, tmp_path):
    raw = tmp_path / "driver.raw"
    raw.write_text("frame")
    attribute = NDAttribute("DriverFileName", NDAttrType.STRING, str(raw))
    hdf.send(0)
    hdf.put(Capture=1)
    hdf.graph.send(SOURCE, numbered(1, DriverFileName=attribute))
    assert hdf.graph.wait_idle(60)
    assert raw.exists()
    hdf.put(DeleteDriverFile=1)
    hdf.graph.send(SOURCE, numbered(2, DriverFileName=attribute))
    assert hdf.graph.wait_idle(60)
    assert not raw.exists()


def test_the_speed_of_a_file_is_shown(hdf):
    hdf.send(0)
    hdf.put(Capture=1)
    hdf.send(1, 2, 3)
    megabits = 8 / 2**20 * 3 * 4 * 6 * 2
    assert hdf.port["IOSpeed"] == pytest.approx(megabits / hdf.port["RunTime"])


def test_the_file_can_be_flushed_for_its_readers(hdf):
    hdf.send(0)
    hdf.put(FramepathMode=1, SWMRMode=1, NumCapture=0, Capture=1)
    assert hdf.port["SWMRActive"] == 1
    hdf.send(1, 2)
    done = []
    hdf.put(FlushNow=1)
    hdf.port.when_done("FlushNow", lambda: done.append(1))
    wait_for(lambda: bool(done), "the flush")
    with h5py.File(hdf.port["FullFileName"], "r", swmr=True) as file:
        assert file[DATA].shape == (2, 4, 6)
    hdf.put(Capture=0)
    assert hdf.port["SWMRActive"] == 0


def test_a_wrong_destination_is_refused_in_strict_mode_and_the_file_goes_on(hdf):
    hdf.put(XMLFileName=ROUTED, FramepathMode=1, NumCapture=0)
    hdf.send(0)
    hdf.put(Capture=1)
    for index, destination in ((1, DATA), (2, "/entry/data/white"), (3, DATA)):
        to = NDAttribute("SaveDest", NDAttrType.STRING, destination)
        hdf.send_one(index, SaveDest=to)
    assert hdf.port["WriteStatus"] == 1
    assert "/entry/data/white" in str(hdf.port["WriteMessage"])
    assert (hdf.port["NumStored"], hdf.port["NumRefused"]) == (2, 1)
    hdf.put(Capture=0)
    assert hdf.stored() == [1, 3]


def test_metrics_count_what_came_and_what_became_of_it(hdf):
    hdf.send(0)
    hdf.put(Capture=1)
    hdf.send(1, 2)
    hdf.send(3, shape=(2, 2))
    hdf.send(4)
    shown = {name: hdf.port[name] for name in ("NumReceived", "NumStored", "NumRefused")}
    assert shown == {"NumReceived": 5, "NumStored": 3, "NumRefused": 1}
    assert hdf.port["BytesReceived"] == 4 * 48 + 8
    assert hdf.port["QueueHighWater"] >= 1
    hdf.put(ResetMetrics=1)
    assert hdf.port["NumReceived"] == hdf.port["NumStored"] == hdf.port["BytesReceived"] == 0


ROUTED = """<?xml version="1.0"?>
<hdf5_layout><global name="detector_data_destination" ndattribute="SaveDest"/>
<group name="entry"><group name="data">
<dataset name="data" source="detector" det_default="true"/>
<dataset name="dark" source="detector"/></group>
<group name="attributes" ndattr_default="true"/></group></hdf5_layout>"""

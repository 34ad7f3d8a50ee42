"""TIFF1, JPEG1, Codec1 and CB1 of a running IOC, driven as clients drive them."""

from __future__ import annotations

import h5py
import hdf5plugin  # noqa: F401  registers the filters that read the files
import numpy as np
import pytest
import tifffile
from PIL import Image

from chain.detector.pvs import Pvs
from chain.iocs import running_ioc

SHAPE_YX = (24, 32)


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", f"{SHAPE_YX[0]}x{SHAPE_YX[1]}") as running:
        yield running


@pytest.fixture
def cam(ioc):
    pvs = Pvs(ioc)
    pvs.put_all(
        AcquireTime=0.001,
        AcquirePeriod=0.002,
        ImageMode="Multiple",
        NumImages=3,
        WaitForPlugins=1,
        DataType="UInt16",
        ColorMode="Mono",
        SimMode="LinearRamp",
        Reset=1,
    )
    return pvs


@pytest.fixture
def plugin(ioc):
    """Plugins by name; they stop taking frames, and look at the camera again, at the end."""
    used = {}

    def get(name):
        if name not in used:
            used[name] = Pvs(ioc, name)
            used[name].put("EnableCallbacks", 1)
        return used[name]

    yield get
    for pvs in used.values():
        pvs.put_all(EnableCallbacks=0, NDArrayPort="SIM1")


def named(pvs, folder, template):
    pvs.put_all(FilePath=f"{folder}/", FileName="f", FileTemplate=template, FileNumber=0)
    assert pvs["FilePathExists_RBV"] == 1


def acquire(cam, n=3):
    cam.put("NumImages", n)
    cam.put("Acquire", 1)


def test_tiff_files_hold_the_frames_of_an_acquisition(cam, plugin, tmp_path):
    tiff = plugin("TIFF1")
    named(tiff, tmp_path, "%s%s_%3.3d.tiff")
    tiff.put_all(AutoIncrement=1, AutoSave=1, FileWriteMode="Single")
    acquire(cam)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        f"f_{number:03d}.tiff" for number in range(3)
    ]
    frames = [tifffile.imread(path) for path in sorted(tmp_path.iterdir())]
    assert frames[0].shape == SHAPE_YX
    assert frames[0].dtype == np.uint16
    np.testing.assert_array_equal(frames[1], frames[0] + 1)  # a ramp grows by one
    assert tiff.text("FullFileName_RBV") == f"{tmp_path}/f_002.tiff"
    assert tiff["FileNumber_RBV"] == 3
    assert tiff["WriteStatus"] == 0
    tiff.put("AutoSave", 0)


def test_tiff_streams_as_ophyd_stages_it(ioc, cam, plugin, tmp_path):
    """Through ophyd's own class: stage, trigger, one file a frame."""
    from ophyd import Component, Device, TIFFPlugin

    class Detector(Device):
        tiff = Component(TIFFPlugin, "TIFF1:")

    plugin("TIFF1")
    tiff = Detector(ioc.prefix, name="det").tiff
    tiff.wait_for_connection(timeout=30)
    assert tiff.plugin_type.get() == "NDFileTIFF"
    tiff.file_path.set(f"{tmp_path}/").wait(30)
    tiff.file_name.set("o").wait(30)
    tiff.file_template.set("%s%s_%2.2d.tif").wait(30)
    tiff.file_number.set(0).wait(30)
    tiff.auto_increment.set(1).wait(30)
    tiff.file_write_mode.set("Stream").wait(30)
    tiff.num_capture.set(2).wait(30)
    acquire(cam, 1)
    tiff.capture.put(1)
    acquire(cam, 2)
    Pvs(ioc, "TIFF1").until("Capture_RBV", 0)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["o_00.tif", "o_01.tif"]


def test_a_background_is_read_back_from_a_tiff_file(cam, plugin, tmp_path):
    reader, proc = plugin("Proc1:TIFF"), plugin("Proc1")
    tifffile.imwrite(tmp_path / "f_000.tiff", np.full(SHAPE_YX, 3, np.uint16))
    named(reader, tmp_path, "%s%s_%3.3d.tiff")
    proc.put("NDArrayPort", reader.text("PortName_RBV"))
    proc.put("ArrayCounter", 0)
    reader.put("ReadFile", 1)
    assert reader.text("WriteStatus") == "Write OK", reader.text("WriteMessage")
    proc.until("ArrayCounter_RBV", 1)
    proc.put("SaveBackground", 1)
    assert proc["ValidBackground_RBV"] == 1
    image = plugin("image1")
    image.put("NDArrayPort", "PROC1")
    proc.put_all(NDArrayPort="SIM1", EnableBackground=1, DataTypeOut="Automatic")
    acquire(cam, 1)
    less = image["ArrayData"].astype(int)
    proc.put("EnableBackground", 0)
    cam.put("Reset", 1)
    acquire(cam, 1)
    np.testing.assert_array_equal(less, np.maximum(image["ArrayData"].astype(int) - 3, 0))


def test_jpeg_of_a_colour_frame(cam, plugin, tmp_path):
    jpeg = plugin("JPEG1")
    named(jpeg, tmp_path, "%s%s_%d.jpg")
    jpeg.put_all(AutoSave=1, JPEGQuality=90)
    cam.put_all(DataType="UInt8", ColorMode="RGB1")
    acquire(cam, 1)
    with Image.open(tmp_path / "f_0.jpg") as image:
        assert (image.mode, image.size) == ("RGB", SHAPE_YX[::-1])
    (tmp_path / "f_0.jpg").unlink()
    cam.put("DataType", "UInt16")
    acquire(cam, 1)
    assert jpeg.text("WriteStatus") == "Write error"
    assert list(tmp_path.iterdir()) == []
    jpeg.put("AutoSave", 0)


def test_compressed_frames_through_the_chain(cam, plugin, tmp_path):
    """Codec1 -> HDF1 stores the bytes; Codec1 -> Stats1, which needs pixels, counts drops."""
    codec, hdf, stats = plugin("Codec1"), plugin("HDF1"), plugin("Stats1")
    codec.put_all(Mode="Compress", Compressor="BSLZ4")
    hdf.put("NDArrayPort", "CODEC1")
    stats.put_all(NDArrayPort="CODEC1", DroppedArrays=0)
    named(hdf, tmp_path, "%s%s.h5")
    hdf.put_all(FileWriteMode="Stream", NumCapture=3, LazyOpen=1)
    captured = hdf.start("Capture")
    acquire(cam)
    hdf.until("Capture_RBV", 0)
    assert captured()
    assert codec.text("CodecStatus") == "Success"
    assert codec.text("Codec_RBV") == "bslz4"
    assert codec["CompressedSize_RBV"] < SHAPE_YX[0] * SHAPE_YX[1] * 2
    assert codec["CompFactor_RBV"] > 1
    assert hdf.text("Codec_RBV") == "bslz4"
    assert stats["DroppedArrays_RBV"] == 3
    with h5py.File(tmp_path / "f.h5") as file:
        data = file["/entry/data/data"]
        assert 32008 in [
            data.id.get_create_plist().get_filter(i)[0]
            for i in range(data.id.get_create_plist().get_nfilters())
        ]
        np.testing.assert_array_equal(data[1], data[0] + 1)
        assert data.shape == (3, *SHAPE_YX)


def test_circular_buffer_feeds_the_plugins_behind_it(ioc, cam, plugin, tmp_path):
    buffer, tiff = plugin("CB1"), plugin("TIFF1")
    tiff.put("NDArrayPort", "CB1")
    named(tiff, tmp_path, "%s%s_%d.tif")
    tiff.put_all(AutoIncrement=1, AutoSave=1, FileWriteMode="Single")
    buffer.put_all(PreCount=2, PostCount=3, PresetTriggerCount=1)
    finished = buffer.start("Capture")
    buffer.until("Capture_RBV", 1)
    acquire(cam, 5)
    assert buffer.text("StatusMessage") == "Buffer Wrapping"
    assert buffer["CurrentQty_RBV"] == 2
    assert list(tmp_path.iterdir()) == []
    triggered = buffer.start("Trigger")
    buffer.until("Trigger_RBV", 1)
    acquire(cam, 5)
    buffer.until("Capture_RBV", 0)
    assert finished()
    assert triggered()
    assert buffer.text("StatusMessage") == "Acquisition Completed"
    assert buffer["ActualTriggerCount_RBV"] == 1
    corners = [int(tifffile.imread(path)[0, 0]) for path in sorted(tmp_path.iterdir())]
    assert len(corners) == 5
    assert np.diff(corners).tolist() == [1] * 4  # two from before, three from after, in order
    tiff.put("AutoSave", 0)


def test_circular_buffer_triggers_on_an_attribute(cam, plugin):
    buffer = plugin("CB1")
    cam.put(
        "NDAttributesFile",
        '<Attributes><Attribute name="N" type="PARAM" source="ARRAY_COUNTER" datatype="INT"/>'
        "</Attributes>",
    )
    cam.put("ArrayCounter", 0)
    buffer.put_all(PreCount=1, PostCount=1, TriggerA="N", TriggerCalc="A>=4")
    buffer.start("Capture")
    buffer.until("Capture_RBV", 1)
    acquire(cam, 3)
    assert buffer["Capture_RBV"] == 1
    acquire(cam, 2)
    buffer.until("Capture_RBV", 0)
    assert buffer["TriggerAVal"] >= 4
    assert buffer["TriggerCalcVal"] == 1
    buffer.put("TriggerCalc", "0")
    cam.put("NDAttributesFile", "")

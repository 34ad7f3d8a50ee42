"""Views: every frame in acquisition order, its key and its angle, for readers of both formats."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.cli.views import command
from framepath.errors import FileUnreadable, SettingsError
from framepath.layout.model import Mode
from framepath.spec.frame import Frame
from framepath.spec.frame_type import FrameType
from framepath.writing import RoutedWriter, WriterSettings
from framepath.writing.eiger import EigerFileWriter
from framepath.writing.views import sidecar_path, write_views
from unit.writing.recipes import ROUTED, frame, number, text

DATA, DARK, FLAT = "/entry/data/data", "/entry/data/dark", "/entry/data/flat"
KEYS = {DATA: 0, FLAT: 1, DARK: 2}
SCAN = [DARK, DARK, FLAT, DATA, DATA, FLAT, DATA, DARK]


def angle(index: int) -> float:
    return 0.25 * index


def write_scan(path: Path, destinations: list[str], mode: Mode = Mode.STRICT) -> Path:
    with RoutedWriter(path, ROUTED, WriterSettings(mode=mode)) as writer:
        for index, address in enumerate(destinations):
            theta = number("SampleTheta", angle(index))
            writer.write(frame(index, text("SaveDest", address), theta))
    return path


def check_views(path: Path, destinations: list[str]) -> None:
    """The frames, keys and angles of both views against how the file was written."""
    order = np.arange(len(destinations))
    with h5py.File(path) as file:
        tomo = file["tomo"]
        np.testing.assert_array_equal(tomo["data/data"][:, 0, 0], order + 1)
        np.testing.assert_array_equal(tomo["data/data"][-1], np.full((4, 6), len(order)))
        np.testing.assert_array_equal(tomo["data/rotation_angle"][:], angle(1) * order)
        assert tomo["data/image_key"][:].tolist() == [KEYS[a] for a in destinations]
        names = {DATA: ("data", "theta"), DARK: ("data_dark", "theta_dark")}
        names[FLAT] = ("data_white", "theta_white")
        for address, (data, theta) in names.items():
            chosen = [i for i, a in enumerate(destinations) if a == address]
            assert (data in file["exchange"]) == bool(chosen)
            if chosen:
                assert (file["exchange"][data][:, 0, 0] - 1).tolist() == chosen
                assert file["exchange"][theta][:].tolist() == [angle(i) for i in chosen]
                assert file["exchange"][theta].attrs["units"] == "deg"


@settings(max_examples=25, deadline=None)
@given(
    destinations=st.lists(st.sampled_from([DATA, DARK, FLAT]), min_size=1, max_size=12),
    mode=st.sampled_from(list(Mode)),
    in_place=st.booleans(),
)
def test_any_sequence_is_seen_in_order(destinations, mode, in_place):
    with tempfile.TemporaryDirectory() as folder:
        path = write_scan(Path(folder) / "scan.h5", destinations, mode)
        check_views(write_views(path, in_place=in_place), destinations)


def test_the_sidecar_leaves_the_file_as_it_was_and_is_small(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    before = path.read_bytes()
    out = write_views(path)
    assert out == tmp_path / "scan_tomo.nxs" == sidecar_path(path)
    assert path.read_bytes() == before
    assert out.stat().st_size < 30_000


def test_file_and_sidecar_can_be_moved_together(tmp_path):
    (tmp_path / "here").mkdir()
    write_views(write_scan(tmp_path / "here" / "scan.h5", SCAN))
    (tmp_path / "here").rename(tmp_path / "there")
    check_views(tmp_path / "there" / "scan_tomo.nxs", SCAN)


def test_a_sidecar_in_another_folder(tmp_path):
    (tmp_path / "out").mkdir()
    path = write_scan(tmp_path / "scan.h5", SCAN)
    check_views(write_views(path, path_out=tmp_path / "out" / "v.nxs"), SCAN)


def test_a_sidecar_is_replaced_but_views_inside_a_file_are_not(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    write_views(path, theta=np.zeros(len(SCAN)))
    check_views(write_views(path), SCAN)
    write_views(path, in_place=True)
    with pytest.raises(SettingsError, match="views already"):
        write_views(path, in_place=True)


def test_structure_of_the_nxtomo_entry(tmp_path):
    with h5py.File(write_views(write_scan(tmp_path / "scan.h5", SCAN))) as file:
        assert file.attrs["default"] == "tomo"
        classes = {
            "tomo": "NXentry",
            "tomo/instrument": "NXinstrument",
            "tomo/instrument/detector": "NXdetector",
            "tomo/sample": "NXsample",
            "tomo/data": "NXdata",
        }
        assert {a: file[a].attrs["NX_class"] for a in classes} == classes
        assert file["tomo/definition"].asstr()[()] == "NXtomo"
        assert file["tomo/sample/name"].asstr()[()] == "scan"
        assert file["tomo/sample/rotation_angle"].attrs["units"] == "degree"
        # A linked object says where it stands itself, and the link leads there.
        for name, item in file["tomo/data"].items():
            assert file[item.attrs["target"]] == item, name


def test_a_data_exchange_layout_keeps_its_own_datasets(golden, tmp_path):
    path = tmp_path / "dx.h5"
    path.write_bytes((golden / "c_exchange_capture.h5").read_bytes())
    write_views(path, theta_attribute="ImageCounter", in_place=True)
    with h5py.File(path) as file:
        assert file["exchange/data"].attrs["axes"] == b"theta:y:x"
        assert file["exchange/theta"][:].tolist() == [63, 64, 65, 66]
        assert file["tomo/data/data"].shape == (9, 24, 32)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_file_of_the_cpp_plugin(golden, tmp_path, program, in_place):
    path = tmp_path / "b.h5"
    path.write_bytes((golden / "b_routed_capture.h5").read_bytes())
    out = write_views(path, theta_attribute="ImageCounter", in_place=in_place)
    with h5py.File(out) as file:
        # LinearRamp: the first pixel counts frames in the order in which they were taken.
        assert file["tomo/data/data"][:, 0, 0].tolist() == list(range(1, 10))
        assert file["tomo/data/image_key"][:].tolist() == [0, 0, 0, 0, 2, 2, 2, 1, 1]
    command = [program("h5dump"), "-d", "/tomo/data/data[7,0,0;;2,1,1;]", "-g", "/exchange", out]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "(8,0,0): 9" in shown
    # The flats, read through /exchange: their second frame is the ninth of all.
    assert re.search(r"\(1,0,0\): 9, ", shown)


def test_the_recorded_scan(recorded_scan, tmp_path):
    address = "/entry/imaging/gts_theta_value"
    out = write_views(recorded_scan, theta_attribute=address, path_out=tmp_path / "v.nxs")
    with h5py.File(out) as file, h5py.File(recorded_scan) as raw:
        frames, keys = raw["/entry/imaging/data"], raw["/entry/instrument/imaging/image_key"][:]
        for index in (0, 49, 50, 100, 1700, 3200):
            np.testing.assert_array_equal(file["tomo/data/data"][index], frames[index])
        np.testing.assert_array_equal(file["tomo/data/image_key"][:], keys)
        np.testing.assert_array_equal(file["tomo/data/rotation_angle"][:], raw[address][:])
        assert {n: len(file["exchange"][n]) for n in ("data", "data_dark", "data_white")} == {
            "data": 3001,
            "data_dark": 100,
            "data_white": 100,
        }
        np.testing.assert_array_equal(file["exchange/data_white"][50], frames[3101])


def test_an_eiger_series(tmp_path):
    with EigerFileWriter(tmp_path, shape_yx=(4, 6), dtype="u2", images_per_file=2) as writer:
        for index in range(5):
            writer.write(Frame(np.full((4, 6), index + 1, "u2"), index))
    out = write_views(writer.master_path, theta=np.arange(5) * angle(1))
    check_views(out, [DATA] * 5)


def test_other_readers_see_what_we_wrote(tmp_path):
    nexus = pytest.importorskip("nexusformat.nexus")
    silx_io = pytest.importorskip("silx.io")
    nxdata = pytest.importorskip("silx.io.nxdata")
    out = write_views(write_scan(tmp_path / "scan.h5", SCAN))
    with silx_io.open(str(out)) as file:
        plot = nxdata.get_default(file)
        assert plot.signal.shape == (8, 4, 6)
        assert plot.signal[3, 0, 0] == 4
    tree = nexus.nxload(str(out))
    assert tree["tomo"].nxclass == "NXentry"
    assert tree["tomo/data"].nxsignal.shape == (8, 4, 6)
    assert tree["tomo/data/data"][3, 0, 0] == 4
    assert tree["tomo/instrument/detector/data"].shape == (8, 4, 6)


def test_the_nexus_validator_finds_nothing(tmp_path):
    validate = pytest.importorskip("nexusformat.nexus.validate").validate_application
    out = write_views(write_scan(tmp_path / "scan.h5", SCAN))
    assert validate(out, path="/tomo") == (0, 0)  # warnings, errors
    with h5py.File(out, "r+") as file:
        del file["tomo/data/image_key"], file["tomo/instrument/detector/image_key"]
    assert validate(out, path="/tomo")[1] > 0


def test_angles_for_the_images_alone(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    with h5py.File(write_views(path, theta=[10, 20, 30])) as file:
        expected = [np.nan, np.nan, np.nan, 10, 20, np.nan, 30, np.nan]
        np.testing.assert_array_equal(file["tomo/data/rotation_angle"][:], expected)
        assert file["exchange/theta"][:].tolist() == [10, 20, 30]
        assert "theta_dark" not in file["exchange"]


def test_a_missing_file_reads_as_no_data(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    out = write_views(path)
    path.unlink()
    with h5py.File(out) as file:
        assert set(np.unique(file["tomo/data/data"][:])) == {65535}


def test_frames_without_rows_are_left_out(tmp_path):
    path = write_scan(tmp_path / "scan.h5", [DATA, DATA, DATA], Mode.COMPAT)
    with h5py.File(path, "r+") as file:
        for name in ("NDArrayUniqueId", "SampleTheta", "SaveDest"):
            file[f"/entry/attributes/{name}"].resize(2, axis=0)
    check_views(write_views(path), [DATA, DATA])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"theta": [1, 2]}, "8 .all frames. or 3"),
        ({"theta_attribute": "Omega"}, "SampleTheta"),
        ({"theta_attribute": "/entry/none"}, "/entry/none"),
        ({"theta_attribute": DATA}, DATA),
        ({"in_place": True, "path_out": "x.nxs"}, "in_place"),
    ],
)
def test_settings_that_cannot_be_met(tmp_path, wrong, message):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    with pytest.raises(SettingsError, match=message):
        write_views(path, **wrong)
    assert not sidecar_path(path).exists()


def test_angles_of_other_frames(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    with h5py.File(path, "r+") as file:
        file["angles"] = np.arange(5.0)
    with pytest.raises(FileUnreadable, match="5 angles"):
        write_views(path, theta_attribute="/angles")


def test_the_views_never_replace_their_own_frames(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    with pytest.raises(SettingsError, match="replace"):
        write_views(path, path_out=path)


def test_a_file_that_is_still_written(tmp_path):
    path = tmp_path / "live.h5"
    with RoutedWriter(path, ROUTED, WriterSettings(swmr=True, flush_every_frames=1)) as writer:
        writer.write(frame(0, text("SaveDest", DATA)))
        with pytest.raises(FileUnreadable, match="after the file is closed"):
            write_views(path, theta=[0])


def test_frame_types_that_nobody_recorded(tmp_path):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["measured"] = np.arange(1, 4, dtype="u2")[:, None, None] * np.ones((4, 6), "u2")
    with pytest.raises(SettingsError, match="--frame-type /measured=image"):
        write_views(path, theta=np.zeros(3))
    out = write_views(
        path, theta=np.arange(3) * angle(1), frame_types={"/measured": FrameType.IMAGE}
    )
    check_views(out, [DATA] * 3)


def test_frames_that_make_no_stack(tmp_path):
    path = tmp_path / "colour.h5"
    with RoutedWriter(path, ROUTED) as writer:
        writer.write(frame(0, text("SaveDest", DATA), shape=(4, 6, 3)))
    with pytest.raises(FileUnreadable, match="one stack"):
        write_views(path, theta=[0])


def test_a_file_without_frames(tmp_path):
    path = tmp_path / "empty.h5"
    h5py.File(path, "w").close()
    with pytest.raises(FileUnreadable, match="framepath ledger"):
        write_views(path, theta=[])


def test_the_command(tmp_path):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    result = CliRunner().invoke(command, [str(path), "--theta-attribute", "SampleTheta"])
    assert result.exit_code == 0
    check_views(Path(result.output.strip()), SCAN)
    result = CliRunner().invoke(command, [str(path), "--in-place", "--sample", "bone"])
    assert result.output.strip() == str(path)
    with h5py.File(path) as file:
        assert file["tomo/sample/name"].asstr()[()] == "bone"


@pytest.mark.parametrize("text", ["/d", "/d=blank"])
def test_the_command_wants_known_frame_types(tmp_path, text):
    path = write_scan(tmp_path / "scan.h5", SCAN)
    result = CliRunner().invoke(command, [str(path), "--frame-type", text])
    assert isinstance(result.exception, SettingsError)

"""The metadata tree of a master: every field of the DECTRIS tables, typed, with its unit."""

from __future__ import annotations

from dataclasses import fields

import h5py
import numpy as np
import pytest

from framepath.spec.frame import Frame
from framepath.writing.eiger import EigerFileWriter, EigerMetadata, GoniometerAxis

SHAPE = (4, 6)
DETECTOR = "/entry/instrument/detector"
SPECIFIC = f"{DETECTOR}/detectorSpecific"
N_FRAMES = 3

# From the tables of docs/reference/eiger-files.md.
DETECTOR_FIELDS = {
    "beam_center_x": "pixel",
    "beam_center_y": "pixel",
    "bit_depth_image": None,
    "bit_depth_readout": None,
    "count_time": "s",
    "frame_time": "s",
    "detector_readout_time": "s",
    "detector_distance": "m",
    "detector_number": None,
    "description": None,
    "sensor_material": None,
    "sensor_thickness": "m",
    "threshold_energy": "eV",
    "x_pixel_size": "m",
    "y_pixel_size": "m",
    "countrate_correction_applied": None,
    "flatfield_correction_applied": None,
    "pixel_mask_applied": None,
    "virtual_pixel_correction_applied": None,
    "efficiency_correction_applied": None,
    "geometry/orientation/value": None,
    "geometry/translation/distances": "m",
}
SPECIFIC_FIELDS = {
    "auto_summation": None,
    "calibration_type": None,
    "compression": None,
    "countrate_correction_bunch_mode": None,
    "countrate_correction_count_cutoff": None,
    "countrate_correction_table": None,
    "data_collection_date": None,
    "eiger_fw_version": None,
    "element": None,
    "flatfield": None,
    "module_bandwidth": None,
    "nframes_sum": None,
    "nimages": None,
    "ntrigger": None,
    "number_of_excluded_pixels": None,
    "pixel_mask": None,
    "roi_mode": None,
    "software_version": None,
    "summation_nimages": None,
    "test_mode": None,
    "trigger_mode": None,
    "x_pixels_in_detector": None,
    "y_pixels_in_detector": None,
    "detector_readout_period": "s",
    "frame_count_time": "s",
    "frame_period": "s",
    "photon_energy": "eV",
}


def full_metadata() -> EigerMetadata:
    """A value for every field, made from its type."""
    made: dict[str, object] = {}
    for number, field in enumerate(fields(EigerMetadata), start=1):
        kind = str(field.type)
        if field.name == "goniometer":
            axes = ("chi", "kappa", "omega", "phi", "two_theta")
            made[field.name] = {a: GoniometerAxis(10.0 * k, 0.5) for k, a in enumerate(axes)}
        elif "ndarray" in kind:
            made[field.name] = np.full(SHAPE, number, "f4")
        elif "tuple" in kind:
            made[field.name] = (1.0, 2.0, 3.0)
        elif "str" in kind:
            made[field.name] = f"text {number}"
        else:
            made[field.name] = 1 if "bool" in kind else number
    return EigerMetadata(**made)


@pytest.fixture(params=["v1", "v2"])
def master(request, tmp_path):
    mask = np.arange(24).reshape(SHAPE) % 5
    with EigerFileWriter(
        *(tmp_path,),
        **{"shape_yx": SHAPE, "dtype": "u4", "format": request.param, "pixel_mask": mask},
        metadata=full_metadata(),
    ) as writer:
        for index in range(N_FRAMES):
            writer.write(Frame(np.full(SHAPE, index + 1, "u4"), index))
    with h5py.File(writer.master_path) as file:
        yield request.param, file


def test_v1_has_every_field_with_its_unit(master):
    format, file = master
    if format == "v2":
        assert f"{SPECIFIC}" not in file
        return
    for group, table in ((DETECTOR, DETECTOR_FIELDS), (SPECIFIC, SPECIFIC_FIELDS)):
        units = {name: file[f"{group}/{name}"].attrs.get("units") for name in table}
        assert units == table
    assert file["/entry/instrument/beam/incident_wavelength"].attrs["units"] == "angstrom"


def test_values_arrive_with_their_types(master):
    format, file = master
    values = full_metadata()
    specific, distance = (SPECIFIC, "detector_distance") if format == "v1" else ("", "distance")
    assert file[f"{DETECTOR}/{distance}"][()] == values.detector_distance
    assert file[f"{DETECTOR}/bit_depth_image"][()] == 32
    assert file[f"{DETECTOR}/pixel_mask_applied"][()] == 1
    if specific:
        assert file[f"{specific}/trigger_mode"].asstr()[()] == values.trigger_mode
        assert file[f"{specific}/x_pixels_in_detector"][()] == SHAPE[1]


def test_the_mask_is_uint32(master):
    format, file = master
    group = SPECIFIC if format == "v1" else f"{DETECTOR}/threshold_1_channel"
    mask = file[f"{group}/pixel_mask"]
    assert mask.dtype == np.uint32
    np.testing.assert_array_equal(mask[:], np.arange(24).reshape(SHAPE) % 5)


def test_goniometer_axes(master):
    file = master[1]
    axis = {
        name: file[f"/entry/sample/goniometer/{name}"][()]
        for name in ("omega", "omega_end", "omega_start", "omega_increment", "omega_range_total")
    }
    np.testing.assert_allclose(axis["omega"], [20.0, 20.5, 21.0])
    np.testing.assert_allclose(axis["omega_end"], [20.5, 21.0, 21.5])
    assert (axis["omega_start"], axis["omega_increment"], axis["omega_range_total"]) == (
        20,
        0.5,
        1.5,
    )
    assert file[f"{DETECTOR}/goniometer/two_theta"].attrs["units"] == "degree"
    assert "two_theta" not in file["/entry/sample/goniometer"]


def test_every_group_has_its_class(master):
    bare: list[str] = []
    master[1]["entry"].visititems(
        lambda name, item: (
            bare.append(name)
            if isinstance(item, h5py.Group) and "NX_class" not in item.attrs
            else None
        )
    )
    assert bare == []


def test_what_is_not_known_is_not_written(tmp_path):
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2") as writer:
        writer.write(Frame(np.ones(SHAPE, "u2"), 1))
    with h5py.File(writer.master_path) as file:
        assert set(file[DETECTOR]) == {"bit_depth_image", "detectorSpecific"}
        assert set(file[SPECIFIC]) == {
            "compression",
            "x_pixels_in_detector",
            "y_pixels_in_detector",
        }
        assert "sample" not in file["entry"]


def test_metadata_may_come_late(tmp_path):
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2") as writer:
        writer.write(Frame(np.ones(SHAPE, "u2"), 1))
        writer.metadata = EigerMetadata(description="late")
    with h5py.File(writer.master_path) as file:
        assert file[f"{DETECTOR}/description"].asstr()[()] == "late"


def test_other_readers_see_the_frames(master, tmp_path):
    format, file = master
    nexus = pytest.importorskip("nexusformat.nexus")
    silx_io = pytest.importorskip("silx.io")
    name = "data_000001" if format == "v1" else "data"
    with silx_io.open(file.filename) as opened:
        assert opened[f"/entry/data/{name}"][2, 0, 0] == 3
    tree = nexus.nxload(file.filename)
    assert tree["entry"].nxclass == "NXentry"
    assert tree[f"entry/data/{name}"][2, 0, 0] == 3

"""Statistics, regions, processing, transforms and pictures over PV Access, on a running IOC."""

from __future__ import annotations

import numpy as np
import pytest

from chain.iocs import running_ioc
from chain.waiting import wait_for

UINT16 = 3
SHAPE = (24, 32)
PLUGINS = ("image1", "Pva1", "ROI1", "Stats1", "Proc1", "Trans1")
DEVICES = {
    "Stats1": "StatsPlugin_V34",
    "ROI1": "ROIPlugin_V34",
    "Proc1": "ProcessPlugin_V34",
    "Pva1": "PvaPlugin_V34",
    "Trans1": "TransformPlugin_V34",
}

PLUGIN_TYPES = {
    "Stats1": "NDPluginStats",
    "ROI1": "NDPluginROI",
    "Proc1": "NDPluginProcess",
    "Pva1": "NDPluginPva",
    "Trans1": "NDPluginTransform",
}

NOT_HELD = {
    "Stats1": {"asyn_io", "reset", "reset1", "reset2"},
    "ROI1": {"asyn_io"},
    "Proc1": {"asyn_io", "read_background_tiff_seq", "read_flat_field_tiff_seq"},
    "Pva1": {"asyn_io"},
    "Trans1": {"asyn_io"},
}
"""Signals on the record types asyn and sseq, which no library for Python has."""

NOT_IN_AREADETECTOR = {"Proc1": {"high_clip", "low_clip"}}
"""Signals that ophyd declares and current areaDetector templates do not have."""


@pytest.fixture
def camera(client):
    """A camera that waits for its plugins; every plugin enabled on the camera's frames."""
    for plugin in PLUGINS:
        client.put_all(plugin, EnableCallbacks=1, NDArrayPort="SIM1", MinCallbackTime=0)
    client.put_all(
        "cam1", ImageMode=0, AcquireTime=0.001, AcquirePeriod=0.001, WaitForPlugins=1,
        SizeX=SHAPE[1], SizeY=SHAPE[0], DataType=UINT16,
    )  # fmt: skip
    return client


def take(client):
    """One frame, through every plugin; what image1 shows of it."""
    client.put("cam1:Acquire", 1)
    unique_id = client.get("cam1:UniqueId_RBV")
    wait_for(lambda: client.get("image1:UniqueId_RBV") == unique_id, "image1 has the frame")
    y, x = client.get("image1:ArraySize1_RBV"), client.get("image1:ArraySize0_RBV")
    return np.asarray(client.get("image1:ArrayData"))[: y * x].reshape(y, x)


def image_after(client, plugin, port):
    """What a plugin sends on, seen through image1."""
    client.put("image1:NDArrayPort", port)
    client.put(f"{plugin}:ArrayCallbacks", 1)
    return take(client)


def test_plugins_start_disabled_and_with_areadetectors_values():
    with running_ioc("--size", "8x8") as ioc:
        import epics

        for plugin in (*DEVICES, "image1"):
            assert epics.caget(f"{ioc.prefix}{plugin}:EnableCallbacks", timeout=60) == 0
        for command in ("SaveBackground", "SaveFlatField", "ResetFilter"):
            assert epics.caget(f"{ioc.prefix}Proc1:{command}", timeout=60) == 1
            assert epics.caget(f"{ioc.prefix}Proc1:{command}_RBV", timeout=60) == 0


def test_statistics_of_a_region_of_the_frame(camera):
    camera.put_all("ROI1", MinX=4, SizeX=10, MinY=3, SizeY=7)
    camera.put_all("Stats1", NDArrayPort="ROI1", ComputeCentroid=1, CentroidThreshold=0)
    image = take(camera)
    region = image[3:10, 4:14].astype(float)
    found = {name: camera.get(f"Stats1:{name}_RBV") for name in ("Total", "MaxValue", "Sigma")}
    assert found == pytest.approx(
        {"Total": region.sum(), "MaxValue": region.max(), "Sigma": region.std()}
    )
    columns = np.arange(region.shape[1])
    expected = (region.sum(axis=0) * columns).sum() / region.sum()
    assert camera.get("Stats1:CentroidX_RBV") == pytest.approx(expected)
    assert [camera.get(f"ROI1:ArraySize{letter}_RBV") for letter in "XY"] == [10, 7]
    assert camera.get("Stats1:UniqueId_RBV") == camera.get("cam1:UniqueId_RBV")


def test_a_time_series_of_totals(camera):
    camera.put_all("Stats1", **{"TS:TSNumPoints": 3})
    camera.put("Stats1:TS:TSAcquire", 1, wait=False)
    wait_for(lambda: camera.get("Stats1:TS:TSAcquiring") == 1, "the series began")
    totals = [take(camera).sum(dtype=float) for _ in range(3)]
    wait_for(lambda: camera.get("Stats1:TS:TSAcquire") == 0, "the series is complete")
    wait_for(lambda: len(np.atleast_1d(camera.get("Stats1:TSTotal"))) == 3, "its points")
    np.testing.assert_allclose(camera.get("Stats1:TSTotal"), totals)


def test_background_and_flat_field(camera):
    """Successive frames of the ramp differ by a constant: that is left when one is corrected."""
    camera.put_all("Proc1", EnableBackground=0, EnableFlatField=0, DataTypeOut="Int32")
    saved = image_after(camera, "Proc1", "PROC1").astype(float)
    assert np.ptp(saved) > 0
    camera.put_all("Proc1", SaveBackground=1, SaveFlatField=1, EnableBackground=1)
    assert camera.text("Proc1:ValidBackground_RBV") == "Valid"
    assert camera.text("Proc1:ValidFlatField_RBV") == "Valid"
    difference = take(camera)
    assert difference.shape == saved.shape
    assert difference[0, 0] > 0
    assert np.ptp(difference) == 0
    camera.put_all("Proc1", EnableBackground=0, EnableFlatField=1, ScaleFlatField=1e6)
    quotient = take(camera) / 1e6
    lit = saved > 0
    added = quotient[lit] * saved[lit] - saved[lit]
    assert added == pytest.approx(2 * difference[0, 0], abs=1e-2)
    camera.put_all("Proc1", EnableFlatField=0, DataTypeOut="Automatic")


def test_a_filter_type_loads_its_coefficients(camera):
    camera.put_all("Proc1", NumFilter=4, FilterType="Average")
    assert [camera.get(f"Proc1:OC{n}_RBV") for n in (1, 2, 3, 4)] == [1, 0, 0.25, 0]
    assert camera.get("Proc1:FC3") == 0.25
    assert camera.get("Proc1:NumFilterRecip") == 0.25


def test_a_quarter_turn(camera):
    camera.put_all("Trans1", Type="Rot90")
    turned = image_after(camera, "Trans1", "TRANS1")
    assert turned.shape == SHAPE[::-1]
    camera.put_all("Trans1", Type="None")
    again = image_after(camera, "Trans1", "TRANS1")
    step = again[0, 1] - again[0, 0]
    assert turned[1, 0] - turned[0, 0] == step


def test_pva_image_equals_image1(camera):
    from p4p.client.thread import Context

    image = take(camera)
    unique_id = camera.get("cam1:UniqueId_RBV")
    name = camera.text("Pva1:PvName_RBV")
    assert name == f"{camera.prefix}Pva1:Image"
    with Context("pva", nt=False) as raw:
        wait_for(lambda: raw.get(name)["uniqueId"] == unique_id, "the frame over PV Access")
        value = raw.get(name)
    with Context("pva") as context:
        found = context.get(name)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, image)
    assert [d["size"] for d in value["dimension"]] == list(SHAPE[::-1])
    assert value["codec.name"] == ""
    assert value["attribute"][0]["name"] == "ColorMode"
    seconds = camera.get("cam1:EpicsTSSec_RBV") + 631152000
    assert value["timeStamp.secondsPastEpoch"] == seconds
    assert value["dataTimeStamp.secondsPastEpoch"] == seconds


@pytest.mark.parametrize("plugin", DEVICES)
def test_every_signal_of_ophyd_connects_but_the_named_ones(client, plugin):
    """The device is not destroyed: pyepics shares its channels with ``client``."""
    import ophyd.areadetector.plugins as plugins

    device = getattr(plugins, DEVICES[plugin])(f"{client.prefix}{plugin}:", name=plugin)
    for part in (device, *(part for _, part in device.walk_subdevices(include_lazy=True))):
        part.lazy_wait_for_connection = False
    signals = [walk.item for walk in device.walk_signals(include_lazy=True)]
    missing = NOT_HELD[plugin] | NOT_IN_AREADETECTOR.get(plugin, set())
    expected = [signal for signal in signals if signal.attr_name not in missing]
    assert len(signals) - len(expected) == len(missing)
    wait_for(lambda: all(signal.connected for signal in expected), "the signals")
    assert device.plugin_type.get() == PLUGIN_TYPES[plugin]

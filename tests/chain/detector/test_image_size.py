"""image1 holds whole frames of the detector that the IOC is started with."""

from __future__ import annotations

import h5py
import numpy as np

from chain.detector.pvs import Pvs
from chain.iocs import running_ioc

FOUR_M = (2167, 2070)


def test_a_frame_of_an_eiger_4m_fits_whole(tmp_path):
    with running_ioc("--model", "eiger1-4m", kind="eiger") as ioc:
        cam, image, hdf = (Pvs(ioc, name) for name in ("cam1", "image1", "HDF1"))
        assert image.pv("ArrayData").nelm == np.prod(FOUR_M)
        for plugin in (image, hdf):
            plugin.put("EnableCallbacks", 1)
        cam.put_all(AcquireTime=0.01, AcquirePeriod=0.01, NumImages=1, NumTriggers=1)
        cam.put_all(DataSource="Stream", StreamEnable=1, WaitForPlugins=1)
        hdf.put_all(FilePath=str(tmp_path), FileName="f", FileTemplate="%s%s.h5", AutoSave=1)
        cam.put("Acquire", 1)
        hdf.until("WriteStatus", 0)
        with h5py.File(hdf.text("FullFileName_RBV")) as file:
            stored = file["/entry/data/data"][()]
        shown = np.asarray(image["ArrayData"], np.int32).view(np.uint32)
    assert (stored.shape, stored.dtype) == (FOUR_M, np.uint32)
    assert np.array_equal(shown, stored.reshape(-1))


def test_another_length_can_be_asked_for():
    with running_ioc("--size", "24x32", "--elements", "100") as ioc:
        cam, image = Pvs(ioc), Pvs(ioc, "image1")
        image.put("EnableCallbacks", 1)
        cam.put_all(WaitForPlugins=1, ImageMode="Single", AcquireTime=0.0)
        cam.put("Acquire", 1)
        assert len(image["ArrayData"]) == image.pv("ArrayData").nelm == 100

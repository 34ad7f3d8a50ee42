"""Our own files as committed text; FRAMEPATH_REGENERATE=1 writes the text anew for review."""

from __future__ import annotations

import os
from pathlib import Path

import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
import pytest

from framepath.layout.model import Mode
from framepath.spec.frame import ColorMode, Dimension, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType
from framepath.writing import Compression, FileWriteMode, RoutedWriter, WriterSettings
from hdf5_structure import structure
from unit.writing.recipes import ROUTED, attributes, number, sent_to, text

TEXTS = Path(__file__).parent / "structures"
COMPAT = Mode.COMPAT
NEXUS = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry">
    <attribute name="NX_class" source="constant" value="NXentry" type="string"/>
    <attribute name="default" source="constant" value="data" type="string"/>
    <dataset name="title" source="constant" value="a scan" type="string"/>
    <group name="data">
      <attribute name="NX_class" source="constant" value="NXdata" type="string"/>
      <attribute name="signal" source="constant" value="data" type="string"/>
      <attribute name="offsets" source="constant" value="1,2,3" type="int"/>
      <dataset name="data" source="detector" det_default="true">
        <attribute name="units" source="constant" value="counts" type="string"/>
        <attribute name="gain" source="constant" value="1.5" type="float"/>
        <attribute name="theta_last" source="ndattribute" ndattribute="Theta" when="OnFileClose"/>
      </dataset>
      <dataset name="dark" source="detector"/>
      <dataset name="theta" source="ndattribute" ndattribute="Theta">
        <attribute name="units" source="constant" value="deg" type="string"/>
      </dataset>
    </group>
    <group name="instrument">
      <attribute name="NX_class" source="constant" value="NXinstrument" type="string"/>
      <dataset name="camera" source="ndattribute" ndattribute="Camera" when="OnFileOpen"/>
      <dataset name="count_end" source="ndattribute" ndattribute="Count" when="OnFileClose"/>
      <group name="detector">
        <hardlink name="data" target="/entry/data/data"/>
      </group>
      <group name="NDAttributes" ndattr_default="true"/>
      <group name="performance"><dataset name="timestamp"/></group>
    </group>
  </group>
</hdf5_layout>
"""
CAMERA = NDAttribute("Camera", NDAttrType.STRING, "sim", "model", "MODEL", NDAttrSourceType.PARAM)
LOST = NDAttribute("Lost", NDAttrType.UNDEFINED, None, "no PV", "X:Y", NDAttrSourceType.EPICS_PV)


def scan(n: int) -> list[Frame]:
    place = (Dimension(6, offset=2), Dimension(4, binning=2, reverse=True))
    return [
        sent_to(
            *(i, ("/entry/data/data", "/entry/data/dark")[i % 2], CAMERA, LOST),
            *(number("Theta", i * 0.5), number("Count", i, NDAttrType.UINT64)),
            dimensions=place,
        )
        for i in range(n)
    ]


def coloured(n: int) -> list[Frame]:
    items = attributes(text("Note", "RGB"))
    return [
        Frame(np.full((4, 5, 3), i + 1, "u1"), i + 1, attributes=items, color_mode=ColorMode.RGB1)
        for i in range(n)
    ]


FILES = {
    "compat_stream": (NEXUS, scan(5), {"mode": COMPAT, "num_capture": 5, "unlimited": False}),
    "compat_endless": ("", coloured(2), {"mode": COMPAT, "ndattribute_chunk": 8}),
    "compat_single": (
        *("", coloured(1)),
        {"mode": COMPAT, "write_mode": FileWriteMode.SINGLE, "fill_value": 3},
    ),
    "compat_no_attributes": (
        *(NEXUS, scan(2)),
        {"mode": COMPAT, "store_attributes": False, "store_performance": False},
    ),
    "strict_stream": (NEXUS, scan(5), {"frame_chunks": 2, "chunk_rows": 3}),
    "strict_swmr_bslz4": (NEXUS, scan(3), {"swmr": True, "compression": Compression.BSLZ4}),
    "strict_grid": (
        *(ROUTED, scan(4)),
        {"extra_dimensions": (2, 2), "dim_attribute_datasets": True, "ledger": False},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_structure_is_as_committed(tmp_path, name):
    layout, frames, chosen = FILES[name]
    path = tmp_path / f"{name}.h5"
    with RoutedWriter(path, layout, WriterSettings(**chosen)) as writer:
        for one in frames:
            writer.write(one)
    found, committed = structure(path), TEXTS / f"{name}.txt"
    if os.environ.get("FRAMEPATH_REGENERATE") == "1":
        TEXTS.mkdir(exist_ok=True)
        committed.write_text(found)
    assert found == committed.read_text()

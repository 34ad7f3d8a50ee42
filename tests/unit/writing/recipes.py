"""Frames and layouts that several writer tests share; pixels encode the frame index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType

ROUTED = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry">
    <attribute name="NX_class" source="constant" value="NXentry" type="string"/>
    <group name="data">
      <dataset name="data" source="detector" det_default="true"/>
      <dataset name="dark" source="detector"/>
      <dataset name="flat" source="detector"/>
    </group>
    <group name="attributes" ndattr_default="true"/>
    <group name="performance"><dataset name="timestamp"/></group>
    <group name="links"><hardlink name="images" target="/entry/data/data"/></group>
  </group>
</hdf5_layout>
"""

ONE_DATASET = """<?xml version="1.0"?>
<hdf5_layout>
  <group name="entry">
    <dataset name="data" source="detector" det_default="true"/>
    <group name="attributes" ndattr_default="true"/>
  </group>
</hdf5_layout>
"""


def text(name: str, value: str, **more: Any) -> NDAttribute:
    return NDAttribute(name, NDAttrType.STRING, value, **more)


def number(name: str, value: float, kind: NDAttrType = NDAttrType.FLOAT64) -> NDAttribute:
    return NDAttribute(name, kind, value, source_type=NDAttrSourceType.DRIVER)


def attributes(*items: NDAttribute) -> dict[str, NDAttribute]:
    return {item.name: item for item in items}


def frame(
    index: int,
    *items: NDAttribute,
    shape: tuple[int, ...] = (4, 6),
    dtype: str = "u2",
    **more: Any,
) -> Frame:
    """A frame whose every pixel is ``index + 1``, with NDArrayUniqueId ``index + 1``."""
    pixels = np.full(shape, index + 1, dtype)
    return Frame(pixels, index + 1, attributes=attributes(*items), **more)


def sent_to(index: int, destination: str, *items: NDAttribute, **more: Any) -> Frame:
    """A frame for one dataset of `ROUTED`."""
    return frame(index, text("SaveDest", destination), *items, **more)


def routed_series(n: int = 9) -> Iterator[Frame]:
    """Images, darks and flats in turn."""
    for i in range(n):
        yield sent_to(i, ("/entry/data/data", "/entry/data/dark", "/entry/data/flat")[i % 3])

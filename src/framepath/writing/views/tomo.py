"""The two views: an NXtomo entry, and a Data Exchange group."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from framepath.spec.addresses import EXCHANGE_DESTINATIONS
from framepath.spec.frame_type import FrameType
from framepath.writing.views.acquisition import Acquisition
from framepath.writing.views.links import link_or_stack, stack
from framepath.writing.views.theta import Angles

TOMO_ENTRY = "tomo"
"""Name of the NXentry: a routed file's own ``/entry`` stays as it is."""

EXCHANGE = "exchange"

_THETA_NAMES = {
    FrameType.IMAGE: "theta",
    FrameType.DARK: "theta_dark",
    FrameType.FLAT: "theta_white",
}


@dataclass(frozen=True, slots=True)
class View:
    """What both views show.

    ``source`` is the file with the frames as links shall name it, ``angles_deg`` (frames,) in
    acquisition order, NaN where not known.
    """

    acquisition: Acquisition
    source: str
    angles_deg: Angles
    title: str
    sample_name: str


def write_tomo(file: h5py.File, view: View) -> None:
    """Add an NXentry with definition NXtomo; the file must not have one of that name."""
    entry = _group(file, TOMO_ENTRY, "NXentry", default="data")
    entry["definition"] = "NXtomo"
    entry["title"] = view.title
    detector = _group(_group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")
    acquisition = view.acquisition
    stack(detector, "data", view.source, acquisition.rows, acquisition)
    keys = [kind.image_key for kind in acquisition.frame_types]
    detector["image_key"] = np.array(keys, np.int32)
    sample = _group(entry, "sample", "NXsample")
    sample["name"] = view.sample_name
    sample["rotation_angle"] = view.angles_deg
    sample["rotation_angle"].attrs["units"] = "degree"
    data = _group(entry, "data", "NXdata", signal="data", axes=["rotation_angle", ".", "."])
    data.attrs["rotation_angle_indices"] = 0
    for group, name in ((detector, "data"), (detector, "image_key"), (sample, "rotation_angle")):
        # NeXus wants a linked object to say where it stands itself.
        group[name].attrs["target"] = f"{group.name}/{name}"
        data[name] = group[name]


def write_exchange(file: h5py.File, view: View) -> None:
    """Add what ``/exchange`` lacks: data, data_dark, data_white, and their angles in degrees."""
    group = file.require_group(EXCHANGE)
    if "implements" not in file:
        file["implements"] = EXCHANGE
    for frame_type, address in EXCHANGE_DESTINATIONS.items():
        rows = view.acquisition.rows_of(frame_type)
        name = address.rpartition("/")[2]
        if rows and name not in group:
            link_or_stack(group, name, view.source, rows, view.acquisition)
        angles = view.angles_deg[view.acquisition.of_type(frame_type)]
        theta = _THETA_NAMES[frame_type]
        if rows and theta not in group and not np.isnan(angles).all():
            group[theta] = angles
            group[theta].attrs["units"] = "deg"


def _group(parent: h5py.Group, name: str, nx_class: str, **attributes: object) -> h5py.Group:
    group = parent.create_group(name)
    for key, value in {"NX_class": nx_class, **attributes}.items():
        group.attrs[key] = value
    return group

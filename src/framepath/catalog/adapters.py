"""What Tiled reads ``application/x-hdf5`` with: our frames, whoever wrote the documents."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tiled.adapters.core import Adapter
from tiled.ndslice import NDSlice
from tiled.structures.core import StructureFamily

from framepath.catalog.frames import FramesAdapter
from framepath.catalog.groups import GroupAdapter
from framepath.catalog.opener import Opener
from framepath.catalog.uris import path_of_uri
from framepath.errors import CatalogError
from framepath.spec.documents import HDF5_MIMETYPE


class HDF5Reader:
    """The object to put under ``application/x-hdf5`` in ``adapters_by_mimetype``.

    Parameters
    ----------
    opener
        Opens files inside the readable folders, and no others.
    """

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def from_catalog(
        self,
        data_source: Any,
        node: Any,
        /,
        dataset: str | Sequence[str] = "/",
        slice: str | None = None,
        squeeze: bool = False,
        swmr: bool | None = None,
        locking: Any = None,
        libver: str | None = None,
    ) -> Adapter[Any]:
        """The adapter of one node of the catalog.

        Parameters
        ----------
        dataset
            HDF5 address; of an Eiger v1 master, the group that holds its links.
        slice, squeeze
            Of stock StreamResources: the part of the dataset that the documents describe.
        swmr, locking, libver
            Accepted for such documents and not needed: the file itself says how to open it.

        Raises
        ------
        CatalogError
            The documents name something that is not a file.
        """
        address = dataset if isinstance(dataset, str) else "/" + "/".join(dataset)
        paths = paths_of(data_source)
        if data_source.structure_family != StructureFamily.array:
            return GroupAdapter.open(
                self._opener, paths[0], address, metadata=node.metadata_, specs=node.specs
            )
        return FramesAdapter(
            self._opener,
            paths,
            address,
            data_source.structure,
            part=NDSlice.from_numpy_str(slice) if slice else None,
            squeeze=squeeze,
            metadata=copy.deepcopy(node.metadata_),
            specs=node.specs,
        )


def address_of(data_source: Any) -> str:
    """HDF5 address of a data source."""
    address = data_source.parameters.get("dataset", "/")
    return address if isinstance(address, str) else "/" + "/".join(address)


def is_plain(data_source: Any) -> bool:
    """Whether a data source is whole datasets of frames in HDF5 files, and no part of one."""
    parts = data_source.parameters.get("slice"), data_source.parameters.get("squeeze")
    is_array = data_source.structure_family == StructureFamily.array
    return is_array and data_source.mimetype == HDF5_MIMETYPE and not any(parts)


def paths_of(data_source: Any) -> list[str]:
    """Files of a data source in the order of their frames, as the documents spell them.

    Raises
    ------
    CatalogError
        It names none, or something that is not a file.
    """
    assets = sorted(data_source.assets, key=lambda asset: asset.num or 0)
    chosen = [asset for asset in assets if asset.parameter in ("data_uris", "data_uri")] or assets
    if not chosen:
        raise CatalogError(
            "the documents name no file", next_step="register the file with framepath register"
        )
    return [path_of_uri(asset.data_uri) for asset in chosen]

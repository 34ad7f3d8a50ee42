"""Tiled's catalog nodes, confined and with the view that frames need.

Tiled compares the text of a path with its readable folders, so ``..`` and symlinks lead out, and
its raw download compares nothing (tiled 0.2.20, ``server/router.py`` ``get_asset``). Here every
asset goes through `Folders`, which judges where a path really leads, before anything opens it.
"""

from __future__ import annotations

from typing import Any

from tiled.catalog import adapter as stock
from tiled.catalog.adapter import CatalogContainerAdapter, Context
from tiled.structures.array import ArrayStructure
from tiled.structures.core import Spec

from framepath.catalog.opener import Opener
from framepath.catalog.uris import path_of_uri
from framepath.catalog.view import frames_view
from framepath.errors import OutsideFolders
from framepath.spec.documents import FRAME_STACK_SPEC, HDF5_MIMETYPE


class ConfinedContext(Context):
    """What all nodes of one catalog share, with what opens its files."""

    def __init__(self, *arguments: Any, opener: Opener, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.opener = opener


class Confined:
    """Mixed into each of Tiled's node classes: assets are checked by where they really lead."""

    context: Any
    node: Any

    def _ensure_uri_within_readable_storage(self, data_uri: str) -> None:
        if data_uri.startswith("file:"):
            self.context.opener.folders.check(path_of_uri(data_uri))

    async def asset_by_id(self, asset_id: int) -> Any:
        """The asset whose bytes are asked for, when they may be read.

        Raises
        ------
        OutsideFolders
            It leads outside, or it is a folder, whose members are not checked one by one.
        """
        asset = await super().asset_by_id(asset_id)  # type: ignore[misc]
        if asset is not None and asset.data_uri.startswith("file:"):
            self._ensure_uri_within_readable_storage(asset.data_uri)
            if asset.is_directory:
                raise OutsideFolders(
                    "the raw files of a folder are not handed out",
                    found=asset.data_uri,
                    expected="one file",
                    next_step="read the array instead of its files",
                )
        return asset


class FrameView(Confined):
    """An array node whose image data is shown as frames: (frames, y, x), with a client of ours."""

    specs: list[Spec]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._is_frames() and FRAME_STACK_SPEC not in {spec.name for spec in self.specs}:
            self.specs = [*self.specs, Spec(FRAME_STACK_SPEC, version="1")]

    def structure(self) -> ArrayStructure:
        """What clients see: the documents' (N, 1, y, x) as (N, y, x)."""
        stored = super().structure()  # type: ignore[misc]
        return frames_view(stored) if self._is_frames() else stored

    def _is_frames(self) -> bool:
        sources = self.node.data_sources or []
        if len(sources) != 1 or sources[0].mimetype != HDF5_MIMETYPE:
            return False
        stored = super().structure()  # type: ignore[misc]
        return stored is not None and len(stored.shape) >= 3


def install() -> None:
    """Let Tiled make our nodes: its table of node classes is one for the process."""
    for family, node_class in list(stock.STRUCTURES.items()):
        if not issubclass(node_class, Confined):
            mixin = FrameView if node_class is stock.CatalogArrayAdapter else Confined
            name = f"{mixin.__name__}{node_class.__name__}"
            stock.STRUCTURES[family] = type(name, (mixin, node_class), {})


class RootNode(Confined, CatalogContainerAdapter):
    """The root of the catalog."""

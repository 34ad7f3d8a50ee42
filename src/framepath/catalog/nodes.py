"""Tiled's catalog nodes, confined and with the view that frames need.

Tiled compares the text of a path with its readable folders, so ``..`` and symlinks lead out, and
its raw download compares nothing (tiled 0.2.20, ``server/router.py`` ``get_asset``). Here every
asset goes through `Folders`, which judges where a path really leads, before anything opens it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from tiled.catalog import adapter as stock
from tiled.catalog.adapter import CatalogContainerAdapter, Context
from tiled.structures.array import ArrayStructure
from tiled.structures.core import Spec

from framepath.catalog import growth, lookup, shortcuts
from framepath.catalog.foreign import prepare_for, require_confined
from framepath.catalog.opener import Opener
from framepath.catalog.subscriptions import with_handles
from framepath.catalog.uris import path_of_uri
from framepath.catalog.view import frames_view
from framepath.errors import CatalogError, OutsideFolders
from framepath.files import Folders
from framepath.files.opened import regular_file
from framepath.spec.documents import FRAME_STACK_SPEC, HDF5_MIMETYPE


class ConfinedContext(Context):
    """What all nodes of one catalog share, with what opens its files."""

    def __init__(self, *arguments: Any, opener: Opener, arrays: Path, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.opener = opener
        self.arrays = arrays


class Confined:
    """Mixed into each of Tiled's node classes: assets are checked by where they really lead."""

    context: Any
    node: Any

    async def get_adapter(self) -> Any:
        """The adapter of the node's data, which may be read.

        Raises
        ------
        OutsideFolders, CatalogError
            It may not: see `require_confined`.
        """
        known = self.node.data_sources or ()
        if any(source.mimetype != HDF5_MIMETYPE for source in known):
            (source,) = await self.data_sources(include_assets=True)  # type: ignore[attr-defined]
            folders, arrays = self.context.opener.folders, self.context.arrays
            await anyio.to_thread.run_sync(require_confined, source, folders, arrays)
        return await super().get_adapter()  # type: ignore[misc]

    async def create_node(self, *arguments: Any, key: str | None = None, **options: Any) -> Any:
        """A new node below this one.

        Raises
        ------
        CatalogError
            Its data would be written into another node's folder.
        """
        if key in (".", ".."):
            raise CatalogError(
                "no node can have this name",
                found=key,
                expected="a name that is no folder of every folder",
                next_step="choose another key",
            )
        return await super().create_node(*arguments, key=key, **options)  # type: ignore[misc]

    async def get_distinct(self, *arguments: Any, **options: Any) -> Any:
        """Values that occur below this node, and how often.

        Raises
        ------
        CatalogError
            It is data, and has no nodes below it; Tiled 0.2.20 calls a method that is not there.
        """
        if self.node.data_sources:
            raise CatalogError(
                "distinct values are those of a container's nodes",
                found=f"{self.node.structure_family} with data of its own",
                expected="a container of the catalog",
                next_step="ask for those of the run or stream",
            )
        return await super().get_distinct(*arguments, **options)  # type: ignore[misc]

    def _ensure_uri_within_readable_storage(self, data_uri: str) -> None:
        if not data_uri.startswith("file:"):
            return
        folders = self.context.opener.folders
        for source in self.node.data_sources or ():
            if source.mimetype != HDF5_MIMETYPE:
                prepare_for(source.mimetype)
                # Tiled's own adapters open paths as they are spelt.
                folders = Folders(folders.readable)
                folders.check(urlsplit(data_uri).path)
        folders.check(path_of_uri(data_uri))

    async def asset_by_id(self, asset_id: int) -> Any:
        """The asset whose bytes are asked for, when they may be read.

        Raises
        ------
        FileMissing, FileUnreadable
            It is not there, or no regular file.
        OutsideFolders
            It leads outside, or it is a folder, whose members are not checked one by one.
        """
        asset = await super().asset_by_id(asset_id)  # type: ignore[misc]
        if asset is not None and asset.data_uri.startswith("file:"):
            real = self.context.opener.folders.check(path_of_uri(asset.data_uri))
            if asset.is_directory:
                raise OutsideFolders(
                    "the raw files of a folder are not handed out",
                    found=asset.data_uri,
                    expected="one file",
                    next_step="read the array instead of its files",
                )
            with regular_file(real, self.context.opener.folders):
                pass  # one that is missing is an error with a name
            # Tiled takes what stands in the URI for the path, without decoding it.
            return asset.model_copy(update={"data_uri": f"file://localhost{real}"})
        return asset


class FrameView(Confined):
    """An array node whose image data is shown as frames: (frames, y, x), with a client of ours."""

    specs: list[Spec]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._is_frames() and FRAME_STACK_SPEC not in {spec.name for spec in self.specs}:
            self.specs = [*self.specs, Spec(FRAME_STACK_SPEC, version="1")]

    async def put_data_source(self, data_source: Any, patch: Any) -> None:
        """A client says what the array is now: most often, that it has grown."""
        if not (shortcuts.ARE_TAKEN and await growth.take(self, data_source, patch)):
            await super().put_data_source(data_source, patch)  # type: ignore[misc]

    def make_ws_handler(self, websocket: Any, formatter: Any, uri: str) -> Any:
        """Tell a subscriber of new frames by addresses that need no second way through Tiled."""
        has_handles = shortcuts.ARE_TAKEN and self._is_frames()
        told = with_handles(formatter) if has_handles else formatter
        return super().make_ws_handler(websocket, told, uri)  # type: ignore[misc]

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
    lookup.install()
    for family, node_class in list(stock.STRUCTURES.items()):
        if not issubclass(node_class, Confined):
            mixin = FrameView if node_class is stock.CatalogArrayAdapter else Confined
            name = f"{mixin.__name__}{node_class.__name__}"
            stock.STRUCTURES[family] = type(name, (mixin, node_class), {})


class RootNode(Confined, CatalogContainerAdapter):
    """The root of the catalog."""

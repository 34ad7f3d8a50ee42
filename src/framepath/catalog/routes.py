"""Our routes in the Tiled server, below ``/custom``."""

from __future__ import annotations

import time
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Security
from tiled.access_control.protocols import AccessTags
from tiled.server.authentication import (
    check_scopes,
    get_current_access_tags,
    get_current_principal,
    get_current_scopes,
    get_session_state,
)
from tiled.server.dependencies import get_root_tree

from framepath.catalog.adapters import address_of, is_plain, paths_of
from framepath.catalog.handle import VALID_S, Handle, digest
from framepath.catalog.health import health
from framepath.catalog.lookup import get_entry
from framepath.catalog.sharing import offer
from framepath.errors import CatalogError
from framepath.spec.serving import HANDLE_ROUTE, HEALTH_ROUTE

router = APIRouter()

MARGIN_S = 5.0
"""A client is told a shorter time, so that no handle ends on the way."""


async def readable_entry(
    request: Request,
    path: str,
    principal: Annotated[Any, Depends(get_current_principal)],
    access_tags: Annotated[AccessTags | None, Depends(get_current_access_tags)],
    scopes: Annotated[Any, Depends(get_current_scopes)],
    root_tree: Annotated[Any, Depends(get_root_tree)],
    session_state: Annotated[dict[str, Any], Depends(get_session_state)],
    _: Annotated[None, Security(check_scopes, scopes=["read:data"])],
) -> Any:
    """The node of a path, for callers who may read its data; 401, 403 or 404 for others."""
    return await get_entry(
        path,
        ["read:data"],
        principal,
        access_tags,
        scopes,
        root_tree,
        session_state,
        request.state.metrics,
        None,
        getattr(request.app.state, "access_policy", None),
    )


Nonce = Annotated[str | None, Query(max_length=128)]
Entry = Annotated[Any, Depends(readable_entry)]


@router.get(HEALTH_ROUTE.removeprefix("/custom") + "/{path:path}")
async def get_health(path: str, entry: Entry) -> dict[str, Any]:
    """Findings of a node and of everything below it."""
    if not hasattr(entry, "node"):
        raise CatalogError(
            "health is known of nodes of the catalog",
            found=path,
            expected="a run, a stream or a data key",
            next_step="ask for the file that this is a part of",
        )
    return {"findings": [finding.as_json() for finding in await health(entry, path)]}


@router.get(HANDLE_ROUTE.removeprefix("/custom") + "/{path:path}")
async def get_handle(
    request: Request, path: str, entry: Entry, files: Nonce = None
) -> dict[str, Any]:
    """A handle on the frames of a node, for whoever asks with these credentials.

    With a nonce in ``files`` also what a client on the same file system needs to read them itself.
    """
    sources = await entry.data_sources(include_assets=True) if hasattr(entry, "node") else []
    if not sources or not is_plain(sources[0]):
        raise CatalogError(
            "this node has no frames to fetch on a handle",
            found=path,
            expected="image data in HDF5 files",
            next_step="read it through Tiled's own route",
        )
    structure = entry.structure()
    handle = Handle(
        node=path,
        paths=tuple(paths_of(sources[0])),
        address=address_of(sources[0]),
        shape=tuple(structure.shape),
        dtype=structure.data_type.to_numpy_dtype().str,
        credentials=digest(request.headers, request.query_params),
        until=time.time() + VALID_S,
    )
    answer: dict[str, Any] = {
        "handle": handle.signed(request.app.state.framepath_secret),
        "valid_s": VALID_S - MARGIN_S,
    }
    if files is not None and request.app.state.framepath_share_files:
        opener = entry.context.opener
        answer["files"] = await anyio.to_thread.run_sync(
            offer, opener, handle.paths, handle.address, files
        )
    return answer

"""Our routes in the Tiled server, below ``/custom``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from tiled.access_control.protocols import AccessTags
from tiled.server.authentication import (
    check_scopes,
    get_current_access_tags,
    get_current_principal,
    get_current_scopes,
    get_session_state,
)
from tiled.server.dependencies import get_entry, get_root_tree

from framepath.catalog.health import health
from framepath.errors import CatalogError
from framepath.spec.serving import HEALTH_ROUTE

router = APIRouter()


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

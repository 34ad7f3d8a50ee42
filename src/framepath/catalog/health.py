"""Compare what the documents say with what the files hold, without reading pixels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import numpy as np

from framepath.catalog.adapters import address_of, paths_of
from framepath.catalog.failures import status_and_hop
from framepath.catalog.opener import Opener
from framepath.catalog.view import frames_view
from framepath.errors import FramepathError
from framepath.spec.documents import HDF5_MIMETYPE
from framepath.spec.findings import Finding, Severity

AT_ONCE = 4
"""Files opened side by side; opening is mostly waiting for the file system."""


async def health(entry: Any, place: str) -> list[Finding]:
    """Findings of a catalog node and of everything below it.

    Parameters
    ----------
    entry
        Node of the catalog.
    place
        Its path in the catalog, for `Finding.where`.
    """
    limit = asyncio.Semaphore(AT_ONCE)
    groups = await asyncio.gather(
        *[_one(node, where, limit) async for node, where in _arrays(entry, place)]
    )
    return [finding for group in groups for finding in group]


async def _arrays(entry: Any, place: str) -> AsyncIterator[tuple[Any, str]]:
    sources = entry.node.data_sources or []
    if sources:
        if sources[0].mimetype == HDF5_MIMETYPE:
            yield entry, place
        return
    if hasattr(entry, "items_range"):
        for key, child in await entry.items_range():
            async for found in _arrays(child, f"{place}/{key}".strip("/")):
                yield found


async def _one(node: Any, place: str, limit: asyncio.Semaphore) -> list[Finding]:
    (source,) = await node.data_sources(include_assets=True)
    async with limit:
        return await anyio.to_thread.run_sync(
            compare, node.context.opener, source, node.node, place
        )


def compare(opener: Opener, source: Any, node: Any, place: str) -> list[Finding]:
    """Findings of one data source: file, links, number, size and type of frames."""
    address = address_of(source)
    try:
        paths = paths_of(source)
        if source.structure is None or not hasattr(source.structure, "data_type"):
            with opener.node(paths[0], address):
                return []
        with opener.opened(paths, address) as stack:
            where = f"{place} ({', '.join(paths)}:{address})"
            for path in paths:
                opener.check_links(path)
            return [*_gaps(stack, where), *_documents(stack, source.structure, where)]
    except FramepathError as error:
        _, hop = status_and_hop(error)
        return [
            Finding(
                rule=f"catalog-{hop}",
                severity=Severity.ERROR,
                found=str(error.found or error.summary),
                expected=str(error.expected or "data that can be read"),
                where=f"{place}: {error.where or error.summary}",
                next_step=error.next_step or "see framepath links for the file",
                effect=error.summary,
            )
        ]


def _gaps(stack: Any, where: str) -> list[Finding]:
    return [
        Finding(
            rule="catalog-link",
            severity=Severity.ERROR,
            found=gap.reason,
            expected=f"frames {gap.start} to {gap.stop - 1}" if gap.stop > gap.start else "a file",
            where=where,
            next_step="bring the file back, or repair the link: framepath links --repair",
            effect="these frames cannot be read",
        )
        for gap in getattr(stack, "gaps", ())
    ]


def _documents(stack: Any, stored: Any, where: str) -> list[Finding]:
    shape = frames_view(stored).shape
    findings: list[Finding] = []

    def differs(rule: str, found: object, expected: object, effect: str, error: bool) -> None:
        findings.append(
            Finding(
                rule=rule,
                severity=Severity.ERROR if error else Severity.WARNING,
                found=f"{found} in the file",
                expected=f"{expected} in the documents",
                where=where,
                next_step="compare the plan with the file's ledger: framepath ledger",
                effect=effect,
            )
        )

    frame_shape = tuple(n for n in stack.shape[1:])
    per_event = 1
    if frame_shape != tuple(shape[1:]):
        if frame_shape == tuple(shape[2:]):
            per_event = shape[1]
        elif frame_shape != (1, *shape[1:]):
            differs("catalog-frame-size", frame_shape, shape[1:], "frames cannot be read", True)
            return findings
    documented = shape[0] * per_event if shape else 1
    held = len(stack) if shape else 1
    if held < documented:
        differs("catalog-frames-fewer", held, documented, "the last frames cannot be read", True)
    elif held > documented:
        differs("catalog-frames-more", held, documented, "the last frames are not shown", False)
    dtype = stored.data_type.to_numpy_dtype()
    if stack.dtype != dtype:
        safe = np.can_cast(stack.dtype, dtype, "safe")
        effect = "pixels are converted" if safe else "frames cannot be read"
        differs("catalog-frame-type", stack.dtype, dtype, effect, not safe)
    return findings

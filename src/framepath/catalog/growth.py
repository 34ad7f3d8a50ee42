"""Take a running run's growth: more frames of an array whose files the catalog knows already.

Tiled writes each update of a data source as if everything in it were new, one look-up an asset, on
a session that maps rows to objects (tiled 0.2.20, ``catalog/adapter.py`` ``put_data_source``). Of a
run at 20 frames a second only the structure changes, 20 times a second.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from tiled.catalog import orm
from tiled.catalog.utils import compute_structure_id

_sources, _structures, _links, _assets = (
    cast("Table", kind.__table__)
    for kind in (orm.DataSource, orm.Structure, orm.DataSourceAssetAssociation, orm.Asset)
)

_files_of_source = (
    select(_assets.c.data_uri, _links.c.parameter, _links.c.num)
    .join(_links, _links.c.asset_id == _assets.c.id)
    .where(_links.c.data_source_id == bindparam("source"))
)
_new_structure = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(_structures).on_conflict_do_nothing(
        index_elements=["id"]
    )
    for dialect in (sqlite, postgresql)
}
_grown = (
    update(_sources)
    .where(_sources.c.id == bindparam("source"))
    .values(structure_id=bindparam("grown"))
)

SAME = ("structure_family", "mimetype", "parameters", "properties", "management")
"""What of a data source does not change as it grows."""


async def take(node: Any, source: Any, patch: Any) -> bool:
    """Store what a client says of a node's data source, and tell subscribers of the new frames.

    Parameters
    ----------
    node
        A node of an array, as Tiled looked it up.
    source
        Its data source as the client describes it now.
    patch
        Which part is new; None when the client does not say.

    Returns
    -------
    False, and nothing is done, when more than the structure is new.
    """
    (known, *more), structure = node.node.data_sources or [None], _plain(source.structure)
    if known is None or more or structure is None or not _is_same(known, source):
        return False
    if not await _stored(node.context.engine, source, structure):
        return False
    if node.context.streaming_cache:
        await _tell(node.context.streaming_cache, node.node.id, source, patch, structure)
    return True


def _plain(structure: Any) -> dict[str, Any] | None:
    return dataclasses.asdict(structure) if dataclasses.is_dataclass(structure) else structure  # type: ignore[arg-type]


def _is_same(known: Any, source: Any) -> bool:
    return known.id == source.id and all(getattr(known, k) == getattr(source, k) for k in SAME)


async def _stored(engine: Any, source: Any, structure: dict[str, Any]) -> bool:
    grown = compute_structure_id(structure)
    async with engine.begin() as connection:
        files = await connection.execute(_files_of_source, {"source": source.id})
        described = {(asset.data_uri, asset.parameter, asset.num) for asset in source.assets}
        if described != {tuple(row) for row in files}:
            return False
        insert = _new_structure[engine.dialect.name]
        await connection.execute(insert, {"id": grown, "structure": structure})
        await connection.execute(_grown, {"source": source.id, "grown": grown})
    return True


async def _tell(
    stream: Any, node_id: int, source: Any, patch: Any, structure: dict[str, Any]
) -> None:
    # The message of Tiled's own.
    sequence = await stream.incr_seq(node_id)
    message = {
        "type": "array-ref",
        "sequence": sequence,
        "timestamp": datetime.now().isoformat(),
        "data_source": source.model_dump(),
        "patch": patch.model_dump() if patch else None,
        "shape": structure["shape"],
    }
    await stream.set(node_id, sequence, message)

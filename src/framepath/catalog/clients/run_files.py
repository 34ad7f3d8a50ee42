"""Where the data of a run are: one row a file, as each host spells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepath.catalog.uris import path_of_uri
from framepath.spec.documents import (
    FILE_ON_IOC_KEY,
    LEDGER_STREAM,
    STREAM_OF_FRAME_TYPE,
    image_key,
)


@dataclass(frozen=True, slots=True)
class RunFile:
    """One file with frames of one stream.

    Attributes
    ----------
    stream, key
        Whose data: ``run[stream][key]``.
    on_ioc
        The path as the IOC spelled it; "" where the run does not say (no framepath detector).
    here
        The path where the session ran that took the run; the server's where it does not say.
    on_server
        The path that the catalog server opens.
    dataset
        HDF5 address in the file; "" for other formats.
    exists
        Whether ``here`` names a file on this machine, now.
    """

    stream: str
    key: str
    on_ioc: str
    here: str
    on_server: str
    dataset: str
    exists: bool


def files_of(run: Any) -> list[RunFile]:
    """Every file that the run's streams refer to; links in them are not followed."""
    told = _ledger_rows(run)
    return [
        file
        for stream in run
        if stream != LEDGER_STREAM
        for key in _external_arrays(run[stream])
        for file in _files_of_key(run[stream][key], stream, key, told)
    ]


def _external_arrays(stream: Any) -> list[str]:
    contents = stream.get_contents()
    return [k for k, item in contents.items() if item["attributes"]["structure_family"] == "array"]


def _files_of_key(
    node: Any, stream: str, key: str, told: dict[tuple[str, str], dict[str, str]]
) -> list[RunFile]:
    found = []
    for source in node.data_sources() or []:
        for asset in source.assets:
            if not asset.data_uri.startswith("file:"):
                continue
            on_server = path_of_uri(asset.data_uri)
            row = told.get((stream, key), {})
            here = row.get("file") or on_server
            found.append(
                RunFile(
                    stream=stream,
                    key=key,
                    on_ioc=row.get(FILE_ON_IOC_KEY, ""),
                    here=here,
                    on_server=on_server,
                    dataset=source.parameters.get("dataset", ""),
                    exists=Path(here).is_file(),
                )
            )
    return found


def _ledger_rows(run: Any) -> dict[tuple[str, str], dict[str, str]]:
    """By stream and data key, what the session wrote down of the file."""
    if LEDGER_STREAM not in run:
        return {}
    table = run[LEDGER_STREAM].read()
    columns = ("detector", "frame_type", "file", FILE_ON_IOC_KEY)
    present = [name for name in columns if name in table]
    rows = [
        dict(zip(present, (str(v) for v in values), strict=True))
        for values in zip(*(table[name].values for name in present), strict=True)
    ]
    streams = {frame_type.name.lower(): s for frame_type, s in STREAM_OF_FRAME_TYPE.items()}
    return {(streams[row["frame_type"]], image_key(row["detector"])): row for row in rows}

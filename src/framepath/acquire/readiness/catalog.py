"""A catalog before a run: does it take what is written, and does its server see the files."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
from tiled.client.container import Container
from tiled.structures.array import ArrayStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management

from framepath.acquire.devices.streams import file_uri
from framepath.acquire.documents.delivery import RETRYABLE, UNDELIVERABLE, remove_partial
from framepath.acquire.readiness.folders import FolderPair, marker_folder
from framepath.acquire.readiness.outcomes import Findings
from framepath.spec.documents import HDF5_MIMETYPE
from framepath.spec.findings import Finding, Severity

DATASET = "/entry/data/data"


def check_catalog(catalog: Container, folders: Iterable[FolderPair], report: Findings) -> None:
    """Write a container into the catalog and remove it; let the server read a file meanwhile."""
    where = catalog.uri.partition("?")[0]
    key = f"framepath-check-{secrets.token_hex(4)}"
    try:
        made = catalog.create_container(key, metadata={"purpose": "preflight"})
    except (*RETRYABLE, *UNDELIVERABLE) as error:
        report.findings.append(
            Finding(
                rule="preflight-catalog",
                severity=Severity.ERROR,
                found=f"{type(error).__name__}: {error}",
                expected="a catalog that takes runs",
                where=where,
                effect="runs wait in journals",
                next_step="start the server, or use a key that may write",
            )
        )
        return
    try:
        report.checked.append(f"catalog: takes what is written ({where})")
        for pair in folders:
            _check_seen(made, pair, report)
    finally:
        remove_partial(catalog, key)


def _check_seen(container: Container, pair: FolderPair, report: Findings) -> None:
    """Write a small image file here and ask the server for its pixels."""
    with marker_folder(pair.here) as marker:
        if marker is None:
            return  # told already, with the IOC's half
        pixels = np.frombuffer(secrets.token_bytes(24), np.uint16).reshape(1, 3, 4)
        path = marker / "frames.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset(DATASET, data=pixels, chunks=(1, 3, 4))
        on_server = pair.folder.on_server(path)
        answer = _asked(container, pair.detector, on_server, pixels)
    if answer is None:
        report.checked.append(f"{pair.detector}: the catalog server reads files of its folder")
        return
    report.findings.append(
        Finding(
            rule="preflight-server-folder",
            severity=Severity.ERROR,
            found=f"the server does not read a file that it should see as {on_server!r}: {answer}",
            expected=f"the file that is {str(path)!r} here",
            where=pair.detector,
            next_step="name the server's folder in files: {server: ...}, mount it there, and let "
            "it read it (serve.data, or readable_storage)",
        )
    )


def _asked(container: Container, name: str, path: str, pixels: Any) -> str | None:
    """Why the server does not give these pixels; None when it does."""
    source = DataSource(
        structure_family=StructureFamily.array,
        structure=ArrayStructure.from_array(pixels),
        mimetype=HDF5_MIMETYPE,
        parameters={"dataset": DATASET, "swmr": False},
        management=Management.external,
        assets=[Asset(data_uri=file_uri(path), is_directory=False, parameter="data_uris", num=0)],
    )
    try:
        node = container.new(
            StructureFamily.array, [source], key=f"{name}-{Path(path).parent.name}", metadata={}
        )
        # Asked once: Tiled's client would try what cannot succeed for half a minute.
        answer = container.context.http_client.get(
            node.item["links"]["full"], headers={"Accept": "application/octet-stream"}
        )
    except (*RETRYABLE, *UNDELIVERABLE) as error:
        return f"{type(error).__name__}: {error}"
    if answer.status_code != httpx.codes.OK:
        return f"HTTP {answer.status_code}, {answer.text[:500]}"
    return None if answer.content == pixels.tobytes() else "it read other pixels"

"""Set a session up: RunEngine, catalog, devices and plans, from one settings file."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
from bluesky import RunEngine
from bluesky.callbacks.best_effort import BestEffortCallback

import framepath.acquire as acquire
from framepath.acquire.delivery import RETRYABLE
from framepath.acquire.document_writer import DocumentWriter
from framepath.acquire.provenance import CatalogReferences, with_references
from framepath.config.read import read_settings
from framepath.config.settings import SessionSettings
from framepath.errors import SettingsError
from framepath.session.catalogs import is_configured, open_catalog
from framepath.session.devices import load_devices
from framepath.session.metadata import KeptMetadata

log = logging.getLogger(__name__)

OWN_NAMES = ("RE", "bec", "bp", "bpp", "bps", "cat", "writer")
MODULES = ("catalogs", "devices", "metadata", "start")
"""Names that devices may not have: what a session offers, and the modules of this package."""


def start(path: Path | None = None) -> dict[str, Any]:
    """Everything a user types with, by name.

    Parameters
    ----------
    path
        Settings file; None takes ``framepath.yml`` of the working folder where there is one.

    Returns
    -------
    dict
        ``RE``, ``cat`` (None without a catalog), ``writer``, ``bec``, ``bp``, ``bps``, ``bpp``, the
        plans and stubs of `framepath.acquire`, and every device under its name.

    Raises
    ------
    SettingsError
        The settings, or a devices file, cannot be used.
    """
    settings = read_settings(path).session
    plans = {name: getattr(acquire, name) for name in acquire.__all__}
    devices = load_devices(settings.devices, settings.connect_s)
    clash = sorted(set(devices) & {*OWN_NAMES, *MODULES, *plans})
    if clash:
        raise SettingsError(
            "devices have names that the session needs",
            found=", ".join(clash),
            next_step="give them other names in the devices file",
        )
    metadata: Any = KeptMetadata(settings.folder / "metadata.json", settings.metadata)
    engine = RunEngine(metadata)
    if settings.ledger:
        engine.preprocessors.append(acquire.with_ledger)
    bec = BestEffortCallback()
    bec.disable_plots()
    if settings.tables:
        engine.subscribe(bec)
    catalog, writer = _catalog(settings, engine)
    if settings.references and catalog is not None:
        find = CatalogReferences(catalog, max_age_s=settings.reference_age_s)
        engine.preprocessors.append(partial(with_references, find=find))
    own = {"RE": engine, "bec": bec, "bp": bp, "bpp": bpp, "bps": bps}
    return {**plans, **devices, **own, "cat": catalog, "writer": writer}


def _catalog(settings: SessionSettings, engine: RunEngine) -> tuple[Any, DocumentWriter | None]:
    """The catalog's client, None while it does not answer, and the writer that delivers to it."""
    if not is_configured(settings):
        log.warning("no catalog is configured: runs are not kept; set session.catalog")
        return None, None
    try:
        catalog: Any = open_catalog(settings)
    except RETRYABLE as error:
        log.warning("the catalog does not answer; runs wait in journals", extra={"reason": error})
        catalog = None
    # A callable, so that a session started before its server finds it later.
    writer = DocumentWriter(
        catalog if catalog is not None else lambda: open_catalog(settings),
        folder=settings.folder / "journals",
    )
    engine.subscribe(writer)
    return catalog, writer

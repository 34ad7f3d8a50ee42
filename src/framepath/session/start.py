"""Set a session up: RunEngine, catalog, devices and plans, from one settings file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
from bluesky import RunEngine
from bluesky.callbacks.best_effort import BestEffortCallback

import framepath.acquire as acquire
from framepath.acquire.documents.document_writer import DocumentWriter
from framepath.acquire.documents.provenance import keep_references
from framepath.acquire.documents.reference_runs import ReferenceRuns
from framepath.acquire.readiness.preflight import Report, preflight
from framepath.config.read import read_settings
from framepath.config.settings import SessionSettings
from framepath.errors import CatalogError, SettingsError
from framepath.session.catalogs import Connection, connect
from framepath.session.devices import Devices, load_devices
from framepath.session.metadata import KeptMetadata, scan_id_source
from framepath.session.names import MODULES, OWN_NAMES
from framepath.session.tables import FrameTables
from framepath.session.terminal import show_log
from framepath.spec.serving import SETTINGS_FILE


@dataclass(frozen=True)
class Session:
    """A session as it was set up.

    Attributes
    ----------
    source
        The settings file; None when there was none.
    settings
        What it says, with defaults and environment.
    names
        Everything a user types with: ``RE``, ``cat`` (None without a catalog), ``writer``, ``bec``,
        ``bp``, ``bps``, ``bpp``, ``preflight``, ``session``, the plans and stubs of
        `framepath.acquire`, and every device under its name.
    devices
        The devices, and which of them are not there.
    connection
        The catalog, or why there is none.
    """

    source: Path | None
    settings: SessionSettings
    names: dict[str, Any]
    devices: Devices
    connection: Connection

    def preflight(self, *devices: Any) -> Report:
        """Check what a run will need: IOCs, folders, XML, space, the catalog.

        Parameters
        ----------
        devices
            Those to check; without any all of the session.
        """
        return preflight(
            devices or self.devices.made.values(),
            catalog=self.connection.catalog,
            writer=self.names["writer"],
        )

    def missing(self) -> list[str]:
        """What is not there, a sentence each, with what to do."""
        found = []
        if self.source is None:
            found.append(f"there is no {SETTINGS_FILE} in {Path.cwd()}: defaults are in force")
        found += [f"devices file {path} does not exist" for path in self._absent_files()]
        found += [
            f"{name} does not answer: {why} (it connects when its IOC comes up)"
            for name, why in self.devices.silent.items()
        ]
        found += [
            f"{name} was not made: {why} (start its IOC, then the session again)"
            for name, why in self.devices.absent.items()
        ]
        if self.connection.catalog is None:
            found.append(self.connection.why)
        return found

    def close(self, deadline_s: float = 10.0) -> None:
        """Wait until the catalog has every run, or say that they wait."""
        writer = self.names["writer"]
        if writer is None:
            return
        try:
            writer.close(deadline_s)
        except CatalogError as error:
            warnings.warn(f"{error}; the next session delivers them", RuntimeWarning, stacklevel=2)

    def _absent_files(self) -> list[Path]:
        return [path for path in self.settings.devices if not path.exists()]

    def __repr__(self) -> str:
        from framepath.session.banner import banner

        return banner(self)


@cache
def _opened() -> list[Session]:
    """The session of this process, once there is one."""
    return []


def open_session(path: Path | None = None) -> Session:
    """The session of this process; the first call sets it up."""
    if not _opened():
        show_log()
        _opened().append(start(path))
    return _opened()[0]


def current() -> Session:
    """As `open_session`, and the first call warns of what is missing."""
    is_new = not _opened()
    session = open_session()
    for sentence in session.missing() if is_new else ():
        warnings.warn(sentence, RuntimeWarning, stacklevel=2)
    return session


def start(path: Path | None = None) -> Session:
    """Set a session up, with what is there.

    Parameters
    ----------
    path
        Settings file; None takes ``framepath.yml`` of the working folder where there is one.

    Raises
    ------
    SettingsError
        The settings, or a devices file, cannot be used.
    """
    settings = read_settings(path).session
    source = path or (Path(SETTINGS_FILE) if Path(SETTINGS_FILE).exists() else None)
    plans = {name: getattr(acquire, name) for name in acquire.__all__}
    devices = load_devices(settings.devices, settings.connect_s, settings.path_maps)
    clash = sorted({*devices.made, *devices.absent} & {*OWN_NAMES, *MODULES, *plans})
    if clash:
        raise SettingsError(
            "devices have names that the session needs",
            found=", ".join(clash),
            next_step="give them other names in the devices file",
        )
    engine = _engine(settings)
    connection = connect(settings)
    writer = _writer(settings, engine, connection)
    names = {**plans, **devices.made, "RE": engine, "bp": bp, "bpp": bpp, "bps": bps}
    names |= {"bec": _tables(settings, engine), "cat": connection.catalog, "writer": writer}
    session = Session(source, settings, names, devices, connection)
    names |= {"session": session, "preflight": session.preflight}
    if settings.references:
        runs = ReferenceRuns(connection.catalog, max_age_s=settings.reference_age_s)
        keep_references(engine, runs)
    return session


def _engine(settings: SessionSettings) -> RunEngine:
    metadata: Any = KeptMetadata(settings.folder / "metadata.json", settings.metadata)
    engine = RunEngine(metadata, scan_id_source=scan_id_source)
    if settings.ledger:
        engine.preprocessors += [acquire.with_ledger, acquire.with_stock_checks]
    acquire.keep_progress(engine)
    return engine


def _tables(settings: SessionSettings, engine: RunEngine) -> BestEffortCallback:
    bec = FrameTables()
    bec.disable_plots()
    if settings.tables:
        engine.subscribe(bec)
    return bec


def _writer(
    settings: SessionSettings, engine: RunEngine, connection: Connection
) -> DocumentWriter | None:
    """What delivers runs to the catalog, also to one that is down now and comes up later."""
    if not connection.is_configured:
        return None
    writer = DocumentWriter(
        connection.catalog if connection.catalog is not None else partial(connection.again),
        folder=settings.folder / "journals",
    )
    engine.subscribe(writer)
    return writer

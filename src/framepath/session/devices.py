"""The devices of a session, from devices files, whether their IOCs are up or not."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from guarneri import Instrument

from framepath.errors import FramepathError, SettingsError


def load_devices(paths: Iterable[Path], connect_s: float) -> dict[str, Any]:
    """Make the devices of these files; say in one warning which do not answer, and go on.

    Parameters
    ----------
    paths
        Files as guarneri reads them; those that do not exist are left out.
    connect_s
        Seconds that all PVs together get to connect.

    Raises
    ------
    SettingsError
        A file cannot be read, or a creator refuses an entry.
    """
    instrument = Instrument({})
    for path in paths:
        if path.exists():
            _load(instrument, path)
    made = {device.name: device for device in instrument.unconnected_devices}
    silent = _in_a_thread(instrument.connect(timeout=connect_s, return_exceptions=True))[1]
    if silent:
        warnings.warn(
            f"{len(silent)} device(s) do not answer yet: {', '.join(silent)}; they connect when "
            "their IOCs come up",
            RuntimeWarning,
            stacklevel=2,
        )
    return made


def _load(instrument: Instrument, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            # guarneri only warns of a creator it does not find, and makes no device.
            warnings.filterwarnings("error", message="Unknown device class")
            instrument.load(path)
    except FramepathError:
        raise
    except (ValueError, TypeError, KeyError, OSError, UserWarning) as error:
        raise SettingsError(
            "a devices file cannot be used",
            found=error,
            expected="creator: [{name: ..., prefix: ...}, ...]",
            where=path,
            next_step="correct the entry; docs/reference/devices.md shows one",
        ) from error


def _in_a_thread(work: Any) -> Any:
    """Run a coroutine where no event loop runs: notebooks have one in the main thread."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return result[0]

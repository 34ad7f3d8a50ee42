"""What a demo may be told."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE_S = 90.0
"""Seconds a child process gets to become ready; Tiled alone may import for 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """One run of the demo.

    Attributes
    ----------
    output
        Folder for everything it makes; created, and refused when it cannot be written.
    keep
        Leave the servers up after the story until Ctrl-C.
    replay
        A recorded scan to play instead of the simulated series; None for the simulation.
    replay_address
        HDF5 address of the frames in ``replay``; "" finds them.
    replay_frames
        At most so many frames of each type are played; 0 for all.
    port
        TCP port of the catalog; 0 lets the operating system choose.
    ioc_program
        Program and first arguments that start an IOC; tests put another one here.
    """

    output: Path
    keep: bool = False
    replay: Path | None = None
    replay_address: str = ""
    replay_frames: int = 0
    port: int = 0
    ioc_program: tuple[str, ...] = field(
        default=(sys.executable, "-m", "framepath", "ioc"), repr=False
    )

"""Files to audit: routed series whose pixels encode the frame index, and ways to spoil them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from framepath.layout.model import Mode
from framepath.spec.frame import Frame, checksum
from framepath.spec.ndattribute import FRAME_CHECKSUM, NDAttribute, NDAttrType
from framepath.writing import RoutedWriter, WriterSettings
from unit.writing.recipes import ROUTED, frame, text

DATA, DARK, FLAT = "/entry/data/data", "/entry/data/dark", "/entry/data/flat"
COMPAT = WriterSettings(mode=Mode.COMPAT)
STRICT = WriterSettings(mode=Mode.STRICT)


def routed_frame(index: int, destination: str, unique_id: int | None = None) -> Frame:
    """Frame whose pixels are ``index + 1``, sent to ``destination``, with its checksum."""
    made = frame(index, text("SaveDest", destination))
    number = NDAttribute(FRAME_CHECKSUM, NDAttrType.INT64, checksum(made.data))
    attributes = {**made.attributes, FRAME_CHECKSUM: number}
    return Frame(
        data=made.data,
        unique_id=index + 1 if unique_id is None else unique_id,
        timestamp=float(index),
        attributes=attributes,
    )


def write_series(
    path: Path,
    destinations: Sequence[str],
    settings: WriterSettings = STRICT,
    unique_ids: Iterable[int] | None = None,
) -> Path:
    """A closed file of one frame for each destination."""
    ids = list(unique_ids or range(1, len(destinations) + 1))
    with RoutedWriter(path, ROUTED, settings) as writer:
        for index, destination in enumerate(destinations):
            writer.write(routed_frame(index, destination, ids[index]))
    return path


_ENDLESS = """
import sys
from framepath.writing import RoutedWriter, WriterSettings
from unit.files.checks.cases import DATA, DARK, FLAT, routed_frame
from unit.writing.recipes import ROUTED

settings = WriterSettings(swmr=sys.argv[2] == "swmr", flush_every_frames=5)
writer = RoutedWriter(sys.argv[1], ROUTED, settings)
for index in range(12):
    writer.write(routed_frame(index, (DATA, DARK, FLAT)[index % 3]))
print("ready", flush=True)
sys.stdin.read()
"""


def writing_process(path: Path, mode: str) -> subprocess.Popen[str]:
    """A process that has flushed 10 frames of 12 and keeps the file open ("swmr" or "plain")."""
    tests = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(path), mode],
        cwd=tests,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()

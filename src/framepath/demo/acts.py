"""The acts of the story: which runs are taken, and which pictures come of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from framepath.demo.laboratory import Laboratory
from framepath.demo.pictures import save_picture, transmission
from framepath.demo.settings import DemoSettings
from framepath.files.links import list_links
from framepath.spec.frame_type import FrameType

SERIES = ((FrameType.DARK, 3), (FrameType.FLAT, 2), (FrameType.IMAGE, 4))
"""The simulated series: nine frames in one file."""

EIGER_FRAMES = 10


@dataclass(frozen=True)
class Act:
    """One run that was taken.

    Attributes
    ----------
    title
        For the table.
    detector
        The device; its ledger tells the file and the counts.
    run
        The run as the catalog has it.
    """

    title: str
    detector: Any
    run: Any

    @property
    def file(self) -> Path:
        """The HDF5 file, for an Eiger the master file."""
        return Path(self.detector.ledger[0].file)

    @property
    def data_files(self) -> list[str]:
        """Real paths that the file's external links lead to."""
        return sorted({link.resolved for link in list_links(self.file) if link.exists})

    def images(self, stream: str) -> Any:
        """Frames of one stream, lazily: (frames, y, x)."""
        return self.run[stream][f"{self.detector.name}_image"]


def series_act(laboratory: Laboratory, prefix: str) -> Act:
    """Images, darks and flats of the simulated camera."""
    camera = laboratory.camera(prefix, "simdet", replayed=False)
    return Act("series", camera, laboratory.series(camera, SERIES))


def count_act(laboratory: Laboratory, prefix: str) -> Act:
    """An ordinary ``bp.count`` with the Eiger."""
    eiger = laboratory.eiger(prefix, "eiger2")
    return Act("count", eiger, laboratory.count(eiger, EIGER_FRAMES))


def replay_act(laboratory: Laboratory, prefix: str, settings: DemoSettings) -> Act:
    """A recorded scan through the whole chain, in the recorded order of frame types."""
    camera = laboratory.camera(prefix, "replay", replayed=True)
    return Act("replay", camera, laboratory.series(camera, recorded_steps(settings)))


def recorded_steps(settings: DemoSettings) -> list[tuple[FrameType, int]]:
    """Stretches of one frame type in a recording, at most ``replay_frames`` of each type.

    Frames whose type the recording does not tell, or that are invalid, count as images.
    """
    from framepath.detector.drivers.replay_source import open_recording

    assert settings.replay is not None
    with open_recording(settings.replay, settings.replay_address or None) as recording:
        types = [_played_as(recording.frame_type(index)) for index in range(len(recording))]
    left = dict.fromkeys(FrameType, settings.replay_frames or len(types))
    steps = []
    for frame_type, stretch in groupby(types):
        n_frames = min(len(list(stretch)), left[frame_type])
        left[frame_type] -= n_frames
        if n_frames:
            steps.append((frame_type, n_frames))
    return steps


def _played_as(recorded: FrameType | None) -> FrameType:
    return FrameType.IMAGE if recorded is None else recorded


def save_pictures(acts: list[Act], folder: Path) -> list[Path]:
    """Draw the first frame of every stream; with darks and flats the corrected image too."""
    folder.mkdir(exist_ok=True)
    saved = []
    for act in acts:
        stacks = {entry.frame_type: _stack(act, entry.frame_type) for entry in act.detector.ledger}
        for name, stack in stacks.items():
            title = f"{act.detector.name} {name} 0 of {len(stack)}"
            path = folder / f"{act.title}_{name}.png"
            saved.append(save_picture(path, stack[0], title, counts=act.title == "count"))
        if {"image", "dark", "flat"} <= stacks.keys():
            corrected = transmission(stacks["image"], stacks["dark"], stacks["flat"])
            title = f"{act.detector.name}: transmission, (image - dark) / (flat - dark)"
            saved.append(save_picture(folder / f"{act.title}_corrected.png", corrected, title))
    return saved


def _stack(act: Act, frame_type: str) -> np.ndarray[Any, np.dtype[Any]]:
    from framepath.spec.documents import STREAM_OF_FRAME_TYPE

    stream = STREAM_OF_FRAME_TYPE[FrameType.of_name(frame_type)]
    # A picture needs a few frames, not a whole recorded scan.
    return np.asarray(act.images(stream)[:16])

"""The demo from its first process to its last verified frame."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from framepath.demo.hints import print_how_to_open, print_how_to_reach
from framepath.demo.results import StreamResult, results_table
from framepath.demo.servers import FRAMES_FOLDER, Servers
from framepath.demo.settings import DemoSettings
from framepath.demo.stages import Interruption, Stages
from framepath.errors import FramesLost, MissingExtra, SettingsError
from framepath.spec.documents import STREAM_OF_FRAME_TYPE
from framepath.spec.frame_type import FrameType

if TYPE_CHECKING:
    from framepath.demo.acts import Act

SUMMARY = "summary.json"


def tell(settings: DemoSettings, console: Console) -> list[StreamResult]:
    """Run the demo; everything it makes lies below ``settings.output``.

    Raises
    ------
    SettingsError
        The output folder cannot be used, or a process was told something it cannot do.
    MissingExtra
        Packages of the demo are not installed.
    FramesLost
        A count differs, or a frame came back changed.
    ProcessFailed, FramepathError
        What a hop has to say.
    """
    _prepare(settings.output)
    with Interruption() as interruption, Servers(settings) as servers:
        stages = Stages(console, interruption)
        with interruption.deferred():
            servers.start()
        acts = _take(settings, servers, stages)
        results = _verify(acts, stages)
        _report(settings, acts, results, stages, console)
        if settings.keep:
            print_how_to_reach(console, settings, servers)
            _wait_for_ctrl_c(console)
    return results


def _prepare(output: Path) -> None:
    try:
        if (output / "catalog").exists():
            # What an earlier demo left; nothing else is ever removed.
            for made in ("catalog", FRAMES_FOLDER, "pictures"):
                shutil.rmtree(output / made, ignore_errors=True)
        (output / FRAMES_FOLDER).mkdir(parents=True, exist_ok=True)
        (output / "written").write_text("")
        (output / "written").unlink()
    except OSError as error:
        raise SettingsError(
            "the demo cannot write there",
            found=error.strerror or error,
            expected="a folder that can be made and written",
            where=output,
            next_step="name another with --output",
        ) from error


def _take(settings: DemoSettings, servers: Servers, stages: Stages) -> list[Act]:
    """Wait until everything is ready, and run the plans."""
    files = settings.output / FRAMES_FOLDER
    with stages.stage("processes", "start the IOCs, the catalog and Bluesky side by side"):
        servers.connect_epics()
        acting, laboratory_type = _imported()
        served = servers.catalog()
        laboratory = laboratory_type.connect(served, files)
    prefixes = servers.prefixes
    if settings.replay:
        with stages.stage("replay", f"play {settings.replay.name} by frame type into one file"):
            return [acting.replay_act(laboratory, prefixes.camera, settings)]
    with stages.stage("series", "frame_series: 3 darks, 2 flats, 4 images into one file"):
        series = acting.series_act(laboratory, prefixes.camera)
    with stages.stage("count", "bp.count of the Eiger: 10 frames, a master and its data files"):
        count = acting.count_act(laboratory, prefixes.eiger)
    return [series, count]


def _imported() -> tuple[Any, Any]:
    # Only now: EPICS clients read their environment when they are first imported.
    try:
        from framepath.demo import acts
        from framepath.demo.laboratory import Laboratory
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "the demo needs packages that are not installed",
            found=f"no module {error.name}",
            next_step='install them: pip install "framepath[all]"',
        ) from error
    return acts, Laboratory


def _verify(acts: list[Act], stages: Stages) -> list[StreamResult]:
    from framepath.demo.verify import sent_checksums, verified_count

    results = []
    with stages.stage("reading", "read every frame through the catalog, compare its checksum"):
        for act in acts:
            for entry in act.detector.ledger:
                stream = STREAM_OF_FRAME_TYPE[FrameType.of_name(entry.frame_type)]
                images = act.images(stream)
                sent = sent_checksums(act.file, entry.dataset)
                verified = verified_count(images, sent)
                counts = (entry.triggered, entry.received, entry.stored, images.shape[0], verified)
                results.append(StreamResult(act.title, stream, *counts))
    return results


def _report(
    settings: DemoSettings,
    acts: list[Act],
    results: list[StreamResult],
    stages: Stages,
    console: Console,
) -> None:
    from framepath.demo.acts import save_pictures

    with stages.stage("pictures", "draw what was read"):
        pictures = save_pictures(acts, settings.output / "pictures")
    summary = {
        "results": [result.as_json() for result in results],
        "files": [str(act.file) for act in acts],
        "pictures": [str(path) for path in pictures],
        "seconds": stages.seconds,
    }
    (settings.output / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n")
    console.print()
    console.print(results_table(results))
    incomplete = [result for result in results if not result.complete]
    if incomplete:
        raise FramesLost(
            "the hops do not agree",
            found="; ".join(str(result.as_json()) for result in incomplete),
            expected="five equal counts in every row",
            next_step="framepath ledger FILE tells what became of each frame",
        )
    print_how_to_open(console, acts, pictures)


def _wait_for_ctrl_c(console: Console) -> None:
    console.print("The servers stay up; Ctrl-C ends them.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("ending the servers")

"""What the demo tells its reader to do next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from framepath.demo.servers import FRAMES_FOLDER, Servers
from framepath.demo.settings import DemoSettings

if TYPE_CHECKING:
    from framepath.demo.acts import Act


def print_how_to_open(console: Console, acts: list[Act], pictures: list[Path]) -> None:
    """Full paths of files and pictures, and the plain h5py lines that open them."""
    for act in acts:
        console.print(f"\n[bold]{act.title}[/bold] (run {act.run.metadata['start']['uid']})")
        for entry in act.detector.ledger:
            console.print(f"  {entry.frame_type:<6} {entry.file} : {entry.dataset}", soft_wrap=True)
        for data_file in act.data_files:
            console.print(f"  links  -> {data_file}", soft_wrap=True)
    first = acts[0].detector.ledger[-1]
    console.print("\nOpen it with plain h5py:", style="bold")
    console.print(
        f"  import h5py, hdf5plugin\n  h5py.File({first.file!r})[{first.dataset!r}][0]",
        soft_wrap=True,
        highlight=False,
    )
    console.print("\nPictures:", style="bold")
    for path in pictures:
        console.print(f"  {path}", soft_wrap=True)


def print_how_to_reach(console: Console, settings: DemoSettings, servers: Servers) -> None:
    """The lines to type in another terminal while the servers stay up."""
    variables = {
        "EPICS_CA_ADDR_LIST": f'"{os.environ["EPICS_CA_ADDR_LIST"]}"',
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "FRAMEPATH_CATALOG": f'"{servers.catalog().uri_with_key}"',
        "FRAMEPATH_PREFIX": servers.prefixes.camera,
        "FRAMEPATH_FILES": settings.output / FRAMES_FOLDER,
    }
    console.print("\nIn another terminal, before Python:", style="bold")
    for name, value in variables.items():
        console.print(f"  export {name}={value}", soft_wrap=True, highlight=False)
    console.print("then the ten lines of README.md; a browser may open the catalog's address.\n")

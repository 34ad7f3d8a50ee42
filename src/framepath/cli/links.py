"""``framepath links``: where the links of an HDF5 file lead, and their repair."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from framepath.config.paths import PathMap
    from framepath.spec.links import Link
    from framepath.writing.link_repair import Repair


@click.command("links")
@click.argument("master", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="OLD=NEW",
    help="A folder as another host spells it, and as it is spelt here; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the list 'links'.")
@click.option(
    "--repair",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT",
    help="Write a copy whose links lead where their targets are found now.",
)
@click.option("--in-place", is_flag=True, help="Rewrite the links of MASTER, after a backup.")
def command(
    master: Path, maps: tuple[str, ...], as_json: bool, repair: Path | None, in_place: bool
) -> None:
    """List every link of MASTER: target as written, where it leads, what is there.

    External links, soft links, the sources of virtual datasets and raw external files. Exit status
    1 when one of them is broken.
    """
    from framepath.files.links import list_links

    if repair is not None and in_place:
        raise click.UsageError("--repair and --in-place exclude each other")
    path_map = tuple(_path_map(text) for text in maps)
    if repair is not None or in_place:
        from framepath.writing.link_repair import repair_links

        done = repair_links(master, repair, path_map)
        path, links = done.path, done.links
    else:
        done, path, links = None, master, tuple(list_links(master, path_map))
    if as_json:
        click.echo(json.dumps(_as_json(path, links, done), indent=1))
    else:
        _show(path, links, done)
    _tell_unused(path_map, links, done)
    sys.exit(1 if any(link.problem for link in links) else 0)


def _path_map(text: str) -> PathMap:
    from framepath.config.paths import PathMap

    parts = text.split("=")
    pairs = [("=".join(parts[:n]), "=".join(parts[n:])) for n in range(len(parts) - 1, 0, -1)]
    pairs = [(old, new) for old, new in pairs if old and new]
    if not pairs:
        raise click.BadParameter(f"{text!r} is not OLD=NEW", param_hint="--map")
    # Both folders may have an equals sign in their name; the new one can be looked at.
    old, new = next((pair for pair in pairs if Path(pair[1]).is_dir()), pairs[0])
    return PathMap(ioc=old, here=new)


def _tell_unused(path_map: Iterable[PathMap], links: Iterable[Link], done: Repair | None) -> None:
    names = {link.target_file for link in links}
    names |= {change.before for change in done.changes} if done else set()
    for each in path_map:
        if not any(each.translate(name) for name in names):
            click.echo(f"framepath: no target here begins with --map {each.ioc}", err=True)


def _as_json(path: Path, links: tuple[Link, ...], done: Repair | None) -> dict[str, object]:
    found: dict[str, object] = {
        "file": str(path),
        "links": [link.as_json() for link in links],
        "problems": [f"{link.address}: {link.problem}" for link in links if link.problem],
    }
    if done is not None:
        found["backup"] = str(done.backup) if done.backup else None
        found["changes"] = [
            {"address": c.address, "kind": c.kind, "before": c.before, "after": c.after}
            for c in done.changes
        ]
    return found


def _show(path: Path, links: tuple[Link, ...], done: Repair | None) -> None:
    if done is not None:
        alike = Counter((change.before, change.after) for change in done.changes)
        for (before, after), n_links in alike.items():
            click.echo(f"{before} -> {after} (links: {n_links})")
        click.echo(f"targets rewritten in {done.path}: {len(done.changes)}")
        if done.backup:
            click.echo(f"before: {done.backup}")
    groups: dict[str, list[Link]] = {}
    for link in links:
        groups.setdefault(link.target_file, []).append(link)
    for name, members in sorted(groups.items(), key=lambda item: _n_broken(item[1])):
        _show_file(name, members)
    missing = {link.target_file for link in links if not link.exists}
    if missing:
        click.echo(
            f"files missing: {len(missing)} of {len(groups)}. Those that lie in another folder "
            "now: --map OLD=NEW shows them, with --repair OUT it writes that down"
        )
    click.echo(f"{path}: {len(links)} links, {_n_broken(links)} broken")


def _n_broken(links: Iterable[Link]) -> int:
    return sum(bool(link.problem) for link in links)


def _show_file(name: str, links: list[Link]) -> None:
    """One target file: where it was found or looked for, and the links into it."""
    first, n_broken = links[0], _n_broken(links)
    unreadable = not first.readable
    state, colour = ("broken", "red") if n_broken == len(links) else ("partly broken", "yellow")
    if n_broken == 0:
        state, colour = "good", "green"
    click.echo(f"{click.style(state, fg=colour)}  {name or '(in the file itself)'}")
    click.echo(f"  {first.problem}" if unreadable else f"  {first.rule}: {first.resolved}")
    width = min(max(len(link.address) for link in links), 60)
    for link in links:
        click.echo(f"    {link.address:<{width}}  {_described(link, unreadable)}")
    click.echo()


def _described(link: Link, unreadable: bool) -> str:
    text = f"{link.kind} -> {link.target_address}" if link.target_address else str(link.kind)
    if link.shape is not None:
        text += f"  {link.dtype} {link.shape}"
    if link.problem and not unreadable:
        text += "  " + click.style(link.problem, fg="red")
    return text

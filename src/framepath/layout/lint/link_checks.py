"""Hard links that would point at nothing (rules 10.1 and 10.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from framepath.layout.lint.stored_names import DRIVER_ATTRIBUTES
from framepath.layout.lint.subject import Check, Subject
from framepath.layout.model import Layout, Source
from framepath.layout.rules import Hit, Rule
from framepath.spec.findings import Severity


def made_addresses(layout: Layout) -> set[str]:
    """Addresses of the groups and datasets that exist before hard links are made."""
    made = {address for address, _ in layout.walk_groups()}
    ndattributes: set[str] = set()
    has_performance_place = False
    for address, dataset in layout.walk_datasets():
        is_performance = address.endswith("/performance/timestamp")
        if dataset.source is None and not is_performance:
            continue
        has_performance_place |= is_performance and dataset.source is not Source.NDATTRIBUTE
        if dataset.source is Source.NDATTRIBUTE:
            if not dataset.ndattribute or dataset.ndattribute in ndattributes:
                continue
            ndattributes.add(dataset.ndattribute)
        made.add(address)
    group = layout.default_attribute_group()
    if group is not None and not has_performance_place:
        made.add(f"{group}/timestamp")
    return made


def _resolved(target: str, made: set[str], links: dict[str, str]) -> str | None:
    """Address that a target means once aliases are followed; None when it does not exist."""
    address = ""
    for component in target.split("/")[1:]:
        address = f"{address}/{component}"
        if address in links:
            address = links[address]
        elif address not in made:
            return None
    return address


def _dangling(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    made = made_addresses(layout)
    all_links = {address for address, _ in layout.walk_hardlinks()}
    severity_in_default_group = _default_group_rule(subject)
    links: dict[str, str] = {}
    for address, link in layout.walk_hardlinks():
        # HDF5 takes a relative target from the root, and passes over "." and doubled slashes.
        target = "".join(f"/{part}" for part in link.target.split("/") if part not in ("", "."))
        resolved = _resolved(target, made, links) if target else None
        severity = severity_in_default_group(target)
        if resolved is not None or severity is None:
            links[address] = resolved or target
            continue
        why = "a link that is made later" if target in all_links else "which does not exist"
        yield Hit(
            found=f"{address} -> {link.target!r}, {why}",
            position=link.position,
            severity=severity,
        )


def _default_group_rule(subject: Subject) -> Callable[[str], Severity | None]:
    """How bad a link to an address is that is not in the layout; None: an NDAttribute makes it."""
    group = subject.layout.default_attribute_group()
    placed = {dataset.ndattribute for _, dataset in subject.layout.walk_datasets()}
    definitions = subject.attributes.definitions if subject.attributes else ()
    known = DRIVER_ATTRIBUTES | {definition.name for definition in definitions}

    def severity(target: str) -> Severity | None:
        parent, _, name = target.rpartition("/")
        if group is None or parent != group or name in placed:
            return Severity.ERROR
        if name in known:
            return None
        # A driver may add what no file names; in the root a slip is the likelier reason.
        return Severity.WARNING if subject.attributes is not None or group == "" else None

    return severity


LINK_CHECKS = (
    Check(
        Rule(
            id="layout-dangling-hardlink",
            reference="10.1",
            severity=Severity.ERROR,
            title="hard link to nothing",
            expected="the full address of a group, a dataset or an earlier link of this layout",
            effect="the link is not made; only the IOC's console says so",
            next_step="correct the target",
        ),
        _dangling,
    ),
)

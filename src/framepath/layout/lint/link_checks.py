"""Hard links that would point at nothing (rules 10.1 and 10.2)."""

from __future__ import annotations

from collections.abc import Iterator

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
    for component in target.split("/"):
        if component in ("", "."):
            continue
        address = f"{address}/{component}"
        if address in links:
            address = links[address]
        elif address not in made:
            return None
    return address


def _dangling(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    made = made_addresses(layout)
    links: dict[str, str] = {}
    for address, link in layout.walk_hardlinks():
        resolved = _resolved(link.target, made, links) if link.target else None
        if resolved is not None:
            links[address] = resolved
            continue
        severity = _by_default_group(subject, link.target)
        if severity is None:
            links[address] = link.target
            continue
        later = any(link.target == other for other, _ in layout.walk_hardlinks())
        yield Hit(
            found=f"{address} -> {link.target!r}"
            + (", a link that is made later" if later else ", which does not exist"),
            position=link.position,
            severity=severity,
        )


def _by_default_group(subject: Subject, target: str) -> Severity | None:
    """How sure it is that no NDAttribute of the default group gives the target; None: it does."""
    group = subject.layout.default_attribute_group()
    parent, _, name = target.rpartition("/")
    if group is None or parent != group:
        return Severity.ERROR
    placed = {d.ndattribute for _, d in subject.layout.walk_datasets()}
    if name in placed:
        return Severity.ERROR
    if name in DRIVER_ATTRIBUTES or (subject.attributes and subject.attributes.get(name)):
        return None
    # A driver may add what no file names; in the root a forgotten group is the likelier reason.
    return Severity.WARNING if subject.attributes is not None or group == "" else None


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

"""Which dataset a frame goes to (rule 6d.3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from framepath.errors import LayoutError, RoutingError
from framepath.layout.model import Layout, Mode
from framepath.spec.addresses import ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS
from framepath.spec.frame import Frame
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttrType, NDAttrValue

_COMPARED_CHARACTERS = 127
"""ADCore copies the value into 128 bytes before it compares (rule 6d.3)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a frame goes; ``reason`` is empty when it goes where it was sent."""

    destination: str
    fate: Fate = Fate.STORED
    reason: str = ""


class Router:
    """Chooses the dataset of each frame by a layout's global and the frame's own attributes.

    Raises
    ------
    LayoutError
        The layout has no detector dataset, or its default is not one.
    """

    def __init__(self, layout: Layout, mode: Mode) -> None:
        self.destinations = tuple(layout.detector_datasets())
        default = layout.default_destination()
        if default is None or default not in self.destinations:
            raise LayoutError(
                "the layout gives frames no dataset",
                found="no dataset of source detector"
                if default is None
                else f"det_default on {default}, which is no detector dataset",
                expected='a <dataset source="detector">',
                where=layout.origin,
                next_step="run: framepath lint LAYOUT.xml",
            )
        self.default = default
        self._attribute = layout.destination_attribute
        self._strict = mode is Mode.STRICT
        self._straight = {address: Route(address) for address in self.destinations}

    def asked(self, frame: Frame) -> str:
        """The address that a frame asks for, whatever it is; the default when it asks for none."""
        attribute = frame.attributes.get(self._attribute)
        if attribute is None or attribute.value is None:
            return self.default
        return _text(attribute.value)

    def route(self, frame: Frame) -> Route:
        """The dataset for a frame.

        Raises
        ------
        RoutingError
            In strict mode: no destination, or one that the layout does not have. In both modes:
            the destination attribute is not text.
        """
        if not self._attribute:
            return self._straight[self.default]
        attribute = frame.attributes.get(self._attribute)
        if attribute is None:
            return self._elsewhere(frame, "", f"the frame has no NDAttribute {self._attribute}")
        if attribute.type is not NDAttrType.STRING:
            raise RoutingError(
                "a frame's destination is not text",
                found=f"NDAttribute {self._attribute} of type {attribute.type.name}",
                expected="a string such as " + self.default,
                where=f"frame {frame.unique_id}",
                next_step='set dbrtype="DBR_STRING" in the camera\'s attributes XML',
            )
        text = _text(attribute.value)
        straight = self._straight.get(text[:_COMPARED_CHARACTERS])
        if straight is not None:
            return straight
        return self._elsewhere(frame, text, f"no dataset {text!r}")

    def _elsewhere(self, frame: Frame, text: str, reason: str) -> Route:
        if not self._strict:
            return Route(self.default, Fate.STORED_IN_DEFAULT, reason)
        raise RoutingError(
            "a frame has no place in the file",
            found=f"{self._attribute} = {text!r}" if text else reason,
            expected=f"one of {', '.join(self.destinations)}",
            where=f"frame {frame.unique_id}",
            next_step="send one of these texts (an mbbo state holds 25 characters), or use "
            "compat mode to store such frames in the default dataset",
        )


def _text(value: NDAttrValue) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return "" if value is None else str(value)


_TYPE_OF_DESTINATION = {
    address: frame_type
    for table in (ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS)
    for frame_type, address in table.items()
}


@cache
def frame_type_of(destination: str) -> int:
    """Frame type that a dataset's address stands for, -1 when it says nothing."""
    known = _TYPE_OF_DESTINATION.get(destination)
    if known is not None:
        return int(known)
    word = destination.rsplit("/", 1)[-1].rsplit("_", 1)[-1]
    try:
        return int(FrameType.of_name(word))
    except ValueError:
        return -1

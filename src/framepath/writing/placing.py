"""Where in its dataset a frame goes: the next place, or the one its NDAttributes name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from framepath.errors import FrameRefused
from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute
from framepath.writing.geometry import Geometry


class CountedPlaces:
    """One place after the other (rule 11.4)."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._n = 0

    def find(self, frame: Frame, attributes: Mapping[str, NDAttribute]) -> tuple[int, ...]:
        """The next place; FrameRefused when the dataset is full."""
        capacity = self._geometry.capacity
        if capacity is not None and self._n >= capacity:
            raise FrameRefused(
                "the dataset is full",
                found=f"frame {self._n + 1}",
                expected=f"at most {capacity} (NumCapture, or the extra dimensions' product)",
                where=f"frame {frame.unique_id}",
                next_step="raise NumCapture, or open the next file",
            )
        return self._geometry.place(self._n)

    def take(self, place: tuple[int, ...]) -> str:
        """Use the place that `find` gave; returns a note, "" here."""
        self._n += 1
        return ""

    def index(self, place: tuple[int, ...]) -> int:
        """The place as one number, counted with the last axis fastest."""
        return self._n


class NamedPlaces:
    """Position mode: NDAttributes hold the index along each extra dimension (rule 11.4).

    ``names`` are for N, X, Y, 3, ... 9, fastest first; axes without a name stay at index 0.
    """

    def __init__(self, geometry: Geometry, names: tuple[str, ...], keep_first: bool) -> None:
        self._sizes = geometry.lead_sizes
        self._names = names
        self._keep_first = keep_first
        self._taken: set[tuple[int, ...]] = set()

    def find(self, frame: Frame, attributes: Mapping[str, NDAttribute]) -> tuple[int, ...]:
        """The place that the frame names.

        Raises
        ------
        FrameRefused
            An attribute is missing or no index within its dimension; in strict mode also when
            another frame has the place.
        """
        index = [self._index_of(name, attributes, frame) if name else 0 for name in self._names]
        index += [0] * (len(self._sizes) - len(index))
        place = tuple(reversed(index))
        inside = all(0 <= at < size for at, size in zip(place, self._sizes, strict=True))
        if not inside or (self._keep_first and place in self._taken):
            raise FrameRefused(
                "a frame names a place that it cannot have",
                found=f"index {place}" + (" for a second time" if inside else ""),
                expected=f"a free place within {self._sizes}",
                where=f"frame {frame.unique_id}",
                next_step=f"correct the attributes {', '.join(self._names)}",
            )
        return place

    def _index_of(self, name: str, attributes: Mapping[str, NDAttribute], frame: Frame) -> int:
        value = attributes[name].value if name in attributes else None
        if isinstance(value, (int, float)) and value == value // 1:
            return int(value)
        raise FrameRefused(
            "a frame does not say where it belongs",
            found=f"{name} = {value!r}",
            expected="a whole number",
            where=f"frame {frame.unique_id}",
            next_step="define the attribute, or switch PositionMode off",
        )

    def take(self, place: tuple[int, ...]) -> str:
        """Use the place; the note says when an earlier frame is replaced, as ADCore does."""
        again = place in self._taken
        self._taken.add(place)
        return f"replaces an earlier frame at {place}" if again else ""

    def index(self, place: tuple[int, ...]) -> int:
        """The place as one number, counted with the last axis fastest."""
        return int(np.ravel_multi_index(place, self._sizes))

"""All NDAttributes of a file: what every frame carries, what is missing, what is written when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from framepath.errors import FrameRefused
from framepath.layout.model import Mode, When
from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType, NDAttrValue
from framepath.writing.columns import Column

UNIQUE_ID = "NDArrayUniqueId"
"""Written last of all columns: its rows mark frames as complete (rule 6n.6)."""

_OF_EVERY_FRAME = (
    (UNIQUE_ID, NDAttrType.INT32, "The unique ID of the NDArray"),
    ("NDArrayTimeStamp", NDAttrType.FLOAT64, "The timestamp of the NDArray as float64"),
    ("NDArrayEpicsTSSec", NDAttrType.UINT32, "The NDArray EPICS timestamp seconds past epoch"),
    ("NDArrayEpicsTSnSec", NDAttrType.UINT32, "The NDArray EPICS timestamp nanoseconds"),
)
"""What the file writer adds by itself (NDAttributes XML rules, section 3)."""

OWN_NAMES = tuple(name for name, _, _ in _OF_EVERY_FRAME)


def own_values(frame: Frame) -> tuple[int | float, ...]:
    """A frame's values for `OWN_NAMES`."""
    return (frame.unique_id, frame.timestamp, *frame.epics_ts)


def attributes_of(frame: Frame, extra: Mapping[str, NDAttribute]) -> dict[str, NDAttribute]:
    """Everything a file may store of a frame; the frame's own values win over ``extra``."""
    found = {
        name: NDAttribute(name, kind, value, text, "Driver", NDAttrSourceType.DRIVER)
        for (name, kind, text), value in zip(_OF_EVERY_FRAME, own_values(frame), strict=True)
    }
    for attribute in (*extra.values(), *frame.attributes.values()):
        if attribute.name not in OWN_NAMES:
            found[attribute.name] = attribute
    return found


class AttributeTable:
    """The columns of a file.

    Parameters
    ----------
    columns
        In the order in which their datasets were made.
    mode
        Decides what is stored for a frame that lacks an attribute: in ``compat`` the value before
        it, as ADCore's list of attributes keeps it; in ``strict`` NaN, "" or 0, and a note.
    """

    def __init__(self, columns: Iterable[Column], mode: Mode) -> None:
        self.columns = sorted(columns, key=lambda column: column.name == UNIQUE_ID)
        self._repeat_last = mode is Mode.COMPAT
        every = [column for column in self.columns if column.when is When.FRAME]
        self._own = [column for column in every if column.name in OWN_NAMES]
        self._own_at = [OWN_NAMES.index(column.name) for column in self._own]
        self._of_frame = [column for column in every if column.name not in OWN_NAMES]
        self._places: list[tuple[int, ...]] = []
        self.n_waiting = 0
        self.row_bytes = sum(column.kind.dtype.itemsize for column in self.columns)

    def add(
        self,
        frame: Frame,
        attributes: Mapping[str, NDAttribute],
        place: tuple[int, ...],
    ) -> str:
        """Keep the values of one frame.

        Parameters
        ----------
        frame
            For what every frame carries.
        attributes
            All others, by name.
        place
            The frame's index along the leading axes of its dataset.

        Returns
        -------
        A note on what was not there or did not fit, "" when all was.

        Raises
        ------
        FrameRefused
            A value that its column cannot hold; nothing of the frame was kept.
        """
        notes: list[str] = []
        n_added = 0
        own = own_values(frame)
        value: NDAttrValue = None
        try:
            for column, at in zip(self._own, self._own_at, strict=True):
                value = own[at]
                column.add(value)
                n_added += 1
            for column in self._of_frame:
                attribute = attributes.get(column.name)
                value = None if attribute is None else attribute.value
                if value is None and column.kind is not NDAttrType.UNDEFINED:
                    value = self._stand_in(column, notes)
                column.add(value)
                n_added += 1
        except (TypeError, OverflowError) as error:
            every = (*self._own, *self._of_frame)
            for column in every[:n_added]:
                column.take_back()
            raise _misfit(frame, every[n_added], value, error) from error
        self._places.append(place)
        self.n_waiting += 1
        return "; ".join(notes)

    def _stand_in(self, column: Column, notes: list[str]) -> NDAttrValue:
        if self._repeat_last and column.last is not None:
            return column.last
        value = column.missing()
        notes.append(f"no value of {column.name}, {value!r} stored")
        return value

    def write(self) -> None:
        """Store what waits, `UNIQUE_ID` last."""
        if self.n_waiting:
            places, self._places, self.n_waiting = self._places, [], 0
            for column in self.columns:
                if column.when is When.FRAME:
                    column.write(places)

    def write_once(self, when: When, frame: Frame, attributes: Mapping[str, NDAttribute]) -> None:
        """Store the single rows of FILE_OPEN or FILE_CLOSE columns (rule 6n.4).

        Raises
        ------
        FrameRefused
            At open: a value that its own type cannot hold. At close such a value gets no row.
        """
        for column in self.columns:
            attribute = attributes.get(column.name)
            if column.when is not when or attribute is None:
                continue
            value = attribute.value
            try:
                column.add(column.missing() if value is None else value)
            except (TypeError, OverflowError) as error:
                if when is When.FILE_OPEN:
                    raise _misfit(frame, column, value, error) from error
            column.write([])

    def at_least_one_row(self) -> None:
        """Give every column without a row one of fill, as ADCore leaves it (rule 6n.4)."""
        for column in self.columns:
            column.at_least_one_row()

    def flush(self) -> None:
        """Make what was written visible to readers, `UNIQUE_ID` last."""
        for column in self.columns:
            column.flush()


def _misfit(frame: Frame, column: Column, value: NDAttrValue, error: Exception) -> FrameRefused:
    return FrameRefused(
        "an NDAttribute does not fit the dataset that was made for it",
        found=f"{column.name} = {value!r} ({error})",
        expected=f"{column.kind.name}, as in the first frame",
        where=f"frame {frame.unique_id}",
        next_step="keep the type of an NDAttribute while a file is open",
    )

"""Frame types, and the three numberings that the field must not mix up."""

from __future__ import annotations

from enum import IntEnum


class FrameType(IntEnum):
    """What a frame was taken for; the value is the state of areaDetector's ``cam1:FrameType``.

    ``IMAGE`` is areaDetector's "Normal", ``DARK`` its "Background" (ADCore ``ADBase.template``).
    """

    IMAGE = 0
    DARK = 1
    FLAT = 2
    DOUBLE_CORRELATION = 3

    @property
    def epics_state(self) -> str:
        """The state string an areaDetector IOC starts with."""
        return _EPICS_STATES[self]

    @property
    def image_key(self) -> int:
        """The NXtomo ``image_key``: 0 projection, 1 flat, 2 dark, 3 invalid."""
        return _IMAGE_KEYS[self]

    @classmethod
    def of_image_key(cls, image_key: int) -> FrameType:
        """Frame type of an NXtomo ``image_key``; ValueError for a key that NXtomo does not have."""
        for frame_type, key in _IMAGE_KEYS.items():
            if key == image_key:
                return frame_type
        raise ValueError(f"image_key {image_key} is not one of NXtomo's 0, 1, 2, 3")

    @classmethod
    def of_name(cls, name: str) -> FrameType:
        """Frame type of a name that people use ("image", "dark", "white"...), case ignored.

        Raises
        ------
        ValueError
            The name is none of the known synonyms; they are listed in the message.
        """
        try:
            return _SYNONYMS[name.strip().lower()]
        except KeyError:
            raise ValueError(
                f"unknown frame type {name!r}; expected one of {', '.join(sorted(_SYNONYMS))}"
            ) from None


_EPICS_STATES = {
    FrameType.IMAGE: "Normal",
    FrameType.DARK: "Background",
    FrameType.FLAT: "FlatField",
    FrameType.DOUBLE_CORRELATION: "DblCorrelation",
}

_IMAGE_KEYS = {
    FrameType.IMAGE: 0,
    FrameType.FLAT: 1,
    FrameType.DARK: 2,
    FrameType.DOUBLE_CORRELATION: 3,
}

_SYNONYMS = {
    "image": FrameType.IMAGE,
    "normal": FrameType.IMAGE,
    "projection": FrameType.IMAGE,
    "light": FrameType.IMAGE,
    "dark": FrameType.DARK,
    "background": FrameType.DARK,
    "flat": FrameType.FLAT,
    "flatfield": FrameType.FLAT,
    "white": FrameType.FLAT,
    "bright": FrameType.FLAT,
    "dblcorrelation": FrameType.DOUBLE_CORRELATION,
}

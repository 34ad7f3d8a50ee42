"""One exception tree; every message names what was found, expected, where, and the next step."""

from __future__ import annotations


class FramepathError(Exception):
    """Root of every error that framepath raises on purpose.

    Parameters
    ----------
    summary
        One sentence: what cannot be done.
    found, expected
        The value met, and the value (or rule) that would have served.
    where
        File, line, PV, HDF5 address or URL.
    next_step
        What the reader should do now.
    """

    def __init__(
        self,
        summary: str,
        *,
        found: object = None,
        expected: object = None,
        where: object = None,
        next_step: str | None = None,
    ) -> None:
        self.summary = summary
        self.found = found
        self.expected = expected
        self.where = where
        self.next_step = next_step
        super().__init__(self._text())

    def _text(self) -> str:
        text = self.summary.rstrip(".")
        if self.found is not None:
            text += f"; found {self.found}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.where is not None:
            text += f"; at {self.where}"
        if self.next_step is not None:
            text += f". Next: {self.next_step}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, and errors cross processes.
        details = {
            "found": self.found,
            "expected": self.expected,
            "where": self.where,
            "next_step": self.next_step,
        }
        return _rebuilt, (type(self), self.summary, details)


def _rebuilt(cls: type[FramepathError], summary: str, details: dict[str, object]) -> FramepathError:
    error = cls.__new__(cls)
    FramepathError.__init__(error, summary, **details)  # type: ignore[arg-type]
    return error


class SettingsError(FramepathError, ValueError):
    """A setting, argument or command-line value is not usable."""


class MissingExtra(FramepathError, ImportError):
    """A part of framepath was asked for whose optional packages are not installed."""


class ProcessFailed(FramepathError, RuntimeError):
    """A child process died, or did not become ready before its deadline."""


class LayoutError(FramepathError, ValueError):
    """A layout XML or NDAttributes XML cannot be used as it stands."""


class RoutingError(FramepathError, LookupError):
    """A frame's destination is not a detector dataset of the layout."""


class FrameRefused(FramepathError, ValueError):
    """A frame does not fit the file it was sent to (size, type, order)."""


class CodecError(FramepathError, ValueError):
    """A chunk cannot be encoded or decoded: unknown codec, wrong header, damaged bytes."""


class WriteFailed(FramepathError, OSError):
    """The file system or HDF5 refused a write; what was flushed before is still readable."""


class FileUnreadable(FramepathError, OSError):
    """A file exists but is not what its name or its documents say."""


class FileCrashes(FileUnreadable):
    """Reading a file ends the HDF5 library, or does not end at all: it is not opened here."""


class FileMissing(FileUnreadable, FileNotFoundError):
    """There is no file of that name."""


class LinkBroken(FramepathError, FileNotFoundError):
    """An external link, VDS source or raw file cannot be followed to its data."""


class OutsideFolders(FramepathError, PermissionError):
    """A path, or what it leads to, lies outside the folders that may be read."""


class IocUnreachable(FramepathError, TimeoutError):
    """A PV did not connect, or its IOC stopped answering."""


class StagingError(FramepathError, RuntimeError):
    """The detector is not set up so that its frames would be stored as asked."""


class FramesLost(FramepathError, RuntimeError):
    """Triggered, received and stored frame counts disagree."""


class CatalogError(FramepathError, RuntimeError):
    """The catalog does not have, or cannot serve, what a run says it holds."""

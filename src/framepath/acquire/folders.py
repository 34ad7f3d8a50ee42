"""Where a detector's files go, as the IOC, this machine and the catalog server each see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from framepath.config.paths import PathMap, is_windows_path
from framepath.errors import SettingsError, StagingError


@dataclass(frozen=True, slots=True)
class FileFolder:
    """A folder of image files under each host's name for it.

    Attributes
    ----------
    map
        The folder as each host spells it; names that are not given equal ``here`` (or ``ioc``).
    subfolder
        Below that folder, with strftime directives, e.g. ``%Y/%m/%d``.
    """

    map: PathMap
    subfolder: str = ""

    @classmethod
    def of(cls, files: str | Path | PathMap | FileFolder) -> FileFolder:
        """A folder from what a user writes: one path that all hosts share, or a path map.

        A shared path may hold strftime directives (``/data/%Y/%m``); they follow the clock of this
        machine when the detector is staged.

        Raises
        ------
        SettingsError
            The path is relative, or no name is given.
        """
        if isinstance(files, FileFolder):
            return files
        if isinstance(files, PathMap):
            return cls(_completed(files))
        text = str(files)
        fixed, directives = _split_at_directive(text)
        if not (fixed.startswith("/") or is_windows_path(fixed)):
            raise SettingsError(
                "the folder for image files must be absolute: the IOC has another working folder",
                found=text,
                expected="for example /data/simdet or /data/%Y/%m",
            )
        return cls(PathMap(ioc=fixed, here=fixed, server=fixed), directives)

    def on_ioc(self, when: datetime) -> str:
        """The folder of that day as the IOC spells it."""
        return _joined(self.map.ioc, when.strftime(self.subfolder))

    def here(self, path_on_ioc: str) -> Path:
        """Where this machine finds a file that the IOC says it wrote.

        Raises
        ------
        StagingError
            The IOC's path is not below the IOC's folder.
        """
        found = self._translated(path_on_ioc, "here")
        return Path(found)

    def on_server(self, path_here: Path) -> str:
        """The catalog server's spelling of a file found here."""
        return self._translated(str(path_here), "server")

    def on_ioc_of(self, path_here: Path) -> str:
        """The IOC's spelling of a file found here."""
        return self._translated(str(path_here), "ioc")

    def _translated(self, path: str, to: str) -> str:
        found = self.map.translate(path, to)  # type: ignore[arg-type]
        if found is None:
            raise StagingError(
                "a file lies outside the folder that this detector was given",
                found=path,
                expected=f"a path below {self.map.ioc} (IOC), {self.map.here} (here) or "
                f"{self.map.server} (server)",
                next_step="give area_detector(files=...) the folder the IOC writes to, "
                "or a PathMap with each host's name for it",
            )
        return found


def _completed(given: PathMap) -> PathMap:
    here = given.here or given.ioc
    return PathMap(ioc=given.ioc or here, here=here, server=given.server or here)


def _split_at_directive(text: str) -> tuple[str, str]:
    """The part before the first component that holds a ``%``, and the rest."""
    parts = text.split("/")
    first = next((i for i, part in enumerate(parts) if "%" in part), len(parts))
    return "/".join(parts[:first]) or "/", "/".join(parts[first:])


def _joined(folder: str, subfolder: str) -> str:
    if not subfolder:
        return folder
    separator = "\\" if is_windows_path(folder) else "/"
    return folder.rstrip("/\\") + separator + subfolder.strip("/").replace("/", separator)

"""Where a detector's files go, as the IOC, this machine and the catalog server each see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from framepath.config.paths import PathMap, is_windows_path
from framepath.errors import SettingsError, StagingError

_TEMPLATES = {"write_path_template": "ioc", "read_path_template": "here"}
"""Names that ophyd's and apstools' file plugins have for two of the hosts."""


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
    def of(cls, files: Files) -> FileFolder:
        """A folder from what a user writes.

        Parameters
        ----------
        files
            One path that all hosts share; or a `PathMap`; or a mapping with its names (``ioc``,
            ``here``, ``server``) or with those of existing configurations
            (``write_path_template`` as the IOC spells it, ``read_path_template`` as this machine
            does). Paths may end in components with strftime directives (``/data/%Y/%m``), equal
            for all hosts; they follow this machine's clock when the detector is staged.

        Raises
        ------
        SettingsError
            A path is relative, a name unknown, or the directives differ.
        """
        if isinstance(files, FileFolder):
            return files
        if isinstance(files, PathMap):
            return cls._of_names(files.model_dump())
        if isinstance(files, Mapping):
            return cls._of_names(_host_names(files))
        return cls._of_names({"ioc": str(files)})

    @classmethod
    def _of_names(cls, names: Mapping[str, str]) -> FileFolder:
        split = {host: _split_at_directive(text) for host, text in names.items() if text}
        directives = {tail for _, tail in split.values()}
        if len(directives) != 1:
            raise SettingsError(
                "the hosts' names for the folder of image files differ after their first directive",
                found=", ".join(f"{host}: {text}" for host, text in names.items() if text),
                expected="the same components from the first % on",
            )
        for fixed, _ in split.values():
            if not (fixed.startswith("/") or is_windows_path(fixed)):
                raise SettingsError(
                    "the folder for image files must be absolute: the IOC has another working "
                    "folder",
                    found=fixed,
                    expected="for example /data/simdet or /data/%Y/%m",
                )
        fixed_names = {host: fixed for host, (fixed, _) in split.items()}
        return cls(_completed(**fixed_names), directives.pop())

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


def _host_names(files: Mapping[str, str]) -> dict[str, str]:
    known = {**{host: host for host in ("ioc", "here", "server")}, **_TEMPLATES}
    unknown = set(files) - set(known)
    if unknown or not files:
        raise SettingsError(
            "unknown name for a folder of image files",
            found=", ".join(sorted(unknown)) or "nothing",
            expected=", ".join(known),
        )
    return {known[name]: str(path) for name, path in files.items()}


def _completed(ioc: str = "", here: str = "", server: str = "") -> PathMap:
    here = here or ioc or server
    return PathMap(ioc=ioc or here, here=here, server=server or here)


def _split_at_directive(text: str) -> tuple[str, str]:
    """The part before the first component that holds a ``%``, and the rest with slashes."""
    separators = "/\\" if is_windows_path(text) else "/"
    text = text.rstrip(separators)
    root = "/" if text.startswith("/") or not text else ""
    directive = text.find("%")
    if directive < 0:
        return text or root, ""
    cut = max(text.rfind(separator, 0, directive) for separator in separators)
    fixed = text[: max(cut, 0)].rstrip(separators)
    tail = text[cut + 1 :]
    return fixed or root, tail.replace("\\", "/") if "\\" in separators else tail


def _joined(folder: str, subfolder: str) -> str:
    if not subfolder:
        return folder
    separator = "\\" if is_windows_path(folder) else "/"
    return folder.rstrip("/\\") + separator + subfolder.strip("/").replace("/", separator)


Files = str | Path | PathMap | Mapping[str, str] | FileFolder
"""What names a folder of image files; see `FileFolder.of`."""

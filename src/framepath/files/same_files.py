"""Prove to another process, maybe on another host, that a file it sees is the very file seen here.

A path says little: another host may have another file there, or a copy. Inode, size and time of the
last write are the same wherever a shared file system is mounted, the device on one host only; a
digest of samples of the content, at places that nobody knows before the nonce is drawn, tells
files apart whose numbers agree by chance.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from framepath.config.paths import Host, PathMap, translated
from framepath.errors import FileUnreadable, FramepathError, OutsideFolders
from framepath.files.containment import Folders
from framepath.files.opened import regular_file
from framepath.files.stamp import Stamp, stamp_of
from framepath.files.superblock import read_superblock

_SAMPLE_BYTES = 4096
_N_SAMPLES = 4
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Proof(NamedTuple):
    """What only the same file gives.

    Attributes
    ----------
    path
        Real path at the host that proves.
    stamp
        Device, inode, size and time of the last write there.
    digest
        SHA-256, hex, of the nonce and samples of the content.
    """

    path: str
    stamp: Stamp
    digest: str


def prove(path: Path, folders: Folders | None, nonce: str) -> Proof:
    """Proof of a file.

    Raises
    ------
    FileMissing, FileUnreadable, OutsideFolders
        It is not there, no regular file, is being written, or may not be read.
    """
    with regular_file(path, folders) as descriptor:
        superblock = read_superblock(descriptor)
        if superblock is not None and superblock.open_for_write:
            # HDF5 shares within a process what it knew of a file when it was first opened: whoever
            # writes documents there would count the frames of that moment.
            raise FileUnreadable(
                "this file is still being written", where=path, next_step="read it by HTTP"
            )
        stamp = stamp_of(descriptor)
        assert stamp is not None
        return Proof(str(path), stamp, _digest(descriptor, stamp.n_bytes, nonce))


def host_mark(nonce: str) -> str:
    """What two processes on one running host both give, and no other host does."""
    boot = _BOOT_ID.read_text() if _BOOT_ID.exists() else platform.node()
    return hashlib.sha256(f"{nonce} {boot}".encode()).hexdigest()


def _digest(descriptor: int, n_bytes: int, nonce: str) -> str:
    drawn = hashlib.sha256(nonce.encode()).digest()
    room = max(1, n_bytes - _SAMPLE_BYTES)
    places = [int.from_bytes(drawn[8 * n : 8 * n + 8]) % room for n in range(_N_SAMPLES - 1)]
    content = hashlib.sha256(drawn)
    for place in (0, *places):
        content.update(os.pread(descriptor, _SAMPLE_BYTES, place))
    return content.hexdigest()


@dataclass(frozen=True)
class SameFiles(Folders):
    """Not folders but files: those of another host that are the same files here, and no others.

    Whatever leads elsewhere, or to a file that has changed, is `OutsideFolders`.

    Attributes
    ----------
    stamps
        The files by their real paths here.
    """

    stamps: Mapping[Path, Stamp] = field(default_factory=dict)

    @classmethod
    def confirmed(
        cls, proofs: Sequence[Proof], path_map: tuple[PathMap, ...], nonce: str, *, same_host: bool
    ) -> SameFiles | None:
        """The files of all proofs; None when one is not visible here, or is another file.

        Parameters
        ----------
        path_map
            How this host and that of the proofs spell their folders.
        same_host
            Whether the proofs were made on this running host, so that devices can be compared and
            its spelling tried first; a container may mount the same folder elsewhere.
        """
        spellings: tuple[Host, ...] = ("server", "here") if same_host else ("here", "server")
        for host in spellings:
            files = cls((), path_map, host)
            stamps = [files._confirmed(each, nonce, same_host) for each in proofs]
            if all(stamps):
                return replace(files, stamps=dict(filter(None, stamps)))
        return None

    def _confirmed(self, theirs: Proof, nonce: str, same_host: bool) -> tuple[Path, Stamp] | None:
        real = self._real_path(theirs.path)
        try:
            ours = prove(real, None, nonce)
        except FramepathError:
            return None
        first = 0 if same_host else 1
        same = (ours.stamp[first:], ours.digest) == (theirs.stamp[first:], theirs.digest)
        return (real, ours.stamp) if same else None

    def _real_path(self, written: str) -> Path:
        return Path(os.path.realpath(translated(written, self.path_map, self.host) or written))

    def check(self, path: str | os.PathLike[str]) -> Path:
        """Real path of one of the files, which is still the same.

        Raises
        ------
        OutsideFolders
            It is none of them, or was changed.
        """
        real = self._real_path(os.fspath(path))
        if not self.contains(real) or stamp_of(real) != self.stamps[real]:
            raise OutsideFolders(
                "this is not a file that the catalog has authorised, or it was changed since",
                found=real,
                next_step="read it through the catalog",
            )
        return real

    def contains(self, real: Path) -> bool:
        """Whether a path that is already real is one of the files."""
        return real in self.stamps

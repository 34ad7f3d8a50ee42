"""``framepath ioc`` with a writer that changes one pixel of every third frame it is given."""

from __future__ import annotations

import dataclasses
import sys

from framepath.cli import main
from framepath.writing.routed import RoutedWriter

_write = RoutedWriter.write


def _write_changed(self, frame, *rest, **options):
    if frame.unique_id % 3 == 0:
        data = frame.data.copy()
        data.flat[data.size // 2] ^= 1
        frame = dataclasses.replace(frame, data=data)
    return _write(self, frame, *rest, **options)


RoutedWriter.write = _write_changed
sys.argv = ["framepath", "ioc", *sys.argv[1:]]
main()

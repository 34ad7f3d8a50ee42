"""What a session prints of a run: Bluesky's tables, and what became of its frames."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bluesky.callbacks.best_effort import BestEffortCallback

from framepath.spec.documents import LEDGER_STREAM


class FrameTables(BestEffortCallback):
    """Bluesky's tables without a row for every frame of a series, and with its ledger.

    A series that says how many frames it takes has rows of nothing but times, by the thousand. Of a
    run inside a run Bluesky's callback follows only the inner one, and would fail at the rest of
    the outer one.
    """

    def start(self, doc: Any) -> None:
        """Begin with a run."""
        self._begun: dict[str, Any] = dict(doc)
        self._ledger: list[dict[str, Any]] = []
        super().start(doc)

    def descriptor(self, doc: Any) -> None:
        """Begin a table, where there is more to show than when a frame came."""
        only_frames = all("external" in key for key in doc["data_keys"].values())
        is_shown = self._table_enabled
        self._table_enabled = is_shown and not (only_frames and "num_frames" in self._begun)
        try:
            super().descriptor(doc)
        finally:
            self._table_enabled = is_shown

    def event(self, doc: Any) -> None:
        """A row of the table."""
        descriptor = self._descriptors.get(doc["descriptor"])
        if descriptor is None:
            return
        if descriptor["name"] == LEDGER_STREAM:
            self._ledger.append(doc["data"])
        super().event(doc)

    def stop(self, doc: Any) -> None:
        """End with the run: frames of each type, and their file."""
        super().stop(doc)
        if doc["run_start"] == self._begun["uid"] and self._table_enabled:
            for line in lines_of(self._ledger):
                print(line)


def lines_of(entries: list[dict[str, Any]]) -> list[str]:
    """A line a file: frames stored of each type, ``n of m`` where frames are missing."""
    files: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        stored, triggered = entry["stored"], entry["triggered"]
        number = f"{stored}" if stored == triggered else f"{stored} of {triggered}"
        files[entry["detector"], entry["file"]].append(f"{number} {entry['frame_type']}")
    return [
        f"{detector}: {', '.join(counts)} frame(s) stored" + (f" in {file}" if file else "")
        for (detector, file), counts in files.items()
    ]

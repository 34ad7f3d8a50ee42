"""What the demo counts, and the table it prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class StreamResult:
    """Frames of one event stream, counted at each hop.

    ``triggered`` is what the plan asked for, ``received`` what the driver's counter says,
    ``stored`` what the file holds when reopened, ``catalogued`` what Tiled offers, ``verified`` the
    frames whose bytes, read through Tiled, have the checksum the driver took.
    """

    run: str
    stream: str
    triggered: int
    received: int
    stored: int
    catalogued: int
    verified: int

    @property
    def complete(self) -> bool:
        """Every hop saw every frame."""
        return (
            len({self.triggered, self.received, self.stored, self.catalogued, self.verified}) == 1
        )

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def results_table(results: list[StreamResult]) -> Table:
    """The counts as a person reads them; a row with a difference is red."""
    table = Table("run", "stream", title="frames at each hop", title_justify="left")
    for column in ("triggered", "received", "stored", "catalogued", "verified"):
        table.add_column(column, justify="right")
    for result in results:
        counts = list(result.as_json().values())[2:]
        table.add_row(
            result.run,
            result.stream,
            *(str(count) for count in counts),
            style="" if result.complete else "bold red",
        )
    return table

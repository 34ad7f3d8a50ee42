"""Event streams of frames: one a frame type, described by the file as it was written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from event_model import ComposeStreamResourceBundle, DataKey, StreamRange, compose_stream_resource

from framepath.acquire.devices.exposures import Documents
from framepath.acquire.devices.stored_file import StoredDataset
from framepath.errors import FileUnreadable, StagingError
from framepath.spec.documents import HDF5_MIMETYPE, STREAM_OF_FRAME_TYPE, image_key
from framepath.spec.frame_type import FrameType

if TYPE_CHECKING:
    from framepath.acquire.devices.detector import FrameDetector


class FrameStream:
    """The frames of one type as an event stream that a RunEngine collects.

    A RunEngine refuses external keys of different lengths in one stream, so every frame type has
    its own. Shape, dtype and chunks are read from the file once its first frame is stored, not
    from PVs, which lag behind (ADEiger's bit depth) or are set by hand.

    Attributes
    ----------
    name
        For the RunEngine, e.g. ``simdet_dark``.
    stream
        Name of the event stream, e.g. ``dark``.
    n_taken, n_described
        Frames stored, and of these described by a StreamDatum.
    frames_a_datum
        Frames that one index of a StreamDatum stands for: 1, or those of a point.
    """

    parent = None

    def __init__(self, detector: FrameDetector, frame_type: FrameType) -> None:
        self._detector = detector
        self.frame_type = frame_type
        self.stream = STREAM_OF_FRAME_TYPE[frame_type]
        self.name = f"{detector.name}_{self.stream}"
        self.begin()

    def begin(self) -> None:
        """Forget the file before; called when the detector is staged."""
        self.n_taken = 0
        self.n_described = 0
        self.frames_a_datum = self._detector.frames_per_point
        self._waiting_rows: list[tuple[int, int]] = []
        self.is_declared = False
        self._stored: StoredDataset | None = None
        self._resource: ComposeStreamResourceBundle | None = None

    @property
    def key(self) -> str:
        """Data key of the frames, e.g. ``simdet_image``."""
        return image_key(self._detector.name)

    @property
    def hints(self) -> dict[str, Any]:
        """Nothing here can be plotted against time."""
        return {"fields": []}

    def stored(self) -> StoredDataset:
        """The dataset as written, read once.

        Raises
        ------
        StagingError
            The file does not have it.
        """
        if self._stored is None:
            self._stored = self._detector.file_logic.stored(self.frame_type)
        if self._stored is None:
            address = self._detector.file_logic.where(self.frame_type)
            raise StagingError(
                "the image file has no such dataset",
                found=address.dataset,
                where=address.path,
                next_step="framepath lint the layout; framepath ledger lists what the file holds",
            )
        return self._stored

    def check_as_written(self, written: StoredDataset | None) -> None:
        """Compare the closed file with what the documents say of it.

        Raises
        ------
        FileUnreadable
            Shape or type of a frame differ: readers would be refused, or read nonsense.
        """
        told = self._stored
        if told is None or written is None:
            return
        as_told = (told.frame_shape, told.dtype_numpy)
        as_written = (written.frame_shape, written.dtype_numpy)
        if as_told != as_written:
            raise FileUnreadable(
                f"frames of {self.name} are stored otherwise than their documents say",
                found=f"shape and type {as_written}",
                expected=f"{as_told}",
                where=self._detector.file_logic.where(self.frame_type).path,
                next_step="do not change region, binning or bit depth of a staged detector",
            )

    def n_readable(self) -> int:
        """Frames of all types that readers find in the growing file, with their columns."""
        n_stored = self._detector.file_logic.n_stored()
        columns = self._detector.attribute_columns
        if not n_stored or not columns.names:
            return n_stored
        path = self._detector.file_logic.where(self.frame_type).path
        return min(n_stored, columns.n_rows(path))

    @property
    def has_undescribed(self) -> bool:
        """Whether frames are stored that no StreamDatum describes."""
        return self.n_taken > self.n_described

    def take(self, first_row: int, n_frames: int) -> None:
        """Told that ``n_frames`` are stored, whose attributes begin at a row of the file."""
        self.n_taken += n_frames
        self._waiting_rows.append((first_row, n_frames))

    def describe(self) -> dict[str, DataKey]:
        """Data key of one frame: (y, x), so that the catalog shows (frames, y, x).

        With several frames a point it is (frames of a point, y, x).
        """
        stored = self.stored()
        address = self._detector.file_logic.where(self.frame_type)
        n = self.frames_a_datum
        return {
            **self._detector.attribute_columns.describe(address.path),
            self.key: DataKey(
                source=f"file:{address.dataset}",
                dtype="array",
                dtype_numpy=stored.dtype_numpy,
                shape=[*([n] if n > 1 else []), *stored.frame_shape],
                external="STREAM:",
            ),
        }

    def describe_collect(self) -> dict[str, DataKey]:
        """As `describe`; the RunEngine asks this when the stream is declared."""
        self.is_declared = True
        return self.describe()

    def read_configuration(self) -> Mapping[Any, Any]:
        """Configuration of the detector."""
        return self._detector.read_configuration()

    def describe_configuration(self) -> Mapping[Any, Any]:
        """Configuration of the detector."""
        return self._detector.describe_configuration()

    def new_documents(self) -> Documents:
        """Documents of the frames stored since the last call; none when there are none."""
        if not self.has_undescribed:
            return []
        documents = Documents()
        if self._resource is None:
            self._resource = self._compose_resource()
            documents.append(("stream_resource", dict(self._resource.stream_resource_doc)))
        n = self.frames_a_datum
        datum = self._resource.compose_stream_datum(
            indices=StreamRange(start=self.n_described // n, stop=self.n_taken // n),
            seq_nums=StreamRange(start=0, stop=0),
        )
        self.n_described = self.n_taken
        documents.append(("stream_datum", dict(datum)))
        return documents

    def _compose_resource(self) -> ComposeStreamResourceBundle:
        chunk = self.stored().chunk_shape
        address = self._detector.file_logic.where(self.frame_type)
        return compose_stream_resource(
            mimetype=HDF5_MIMETYPE,
            uri=file_uri(address.server_path),
            data_key=self.key,
            parameters={
                "dataset": address.dataset,
                "chunk_shape": [*([1] if self.frames_a_datum > 1 else []), *chunk],
                "swmr": self._detector.file_logic.is_swmr,
            },
        )

    def collect_asset_docs(self) -> Iterator[tuple[str, Any]]:
        """StreamResource (once) and StreamDatum of the frames stored since the last call."""
        documents = self.new_documents()
        if documents:
            self._detector.on_collected()
        yield from documents

    def collect(self) -> Iterator[dict[str, Any]]:
        """One event a described frame, with the columns that the detector was asked for."""
        now = time.time()
        columns = self._detector.attribute_columns
        rows, self._waiting_rows = self._waiting_rows, []
        for first_row, n_frames in rows:
            path = self._detector.file_logic.where(self.frame_type).path
            values = columns.read(path, first_row, n_frames)
            for i in range(n_frames):
                data = {key: column[i] for key, column in values.items()}
                yield {"data": data, "timestamps": dict.fromkeys(data, now), "time": now}


def file_uri(path: str) -> str:
    """``file://localhost/...`` of an absolute path; a Windows drive follows the slash."""
    posix = path.replace("\\", "/")
    return f"file://localhost{posix if posix.startswith('/') else '/' + posix}"

"""Reading: random frames of linked files, blocks in order, long datasets, missing files."""

from benchmarks.files.missing_links import files_never_written
from benchmarks.files.random_frames import frame_of_a_long_dataset, frames_of_linked_files
from benchmarks.files.sequential_blocks import sequential_blocks

BENCHMARKS = (
    frames_of_linked_files,
    sequential_blocks,
    frame_of_a_long_dataset,
    files_never_written,
)

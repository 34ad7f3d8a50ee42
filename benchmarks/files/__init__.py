"""Reading: random frames of linked files, blocks in order, long datasets."""

from benchmarks.files.random_frames import frame_of_a_long_dataset, frames_of_linked_files
from benchmarks.files.sequential_blocks import sequential_blocks

BENCHMARKS = (frames_of_linked_files, sequential_blocks, frame_of_a_long_dataset)

"""The HDF5 writer against the bare machine, h5py and its own codec."""

from benchmarks.writing import compressed, raw, scaling, streaming

BENCHMARKS = (
    raw.against_os_write,
    raw.against_os_write_flushing_each,
    raw.against_naive_h5py,
    compressed.against_codec_alone,
    compressed.against_filter,
    compressed.two_workers,
    scaling.thirteen_attributes,
    scaling.long_files,
    streaming.memory,
    streaming.latency,
)

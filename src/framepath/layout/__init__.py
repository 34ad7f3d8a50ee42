"""areaDetector's two XML languages: HDF5 layout and NDAttributes, parsed, explained and linted."""

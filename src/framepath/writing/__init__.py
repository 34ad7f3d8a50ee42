"""The write side: routed HDF5 files, Eiger file sets, views of finished files."""

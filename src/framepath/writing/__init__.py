"""The write side: routed HDF5 files, Eiger file sets, views of finished files."""

from framepath.writing.routed import RoutedWriter
from framepath.writing.settings import Compression, FileWriteMode, WriterSettings

__all__ = ["Compression", "FileWriteMode", "RoutedWriter", "WriterSettings"]

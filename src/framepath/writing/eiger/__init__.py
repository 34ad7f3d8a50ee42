"""DECTRIS Eiger file sets: a master file and the data files that it links to."""

from framepath.writing.eiger.metadata import EigerMetadata, GoniometerAxis
from framepath.writing.eiger.writer import EigerFileWriter

__all__ = ["EigerFileWriter", "EigerMetadata", "GoniometerAxis"]

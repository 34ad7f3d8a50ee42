"""The parameter table: one typed row a PV, from which records, autosave and documents are made.

The CSV files beside this module hold the rows. ``ndarray`` to ``CB1`` and ``eiger*`` describe the
records of areaDetector's own IOCs (made by ``tools/make_params.py``); ``framepath`` are ours;
``traits`` and ``links`` add what we say about rows of any table.
"""

from framepath.spec.params.model import Param, Rate
from framepath.spec.params.tables import CAMERA_TABLES, PLUGIN_TABLES, SUB_PORTS, load, plugin_rows

__all__ = [
    "CAMERA_TABLES",
    "PLUGIN_TABLES",
    "SUB_PORTS",
    "Param",
    "Rate",
    "load",
    "plugin_rows",
]

"""HDF5 addresses that more than one stage relies on."""

from __future__ import annotations

from framepath.spec.frame_type import FrameType

ENTRY_DESTINATIONS = {
    FrameType.IMAGE: "/entry/data/data",
    FrameType.DARK: "/entry/data/dark",
    FrameType.FLAT: "/entry/data/flat",
}
"""Dataset a frame type in framepath's own layout; each fits an mbbo state (25 characters)."""

EXCHANGE_DESTINATIONS = {
    FrameType.IMAGE: "/exchange/data",
    FrameType.DARK: "/exchange/data_dark",
    FrameType.FLAT: "/exchange/data_white",
}
"""Data Exchange's names for the same."""

MBBO_STATE_CHARACTERS = 25
"""Usable characters of an mbbo state string (26 bytes with the NUL, epics-base mbboRecord.dbd)."""

EIGER_DATA_GROUP = "/entry/data"
"""Group of a v1 master file that holds the external links data_000001, data_000002, ..."""

EIGER_DATA_ADDRESS = "/entry/data/data"
"""Dataset inside each Eiger data file, and the virtual dataset of a v2 master."""

LEDGER_ADDRESS = "/framepath/ledger"
"""Where a framepath writer keeps its ledger rows; other readers ignore the group."""

CHECKSUMS_ADDRESS = "/framepath/frame_checksum"
"""int64, one a ledger row: ``FrameChecksum`` of the frame, -1 where it carried none.

Only in files without NDAttribute datasets (Eiger masters); elsewhere the NDAttribute is stored.
"""

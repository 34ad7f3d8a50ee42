"""The rules of the ledger audit: one row each; docs/reference/ledger.md explains them."""

from __future__ import annotations

from typing import NamedTuple

from framepath.spec.findings import Finding, Severity

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Rule(NamedTuple):
    """What a finding of one rule says, apart from what was found and where."""

    severity: Severity
    expected: str
    effect: str
    next_step: str


RULES: dict[str, Rule] = {
    "ledger-open-for-write": Rule(
        _W,
        "a file that its writer has closed",
        "plain readers refuse it; the frames since the last flush are not in it",
        "wait for the writer; if it was killed, run: framepath ledger --close FILE",
    ),
    "ledger-no-frames": Rule(
        _W,
        "a dataset of three or more dimensions, or one that the rows name",
        "there is nothing to count",
        "check that this is the image file or its master file",
    ),
    "ledger-no-rows": Rule(
        _N,
        "NDArrayUniqueId, /framepath/ledger, image_nr_low or image_key",
        "frames that were lost before the file cannot be seen in it",
        "store NDArrayUniqueId (StoreAttr 1, and the layout or a default group keeps it)",
    ),
    "ledger-no-destination": Rule(
        _W,
        "an NDAttribute row a frame that names its dataset",
        "which frame was dark, flat or image is not recorded",
        "name the routing attribute in the layout's detector_data_destination, and store it",
    ),
    "ledger-gap": Rule(
        _W,
        "consecutive NDArrayUniqueId",
        "these frames were taken by the detector and are not in this file",
        "compare with DroppedArrays of the plugins, or with captures started later",
    ),
    "ledger-repeat": Rule(
        _W,
        "each NDArrayUniqueId once",
        "a frame was stored twice, or the counter was reset within the file",
        "check whether ArrayCounter was set back between acquisitions",
    ),
    "ledger-order": Rule(
        _W,
        "rising NDArrayUniqueId",
        "rows are not in the order in which frames were taken",
        "sort by NDArrayUniqueId, and check sort settings of plugins with several threads",
    ),
    "ledger-unknown-destination": Rule(
        _E,
        "the address of a dataset in this file",
        "such frames go to the default dataset, silently with the C++ plugin (layout 6d.3)",
        "correct the frame type's state strings; framepath lint shows what is accepted",
    ),
    "ledger-rows-without-frames": Rule(
        _E,
        "a stored frame for every row that names the dataset",
        "frames that the rows promise are not in the dataset",
        "look for write errors of the IOC; count on the stored frames only",
    ),
    "ledger-frames-without-rows": Rule(
        _W,
        "a row for every stored frame",
        "the identity of these frames is not recorded",
        "use the first frames only; DimAttDatasets 1 and a killed writer both cause this",
    ),
    "ledger-never-written": Rule(
        _E,
        "a chunk of data for every frame that the shape promises",
        "readers get the fill value there as if it were measured",
        "use the written frames only (their count is in this report)",
    ),
    "ledger-all-fill": Rule(
        _W,
        "pixels that differ from the fill value somewhere",
        "the frame is as good as empty: shutter closed, trigger lost, or a write that failed",
        "look at the frame; a photon counter's dark may truly be all zero",
    ),
    "ledger-missing-source": Rule(
        _E,
        "every source of the virtual dataset, with the frames that it maps",
        "readers get the fill value there as if it were measured",
        "framepath links FILE shows where it looks; bring the source file back",
    ),
    "ledger-broken-link": Rule(
        _W,
        "links whose target can be opened",
        "what lies behind them is not counted here",
        "framepath links FILE lists them",
    ),
    "ledger-attribute-length": Rule(
        _W,
        "as many rows as NDArrayUniqueId",
        "rows of this NDAttribute do not belong to the frames of the same index",
        "use the first rows that all have",
    ),
    "ledger-image-key-length": Rule(
        _E,
        "one image_key a frame",
        "darks, flats and projections are told apart wrongly",
        "compare with the plan; repair image_key, or the count of frames",
    ),
    "ledger-refused": Rule(
        _E,
        "every frame stored",
        "these frames reached the writer, or its queue, and are not in the file",
        "see the reason in the ledger row",
    ),
    "ledger-disagrees": Rule(
        _E,
        "/framepath/ledger and the file's own rows to say the same",
        "one of the two is wrong about where frames are",
        "trust the datasets; please report it with the file",
    ),
    "ledger-checksum": Rule(
        _E,
        "pixels with the checksum that the driver took",
        "these are not the pixels that the detector sent",
        "do not use these frames; look for a fault of memory, network or disk",
    ),
    "eiger-missing-file": Rule(
        _E,
        "every data file that the master lists",
        "its frames cannot be read",
        "copy it beside the master, or framepath links FILE --repair",
    ),
    "eiger-image-number": Rule(
        _E,
        "image_nr_low following on the image_nr_high before it, and a range as long as the data",
        "frames are missing from the series, or data files of two series are mixed",
        "compare the data files with the detector's list",
    ),
    "eiger-count": Rule(
        _W,
        "nimages x ntrigger frames",
        "the series was aborted, or data files are missing",
        "check whether the series was stopped on purpose",
    ),
    "eiger-unlisted-file": Rule(
        _N,
        "only data files that the master lists",
        "a data file of an earlier series with the same name may be taken for this one's",
        "compare dates; remove it when it belongs to an overwritten series",
    ),
}
"""Rule id -> what it says."""


def finding(rule: str, *, found: str, where: str) -> Finding:
    """A finding of one rule of `RULES`."""
    said = RULES[rule]
    return Finding(
        rule=rule,
        severity=said.severity,
        found=found,
        expected=said.expected,
        where=where,
        next_step=said.next_step,
        effect=said.effect,
    )

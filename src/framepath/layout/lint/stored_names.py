"""NDAttributes that exist without any attributes file (section 3 of the attribute rules)."""

from __future__ import annotations

ARRAY_ATTRIBUTES = frozenset(
    {"NDArrayUniqueId", "NDArrayTimeStamp", "NDArrayEpicsTSSec", "NDArrayEpicsTSnSec"}
)
"""The writer adds these to every frame; a definition of the same name loses."""

DRIVER_ATTRIBUTES = ARRAY_ATTRIBUTES | {"ColorMode", "BayerPattern", "DriverFileName"}
"""These and what drivers usually add."""

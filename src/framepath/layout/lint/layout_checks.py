"""Every check that needs nothing but the layout; ``strict`` mode runs these at each parse."""

from __future__ import annotations

from framepath.layout.lint.link_checks import LINK_CHECKS
from framepath.layout.lint.tree_checks import TREE_CHECKS

LAYOUT_CHECKS = TREE_CHECKS + LINK_CHECKS

"""Names that devices may not have: what a session offers itself, and its modules."""

from pathlib import Path

OWN_NAMES = ("RE", "bec", "bp", "bpp", "bps", "cat", "preflight", "session", "writer")
MODULES = frozenset(path.stem for path in Path(__file__).parent.glob("*.py"))

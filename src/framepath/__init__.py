"""Every X-ray frame's path from detector to eyes, each hop proven."""

__version__ = "0.1.0"

"""The story of the README: from a fresh clone to verified frames, on one machine."""

"""Settings: one pydantic tree, read once at the edge and passed as arguments."""

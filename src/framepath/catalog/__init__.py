"""The catalog: a Tiled server with adapters that are confined, fast and honest, and its clients."""

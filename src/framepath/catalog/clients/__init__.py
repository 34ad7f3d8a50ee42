"""Client classes that Tiled picks by spec (entry points ``tiled.structure_client``).

They import nothing of the server.
"""

"""The read side: frames of any HDF5 file, its links, and the folders it may lead to."""

from framepath.files.containment import Folders
from framepath.files.links import list_links
from framepath.files.open_frames import frame_types, open_frames

__all__ = ["Folders", "frame_types", "list_links", "open_frames"]

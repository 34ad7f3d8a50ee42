"""Views of a finished file, for readers of NXtomo and of Data Exchange."""

from framepath.writing.views.write import sidecar_path, write_views

__all__ = ["sidecar_path", "write_views"]

"""Startup module of a queueserver: ``start-re-manager --startup-module framepath.session.startup``.

The plans of a queue go by bare names and get devices by name: Bluesky's own plans are here, and
those of framepath described as a queueserver wants it. Stubs are no plans of a queue.
"""

from bluesky.plans import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]
from bluesky_queueserver import parameter_annotation_decorator

from framepath import acquire as _acquire
from framepath.session.start import current

_DETECTOR = {"annotation": "__DEVICE__"}
_ANY = {"annotation": "typing.Any"}
"""A manager process knows neither our classes nor our aliases; the plans check what they get."""


def _queued(plan, **parameters):  # type: ignore[no-untyped-def]
    return parameter_annotation_decorator({"parameters": parameters})(plan)


RE = current().names["RE"]
cat = current().names["cat"]
globals().update(current().devices.made)

frame_series = _queued(_acquire.frame_series, det=_DETECTOR, sequence=_ANY, md=_ANY)
set_frame_type = _queued(_acquire.set_frame_type, det=_DETECTOR, frame_type=_ANY)
tomo_scan = _queued(
    _acquire.tomo_scan,
    det=_DETECTOR,
    theta={"annotation": "__MOVABLE__"},
    when=_ANY,
    hooks=_ANY,
    md=_ANY,
)

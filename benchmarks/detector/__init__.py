"""The detector process: pipeline without and with the writer, points of a plan, start, memory."""

from benchmarks.detector.pipeline import without_writer, writing
from benchmarks.detector.points import count
from benchmarks.detector.whole import memory, start

BENCHMARKS = (without_writer, writing, count, start, memory)

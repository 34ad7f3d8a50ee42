"""The detector process: pipeline without and with the writer, handoffs, points, start, memory."""

from benchmarks.detector.handoff import handoff
from benchmarks.detector.pipeline import with_statistics, without_writer, writing
from benchmarks.detector.points import count
from benchmarks.detector.whole import memory, start

BENCHMARKS = (without_writer, handoff, with_statistics, writing, count, start, memory)

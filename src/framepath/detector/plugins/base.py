"""What every plugin has: a source port, a bounded queue, a thread and honest counters."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from framepath.detector.attributes import Attributes
from framepath.detector.drivers.base import Shown, Value
from framepath.detector.frames import show_identity, show_shape
from framepath.detector.graph import Graph
from framepath.detector.plugins.sorted_output import SortedOutput
from framepath.detector.pool_stats import PoolStats
from framepath.detector.port import Port, PutRefused
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)

METRICS = ("NumReceived", "BytesReceived", "QueueHighWater", "NumStored", "NumRefused")
"""What ``ResetMetrics`` sets to 0."""

Task = Callable[[], None]
Pixels = np.ndarray[Any, np.dtype[Any]]


class Processor(Protocol):
    """What a plugin does with frames; calls come one at a time, unless it is `Concurrent`."""

    def process(self, frame: Frame) -> Frame | None:
        """Work on a frame; what it returns goes to the plugins fed from this one."""
        ...

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame meant for this plugin that it will not see."""
        ...

    def close(self) -> None:
        """The IOC ends: finish what is open."""
        ...


class Concurrent(Protocol):
    """A processor whose frames do not depend on each other: ``NumThreads`` work side by side."""

    is_concurrent: bool


class Plugin:
    """One plugin (implements `framepath.detector.graph.Receiver`).

    Attributes
    ----------
    port
        Its parameters.
    lock
        Held while a frame is processed; put handlers that change what a frame meets take it.
    """

    def __init__(
        self, port: Port, graph: Graph, make: Callable[[Plugin], Processor], attributes: Attributes
    ) -> None:
        self.port = port
        self.lock = threading.RLock()
        self.last_frame: Frame | None = None
        self._name = port.text("PortName")
        self._graph = graph
        self._attributes = attributes
        self._queue: deque[Frame | Task] = deque()
        self._n_tasks = 0
        self._changed = threading.Condition()
        self._ended = False
        self._last_began = 0.0
        self._next_output = 0.0
        self._threads: list[threading.Thread] = []
        self._n_threads = 1
        self._is_started = False
        self._sorted = SortedOutput(port, self._throttled, graph.queued, graph.done)
        PoolStats(port, self._held)
        port.on_put("NDArrayPort", self._on_source)
        port.on_put("NDArrayAddress", self._on_address)
        port.on_put("NumThreads", self._on_threads)
        port.on_put("EnableCallbacks", self._on_enable)
        port.on_put("ProcessPlugin", self._on_process_again)
        port.on_put("QueueSize", self._on_queue_size)
        port.on_put("ResetMetrics", self._on_reset_metrics)
        self._connect_at_start()
        self._processor = make(self)
        self._is_concurrent = getattr(self._processor, "is_concurrent", False)

    def start(self) -> None:
        """Begin to take frames from the queue."""
        self._is_started = True
        self._start_threads(self.port.integer("NumThreads"))

    def _start_threads(self, wanted: int) -> None:
        """Have ``wanted`` threads; those that are too many end when they find it out.

        Frames that depend on each other are worked on by one thread, in their order.
        """
        with self._changed:
            self._n_threads = wanted if self._is_concurrent else 1
            n_missing = self._n_threads - len(self._threads)
            new = [
                threading.Thread(target=self._work, name=self._name, daemon=True)
                for _ in range(n_missing)
            ]
            self._threads += new
            self._changed.notify_all()
        for thread in new:
            thread.start()

    def stop(self) -> None:
        """Work off the queue, end the thread, finish what is open."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join(30.0)
        self._sorted.close()
        with self.lock:
            self._processor.close()

    # -- puts

    def _connect(self, source: str | None = None, address: int | None = None) -> None:
        """Take frames from a port and address; from what is set where one is not given."""
        port = self.port
        address = port.integer("NDArrayAddress") if address is None else address
        source = port.text("NDArrayPort") if source is None else source
        self._graph.connect(self, source, address, self._name)
        self._sorted.begin_again()

    def _connect_at_start(self) -> None:
        """As `_connect`, for what was saved before: an IOC comes up with a loop cut open."""
        try:
            self._connect()
        except PutRefused as refusal:
            log.error("a plugin is left without source", extra={"reason": str(refusal)})
            self.port.publish("NDArrayPort", "")

    def _on_source(self, value: Value) -> None:
        self._connect(source=str(value))

    def _on_address(self, value: Value) -> None:
        self._connect(address=int(value))  # type: ignore[arg-type]

    def _on_threads(self, value: Value) -> Value:
        wanted = min(max(1, int(value)), self.port.integer("MaxThreads"))  # type: ignore[arg-type]
        if self._is_started:
            self._start_threads(wanted)
        return wanted

    def _held(self) -> list[Pixels]:
        """Arrays that this plugin keeps alive: those that wait, and the last one."""
        with self._changed:
            frames = [item for item in self._queue if isinstance(item, Frame)]
        last = [self.last_frame] if self.last_frame is not None else []
        kept = getattr(self._processor, "held", list[Frame])()
        return [*{id(f.data): f.data for f in (*frames, *last, *kept)}.values()]

    def _on_enable(self, value: Value) -> None:
        self._last_began = 0.0

    def _on_process_again(self, value: Value) -> None:
        if value and self.last_frame is not None:
            self._enqueue(self.last_frame)

    def _on_queue_size(self, value: Value) -> Value:
        size = max(1, int(value))  # type: ignore[arg-type]
        with self._changed:
            self.port.publish("QueueFree", size - len(self._queue))
        return size

    def _on_reset_metrics(self, value: Value) -> Shown:
        for name in METRICS:
            if value and name in self.port:
                self.port.publish(name, 0)
        if value:
            self.port.set_setpoint("ResetMetrics", 0)
        return Shown.UNCHANGED

    # -- frames

    def offer(self, frame: Frame) -> None:
        """Take a frame from the source port, on its thread."""
        port = self.port
        if not port["EnableCallbacks"]:
            return
        port.publish("NumReceived", port.integer("NumReceived") + 1)
        port.publish("BytesReceived", port.number("BytesReceived") + frame.data.nbytes)
        now = time.monotonic()
        if now - self._last_began < port.number("MinCallbackTime"):
            self._processor.lost(frame, "MinCallbackTime had not passed")
            return
        self._last_began = now
        if port["BlockingCallbacks"]:
            self._process(frame)
        else:
            self._enqueue(frame)

    def run_soon(self, task: Task) -> None:
        """Run a callable on the plugin's thread, after the frames that are queued now."""
        with self._changed:
            self._n_tasks += 1
            self._queue.append(task)
            self._changed.notify()

    def _enqueue(self, frame: Frame) -> None:
        size = self.port.integer("QueueSize")
        with self._changed:
            has_room = len(self._queue) - self._n_tasks < size and not self._ended
            if has_room:
                self._graph.queued()
                self._queue.append(frame)
                self._changed.notify()
            self._show_free()
        if not has_room:
            self.port.publish("DroppedArrays", self.port.integer("DroppedArrays") + 1)
            self._processor.lost(frame, f"the queue of {self._name} was full ({size} frames)")

    def _show_free(self) -> None:
        n_frames = len(self._queue) - self._n_tasks
        self.port.publish("QueueFree", self.port.integer("QueueSize") - n_frames)
        if n_frames > self.port.integer("QueueHighWater"):
            self.port.publish("QueueHighWater", n_frames)

    def _next(self) -> Frame | Task | None:
        """What is to be done; None when this thread is to end."""
        with self._changed:
            while not self._queue and not self._ended and not self._is_surplus():
                self._changed.wait()
            if self._is_surplus():
                self._threads.remove(threading.current_thread())
                return None
            item = self._queue.popleft() if self._queue else None
            if callable(item):
                self._n_tasks -= 1
            elif item is not None and self._is_concurrent:
                self._sorted.expect(item)
            self._show_free()
            return item

    def _is_surplus(self) -> bool:
        return len(self._threads) > self._n_threads and not self._ended

    def _work(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._work_on(item)
        except BaseException:
            # A fault that nobody foresaw must not make the plugin deaf: another thread goes on,
            # and this one ends with its traceback in the log.
            with self._changed:
                self._threads.remove(threading.current_thread())
            self._start_threads(self.port.integer("NumThreads"))
            raise

    def _work_on(self, item: Frame | Task) -> None:
        if callable(item):
            item()
            return
        try:
            self._process(item)
        finally:
            self._graph.done()

    def _process(self, frame: Frame) -> None:
        began = time.perf_counter()
        try:
            with self.lock:
                frame = self._begun(frame)
                result = None if self._is_concurrent else self._processed(frame)
            if self._is_concurrent:
                result = self._processed(frame)
        finally:
            self._counted(frame)
        self.port.publish("ExecutionTime", 1e3 * (time.perf_counter() - began))
        if result is not None:
            self.emit(result)

    def _begun(self, frame: Frame) -> Frame:
        """The frame as it will be worked on: described, with this plugin's attributes."""
        self.last_frame = frame
        frame = self._with_own_attributes(frame)
        show_shape(self.port, frame)
        return frame

    def _counted(self, frame: Frame) -> None:
        """Count a frame when all that came of it can be read, for those who wait for a count."""
        with self.lock:
            show_identity(self.port, frame)
            self.port.publish("ArrayCounter", self.port.integer("ArrayCounter") + 1)

    def _processed(self, frame: Frame) -> Frame | None:
        try:
            return self._processor.process(frame)
        except Exception as error:
            self._processor.lost(frame, f"processing failed: {error}")
            raise

    def emit(self, frame: Frame) -> None:
        """Send a frame on, unless ``ArrayCallbacks`` or ``MaxByteRate`` forbids it.

        Only processors that send more frames than they get call it themselves.
        """
        if self.port["ArrayCallbacks"]:
            self._sorted.put(frame)

    def emit_at(self, address: int, frame: Frame) -> None:
        """Send an array from another address of this port, past ``ArrayCallbacks``."""
        self._graph.send(self._name, frame, address)

    def _throttled(self, frame: Frame) -> None:
        rate = self.port.number("MaxByteRate")
        now = time.monotonic()
        if rate > 0 and now < self._next_output:
            dropped = self.port.integer("DroppedOutputArrays") + 1
            self.port.publish("DroppedOutputArrays", dropped)
            return
        self._next_output = now + frame.data.nbytes / rate if rate > 0 else 0.0
        self._graph.send(self._name, frame)

    def _with_own_attributes(self, frame: Frame) -> Frame:
        """Add what this plugin's attributes file defines; the frame's own attributes win."""
        own = self._attributes.evaluate(frame, {})
        return replace(frame, attributes={**own, **frame.attributes}) if own else frame

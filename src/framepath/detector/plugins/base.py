"""What every plugin has: a source port, a bounded queue, a thread and honest counters."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from framepath.detector.attributes import Attributes
from framepath.detector.drivers.base import Shown, Value
from framepath.detector.frames import show_frame
from framepath.detector.graph import Graph
from framepath.detector.port import Port
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)

METRICS = ("NumReceived", "BytesReceived", "QueueHighWater", "NumStored", "NumRefused")
"""What ``ResetMetrics`` sets to 0."""

Task = Callable[[], None]


class Processor(Protocol):
    """What a plugin does with frames; calls come one at a time."""

    def process(self, frame: Frame) -> Frame | None:
        """Work on a frame; what it returns goes to the plugins fed from this one."""
        ...

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame meant for this plugin that it will not see."""
        ...

    def close(self) -> None:
        """The IOC ends: finish what is open."""
        ...


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
        self._thread = self._new_thread()
        port.on_put("NDArrayPort", self._on_source)
        port.on_put("EnableCallbacks", self._on_enable)
        port.on_put("ProcessPlugin", self._on_process_again)
        port.on_put("QueueSize", self._on_queue_size)
        port.on_put("ResetMetrics", self._on_reset_metrics)
        graph.connect(self, port.text("NDArrayPort"))
        self._processor = make(self)

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._work, name=self._name, daemon=True)

    def start(self) -> None:
        """Begin to take frames from the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Work off the queue, end the thread, finish what is open."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(30.0)
        with self.lock:
            self._processor.close()

    # -- puts

    def _on_source(self, value: Value) -> None:
        self._graph.connect(self, str(value))

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
        with self._changed:
            while not self._queue and not self._ended:
                self._changed.wait()
            item = self._queue.popleft() if self._queue else None
            if callable(item):
                self._n_tasks -= 1
            self._show_free()
            return item

    def _work(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._work_on(item)
        except BaseException:
            # A fault that nobody foresaw must not make the plugin deaf: another thread goes on,
            # and this one ends with its traceback in the log.
            self._thread = self._new_thread()
            self._thread.start()
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
        with self.lock:
            self.last_frame = frame
            port = self.port
            frame = self._with_own_attributes(frame)
            port.publish("ArrayCounter", port.integer("ArrayCounter") + 1)
            show_frame(port, frame)
            try:
                result = self._processor.process(frame)
            except Exception as error:
                self._processor.lost(frame, f"processing failed: {error}")
                raise
            port.publish("ExecutionTime", 1e3 * (time.perf_counter() - began))
        if result is not None:
            self.emit(result)

    def emit(self, frame: Frame) -> None:
        """Send a frame on, unless ``ArrayCallbacks`` or ``MaxByteRate`` forbids it.

        Only processors that send more frames than they get call it themselves.
        """
        if not self.port["ArrayCallbacks"]:
            return
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

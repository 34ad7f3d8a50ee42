"""What the demo says when something is wrong, and that it leaves nothing running."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from demo_runs import DEADLINE_S, processes_that_mention, start_demo
from framepath.demo.settings import DemoSettings
from framepath.processes import Child


def run_demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "framepath", "demo", *options],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of stderr, which has to be the one that says why."""
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("framepath: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_an_unwritable_folder_is_named():
    assert "/proc/demo" in one_line(run_demo("--output", "/proc/demo"))


def test_an_occupied_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_demo("--output", str(tmp_path), "--port", str(port))
    assert f"127.0.0.1:{port}" in done.stderr
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_a_missing_extra_is_named(tmp_path):
    # A module that cannot be imported stands in the way of the real one.
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    for name in ("bluesky", "softioc", "tiled"):
        (blocked / f"{name}.py").write_text(f"raise ModuleNotFoundError('no', name={name!r})")
    done = subprocess.run(
        [sys.executable, "-m", "framepath", "demo", "--output", str(tmp_path / "out")],
        env={"PYTHONPATH": str(blocked), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode != 0
    assert "pip install" in done.stderr
    assert "framepath[" in done.stderr


def test_one_corrupted_pixel_fails_the_demo(tmp_path):
    corrupting = Path(__file__).parent / "corrupting_ioc.py"
    code = (
        "import sys; from pathlib import Path; from rich.console import Console;"
        "from framepath.demo.settings import DemoSettings; from framepath.demo.story import tell;"
        f"tell(DemoSettings(output=Path({str(tmp_path)!r}),"
        f" ioc_program=(sys.executable, {str(corrupting)!r})), Console())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode != 0
    assert "FramesLost: a frame came back changed" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_process(tmp_path, number):
    child = start_demo(tmp_path)
    wait_for_children(child, tmp_path)
    child.signal(number)
    assert child.wait(30) == 130
    assert processes_that_mention(str(tmp_path)) == []


def wait_for_children(child: Child, output: Path) -> None:
    while len(processes_that_mention(str(output))) < 2:
        assert child.exit_code is None, child.tail


def test_a_replayed_stack_of_full_frames_comes_back(tmp_path):
    recording = tmp_path / "recording.h5"
    rng = np.random.default_rng(7)
    base = rng.poisson(3, (514, 1030)).astype("u2")
    with h5py.File(recording, "w") as file:
        frames = file.create_dataset("stack", (500, 514, 1030), "u2", chunks=(1, 514, 1030))
        for index in range(500):
            frame = np.roll(base, index, axis=1)
            frame[0, 0] = index
            frames.id.write_direct_chunk((index, 0, 0), frame.tobytes())
    done = run_demo(
        *("--output", str(tmp_path / "out"), "--replay", str(recording)),
        *("--replay-address", "/stack"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = next(line for line in done.stdout.splitlines() if "primary" in line)
    assert row.count("500") == 5


def test_a_recorded_scan_comes_back_by_frame_type(tmp_path, recorded_scan):
    done = run_demo("--output", str(tmp_path), "--replay", str(recorded_scan))
    assert done.returncode == 0, done.stdout + done.stderr
    for stream, count in (("dark", "100"), ("flat", "100"), ("primary", "3001")):
        row = next(line for line in done.stdout.splitlines() if f"│ {stream}" in line)
        assert row.count(count) == 5


def test_settings_name_a_program_that_exists():
    assert Path(DemoSettings(output=Path()).ioc_program[0]).exists()

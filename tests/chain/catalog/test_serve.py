"""``framepath serve`` as a command: one line when it works, one line when it cannot."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from framepath.processes import Child
from framepath.spec.serving import Served


def serve(*options):
    return Child.start([sys.executable, "-m", "framepath", "serve", *options], name="serve")


def test_it_ends_on_sigterm_with_zero_and_keeps_its_key(tmp_path):
    with serve("--folder", tmp_path / "catalog") as child:
        served = Served.from_ready_line(child.wait_ready(120))
        assert served.uri.startswith("http://127.0.0.1:")
        with serve("--folder", tmp_path / "catalog") as second:
            assert second.wait(60) == 2
            assert (
                f"another server has the catalog's folder; found process {child.pid};"
                in second.tail
            )
        assert child.stop() == 0
    key = tmp_path / "catalog" / "api_key"
    assert key.read_text().strip() == served.api_key
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_an_occupied_port_is_one_line(tmp_path, served):
    port = served.uri.rsplit(":", 1)[1]
    with serve("--folder", tmp_path, "--port", port) as child:
        assert child.wait(60) != 0
        assert child.tail.count("\n") == 0
        assert port in child.tail


def test_an_unusable_folder_is_one_line(tmp_path):
    # Root may write anywhere, so the folder is made impossible instead of forbidden.
    (tmp_path / "file").write_text("")
    with serve("--folder", tmp_path / "file") as child:
        assert child.wait(60) != 0
        assert child.tail.count("\n") == 0
        assert str(tmp_path / "file") in child.tail


def test_a_missing_data_folder_is_one_line(tmp_path):
    with serve("--folder", tmp_path, "--data", tmp_path / "nowhere") as child:
        assert child.wait(60) != 0
        assert "nowhere" in child.tail


def test_a_missing_extra_is_one_line(tmp_path):
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('gone', name='uvicorn')")
    command = [sys.executable, "-m", "framepath", "serve", "--folder", tmp_path / "c"]
    with Child.start(command, name="serve", env={"PYTHONPATH": str(tmp_path)}) as child:
        assert child.wait(60) == 1
        assert 'pip install "framepath[catalog]"' in child.tail


@pytest.mark.parametrize("option", ["--port=-1", "--port=70000"])
def test_wrong_use_is_exit_code_two(option):
    with serve(option) as child:
        assert child.wait(60) == 2


def test_unknown_settings_are_named(tmp_path: Path):
    (tmp_path / "framepath.yml").write_text("serve:\n  prot: 8000\n")
    with serve("--settings", tmp_path / "framepath.yml") as child:
        assert child.wait(60) == 2
        assert "serve.prot" in child.tail

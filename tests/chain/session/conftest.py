"""A folder as docs/how-to/start-a-session.md tells to make it, and processes started in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.acquire.conftest import catalog, files_folder, served  # noqa: F401 (fixtures)
from doc_pages import Block, blocks
from framepath.processes import Child, free_tcp_and_udp_port

PAGE = "how-to/start-a-session.md"


@dataclass
class SessionFolder:
    """A working folder, and the environment of what is started there."""

    path: Path
    instead: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)

    def blocks(self, language: str) -> list[Block]:
        """Blocks of the page in a language, with this machine's addresses."""
        return [block for block in blocks(PAGE) if block.language == language]

    def text(self, block: Block) -> str:
        text = block.text
        for theirs, ours in self.instead.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, *command: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.path,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=150,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done


@pytest.fixture
def folder(tmp_path, sim_ioc, files_folder, served) -> SessionFolder:  # noqa: F811
    """The page's files for the IOC and the catalog of the tests."""
    instead = {
        "http://127.0.0.1:8000": served.uri,
        "13SIM1:": sim_ioc.prefix,
        "/data/simdet": str(files_folder / tmp_path.name),
    }
    made = SessionFolder(tmp_path, instead)
    for block in made.blocks("yaml"):
        if block.title:
            (tmp_path / block.title).write_text(made.text(block))
    made.environment = {
        "FRAMEPATH_API_KEY": served.api_key,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "jupyter"),
    }
    return made


@pytest.fixture
def redis_port(program, tmp_path) -> int:
    port = free_tcp_and_udp_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    command = [program("redis-server"), *options]
    with Child.start(command, name="redis-server", ready="Ready to accept connections") as child:
        child.wait_ready(60)
        yield port

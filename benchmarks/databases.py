"""PostgreSQL and Redis of one's own, in temporary folders, on loopback ports."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from framepath.processes import Child, free_tcp_and_udp_port

USER, PASSWORD = "framepath", "correcthorse"
DEADLINE_S = 60.0


def postgresql_programs() -> Path | None:
    """Folder of initdb and postgres: on Debian not on PATH; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextlib.contextmanager
def postgresql(programs: Path, databases: list[str]) -> Iterator[dict[str, str]]:
    """A cluster that asks for a password; database -> address with the password."""
    # Not below pytest's own folder, which only its user may enter: the server refuses to be root.
    with tempfile.TemporaryDirectory(prefix="framepath-postgresql-") as name:
        folder, as_user = Path(name), []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        cluster, port = folder / "cluster", str(free_tcp_and_udp_port())
        initdb = [programs / "initdb", "-D", cluster, "-U", USER, "-A", "scram-sha-256"]
        _done([*as_user, *initdb, "--no-sync", f"--pwfile={folder / 'password'}"])
        options = ["-h", "127.0.0.1", "-p", port, "-k", folder, "-F"]
        # It says that it is ready on stderr only.
        said = ["sh", "-c", 'exec "$@" 2>&1', "sh"]
        command = [*as_user, *said, programs / "postgres", "-D", cluster, *options]
        ready = "ready to accept connections"
        with Child.start(command, name="postgres", ready=ready, cwd=folder) as server:
            server.wait_ready(DEADLINE_S)
            for database in databases:
                _done([programs / "createdb", "-h", "127.0.0.1", "-p", port, "-U", USER, database])
            address = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}"
            yield {database: f"{address}/{database}" for database in databases}
            server.stop()


def _done(command: list[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis that keeps nothing on disk."""
    port = free_tcp_and_udp_port()
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
    command = ["redis-server", "--port", str(port), *options]
    ready = "Ready to accept connections"
    with Child.start(command, name="redis", ready=ready) as server:
        server.wait_ready(DEADLINE_S)
        yield f"redis://127.0.0.1:{port}"

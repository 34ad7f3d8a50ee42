"""A real queueserver with Redis, started as docs/how-to/start-a-session.md tells its reader."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from chain.session.conftest import PAGE
from chain.waiting import wait_for
from doc_pages import blocks
from framepath.acquire import area_detector, configure_routing
from framepath.processes import Child, free_tcp_and_udp_port

OPEN_S = 90.0
BIN = Path(sys.executable).parent


def commands() -> list[list[str]]:
    """The page's lines that begin with these programs, options across lines joined."""
    shell = [block.text for block in blocks(PAGE) if block.language == "sh"]
    lines = "\n".join(shell).replace("\\\n", " ").splitlines()
    found = [shlex.split(line) for line in lines]
    return [words for words in found if words and words[0] in ("start-re-manager", "qserver")]


class Manager:
    """Asks what ``qserver`` asks, without the seconds that each start of it takes."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, method: str) -> dict:
        """The answer; empty while nobody answers."""
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RCVTIMEO, 2000)
            socket.connect(self._address)
            socket.send_json({"method": method, "params": {}})
            try:
                return socket.recv_json()
            except zmq.Again:
                return {}

    def wait_idle(self, what: str, **wanted: object) -> None:
        def is_so() -> bool:
            status = self.ask("status")
            state = {"manager_state": "idle", **wanted}
            return all(status.get(key, ...) == value for key, value in state.items())

        try:
            wait_for(is_so, what, OPEN_S)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; {self.ask('status')}; {self.ask('history_get')}"
            ) from None


@pytest.fixture
def routed(sim_ioc, folder):
    """The IOC tells frame types apart: the page has done that before it comes to queues."""
    configure_routing(
        area_detector(sim_ioc.prefix, name="routed", files=folder.instead["/data/simdet"])
    )


@pytest.mark.usefixtures("routed")
def test_plans_of_a_queue_reach_the_catalog(folder, redis_port, catalog):
    control, info = free_tcp_and_udp_port(), free_tcp_and_udp_port()
    address = f"tcp://127.0.0.1:{control}"
    start, *asked = commands()
    places = ["--redis-addr", f"localhost:{redis_port}", "--zmq-control-addr", address]
    places += ["--zmq-info-addr", f"tcp://127.0.0.1:{info}"]
    env = {**os.environ, **folder.environment, "QSERVER_ZMQ_CONTROL_ADDRESS": address}
    n_before = len(catalog)

    def ask(words: list[str]) -> str:
        command = [str(BIN / words[0]), *words[1:]]
        done = subprocess.run(
            command, env=env, cwd=folder.path, capture_output=True, text=True, timeout=60
        )
        assert "'success': True" in done.stdout, done.stdout + done.stderr
        return done.stdout

    command = [str(BIN / start[0]), *start[1:], *places]
    manager = Manager(address)
    with Child.start(command, name="queueserver", env=env, cwd=folder.path) as child:
        manager.wait_idle("a manager")
        for words in asked:
            if words[1:3] == ["queue", "add"]:
                manager.wait_idle("an open environment", worker_environment_exists=True)
            ask(words)
        manager.wait_idle("an empty queue", items_in_queue=0, running_item_uid=None)
        wait_for(lambda: len(catalog) == n_before + 2, "both runs in the catalog")
        items = manager.ask("history_get")["items"]
        ask(["qserver", "environment", "close"])
        manager.wait_idle("a closed environment", worker_environment_exists=False)
    results = [(item["name"], item["result"]["exit_status"]) for item in items]
    assert results == [("count", "completed"), ("frame_series", "completed")], child.tail
    uids = [item["result"]["run_uids"][0] for item in items]
    assert catalog[uids[0]].primary["simdet_image"].shape == (3, 514, 1030)
    assert sorted(catalog[uids[1]]) == ["dark", "ledger", "primary"]

import os
import signal
import sys
import time

import pytest

from framepath.errors import ProcessFailed
from framepath.processes import Child, free_tcp_and_udp_port


def python(code: str, **options) -> Child:
    return Child.start([sys.executable, "-c", code], name="sample", **options)


def test_ready_line_is_returned_and_child_ends_on_exit():
    with python("import time; print('port=7 ready', flush=True); time.sleep(60)") as child:
        assert child.wait_ready(60) == "port=7 ready"
        assert child.exit_code is None
    assert child.exit_code == -signal.SIGTERM


def test_death_before_ready_names_exit_code_and_output():
    child = python("import sys; print('reason: no disk', file=sys.stderr); sys.exit(3)")
    with pytest.raises(ProcessFailed, match=r"(?s)exit code 3 .*reason: no disk"):
        child.wait_ready(60)


def test_silent_child_meets_a_real_deadline():
    with python("import time; time.sleep(60)") as child:
        with pytest.raises(ProcessFailed, match=r"within 0\.5 s"):
            child.wait_ready(0.5)
        assert child.exit_code is None  # it sleeps on: nobody waited for its end


def test_a_child_that_ignores_sigterm_is_killed():
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); time.sleep(60)"
    )
    child = python(code)
    child.wait_ready(60)
    assert child.stop(deadline_s=0.3) == -signal.SIGKILL


def test_grandchildren_end_with_the_child():
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print('ready', p.pid, flush=True); time.sleep(60)"
    )
    with python(code) as child:
        grandchild = int(child.wait_ready(60).split()[1])
    until = time.monotonic() + 10
    while _runs(grandchild):
        assert time.monotonic() < until, "the grandchild outlived its family"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has reaped yet does not run.
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_environment_is_added_not_replaced():
    with python(
        "import os; print('ready', os.environ['A'], 'PATH' in os.environ)", env={"A": "b"}
    ) as child:
        assert child.wait_ready(60) == "ready b True"
        assert child.wait(60) == 0


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(ProcessFailed, match="no-such-program"):
        Child.start(["/no-such-program"], name="nothing")


def test_free_port_can_be_bound():
    assert 1024 < free_tcp_and_udp_port() < 65536

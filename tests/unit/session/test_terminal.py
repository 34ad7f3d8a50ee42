"""Errors of framepath on the terminal of a session."""

from __future__ import annotations

import logging

import bluesky.plan_stubs as bps
import pytest
from bluesky import RunEngine
from bluesky.utils import PlanHalt, RequestAbort
from IPython.core.interactiveshell import InteractiveShell

from framepath.errors import StagingError
from framepath.session.terminal import load_ipython_extension, show_log


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    made = InteractiveShell()
    made.history_manager.enabled = False
    load_ipython_extension(made)
    yield made
    made.history_manager.end_session()
    logging.getLogger("bluesky").filters.clear()


def test_an_error_of_framepath_is_its_text(shell, capsys):
    shell.user_ns["StagingError"] = StagingError
    shell.run_cell("raise StagingError('no folder', next_step='make it')")
    printed = capsys.readouterr().out
    assert printed == "StagingError: no folder. Next: make it\n(%tb shows where)\n"
    shell.run_line_magic("tb", "")
    assert "Traceback" in capsys.readouterr().out


def test_a_pause_says_what_to_type_next(shell, capsys):
    shell.user_ns["RE"] = RunEngine({}, call_returns_result=True)
    shell.user_ns["pause"] = bps.pause
    shell.run_cell("RE(pause())")
    printed = capsys.readouterr().out
    assert "RE.resume()" in printed
    assert "Traceback" not in printed
    shell.run_cell("RE.abort()")


def test_other_errors_keep_their_trace(shell, capsys):
    shell.run_cell("1 / 0")
    assert "Traceback" in capsys.readouterr().out


@pytest.mark.parametrize("error", [StagingError("no folder"), RequestAbort(), PlanHalt()])
def test_what_bluesky_logs_of_a_run_that_ends_early_is_short(shell, caplog, error):
    try:
        raise error
    except type(error):
        logging.getLogger("bluesky").exception("Run aborted")
    assert "Run aborted" in caplog.text
    assert "Traceback" not in caplog.text


def own_log(monkeypatch):
    """framepath's logger as in a process without pytest, which takes logs from the call on."""
    logger = logging.getLogger("framepath")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [])
    return logger


def test_a_message_comes_with_its_fields(monkeypatch, capsys):
    own_log(monkeypatch)
    show_log()
    show_log()
    logging.getLogger("framepath.acquire").error("stays", extra={"run_uid": "a-b", "n": 3})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("ERROR framepath.acquire: stays run_uid='a-b' n=3")


def test_who_takes_the_log_already_goes_on_doing_so(monkeypatch, capsys):
    log = own_log(monkeypatch)
    log.addHandler(logging.NullHandler())
    show_log()
    log.warning("for somebody else")
    assert capsys.readouterr().err == ""

"""Errors of framepath on the terminal of a session."""

from __future__ import annotations

import logging

import pytest
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


def test_other_errors_keep_their_trace(shell, capsys):
    shell.run_cell("1 / 0")
    assert "Traceback" in capsys.readouterr().out


def test_what_bluesky_logs_of_a_run_that_failed_is_short(shell, caplog):
    try:
        raise StagingError("no folder")
    except StagingError:
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

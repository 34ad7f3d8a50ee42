"""Kept stacks: reused while their files are the same, closed when idle, never closed in use."""

from __future__ import annotations

import pytest

from framepath.catalog import kept
from framepath.catalog.kept import KeptStacks
from framepath.files import Folders


class Stack:
    def __init__(self, gaps=()):
        self.closed = False
        self.gaps = gaps

    def close(self):
        self.closed = True


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"1")
    return path


@pytest.fixture
def opening(file):
    opened = []

    def open_it(folders):
        folders.check(file)
        opened.append(Stack())
        return opened[-1]

    open_it.opened = opened
    return open_it


@pytest.fixture
def stacks(file):
    return KeptStacks(Folders((file.parent,)))


def use(stacks, opening):
    with stacks.use("key", opening) as stack:
        assert not stack.closed
        return stack


def test_an_unchanged_file_is_opened_once(stacks, opening):
    assert use(stacks, opening) is use(stacks, opening)


@pytest.mark.parametrize("change", ["delete", "append", "replace"])
def test_a_changed_file_is_opened_again(stacks, opening, file, change):
    first = use(stacks, opening)
    if change == "delete":
        file.unlink()
    elif change == "append":
        file.write_bytes(b"12")
    else:
        other = file.with_name("b.h5")
        other.write_bytes(b"1")
        other.rename(file)
    assert use(stacks, opening) is not first
    assert first.closed


def test_a_stack_in_use_is_not_closed(stacks, opening, file):
    with stacks.use("key", opening) as first:
        file.write_bytes(b"12")
        use(stacks, opening)
        assert not first.closed
    assert first.closed


def test_a_stack_with_missing_files_is_not_kept(stacks):
    stack = use(stacks, lambda folders: Stack(gaps=("missing",)))
    assert stack.closed


def test_no_more_than_the_most_stay_open(stacks, opening, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 3)
    for key in range(5):
        with stacks.use(key, opening):
            pass
    assert [stack.closed for stack in opening.opened] == [True, True, False, False, False]


def test_idle_stacks_are_closed(stacks, opening, file):
    stack = use(stacks, opening)
    stacks._reap()
    assert not stack.closed
    impatient = KeptStacks(Folders((file.parent,)), idle_s=-1.0)
    stack = use(impatient, opening)
    impatient._reap()
    assert stack.closed


def test_all_are_closed_but_those_in_use(stacks, opening):
    with stacks.use("key", opening) as stack:
        stacks.close()
        assert not stack.closed
    assert stack.closed

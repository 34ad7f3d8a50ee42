"""A device is destroyed after ophyd's own threads have asked what they were told to ask."""

from __future__ import annotations

import threading

from ophyd import cl

from framepath.acquire.pvs.destroying import wait_for_answers


def test_it_waits_for_every_thread_that_asks():
    go = threading.Event()
    answered = []

    def ask(number):
        go.wait(60)
        answered.append(number)

    n_questions = 2 * len(cl.get_dispatcher().threads)
    for number in range(n_questions):
        cl.get_dispatcher().schedule_utility_task(ask, number)
    assert not wait_for_answers(deadline_s=0.05)
    go.set()
    assert wait_for_answers(deadline_s=60)
    assert sorted(answered) == list(range(n_questions))


def test_it_waits_for_what_a_new_connection_will_ask():
    go, answered = threading.Event(), threading.Event()

    def connected():
        go.wait(60)
        cl.get_dispatcher().schedule_utility_task(answered.set)

    cl.get_dispatcher().get_thread_context("metadata").run(connected)
    assert not wait_for_answers(deadline_s=0.05)
    go.set()
    assert wait_for_answers(deadline_s=60)
    assert answered.is_set()

"""Waiting with a deadline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from media_sandbox.demo.waiting import wait_until


def test_the_answer_is_returned() -> None:
    answers: Iterator[object] = iter([None, False, [], "there"])

    assert wait_until(lambda: next(answers), what="it", seconds=60, period=0) == "there"


def test_what_is_there_at_once_is_not_late() -> None:
    assert wait_until(lambda: "there", what="it", seconds=0) == "there"


def test_what_is_raised_ends_the_wait() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 / 0, what="it", seconds=60)


def test_what_did_not_happen_is_named() -> None:
    with pytest.raises(TimeoutError, match="waited 0 s in vain for the end of the world"):
        wait_until(lambda: False, what="the end of the world", seconds=0, period=0)

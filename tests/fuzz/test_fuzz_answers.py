"""Whatever a server answers: a result or a typed error, from every call and every flow of every service."""

from __future__ import annotations

from typing import Any

import pytest
from fuzz_answers import ANSWERS
from fuzz_services import ROOMS, Room, calls, run, words
from fuzz_settings import fuzzed, typed_errors
from hypothesis import given
from hypothesis import strategies as st

KINDS = st.sampled_from(["drawn", "drawn", *ANSWERS])
EVERY = [pytest.param(room, name, id=f"{room.name} {name}") for room in ROOMS for name in calls(room)]


@pytest.mark.parametrize(("room", "name"), EVERY)
def test_whatever_is_answered_is_a_result_or_a_typed_error(room: Room, name: str) -> None:
    asked = calls(room)[name]

    @fuzzed(0.5)
    @given(st.data(), KINDS)
    def fuzz(data: Any, kind: str) -> None:
        with typed_errors(says=room.service.name, secret="correct horse"):
            run(room, asked(), lambda send: ANSWERS[kind](data.draw, words(room.name)))

    fuzz()


@pytest.mark.parametrize("room", ROOMS, ids=[room.name for room in ROOMS])
def test_whatever_a_login_is_answered_by_is_a_token_or_a_typed_error(room: Room) -> None:
    @fuzzed(2)
    @given(st.data(), KINDS)
    def fuzz(data: Any, kind: str) -> None:
        with typed_errors(secret="correct horse"):
            token = run(room, None, lambda send: ANSWERS[kind](data.draw, words(room.name)), token=True)
            assert isinstance(token, str)
            assert token
            room.auth.headers(token)
            room.auth.params(token)

    fuzz()

"""Create once: what is looked for when, and when it is given up."""

from __future__ import annotations

from typing import Any

import pytest
from pixop_script import Script, reply

from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import (
    ConflictError,
    MediaError,
    NetworkFaultError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.http.once import create_once

LOOK: Call[Any] = Call(operation="look", method="GET", url="/look", read=lambda answer: answer.json())
CREATE: Call[Any] = Call(operation="create", method="PUT", url="/create", read=lambda answer: answer.json())

NOTHING = Answer(200, {}, b"null")
LOST = NetworkFaultError("connection lost")


def run(*replies: Answer | MediaError, tries: int = 3) -> tuple[Any, Script]:
    script = Script(*replies)
    return script.run(create_once(lambda: LOOK, lambda: CREATE, tries=tries)), script


def test_what_is_there_is_not_created() -> None:
    result, script = run(reply("old"))
    assert (result, script.asked, script.pauses) == ("old", ["GET /look"], [])


def test_what_is_not_there_is_created() -> None:
    result, script = run(NOTHING, reply("new"))
    assert (result, script.asked, script.pauses) == ("new", ["GET /look", "PUT /create"], [])


@pytest.mark.parametrize("fault", [LOST, ServerFaultError("oops", status=500), ProtocolError("not JSON", status=200)])
def test_after_a_fault_it_is_looked_for_before_it_is_created_again(fault: MediaError) -> None:
    result, script = run(NOTHING, fault, reply("made after all"))
    assert (result, script.asked) == ("made after all", ["GET /look", "PUT /create", "GET /look"])
    assert script.pauses == [2.0]


def test_what_was_not_made_is_created_again_with_growing_pauses() -> None:
    result, script = run(NOTHING, LOST, NOTHING, LOST, NOTHING, reply("third"))
    assert (result, script.pauses) == ("third", [2.0, 4.0])
    assert script.asked == ["GET /look", "PUT /create"] * 3


def test_after_the_last_try_it_is_looked_for_once_more() -> None:
    result, script = run(NOTHING, LOST, reply("made"), tries=1)
    assert (result, script.asked) == ("made", ["GET /look", "PUT /create", "GET /look"])
    with pytest.raises(NetworkFaultError):
        run(NOTHING, LOST, NOTHING, tries=1)


def test_a_refusal_is_raised_at_once() -> None:
    with pytest.raises(ConflictError):
        run(NOTHING, ConflictError("no"))


def test_the_service_may_ask_for_a_longer_pause_but_not_for_too_long() -> None:
    _, script = run(NOTHING, RateLimitedError("slow down", retry_after=30.0), NOTHING, reply("new"))
    assert script.pauses == [30.0]
    with pytest.raises(RateLimitedError):
        run(NOTHING, RateLimitedError("come back tomorrow", retry_after=86_400.0))


def test_a_fault_of_the_look_is_not_taken_for_absence() -> None:
    with pytest.raises(ServerFaultError):
        run(ServerFaultError("oops"))

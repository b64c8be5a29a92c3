"""Calls and flows as values: what may be repeated, how answers are read, and what the type checker makes of them."""

from __future__ import annotations

import json
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mypy import api as mypy

import airflow_media
from airflow_media.http.call import UNREADABLE, Answer, Call, Flow, Pause


def ask(method: str = "GET", **options: object) -> Call[str]:
    return Call(operation="ask", method=method, url="/x", read=lambda answer: answer.text, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "repeatable", "may_repeat"),
    [
        ("GET", None, True),
        ("HEAD", None, True),
        ("POST", None, False),
        ("PUT", None, False),
        ("DELETE", None, False),
        ("GET", False, False),
        ("POST", True, True),
    ],
)
def test_only_what_does_no_harm_twice_may_be_repeated(method: str, repeatable: bool | None, may_repeat: bool) -> None:
    assert ask(method, repeatable=repeatable).may_repeat is may_repeat


def test_a_flow_yields_its_calls_and_is_given_their_results() -> None:
    first, second = ask(), ask("POST")

    def both() -> Flow[str]:
        one = yield from first
        yield from Pause(2.0)
        two = yield from second
        return f"{one} {two}"

    flow = both()
    assert flow.send(None) is first
    assert flow.send("one") == Pause(2.0)
    assert flow.send(None) is second
    with pytest.raises(StopIteration) as end:
        flow.send("two")
    assert end.value.value == "one two"


def test_a_call_is_a_value() -> None:
    assert ask(params={"a": "1"}).params == {"a": "1"}
    with pytest.raises(AttributeError, match="immutable"):
        ask().url = "/y"  # type: ignore[misc]


def test_an_answer_is_read_as_text_and_as_json() -> None:
    answer = Answer(200, {}, '{"name": "Zoë"}'.encode())
    assert answer.json() == {"name": "Zoë"}
    assert answer.text == '{"name": "Zoë"}'
    assert Answer(200, {}, b"caf\xe9").text == "caf\N{REPLACEMENT CHARACTER}"


@settings(deadline=None)
@given(
    st.one_of(st.binary(), st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode()))
)
def test_no_bytes_break_an_answer_in_an_unforeseen_way(content: bytes) -> None:
    answer = Answer(200, {}, content)
    assert isinstance(answer.text, str)
    with suppress(*UNREADABLE):
        answer.json()


def test_endless_nesting_is_an_unreadable_answer() -> None:
    with pytest.raises(UNREADABLE):
        Answer(200, {}, b"[" * 200_000).json()


def test_the_type_checker_knows_the_result_of_every_step(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        textwrap.dedent(
            """
            from typing import assert_type

            from airflow_media.http.call import Answer, Call, Flow, Pause
            from airflow_media.http.client import AsyncClient, Client


            class Video:
                id: str


            def read(answer: Answer) -> Video: ...
            def get_video(id: str) -> Call[Video]: ...
            def list_ids() -> Call[list[str]]: ...


            def first_video() -> Flow[Video | None]:
                for id in assert_type((yield from list_ids()), list[str]):
                    yield from Pause(1.0)
                    video = yield from get_video(id)
                    return assert_type(video, Video)
                return None


            def name() -> Flow[str]:
                video = yield from first_video()
                assert_type(video, Video | None)
                return video.id if video else ""


            def in_worker(client: Client) -> None:
                assert_type(client.run(get_video("7")), Video)
                assert_type(client.run(name()), str)


            async def in_triggerer(client: AsyncClient) -> None:
                assert_type(await client.run(get_video("7")), Video)
                assert_type(await client.run(first_video()), Video | None)


            def revealed() -> Flow[None]:
                reveal_type((yield from get_video("7")))


            call: Call[Video] = Call(operation="get video", method="GET", url="/", read=read)
            wrong: Call[str] = Call(operation="get video", method="GET", url="/", read=read)  # line 45
            """
        ).lstrip()
    )
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = True\nmypy_path = {Path(airflow_media.__file__).parents[1]}\n")
    arguments = [
        "--config-file",
        str(config),
        "--cache-dir",
        str(tmp_path / "cache"),
        "--disable-error-code=empty-body",
    ]
    out, err, code = mypy.run([*arguments, str(snippet)])
    problems = [line for line in out.splitlines() if "error:" in line]
    assert [line for line in problems if ":45:" in line], out + err
    assert [line for line in problems if ":45:" not in line] == [], out + err
    assert 'Revealed type is "snippet.Video"' in out
    assert code == 1

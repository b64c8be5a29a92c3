"""Whatever a task is told: what is wrong is refused in words before anything is sent, and no name leaves its place."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from datetime import UTC
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from fuzz_answers import JSON, NUMBERS, TEXTS
from fuzz_services import ROOM, ROOMS, USUAL, Room, run
from fuzz_settings import fuzzed, typed_errors
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.order import NewJob, TranscriptionOptions, TranscriptionOrder
from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import MediaError
from airflow_media.http.exchange import Send
from airflow_media.media_storage.query import JOBS, MEDIAS
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.vocabulary import FIELDS
from airflow_media.xvid.request import job_body, marked
from airflow_media.xvid.values import epoch_seconds, ipv4_number, object_key

NAMES = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=st.characters(codec=None), max_size=10),  # lone surrogates, too
    st.sampled_from(
        ["", ".", "..", "../..", "a/../b", "a/b", "a\\b", "%2e%2e", "%2F", "a?b=c", "a#b", "a;b", " ", "\t", "a\r\nb"]
    ),
    st.sampled_from(["\x00", "\ud800", "//host/x", "https://evil.example/", "@evil.example", "é" * 3000, "-", "{x}"]),
)
ANYTHING = st.one_of(
    JSON,
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.binary(max_size=5),
    st.tuples(NUMBERS),
    st.sets(TEXTS),
    st.just(object()),
)


NO_FREE_TEXTS = frozenset({"kind", "sort", "token_url"})


class SeenError(Exception):
    """What was to be sent has been seen."""


def texts_of(room: Room) -> list[Any]:
    """Give each text that a call of a service takes."""
    api = import_module(f"{ROOM}.{room.name}.api")
    found = []
    for name, function in inspect.getmembers(api, inspect.isfunction):
        signature = inspect.signature(function)
        if (
            function.__module__ != api.__name__
            or name.startswith("_")
            or "Call[" not in str(signature.return_annotation)
        ):
            continue
        for parameter in signature.parameters.values():
            if str(parameter.annotation) in {"str", "str | None"} and parameter.name not in {
                "kind",
                "sort",
                "token_url",
            }:
                found.append(pytest.param(room, function, parameter.name, id=f"{room.name} {name} {parameter.name}"))
    return found


def sent(room: Room, call: Call[Any]) -> Send:
    """See what is sent for a call."""
    seen: list[Send] = []

    def stop(send: Send) -> Answer:
        seen.append(send)
        raise SeenError

    with pytest.raises(SeenError):
        run(room, call, stop)
    return seen[0]


def asked(room: Room, function: Callable[..., Any], changes: Mapping[str, Any]) -> Send:
    """See what is sent for a call with plain arguments but for these."""
    plain = {**USUAL, **room.arguments}
    needed = {
        parameter.name: plain[parameter.name]
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }
    return sent(room, function(**{**needed, **changes}))


def requested(send: Send) -> httpx.Request:
    """Make the request that is sent, as the HTTP library does."""
    content = send.content if isinstance(send.content, bytes) else None
    url = httpx.URL(send.url)
    url = url.copy_merge_params(dict(send.params)) if send.params else url
    return httpx.Request(send.method, url, headers=dict(send.headers), content=content)


@pytest.mark.parametrize(("room", "function", "name"), [each for room in ROOMS for each in texts_of(room)])
def test_no_text_leaves_its_place_in_a_request(room: Room, function: Callable[..., Any], name: str) -> None:
    @fuzzed(0.4)
    @given(NAMES)
    def fuzz(text: str) -> None:
        try:
            send = asked(room, function, {name: text})
        except MediaError:
            return
        try:
            request = requested(send)
        except (UnicodeEncodeError, httpx.InvalidURL):
            return  # the client makes the request where it turns these into errors of ours
        assert (request.url.scheme, request.url.host) == ("https", "api.example.com")
        path = urlsplit(str(request.url)).path
        segments = path.split("/")
        usual = text and room.arguments.get(name, USUAL.get(name, "ab12"))
        plain = requested(asked(room, function, {name: usual}))
        assert len(segments) == len(urlsplit(str(plain.url)).path.split("/")), path
        assert not {unquote(segment) for segment in segments} & {".", ".."}
        assert "\n" not in str(request.headers)

    fuzz()


# Values


PARSERS: dict[str, Callable[[Any], Any]] = {
    "Pixop settings": lambda value: ProcessSettings.parse(value).to_json(),
    "Pixop settings as they are": lambda value: ProcessSettings.parse(value, validate=False).to_json(),
    "Pixop settings of a DAG": lambda value: ProcessSettings.check(value, templated=True),
    "captions": lambda value: CaptionOptions.parse(value).params(),
    "transcripts": lambda value: TranscriptOptions.parse(value).params(),
    "cielo24 jobs": lambda value: JobFilter.parse(value).params(),
    "new jobs": lambda value: NewJob.parse(value).params(),
    "orders": lambda value: TranscriptionOrder.parse(value).params(),
    "orders of a DAG": lambda value: TranscriptionOrder.check(value),
    "transcription": lambda value: TranscriptionOptions.parse(value).params(),
    "Xvid jobs": lambda value: marked(job_body(job=value), "12-ab"),
    "Xvid outputs": lambda value: job_body(input_name="film.mp4", outputs=value, pipeline_id="p1"),
    "Xvid keys": object_key,
    "Xvid addresses": ipv4_number,
    "Xvid times": epoch_seconds,
}
NAMED: dict[str, list[str]] = {
    "Pixop settings": [field.path.split(".")[0] for field in FIELDS] + [field.name for field in FIELDS],
    "captions": list(CaptionOptions.names()),
    "transcripts": list(TranscriptOptions.names()),
    "cielo24 jobs": list(JobFilter.names()),
    "new jobs": list(NewJob.names()),
    "orders": list(TranscriptionOrder.names()),
    "transcription": list(TranscriptionOptions.names()),
    "Xvid jobs": ["input", "outputs", "pipeline", "user_data", "output_prefix"],
}
NAMED["Pixop settings as they are"] = NAMED["Pixop settings of a DAG"] = NAMED["Pixop settings"]
NAMED["orders of a DAG"] = NAMED["orders"]


@pytest.mark.parametrize("parser", PARSERS)
def test_what_is_asked_of_a_service_is_taken_or_refused_in_words(parser: str) -> None:
    names = st.sampled_from(NAMED[parser]) if parser in NAMED else st.just("preset")
    values = st.one_of(
        ANYTHING, st.dictionaries(names, ANYTHING, max_size=3), st.dictionaries(names, TEXTS, max_size=3)
    )

    @fuzzed(3)
    @given(values)
    @example("9" * 5000)
    @example(float("inf"))
    def fuzz(value: Any) -> None:
        with typed_errors():
            PARSERS[parser](value)

    fuzz()


@pytest.mark.parametrize(
    "parser", [name for name in PARSERS if name not in {"Xvid keys", "Xvid addresses", "Xvid times"}]
)
def test_it_may_come_as_a_text_from_a_template(parser: str) -> None:
    @fuzzed()
    @given(st.one_of(TEXTS, JSON.map(lambda value: json.dumps(value)), st.just("[" * 100_000)))
    def fuzz(text: str) -> None:
        with typed_errors():
            PARSERS[parser](text)

    fuzz()


@pytest.mark.parametrize("collection", [JOBS, MEDIAS], ids=["jobs", "medias"])
def test_filters_are_asked_for_or_refused_in_words(collection: Any) -> None:
    names = st.one_of(st.sampled_from(sorted(collection.filters)), TEXTS)

    @fuzzed(4)
    @given(st.dictionaries(names, ANYTHING, max_size=3), st.one_of(TEXTS, st.just("-id")), st.lists(TEXTS, max_size=2))
    def fuzz(filters: dict[str, Any], sort: str, fields: list[str]) -> None:
        with typed_errors():
            collection.check(filters)
            query = collection.query(filters, sort=sort, fields=fields)
            assert query.isascii()
            assert "#" not in query
            json.dumps(collection.plain(filters))

    fuzz()

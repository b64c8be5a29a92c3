"""Files at URLs: the length is known beforehand, a cut is taken up, and neither password nor query is ever printed."""

from __future__ import annotations

import json
import logging
import math
import os

import pytest
from servers import FileServer, Plan

from airflow_media.http import reading
from airflow_media.http.errors import TransferError
from airflow_media.http.reading import MIB, Ranges
from airflow_media.http.retry import NO_RETRY, RetryPolicy
from airflow_media.storage import Source, open_source
from airflow_media.storage.web import WebSource

DATA = os.urandom(300_000)
AT_ONCE = RetryPolicy(first=0.0)
NO_HEAD = Plan(status=403)
SECRET = "X-Amz-Signature=0123456789abcdef"


def read(source: Source) -> bytes:
    with source.open() as pieces:
        return b"".join(pieces)


def test_a_source_tells_what_it_is() -> None:
    with FileServer(DATA) as server:
        source = open_source(f"{server.root}/films/a%20film.mkv?{SECRET}")
        assert (source.uri, source.name) == (f"{server.root}/films/a%20film.mkv", "a film.mkv")
        assert (source.size, source.media_type, source.etag) == (len(DATA), "video/mp4", server.etag)
        assert [seen.method for seen in server.seen] == ["HEAD"]
        assert (read(source), read(source)) == (DATA, DATA)
        assert {seen.path for seen in server.seen} == {f"/films/a%20film.mkv?{SECRET}"}


def test_the_name_is_the_servers_if_it_gives_one_and_always_safe() -> None:
    disposition: dict[str, str | None] = {"content-disposition": 'attachment; filename="../evil.mp4"'}
    with FileServer(DATA, Plan(headers=disposition)) as server:
        assert WebSource(f"{server.root}/1").name == "evil.mp4"
        assert WebSource(f"{server.root}/..%2Fevil.mp4").name == "evil.mp4"
        assert WebSource(f"{server.root}/").name == "media"


@pytest.mark.parametrize("head", [NO_HEAD, Plan(status=405), Plan(headers={"content-length": None})])
@pytest.mark.parametrize("ranges", [True, False])
def test_where_head_tells_nothing_the_first_byte_does(head: Plan, ranges: bool) -> None:
    with FileServer(DATA, head, Plan(ranges=ranges)) as server:
        source = WebSource(f"{server.root}/film.mp4")
        assert source.size == len(DATA)
        assert read(source) == DATA
        assert server.ranges == ["bytes=0-0", None]


def test_a_broken_connection_is_taken_up_where_it_broke() -> None:
    with FileServer(DATA) as server:
        source = WebSource(f"{server.root}/film.mp4", retry=AT_ONCE)
        server.plans.extend([Plan(cut=1000), Plan(cut=0), Plan(cut=70_000)])
        assert read(source) == DATA
        assert server.ranges == [None, "bytes=1000-", "bytes=1000-", "bytes=71000-"]


def test_a_large_file_that_comes_slowly_is_read_in_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", MIB)
    data = DATA * 20
    with FileServer(data, says_ranges=True) as server:
        ranges = Ranges(count=2, part=MIB, least=2 * MIB, enough=math.inf)
        source = WebSource(f"{server.root}/film.mp4?{SECRET}", retry=AT_ONCE, ranges=ranges)
        server.plans.extend([Plan(), Plan(), Plan(cut=1000)])
        assert read(source) == data
    assert len(server.ranges) > 5
    assert {seen.path for seen in server.seen} == {f"/film.mp4?{SECRET}"}


@pytest.mark.parametrize("rest", [Plan(ranges=False), Plan(content=bytes(len(DATA))), Plan(headers={"etag": None})])
def test_where_the_rest_is_not_of_the_same_file_reading_fails(rest: Plan) -> None:
    with FileServer(DATA) as server:
        source = WebSource(f"{server.root}/film.mp4", retry=AT_ONCE)
        server.plans.extend([Plan(cut=1000), rest])
        with pytest.raises(TransferError, match="the connection broke at byte 1000") as caught:
            read(source)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "change", [bytes(len(DATA)), DATA + b"more", DATA[:-1]], ids=["other bytes", "longer", "shorter"]
)
def test_a_file_that_was_replaced_since_it_was_looked_at_is_not_sent(change: bytes) -> None:
    with FileServer(DATA) as server:
        source = WebSource(f"{server.root}/film.mp4")
        server.plans.append(Plan(content=change))
        with pytest.raises(TransferError):
            read(source)


@pytest.mark.parametrize(
    ("plans", "text"),
    [
        ([Plan(status=404)] * 2, "404: there is no such file"),
        ([Plan(status=403)] * 2, "403: not allowed; a presigned URL may have expired"),
        ([Plan(status=503)] * 2, "503: the server does not give the file"),
        ([NO_HEAD, Plan(length=False, ranges=False)], "the server does not tell the length"),
        ([Plan(content=b"")], "the file is empty"),
        ([NO_HEAD, Plan(content=b"")], "the file is empty"),
    ],
)
def test_what_cannot_be_read_is_told_beforehand(plans: list[Plan], text: str) -> None:
    with FileServer(DATA, *plans) as server, pytest.raises(TransferError) as caught:
        WebSource(f"{server.root}/film.mp4?{SECRET}", retry=NO_RETRY)
    assert str(caught.value).startswith(f"HTTP could not read file ({server.root}/film.mp4): {text}")


def test_a_server_that_cannot_be_reached_is_told() -> None:
    with FileServer(DATA) as server:
        root = server.root
    with pytest.raises(TransferError) as caught:
        WebSource(f"{root}/film.mp4?{SECRET}", retry=NO_RETRY)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "url", ["http://", "https:///film.mp4", "http://[broken/film.mp4", "http://host:port/film.mp4"]
)
def test_a_malformed_url_is_told(url: str) -> None:
    with pytest.raises(TransferError, match="URL"):
        WebSource(url)


def test_credentials_in_the_url_are_refused() -> None:
    with pytest.raises(TransferError, match="a login in it") as caught:
        WebSource("https://user:word@example.com/film.mp4")
    assert "user" not in str(caught.value)
    assert "(https://example.com/film.mp4)" in str(caught.value)


def test_the_query_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FileServer(DATA) as server:
        source = WebSource(f"{server.root}/film.mp4?{SECRET}&plain=also-a-key", retry=AT_ONCE)
        server.plans.extend([Plan(cut=1000), Plan(cut=0)])
        assert read(source) == DATA
    assert "Trying again from byte 1000" in caplog.text
    assert "0123456789abcdef" not in caplog.text
    assert "also-a-key" not in caplog.text


def http_connection(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    fields = {"conn_type": "http", "login": "me", "password": "the-password", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_FILMS", json.dumps(fields))


BASIC = "Basic bWU6dGhlLXBhc3N3b3Jk"


@pytest.mark.airflow
def test_the_password_of_a_connection_goes_to_its_origin_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(DATA) as store, FileServer(b"") as server:
        http_connection(monkeypatch)
        server.plans.extend([Plan(status=302, headers={"location": f"{store.root}/film.mp4"})] * 2)
        source = open_source(f"{server.root}/film.mp4", "films")
        assert read(source) == DATA
    assert [seen.headers.get("authorization") for seen in server.seen] == [BASIC] * 2
    assert [seen.headers.get("authorization") for seen in store.seen] == [None] * 2


@pytest.mark.airflow
def test_a_connection_of_the_same_host_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(DATA) as server:
        _, _, port = server.root.rpartition(":")
        for fields in (
            {"host": "127.0.0.1", "port": int(port)},
            {"host": "127.0.0.1", "port": int(port), "schema": "http"},
            {"host": f"{server.root}/base/"},
        ):
            http_connection(monkeypatch, **fields)
            WebSource(f"{server.root}/film.mp4", "films")
    assert [seen.headers.get("authorization") for seen in server.seen] == [BASIC] * 3


@pytest.mark.airflow
def test_a_connection_of_another_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    http_connection(monkeypatch, host="other.example.com")
    with FileServer(DATA) as server, pytest.raises(TransferError, match="no password was sent") as caught:
        WebSource(f"{server.root}/film.mp4", "films")
    assert not server.seen
    assert "the-password" not in str(caught.value)


@pytest.mark.airflow
def test_a_password_does_not_go_over_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    http_connection(monkeypatch)
    with pytest.raises(TransferError, match="plain http"):
        WebSource("http://films.example.com/film.mp4", "films")

"""Downloads over real sockets: cut, changed, refused, redirected; and what a file is called by its sender."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from servers import FileServer, Plan

from airflow_media.http import reading
from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Call, Flow
from airflow_media.http.client import Client
from airflow_media.http.downloads import NOTHING, STARTS, Downloaded, content_range, download, filename_from, size_of
from airflow_media.http.errors import (
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    TransferError,
)
from airflow_media.http.reading import MIB, PATIENCE, Ranges
from airflow_media.http.retry import NO_RETRY, RetryPolicy
from airflow_media.http.service import Service

CONTENT = bytes(range(256)) * 400
OTHER = bytes(reversed(CONTENT))
AT_ONCE = RetryPolicy(first=0.0)

GET: Call[Answer] = Call(
    operation="download video",
    method="GET",
    url="/videos/1",
    read=lambda answer: answer,
    subject="video 1",
    authenticated=False,
    bulk=True,
)


@dataclass
class Memory:
    """A target in memory that keeps the protocol of one: what is not committed was never there."""

    uri: str = "memory:file"
    name: str | None = None
    size: int | None = None
    media_type: str | None = None
    metadata: Mapping[str, str] | None = None
    committed: bytes | None = None
    restarts: int = 0
    aborted: bool = False
    _data: bytearray = field(default_factory=bytearray)

    @property
    def position(self) -> int:
        return len(self._data)

    def resolve(self, name: str) -> Memory:
        self.name = name
        return self

    @contextmanager
    def writer(
        self, size: int | None, *, media_type: str | None = None, metadata: Mapping[str, str] = NOTHING
    ) -> Iterator[Memory]:
        self.size, self.media_type, self.metadata = size, media_type, metadata
        try:
            yield self
        except BaseException:
            self.aborted = True
            raise
        self.committed = bytes(self._data)

    def write(self, chunk: bytes) -> None:
        self._data += chunk

    def restart(self) -> None:
        self.restarts += 1
        self._data.clear()


class Bearer:
    """Tells a token in a header field."""

    def login(self) -> Flow[Token]:
        yield from ()
        return Token("the-secret-token")

    def headers(self, token: str) -> dict[str, str]:
        return {"authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        return {}

    def refused(self, answer: Answer) -> bool:
        return answer.status == 401

    def secrets(self) -> tuple[str, ...]:
        return ()


def fetch(server: FileServer, target: Memory, call: Call[Answer] = GET, **options: Any) -> Downloaded:
    options.setdefault("retry", AT_ONCE)
    with Client(Service(name="Store"), {"": server.root}, retry=NO_RETRY) as client:
        return download(client, call, target, **options)


def refused(server: FileServer, kind: type[MediaError], **options: Any) -> MediaError:
    """Expect a download to fail and to leave nothing."""
    target = Memory()
    with pytest.raises(kind) as caught:
        fetch(server, target, **options)
    assert target.committed is None
    return caught.value


def test_a_file_is_fetched_whole() -> None:
    target = Memory()
    disposition = {"content-disposition": 'attachment; filename="a.mp4"'}
    with FileServer(CONTENT, Plan(headers=dict(disposition))) as server:
        done = fetch(server, target, name="fallback.mp4")
    assert target.committed == CONTENT
    assert done == Downloaded("memory:file", len(CONTENT), '"version-1"', "a.mp4", 0)
    assert (target.name, target.size, target.restarts) == ("a.mp4", len(CONTENT), 0)
    assert target.media_type == "video/mp4"
    assert target.metadata == {"service": "Store", "subject": "video 1", "filename": "a.mp4"}
    assert server.seen[0].headers["accept-encoding"] == "identity"


def test_the_name_of_the_caller_is_used_where_the_service_has_none() -> None:
    target = Memory()
    with FileServer(CONTENT) as server:
        assert fetch(server, target, name="fallback.mp4").filename is None
    assert target.name == "fallback.mp4"


def test_a_cut_is_taken_up_at_the_byte_where_it_was() -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(cut=1000), Plan(cut=70_000)) as server:
        done = fetch(server, target)
    assert target.committed == CONTENT
    assert (done.resumed, target.restarts) == (2, 0)
    assert server.ranges == [None, "bytes=1000-", "bytes=71000-"]
    assert [seen.headers.get("if-range") for seen in server.seen] == [None, server.etag, server.etag]


def test_every_byte_of_progress_renews_the_patience() -> None:
    target = Memory()
    cuts = [Plan(cut=10) for _ in range(3 * PATIENCE)]
    with FileServer(CONTENT, *cuts) as server:
        assert fetch(server, target).resumed == 3 * PATIENCE
    assert target.committed == CONTENT


def test_patience_ends_where_nothing_more_comes() -> None:
    with FileServer(CONTENT, Plan(cut=500), *[Plan(cut=0)] * 20) as server:
        error = refused(server, NetworkFaultError)
    assert server.ranges == [None] + ["bytes=500-"] * PATIENCE
    assert str(error).startswith("Store could not download video (video 1): ")


def test_where_nothing_comes_at_all_it_is_given_up() -> None:
    with FileServer(CONTENT, *[Plan(cut=0)] * 20) as server:
        refused(server, NetworkFaultError)
    assert server.ranges == [None] * STARTS


def test_without_a_retry_policy_that_allows_it_nothing_is_resumed() -> None:
    with FileServer(CONTENT, Plan(cut=500)) as server:
        refused(server, NetworkFaultError, retry=NO_RETRY)
    assert server.ranges == [None]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(Plan(ranges=False), id="the whole file in answer to a range"),
        pytest.param(Plan(content=OTHER), id="changed, with If-Range honoured"),
        pytest.param(Plan(content=OTHER, if_range=False), id="changed, with If-Range ignored"),
        pytest.param(Plan(content=OTHER + b"more", if_range=False), id="changed and longer, with If-Range ignored"),
        pytest.param(Plan(content=OTHER[:400], if_range=False), id="changed and now shorter than what came"),
        pytest.param(Plan(headers={"etag": None}), id="a part without an ETag"),
        pytest.param(Plan(headers={"content-range": "bytes 0-9/102400"}), id="another part than asked for"),
        pytest.param(Plan(headers={"content-range": f"bytes 500-{len(CONTENT) - 1}/9"}), id="another total"),
        pytest.param(Plan(headers={"content-range": "items 1-2/3"}), id="an unreadable Content-Range"),
        pytest.param(Plan(headers={"content-range": None}), id="no Content-Range"),
    ],
)
def test_starts_over_where_the_rest_is_not_of_the_same_file(second: Plan) -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(cut=500), second) as server:
        done = fetch(server, target)
    assert target.committed == server.content
    assert (done.size, done.etag) == (len(server.content), server.etag)
    assert target.restarts == 1
    assert server.ranges == [None, "bytes=500-", None]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_starts_over_where_no_strong_etag_proves_the_rest(etag: str | None) -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(cut=500, headers={"etag": etag})) as server:
        fetch(server, target)
    assert target.committed == CONTENT
    assert target.restarts == 1
    assert server.ranges == [None, None]


def test_starting_over_has_an_end() -> None:
    with FileServer(CONTENT, *[Plan(cut=500, headers={"etag": None})] * 20) as server:
        error = refused(server, NetworkFaultError)
    assert len(server.seen) == STARTS
    assert "no strong ETag" in str(error)


def test_a_file_of_untold_length_is_fetched() -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(length=False)) as server:
        fetch(server, target)
    assert target.committed == CONTENT
    assert target.size is None


def test_a_file_of_untold_length_is_resumed() -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(length=False, cut=500)) as server:
        done = fetch(server, target)
    assert target.committed == CONTENT
    assert done.resumed == 1


def test_where_only_the_end_of_a_file_of_untold_length_was_lost_it_is_whole() -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(length=False, cut=len(CONTENT))) as server:
        fetch(server, target)
    assert target.committed == CONTENT
    assert target.restarts == 0
    assert server.ranges == [None, f"bytes={len(CONTENT)}-"]


def test_a_part_that_is_shorter_than_asked_for_is_followed_by_the_next() -> None:
    short = Plan(status=None, headers={"content-length": "100"})
    target = Memory()
    with FileServer(CONTENT, Plan(cut=500), dataclasses.replace(short, cut=100)) as server:
        done = fetch(server, target)
    assert target.committed == CONTENT
    assert done.resumed == 2
    assert server.ranges == [None, "bytes=500-", "bytes=600-"]


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (500, MediaError), (304, ProtocolError)])
def test_an_error_document_is_never_taken_for_the_file(status: int, kind: type[MediaError]) -> None:
    target = Memory()
    with FileServer(CONTENT, Plan(status=status)) as server, pytest.raises(kind):
        fetch(server, target)
    assert (target.committed, target.position, target.name) == (None, 0, None)


def test_an_error_document_in_place_of_the_rest_ends_it() -> None:
    with FileServer(CONTENT, Plan(cut=500), Plan(status=404)) as server:
        refused(server, NotFoundError)


def test_a_compressed_file_is_refused() -> None:
    with FileServer(CONTENT, Plan(headers={"content-encoding": "gzip"})) as server:
        refused(server, ProtocolError)


def test_a_part_that_nobody_asked_for_is_refused() -> None:
    with FileServer(CONTENT, Plan(status=206)) as server:
        refused(server, ProtocolError)


def test_the_size_is_checked_before_a_byte_is_written() -> None:
    target = Memory()
    with FileServer(CONTENT) as server, pytest.raises(TransferError, match=f"{len(CONTENT)} bytes and not 7"):
        fetch(server, target, size=7)
    assert target.name is None


def test_the_size_is_checked_at_the_end_where_it_was_not_told() -> None:
    with FileServer(CONTENT, Plan(length=False)) as server:
        error = refused(server, TransferError, size=len(CONTENT) + 1)
    assert f"{len(CONTENT)} bytes and not {len(CONTENT) + 1}" in str(error)


def test_the_md5_is_checked_over_all_that_was_kept() -> None:
    target = Memory()
    md5 = hashlib.md5(OTHER).hexdigest().upper()
    with FileServer(CONTENT, Plan(cut=500), Plan(content=OTHER, cut=10), Plan(cut=900)) as server:
        fetch(server, target, md5=md5)
    assert target.committed == OTHER


def test_a_wrong_md5_is_told() -> None:
    with FileServer(CONTENT) as server:
        error = refused(server, TransferError, md5="0" * 32)
    assert hashlib.md5(CONTENT).hexdigest() in str(error)


def test_progress_is_told_in_bytes() -> None:
    told: list[tuple[int, int | None]] = []
    with FileServer(CONTENT, Plan(cut=500)) as server:
        fetch(server, Memory(), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {len(CONTENT)}


def test_what_the_target_does_not_take_is_not_met_by_asking_again() -> None:
    class Full(Memory):
        def write(self, chunk: bytes) -> None:
            raise TransferError("the disk is full")

    target = Full()
    with FileServer(CONTENT) as server, pytest.raises(TransferError, match="disk is full"):
        fetch(server, target)
    assert target.aborted
    assert len(server.seen) == 1


LARGE = CONTENT * 120  # some 12 MB
SLOW = Ranges(count=3, part=MIB, least=2 * MIB, enough=math.inf)
"""Ranges from the first moment, however fast the server is."""


@pytest.fixture
def in_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", MIB)


def fetch_large(server: FileServer, target: Memory, call: Call[Answer] = GET) -> Downloaded:
    with Client(Service(name="Store"), {"": server.root}, retry=NO_RETRY, ranges=SLOW) as client:
        return download(client, call, target, retry=AT_ONCE)


def parts_asked(server: FileServer) -> list[tuple[int, int | None]]:
    """Give first and last byte of each part that was asked for, in order; the file's end without the last."""
    asked = [value.removeprefix("bytes=").split("-") for value in server.ranges if value]
    return sorted((int(first), int(last) if last else None) for first, last in asked)


@pytest.mark.usefixtures("in_ranges")
def test_a_large_file_that_comes_slowly_is_fetched_in_ranges() -> None:
    target = Memory()
    with FileServer(LARGE, says_ranges=True) as server:
        done = fetch_large(server, target)
    assert target.committed == LARGE
    assert (done.size, done.resumed, target.restarts) == (len(LARGE), 0, 0)
    (asked_whether, *_), parts = parts_asked(server), parts_asked(server)
    assert asked_whether[0] == asked_whether[1], "a single byte"
    assert [first for first, _ in parts[1:]] == list(range(parts[1][0], len(LARGE), MIB))
    assert [last for _, last in parts[1:]] == [*(first - 1 for first, _ in parts[2:]), None]
    assert {seen.headers.get("if-range") for seen in server.seen[1:]} == {server.etag}


@pytest.mark.usefixtures("in_ranges")
def test_a_range_that_is_cut_is_taken_up_where_it_was() -> None:
    target = Memory()
    with FileServer(LARGE, Plan(), Plan(), Plan(cut=1000), Plan(cut=0), says_ranges=True) as server:
        done = fetch_large(server, target)
    assert target.committed == LARGE
    assert (done.resumed, target.restarts) == (2, 0)


@pytest.mark.usefixtures("in_ranges")
def test_a_file_that_is_changed_while_its_ranges_are_fetched_is_started_over() -> None:
    other = bytes(reversed(LARGE))
    target = Memory()
    with FileServer(LARGE, Plan(), Plan(), Plan(), Plan(content=other), says_ranges=True) as server:
        done = fetch_large(server, target)
    assert target.committed == other
    assert target.restarts == 1
    assert done.etag == server.etag


@pytest.mark.usefixtures("in_ranges")
def test_the_parts_of_a_file_that_is_elsewhere_are_asked_for_there() -> None:
    target = Memory()
    call = replace(GET, authenticated=True, headers={"x-api-key": "also secret"})
    with FileServer(LARGE, says_ranges=True) as store, FileServer(b"") as service:
        # It refuses once, as it does when an address has expired: then the service gives a new one.
        store.plans.extend([*[Plan()] * 4, Plan(status=403)])
        service.plans.extend([redirected(f"{store.root}/video?signature={number}") for number in range(2)])
        with Client(Service(name="Store"), {"": service.root}, Bearer(), retry=NO_RETRY, ranges=SLOW) as client:
            download(client, call, target, retry=AT_ONCE)
    assert target.committed == LARGE
    assert [seen.path for seen in service.seen] == ["/videos/1"] * 2
    assert {seen.path for seen in store.seen} == {"/video?signature=0", "/video?signature=1"}
    assert all({"authorization", "x-api-key"}.isdisjoint(seen.headers) for seen in store.seen)


@pytest.mark.usefixtures("in_ranges")
@pytest.mark.parametrize("second", [Plan(ranges=False), Plan(status=403), Plan(headers={"etag": None})])
def test_a_service_that_only_says_that_it_gives_ranges_is_read_in_one_stream(second: Plan) -> None:
    target = Memory()
    with FileServer(LARGE, Plan(), second, says_ranges=True) as server:
        fetch_large(server, target)
    assert target.committed == LARGE
    assert len(server.seen) == 2
    assert target.restarts == 0


@pytest.mark.usefixtures("in_ranges")
@pytest.mark.parametrize(
    "first", [Plan(headers={"accept-ranges": None}), Plan(headers={"etag": 'W/"weak"'}), Plan(length=False)]
)
def test_what_cannot_be_proved_to_be_the_same_file_is_read_in_one_stream(first: Plan) -> None:
    target = Memory()
    with FileServer(LARGE, first, says_ranges=True) as server:
        fetch_large(server, target)
    assert target.committed == LARGE
    assert server.ranges == [None]


@pytest.mark.usefixtures("in_ranges")
def test_a_target_that_takes_no_more_ends_a_download_in_ranges() -> None:
    class Full(Memory):
        def write(self, chunk: bytes) -> None:
            if self.position > 4 * MIB:
                raise TransferError("the disk is full")
            super().write(chunk)

    target = Full()
    with FileServer(LARGE, says_ranges=True) as server, pytest.raises(TransferError, match="disk is full"):
        fetch_large(server, target)
    assert target.aborted


def redirected(location: str) -> Plan:
    return Plan(status=302, headers={"location": location})


def test_a_redirect_to_another_origin_is_followed_without_the_token() -> None:
    target = Memory()
    call = replace(GET, authenticated=True, headers={"x-api-key": "also secret"})
    with FileServer(CONTENT, Plan(cut=500)) as store, FileServer(b"") as service:
        service.plans.extend(
            [redirected(f"{store.root}/video?signature=1"), redirected(f"{store.root}/video?signature=2")]
        )
        with Client(Service(name="Store"), {"": service.root}, Bearer(), retry=NO_RETRY) as client:
            done = download(client, call, target, retry=AT_ONCE)
    assert target.committed == CONTENT
    assert done.resumed == 1
    assert [seen.headers["authorization"] for seen in service.seen] == ["Bearer the-secret-token"] * 2
    assert [seen.path for seen in store.seen] == ["/video?signature=1", "/video?signature=2"]
    assert store.ranges == [None, "bytes=500-"]
    assert all({"authorization", "x-api-key"}.isdisjoint(seen.headers) for seen in store.seen)


def test_a_redirect_within_the_origin_keeps_the_token() -> None:
    target = Memory()
    with (
        FileServer(CONTENT, redirected("/elsewhere")) as server,
        Client(Service(name="Store"), {"": server.root}, Bearer(), retry=NO_RETRY) as client,
    ):
        download(client, replace(GET, authenticated=True), target, retry=AT_ONCE)
    assert target.committed == CONTENT
    assert [seen.path for seen in server.seen] == ["/videos/1", "/elsewhere"]
    assert server.seen[1].headers["authorization"] == "Bearer the-secret-token"


def test_a_redirect_to_a_signed_url_is_followed_without_the_token_on_the_same_origin_too() -> None:
    target = Memory()
    plans = [redirected("/store?signature=1"), Plan(cut=500), redirected("/store?signature=2")]
    call = replace(GET, authenticated=True, headers={"x-api-key": "also secret"})
    with (
        FileServer(CONTENT, *plans) as server,
        Client(Service(name="Store"), {"": server.root}, Bearer(), retry=NO_RETRY) as client,
    ):
        done = download(client, call, target, retry=AT_ONCE, presigned=True)
    assert target.committed == CONTENT
    assert done.resumed == 1
    assert [(seen.path, "authorization" in seen.headers, "x-api-key" in seen.headers) for seen in server.seen] == [
        ("/videos/1", True, True),
        ("/store?signature=1", False, False),
        ("/videos/1", True, True),
        ("/store?signature=2", False, False),
    ], "the signed URL is asked for anew, since it may have expired"
    assert server.ranges[-1] == "bytes=500-"


def test_redirects_in_a_circle_have_an_end() -> None:
    with FileServer(CONTENT, *[redirected("/again")] * 20) as server:
        assert "redirects" in str(refused(server, ProtocolError))


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("bytes 0-9/100", (0, 100)),
        ("bytes 5-9/*", (5, None)),
        ("bytes */100", (None, 100)),
        ("bytes ٣-9/100", (None, None)),
        (f"bytes 0-9/{'9' * 5000}", (None, None)),
        ("bytes=0-9/100", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_content_range(value: str | None, result: tuple[int | None, int | None]) -> None:
    assert content_range(value) == result


@pytest.mark.parametrize(("length", "size"), [("100", 100), ("9" * 5000, None), ("-1", None), ("٣", None), ("", None)])
def test_size_of(length: str, size: int | None) -> None:
    assert size_of(Answer(200, {"content-length": length})) == size


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, None),
        ("", None),
        ("attachment", None),
        ("attachment; filename=", None),
        ("attachment; filename=a.mp4", "a.mp4"),
        ('attachment; filename="a b; c.mp4"', "a b; c.mp4"),
        ('inline; FILENAME="a.mp4"', "a.mp4"),
        (r'attachment; filename="a \"b\".mp4"', 'a "b".mp4'),
        ("attachment; filename*=UTF-8''Zo%C3%AB%20%E2%82%AC.mp4", "Zoë €.mp4"),
        ("attachment; filename*=iso-8859-1'en'%A3.mp4", "£.mp4"),
        ("attachment; filename=\"plain.mp4\"; filename*=UTF-8''b%C3%A9.mp4", "bé.mp4"),
        ("attachment; filename*=UTF-8''b%C3%A9.mp4; filename=\"plain.mp4\"", "bé.mp4"),
        ("attachment; filename*0=long-; filename*1=name.mp4", "long-name.mp4"),
        ('attachment; filename="Zoë.mp4"', "Zoë.mp4"),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        ("attachment; filename*=no-such-charset''%C3%AB.mp4", "Ã«.mp4"),
    ],
)
def test_filename_from(value: str | None, name: str | None) -> None:
    assert filename_from(value) == name


@given(st.text(max_size=60))
def test_filename_from_survives_anything(value: str) -> None:
    assert filename_from(value) != ""
    assert filename_from(f"attachment; filename{value}") != ""
    assert filename_from(f"attachment; filename*{value}") != ""


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=60))
def test_filename_from_reads_what_rfc_5987_encodes(name: str) -> None:
    assert filename_from(f"attachment; filename=\"x\"; filename*=UTF-8''{quote(name, safe='')}") == name

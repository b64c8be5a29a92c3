"""Request bodies: as long as they say, well-formed by an independent parser, and the same each time they are opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser, parse_options_header

from airflow_media.http.bodies import Body, MultipartBody, Observed, RawBody


@dataclass(frozen=True)
class Memory:
    """A readable in memory, in pieces of odd size."""

    data: bytes
    piece: int = 7

    @property
    def size(self) -> int:
        return len(self.data)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield (self.data[start : start + self.piece] for start in range(0, len(self.data), self.piece))


@dataclass
class Part:
    disposition: Mapping[bytes, bytes]
    media_type: bytes | None
    data: bytes


def whole(body: Body) -> bytes:
    with body.open() as pieces:
        return b"".join(pieces)


def parsed(body: MultipartBody) -> list[Part]:
    parts: list[Part] = []
    headers: dict[bytes, bytes] = {}
    name, value, data = bytearray(), bytearray(), bytearray()

    def end_header() -> None:
        headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def end_part() -> None:
        disposition = parse_options_header(headers[b"content-disposition"])[1]
        parts.append(Part(disposition, headers.get(b"content-type"), bytes(data)))
        headers.clear()
        data.clear()

    parser = MultipartParser(
        body.boundary,
        {
            "on_header_field": lambda text, start, end: name.extend(text[start:end]),
            "on_header_value": lambda text, start, end: value.extend(text[start:end]),
            "on_header_end": end_header,
            "on_part_data": lambda text, start, end: data.extend(text[start:end]),
            "on_part_end": end_part,
        },
    )
    parser.write(whole(body))
    parser.finalize()
    return parts


@given(st.binary(max_size=100), st.integers(1, 40))
def test_raw_body_is_the_bytes_of_the_file(data: bytes, piece: int) -> None:
    body = RawBody(Memory(data, piece), "video/mp4")
    assert whole(body) == data
    assert body.length == len(data)
    assert body.content_type == "video/mp4"


@given(
    st.binary(max_size=200),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.dictionaries(st.text("abc-_[]", min_size=1, max_size=8), st.text(st.characters(codec="utf-8"), max_size=30)),
)
def test_multipart_body_is_as_long_as_it_says(data: bytes, filename: str, fields: dict[str, str]) -> None:
    body = MultipartBody(Memory(data), filename, fields=fields)
    assert len(whole(body)) == body.length


@given(
    st.binary(max_size=200),
    st.dictionaries(st.text("abc-_", min_size=1, max_size=8), st.text(st.characters(codec="utf-8"), max_size=30)),
)
def test_multipart_body_is_read_by_an_independent_parser(data: bytes, fields: dict[str, str]) -> None:
    body = MultipartBody(
        Memory(data), "Zoë & co.mp4", field_name="media", media_type="video/mp4", fields=fields, boundary="line"
    )
    *before, last = parsed(body)
    assert {part.disposition[b"name"].decode(): part.data.decode() for part in before} == fields
    assert last.disposition == {b"name": b"media", b"filename": "Zoë & co.mp4".encode()}
    assert last.media_type == b"video/mp4"
    assert last.data == data


@pytest.mark.parametrize("name", ['a"; x="b.mp4', "a\r\nX-Evil: 1\r\n\r\n.mp4"])
def test_a_file_name_cannot_break_out_of_its_header(name: str) -> None:
    (part,) = parsed(MultipartBody(Memory(b"data"), name))
    assert set(part.disposition) == {b"name", b"filename"}
    assert part.data == b"data"


def test_fields_keep_their_order_and_come_before_the_file() -> None:
    body = MultipartBody(Memory(b"data"), "a.mp4", fields={"policy": "p", "key": "k", "acl": "a"})
    assert [part.disposition[b"name"] for part in parsed(body)] == [b"policy", b"key", b"acl", b"file"]


def test_a_body_that_is_opened_again_is_the_same() -> None:
    body = MultipartBody(Memory(b"0123456789" * 10), "a.mp4", fields={"key": "value"})
    with body.open() as pieces:
        next(pieces)
        next(pieces)
    assert whole(body) == whole(body)
    assert body.boundary in (body.content_type or "")


def test_two_bodies_have_different_boundaries() -> None:
    assert MultipartBody(Memory(b""), "a").boundary != MultipartBody(Memory(b""), "a").boundary


def test_observed_tells_how_far_it_was_read_and_starts_over_when_opened_again() -> None:
    told: list[tuple[int, int | None]] = []
    body = RawBody(Observed(Memory(b"0123456789", 4), lambda done, total: told.append((done, total))))
    assert whole(body) == b"0123456789"
    assert told == [(4, 10), (8, 10), (10, 10)]
    with body.open() as pieces:
        next(pieces)
        next(pieces)
    assert told[3:] == [(4, 10)]

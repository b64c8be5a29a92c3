"""Answers that no service should give: arbitrary bytes, arbitrary JSON, and objects that have each key they are asked
for, with anything as its value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from airflow_media.http.call import Answer

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 1, 10**12, 10**25, 1e308, 4e18, -0.0, 99.9, 100])
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", " ", "null", "0", "1", "-5", "1e400", "NaN", "100", "../..", "\x00", "\ud800", "é" * 300]),
    st.datetimes().map(str),
    st.sampled_from(
        ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01 00:00:00 +0000"]
    ),
    st.sampled_from(
        ["https://store.example.com/", "http://10.0.0.1/", "ftp://x/", "//x", "https://a@b/", "file:///etc/passwd"]
    ),
)
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
STATUSES = st.sampled_from(
    [200, 200, 200, 200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 409, 416, 422, 429, 500, 503]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-length", "content-range", "etag", "location", "retry-after", "content-disposition"]
    ),
    st.one_of(st.text(max_size=30), st.sampled_from(["application/json", "text/html", "12", "-1", "bytes 0-1/2"])),
    max_size=3,
)
SHAPES = (
    *(b"<Error><Code>SlowDown</Code></Error>", b"<a>" * 2000, b"<!DOCTYPE a>", b"WEBVTT\n\n"),
    *(b"[" * 100_000, b"1e999", b'"\\ud800"', b"NaN"),
)
DEEPEST = 5


class Drawn(dict[str, Any]):
    """A JSON object that has whatever it is asked for: the values are drawn when somebody looks at them.

    :param draw: Draws from a strategy.
    :param words: Texts that mean something to who looks.
    :param depth: Objects above this one.
    """

    def __init__(self, draw: Any, words: tuple[str, ...], depth: int = 0) -> None:
        super().__init__()
        self._draw, self._words, self._depth = draw, words, depth

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self.keys_seen():
            super().__setitem__(key, self._value())
        found = super().__getitem__(key)
        return default if found is ABSENT else found

    def __getitem__(self, key: str) -> Any:
        found = self.get(key, ABSENT)
        if found is ABSENT:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return self.get(str(key), ABSENT) is not ABSENT

    def keys_seen(self) -> set[str]:
        return set(super().keys())  # those that were drawn, absent ones too

    def __iter__(self) -> Iterator[str]:
        return iter([key for key in self.keys_seen() if super(Drawn, self).__getitem__(key) is not ABSENT])

    def items(self) -> Any:
        if not self.keys_seen():
            super().update(self._draw(st.dictionaries(TEXTS, PLAIN, max_size=3)))
        return [(key, self[key]) for key in self]

    def keys(self) -> Any:
        return [key for key, _ in self.items()]

    def values(self) -> Any:
        return [value for _, value in self.items()]

    def __len__(self) -> int:
        return len(self.items())

    def _value(self) -> Any:
        shapes = ["object", "object", "list", "word", "text", "plain", "absent"]
        shape = self._draw(st.sampled_from(shapes if self._depth < DEEPEST else shapes[3:]))
        if shape == "object":
            return Drawn(self._draw, self._words, self._depth + 1)
        if shape == "list":
            length = self._draw(st.integers(0, 3))
            return [
                Drawn(self._draw, self._words, self._depth + 1) if self._draw(st.booleans()) else self._draw(PLAIN)
                for _ in range(length)
            ]
        if shape == "word":
            return self._draw(st.sampled_from(self._words))
        return ABSENT if shape == "absent" else self._draw(TEXTS if shape == "text" else PLAIN)

    def _item(self) -> Any:
        return Drawn(self._draw, self._words, self._depth + 1) if self._draw(st.booleans()) else self._draw(PLAIN)


ABSENT = object()


def drawn(draw: Any, words: tuple[str, ...]) -> Answer:
    """Make an answer whose document is drawn while it is read."""
    document = Drawn(draw, words)

    class DrawnAnswer(Answer):
        def json(self) -> Any:
            return document

    marks = b'{"exception": "", "error": "", "ErrorType": ""}'
    return DrawnAnswer(draw(STATUSES), draw(HEADERS), marks)


def of_json(draw: Any) -> Answer:
    """Make an answer with arbitrary JSON in it."""
    return Answer(draw(STATUSES), draw(HEADERS), json.dumps(draw(JSON)).encode("utf-8", "surrogatepass"))


def of_bytes(draw: Any) -> Answer:
    """Make an answer with arbitrary bytes in it, those of XML and of captions too."""
    shapes = st.sampled_from(
        [
            b"<Error><Code>SlowDown</Code></Error>",
            b"<a>" * 2000,
            b"[" * 100_000,
            b"<!DOCTYPE a>",
            b"WEBVTT\n\n",
            b"1e999",
            b'"\\ud800"',
            b"NaN",
        ]
    )
    content = draw(st.one_of(st.binary(max_size=200), shapes, st.tuples(shapes, st.binary(max_size=50)).map(b"".join)))
    return Answer(draw(STATUSES), draw(HEADERS), content)


ANSWERS: Mapping[str, Any] = {
    "bytes": lambda draw, words: of_bytes(draw),
    "JSON": lambda draw, words: of_json(draw),
    "drawn": drawn,
}

"""Parameters of calls: which kinds there are, how their texts are read and in which order their faults are told."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import IntEnum
from typing import Any, Final
from urllib.parse import urlsplit

from media_sandbox.cielo24.errors import INVALID_OPTION, INVALID_QUERY, INVALID_URL, refusal
from media_sandbox.cielo24.vocabulary import FALSE_WORDS, LANGUAGES, TRUE_WORDS

HEX_ID: Final = re.compile(r"[0-9a-f]{32}")
INTEGER: Final = re.compile(r"[+-]?[0-9]{1,15}")
BOUNDARIES: Final = re.compile(r"""[\[(]\s*(["'])(.*)\1\s*,\s*(["'])(.*)\3\s*[\])]""")
UNQUOTED_LIST: Final = re.compile(r"[\[(]\s*(\w+(?:\s*,\s*\w+)*)?\s*[\])]")


class Rank(IntEnum):
    """The order in which faults are looked for."""

    ID = 1
    WORD = 2
    NUMBER = 3
    LANGUAGE = 4
    URL = 5


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    :param read: returns the value of a text, given the parameter's name for the error.
    :param native: the type of its values in JSON.
    :param repeats: whether a list of such values may come as one parameter several times.
    """

    rank: Rank
    read: Callable[[str, str], Any]
    native: type = str
    repeats: bool = False


@dataclass(frozen=True)
class Parameter:
    """A parameter of a call.

    :param other_name: a second spelling.
    :param inner: the keys of a JSON object.
    """

    name: str
    kind: Kind
    required: bool = False
    other_name: str | None = None
    inner: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Moment:
    """A date with or without a time of day."""

    start: datetime
    is_day: bool

    def first(self, zone: tzinfo) -> datetime:
        """Return its beginning.

        :param zone: the zone of a date that names none.
        """
        return self.start if self.start.tzinfo else self.start.replace(tzinfo=zone)

    def last(self, zone: tzinfo) -> datetime:
        """Return its end: that of the whole day for a date alone."""
        return self.first(zone) + (timedelta(days=1, microseconds=-1) if self.is_day else timedelta())


def setting(kind: Kind, default: Any) -> Any:
    """Return a dataclass field that is read from the parameter of its name."""
    return dataclasses.field(default=default, metadata={"kind": kind})


def parameters_of(settings: type[Any]) -> tuple[Parameter, ...]:
    """Return the parameters from which a dataclass of :func:`setting` fields is read."""
    return tuple(Parameter(field.name, field.metadata["kind"]) for field in dataclasses.fields(settings))


def as_text(value: Any) -> str:
    """Return a JSON value as it would stand in a query string."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _text(_: str, text: str) -> str:
    return text


def hex_id(name: str, text: str) -> str:
    """Return an identifier.

    :raises ApiError: 400 when it cannot be one.
    """
    if not HEX_ID.fullmatch(text):
        raise refusal(INVALID_QUERY, f"{name} must be 32 lowercase hexadecimal digits")
    return text


def _boolean(name: str, text: str) -> bool:
    word = text.lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise refusal(INVALID_OPTION, f"{name} must be true or false, not {text!r}")
    return word in TRUE_WORDS


def _moment(name: str, text: str) -> Moment:
    try:
        if len(text) == len("2024-01-31"):
            return Moment(datetime.combine(date.fromisoformat(text), time()), is_day=True)
        return Moment(datetime.fromisoformat(text), is_day=False)
    except ValueError as error:
        raise refusal(INVALID_QUERY, f"{name} must be an ISO 8601 date, not {text!r}") from error


def _language(name: str, text: str) -> str:
    if text not in LANGUAGES:
        raise refusal(INVALID_OPTION, f"{name}: there is no language {text!r}")
    return text


def _languages(name: str, text: str) -> str:
    return ",".join(_language(name, code.strip()) for code in text.split(","))


def _url(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        proper = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        proper = False
    if not proper or not text.isprintable() or " " in text:
        raise refusal(INVALID_URL, f"{name} must be an absolute http or https URL")
    return text


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise refusal(INVALID_QUERY, f"{name} must be a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise refusal(INVALID_QUERY, f"{name} must be a JSON object")
    return value


def _flat_object(name: str, text: str) -> dict[str, Any]:
    value = _object(name, text)
    if any(isinstance(item, dict | list) for item in value.values()):
        raise refusal(INVALID_QUERY, f"{name} must have one level only")
    return value


def _boundaries(name: str, text: str) -> tuple[str, str]:
    match = BOUNDARIES.fullmatch(text.strip())
    if match is None:
        raise refusal(INVALID_QUERY, f"{name} must be a pair such as ('[',']'), not {text!r}")
    return match[2], match[4]


def words(name: str, text: str) -> list[str]:
    """Return the items of a list, written in JSON or, as in the service's own examples, without quotes.

    :raises ApiError: 400 when it is neither.
    """
    try:
        value = json.loads(text)
    except ValueError:
        match = UNQUOTED_LIST.fullmatch(text.strip())
        value = re.findall(r"\w+", match[0]) if match else None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise refusal(INVALID_QUERY, f"{name} must be a list of words, not {text!r}")
    return value


def one_of(values: Iterable[str]) -> Kind:
    """Return the kind of one word out of ``values``."""
    allowed = tuple(values)

    def read(name: str, text: str) -> str:
        if text not in allowed:
            raise refusal(INVALID_OPTION, f"{name} must be one of {', '.join(map(repr, allowed))}, not {text!r}")
        return text

    return Kind(Rank.WORD, read)


def list_of(values: Iterable[str]) -> Kind:
    """Return the kind of a list of words out of ``values``."""
    word = one_of(values)
    return Kind(Rank.WORD, lambda name, text: [word.read(name, item) for item in words(name, text)], list, repeats=True)


def integer(least: int | None = None) -> Kind:
    """Return the kind of an integer, not below ``least`` if that is given."""

    def read(name: str, text: str) -> int:
        if not INTEGER.fullmatch(text) or (least is not None and int(text) < least):
            bound = "" if least is None else f" of at least {least}"
            raise refusal(INVALID_QUERY, f"{name} must be an integer{bound}, not {text!r}")
        return int(text)

    return Kind(Rank.NUMBER, read, int)


def text_up_to(length: int) -> Kind:
    """Return the kind of a text of at most ``length`` characters."""

    def read(name: str, text: str) -> str:
        if len(text) > length:
            raise refusal(INVALID_QUERY, f"{name} must have at most {length} characters and has {len(text)}")
        return text

    return Kind(Rank.NUMBER, read)


HEX: Final = Kind(Rank.ID, hex_id)
TEXT: Final = Kind(Rank.WORD, _text)
BOOLEAN: Final = Kind(Rank.WORD, _boolean, bool)
MOMENT: Final = Kind(Rank.NUMBER, _moment)
LANGUAGE: Final = Kind(Rank.LANGUAGE, _language)
LANGUAGE_LIST: Final = Kind(Rank.LANGUAGE, _languages)
URL: Final = Kind(Rank.URL, _url)
OBJECT: Final = Kind(Rank.NUMBER, _object, dict)
FLAT_OBJECT: Final = Kind(Rank.NUMBER, _flat_object, dict)
BOUNDARY_PAIR: Final = Kind(Rank.NUMBER, _boundaries, repeats=True)

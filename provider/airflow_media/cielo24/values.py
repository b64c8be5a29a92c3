"""The kinds of values that options have: how each is brought into its type, and how it is written into a query."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from reprlib import repr as short_repr
from string import Formatter
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from airflow_media.http.errors import did_you_mean

WORDS = {"true": True, "t": True, "yes": True, "y": True, "false": False, "f": False, "no": False, "n": False}
"""The words that the service takes for a boolean, in any case."""


class Kind(Protocol):
    """One kind of value."""

    def convert(self, value: Any) -> Any:
        """Bring a value into its type. A text is read, since a rendered template always is one.

        :raises ValueError: It is not permitted; the text says what is.
        """


class Flag(Struct, frozen=True):
    """Yes or no."""

    def convert(self, value: Any) -> bool:
        known = value if isinstance(value, bool) else WORDS.get(str(value).strip().lower())
        if known is None:
            raise ValueError(f"{short_repr(value)} is not true or false")
        return known


class Whole(Struct, frozen=True):
    """A whole number.

    :param least: The smallest that is permitted.
    """

    least: int = 0

    def convert(self, value: Any) -> int:
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not number.is_integer() or number < self.least:
            raise ValueError(f"{short_repr(value)} is not a whole number from {self.least}")
        return int(number)


class Text(Struct, frozen=True):
    """A text.

    :param most: Most characters; ``None``: any number.
    """

    most: int | None = None

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{short_repr(value)} is not a text")
        if self.most is not None and len(value) > self.most:
            raise ValueError(f"it has {len(value)} characters; at most {self.most} are permitted")
        return value


class Choice(Struct, frozen=True):
    """One of several words.

    :param words: Those that are permitted.
    """

    words: Collection[str]

    def convert(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            words = ", ".join(word or repr(word) for word in self.words)
            raise ValueError(f"{short_repr(value)} is not one of {words}{did_you_mean(value, self.words)}")
        return value


class Choices(Struct, frozen=True):
    """A list of words.

    :param words: Those that are permitted.
    """

    words: Collection[str]

    def convert(self, value: Any) -> list[str]:
        listed = _json(value)
        if not isinstance(listed, list | tuple):
            raise ValueError(f"{short_repr(value)} is not a list")
        return [Choice(self.words).convert(word) for word in listed]


class Boundaries(Struct, frozen=True):
    """The two characters around a sound: ``["[", "]"]``."""

    def convert(self, value: Any) -> tuple[str, str]:
        pair = _json(value)
        if (
            not isinstance(pair, list | tuple)
            or len(pair) != 2
            or not all(isinstance(each, str) and len(each) == 1 for each in pair)
        ):
            raise ValueError(f"{short_repr(value)} is not a pair of characters")
        return pair[0], pair[1]


class Moment(Struct, frozen=True):
    """A date or a time in ISO 8601, sent as it is written: the service does not say what zone it means."""

    def convert(self, value: Any) -> str:
        if isinstance(value, date):
            value = value.isoformat()
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError(f"{short_repr(value)} is not a date or a time in ISO 8601") from None
        return str(value)


class FlatObject(Struct, frozen=True):
    """An object of one level."""

    def convert(self, value: Any) -> dict[str, Any]:
        known = _json(value)
        if not isinstance(known, Mapping):
            raise ValueError(f"{short_repr(value)} is not an object")
        nested = [str(key) for key, inner in known.items() if isinstance(inner, Mapping | list | tuple)]
        if nested:
            raise ValueError(f"it has more than one level, in {', '.join(nested)}")
        return {str(key): inner for key, inner in known.items()}


class WebAddress(Struct, frozen=True):
    """An absolute http or https URL."""

    def convert(self, value: Any) -> str:
        if not is_web_address(value):
            raise ValueError("it is not an absolute http or https URL")  # its login may stand in it: not printed
        return str(value)


class Element(Struct, frozen=True):
    """An XML element as a text. It is not parsed: where it ends up, there are prefixes that it does not declare.

    :param name: Its name.
    """

    name: str

    def convert(self, value: Any) -> str:
        text = Text().convert(value)
        if text and not re.fullmatch(rf"\s*<{self.name}\b.*(?:</{self.name}\s*>|/>)\s*", text, re.DOTALL):
            raise ValueError(f"it does not go from <{self.name}> to </{self.name}>")
        return text


class Clock(Struct, frozen=True):
    """A format of a time code, of ``%H``, ``%M``, ``%S`` and ``%f``."""

    def convert(self, value: Any) -> str:
        text = Text().convert(value)
        unknown = [f"%{part[:1]}" for part in text.split("%")[1:] if part[:1] not in {"H", "M", "S", "f"}]
        if unknown:
            raise ValueError(f"{short_repr(value)} has {', '.join(unknown)} in it; %H, %M, %S and %f are known")
        return text


class Template(Struct, frozen=True):
    """A Python format of named fields.

    :param sample: The fields that are known, each with a value to try them with.
    """

    sample: Mapping[str, int | str]

    def convert(self, value: Any) -> str:
        text = Text().convert(value)
        try:
            fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
            unknown = [f"{{{name}}}" for name in fields if name not in self.sample]
            if unknown:
                raise ValueError(f"{', '.join(unknown)} is unknown; known are {', '.join(self.sample)}")
            text.format(**self.sample)
        except (ValueError, LookupError) as error:
            raise ValueError(f"{short_repr(value)} is no template: {error}") from None
        return text


def is_web_address(value: object) -> bool:
    """Tell whether a value is an absolute http or https URL."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def written(value: Any) -> str:
    """Give a value as it stands in a query: words for booleans, JSON for lists and objects, a pair in parentheses."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "({})".format(
            ",".join("'{}'".format(str(each).replace("\\", "\\\\").replace("'", "\\'")) for each in value)
        )
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _json(value: Any) -> Any:
    """Read a text as JSON, where it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value

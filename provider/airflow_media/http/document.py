"""Reading JSON answers: tolerant of what informs, strict about what decides, and always naming the key.

Objects, lists and ids decide what happens next: one of another kind is an error that tells its path. Numbers, times
and labels inform: one that cannot be read is ``None``, since no job that costs money should fail over a caption.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow_media.http.call import Answer

T = TypeVar("T")


class Document:
    """A JSON object of an answer and the path that leads to it. Unknown keys are ignored, ``null`` is absent.

    Each method takes the spellings under which the service may send a key; the first one present counts.

    :param value: The parsed JSON value.
    :param path: Where it was found: ``"video.upload"``; empty for the whole answer.
    :raises TypeError: The value is not a JSON object.
    """

    __slots__ = ("_keys", "_path")

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise TypeError(f"{path or 'the answer'} is {_kind(value)}, not an object")
        self._keys: Mapping[str, Any] = value
        self._path = path

    def path(self, key: str) -> str:
        """Give the path of a key from the top of the answer."""
        return f"{self._path}.{key}" if self._path else key

    def has(self, *names: str) -> bool:
        """Tell whether any of the keys is there and not null."""
        return self._get(names) is not None

    def required(self, *names: str) -> str:
        """Give a text that must be there: an id, a token.

        :raises ValueError: It is absent, empty or not a text.
        """
        value = self.text(*names)
        if not value:
            found = self._get(names)
            raise ValueError(f"{self.path(names[0])} is {'missing' if found is None else _kind(found)}, not a text")
        return value

    def text(self, *names: str) -> str | None:
        """Give a text. A number is taken for its digits."""
        value = self._get(names)
        if isinstance(value, str):
            return value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def number(self, *names: str) -> float | None:
        """Give a finite number, also one sent as a text."""
        value = self._get(names)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    def integer(self, *names: str) -> int | None:
        """Give a whole number, also one sent as a text or as ``10.0``."""
        value = self._get(names)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = self.number(*names)
        return int(number) if number is not None and number.is_integer() else None

    def flag(self, *names: str) -> bool | None:
        """Give a boolean, also one sent as the text ``true`` or ``false`` in any case."""
        value = self._get(names)
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None

    def time(self, *names: str) -> datetime | None:
        """Give a time in ISO 8601, also with a blank before the hours. Without a zone it is UTC."""
        value = self._get(names)
        if not isinstance(value, str):
            return None
        try:
            moment = datetime.fromisoformat(value.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None

    def object(self, name: str) -> Document | None:
        """Give an object, or ``None`` where there is none.

        :raises TypeError: It is there and not an object.
        """
        value = self._get((name,))
        return None if value is None else Document(value, self.path(name))

    def required_object(self, name: str) -> Document:
        """Give an object that must be there.

        :raises TypeError: It is absent or not an object.
        """
        return Document(self._get((name,)), self.path(name))

    def objects(self, name: str) -> list[Document]:
        """Give a list of objects; empty where there is none.

        :raises TypeError: It is not a list, or holds something else.
        """
        value = self._get((name,))
        if value is None:
            return []
        if not isinstance(value, list):
            raise TypeError(f"{self.path(name)} is {_kind(value)}, not a list")
        return [Document(item, f"{self.path(name)}[{index}]") for index, item in enumerate(value)]

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the texts of a list; what is something else, the whole or a part of it, is left out."""
        value = self._get((name,))
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()

    def plain(self, name: str) -> Mapping[str, Any]:
        """Give a free object as it is; empty where there is none or something else."""
        value = self._get((name,))
        return value if isinstance(value, dict) else {}

    def _get(self, names: Sequence[str]) -> Any:
        for name in names:
            value = self._keys.get(name)
            if value is not None:
                return value
        return None


def reader(read: Callable[[Document], T], key: str = "") -> Callable[[Answer], T]:
    """Make a reader of answers out of a reader of documents.

    :param read: Makes a record of a document.
    :param key: Outer key that the document is below; empty: it is the whole answer.
    """

    def of_answer(answer: Answer) -> T:
        document = Document(answer.json())
        return read(document.required_object(key) if key else document)

    return of_answer


def _kind(value: object) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text" if value else "an empty text"
    return "a list" if isinstance(value, list) else "an object"

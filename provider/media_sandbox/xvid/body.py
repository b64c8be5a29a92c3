"""JSON objects of requests: their keys read one by one, each of the right kind, and none that is not known."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from media_sandbox.web import ApiError
from media_sandbox.xvid.errors import Area
from media_sandbox.xvid.query import OBJECT_ID

SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""What JSON can write but no encoding can."""


class Body:
    """One object.

    :param value: what is to be an object.
    :param where: what to call it in a refusal.
    :param area: refuses what is wrong with it.
    """

    def __init__(self, value: Any, where: str, area: Area) -> None:
        self._where = where
        self._area = area
        if not isinstance(value, dict):
            raise area.refuse(f"{where} must be a JSON object")
        self._value: dict[str, Any] = {key: item for key, item in value.items() if item is not None}

    def only(self, known: Collection[str]) -> None:
        """Refuse keys that are not among those known."""
        if unknown := sorted(set(self._value) - set(known)):
            raise self._area.refuse(f"{self._where} has no {', '.join(map(repr, unknown))}")

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def raw(self, key: str) -> Any:
        """Return a value of any kind."""
        return self._value.get(key)

    def text(self, key: str) -> str | None:
        """Return a text."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, f"must be a text, not {value!r}")
        if value and SURROGATE.search(value):
            raise self.wrong(key, f"has half a character in it: {value!r}")
        return value

    def needed(self, key: str) -> str:
        """Return a text that must be there and not empty."""
        value = self.text(key)
        if not value:
            raise self.wrong(key, "is needed")
        return value

    def flag(self, key: str) -> bool | None:
        """Return a boolean."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, f"must be true or false, not {value!r}")
        return value

    def number(self, key: str, least: float) -> float | None:
        """Return a number of at least ``least``."""
        value = self._value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
            raise self.wrong(key, f"must be a number of at least {least}, not {value!r}")
        return value

    def one(self, key: str) -> Body:
        """Return an object within this one; an absent one counts as empty."""
        return Body(self._value.get(key, {}), f"{self._where}.{key}", self._area)

    def many(self, key: str) -> Iterator[Body]:
        """Return the objects of a list; an absent one counts as empty."""
        values = self._value.get(key, [])
        if not isinstance(values, list):
            raise self.wrong(key, "must be a list")
        for number, value in enumerate(values):
            yield Body(value, f"{self._where}.{key}[{number}]", self._area)

    def id_of(self, key: str) -> str:
        """Return the id of an object that is told as ``{"id": ...}``."""
        id_ = self.one(key).needed("id")
        if not OBJECT_ID.fullmatch(id_):
            raise self.wrong(key, f"has the id {id_!r}, which is not 24 hexadecimal digits")
        return id_

    def wrong(self, key: str, what: str) -> ApiError:
        """Return the refusal of a key."""
        return self._area.refuse(f"{self._where}.{key} {what}")

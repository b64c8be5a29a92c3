"""Query parameters and form fields: read once, each at most once, of the right kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from media_sandbox.web import ApiError
from media_sandbox.xvid.errors import Area

OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
FLAGS: Final = {"true": True, "false": False}
DIGITS: Final = 20
"""More digits than any number here has."""


class Query:
    """The parameters of one request.

    :param pairs: names and values as they came.
    :param area: refuses what is wrong with them.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], area: Area) -> None:
        self.pairs = list(pairs)
        self._area = area

    def text(self, name: str) -> str | None:
        """Return a parameter, ``None`` when it is absent.

        :raises ApiError: 400 when it is given twice.
        """
        values = [value for key, value in self.pairs if key == name]
        if len(values) > 1:
            raise self.wrong(name, "is given more than once")
        return values[0] if values else None

    def required(self, name: str) -> str:
        """Return a parameter that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise self.wrong(name, "is needed")
        return value

    def flag(self, name: str) -> bool | None:
        """Return ``true`` or ``false``."""
        value = self.text(name)
        if value is None:
            return None
        if value not in FLAGS:
            raise self.wrong(name, f"must be true or false, not {value!r}")
        return FLAGS[value]

    def integer(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number between ``least`` and ``most``."""
        value = self.text(name)
        if value is None:
            return None
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS and least <= int(value) <= most):
            raise self.wrong(name, f"must be a whole number from {least} to {most}, not {value!r}")
        return int(value)

    def object_id(self, name: str) -> str | None:
        """Return an id of 24 hexadecimal digits."""
        value = self.text(name)
        if value is not None and not OBJECT_ID.fullmatch(value):
            raise self.wrong(name, f"must be 24 hexadecimal digits, not {value!r}")
        return value

    def choice(self, name: str, allowed: Iterable[str]) -> str | None:
        """Return one of the words that are allowed."""
        value = self.text(name)
        words = list(allowed)
        if value is not None and value not in words:
            raise self.wrong(name, f"must be one of {', '.join(words)}, not {value!r}")
        return value

    def wrong(self, name: str, what: str) -> ApiError:
        """Return the refusal of a parameter."""
        return self._area.refuse(f"the parameter {name} {what}")

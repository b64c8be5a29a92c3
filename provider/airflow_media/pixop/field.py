"""One setting of a processing request: its key, what is allowed, and how a value is brought into its type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Literal, TypeAlias

from msgspec import Struct

from airflow_media.http.errors import did_you_mean

Value: TypeAlias = str | int | float
Kind: TypeAlias = Literal["string", "integer", "number"]


class Field(Struct, frozen=True, kw_only=True):
    """One setting.

    :param name: Its keyword in Python.
    :param path: Its key in the request, with a dot before the inner key.
    :param title: Its label in a form.
    :param section: Part of the form that it is shown in.
    :param help: What it does, in one or two sentences.
    :param kind: JSON type.
    :param choices: Permitted values and what each means; ``None``: any within the bounds.
    :param minimum: Smallest permitted number.
    :param maximum: Largest permitted number.
    """

    name: str
    path: str
    title: str
    section: str
    help: str
    kind: Kind = "string"
    choices: Mapping[Value, str] | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def group(self) -> str:
        """Outer key; empty where the setting stands at the top."""
        return self.path.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Inner key."""
        return self.path.rpartition(".")[2]

    @property
    def allowed(self) -> str:
        """What is permitted, in words."""
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        noun = "a whole number" if self.kind == "integer" else "a number"
        if self.maximum is None:
            return f"{noun} from {self.minimum:g}"
        return f"{noun} from {self.minimum:g} to {self.maximum:g}"

    def convert(self, value: object) -> Value:
        """Bring a value into the type of the request.

        A text that is a number is taken for one, since a rendered template always is a text; a number is taken for a
        word that is written in digits (``4444``).

        :raises ValueError: It cannot be brought into that type.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(self._refusal(value))
        if self.kind == "string":
            return str(value).strip()
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError(self._refusal(value)) from None
        if not math.isfinite(number) or (self.kind == "integer" and not number.is_integer()):
            raise ValueError(self._refusal(value))
        return int(number) if self.kind == "integer" else number

    def check(self, value: Value) -> None:
        """Check a converted value against what is permitted.

        :raises ValueError: It is not permitted; the text says what is, and what may have been meant.
        """
        if self.choices is not None:
            if value not in self.choices:
                raise ValueError(self._refusal(value) + did_you_mean(value, map(str, self.choices)))
        elif isinstance(value, str) or not self._within(value):
            raise ValueError(self._refusal(value))

    def _within(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _refusal(self, value: object) -> str:
        return f"{short_repr(value)} is not {self.allowed}"

"""What can be asked of captions, transcripts and transcriptions: named, typed, and checked before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from inspect import get_annotations
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import force_setattr

from airflow_media.cielo24.values import Kind, written
from airflow_media.http.errors import InvalidRequestError, did_you_mean


class OptionsError(InvalidRequestError):
    """Options that the service would refuse, or that would not do what they say.

    :param problems: Everything that is wrong, not only the first thing.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "1 option" if len(problems) == 1 else f"{len(problems)} options"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{count} cannot be sent to cielo24:{lines}")

    def __reduce__(self) -> tuple[type[OptionsError], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class Options(Struct, frozen=True, kw_only=True):
    """Base of the groups of options: each attribute is one, named as the service names it. Unset ones are not sent.

    The annotation of an option tells its type, the kind of its values, and what it does, with the service's default. So
    the module of a group does without postponed annotations.

    :param extra: Options that this release does not know, for what the service has added since; allowed only with
        ``validate=False``.
    :param validate: Whether to check names and values. Without it everything is sent as it is.
    :raises OptionsError: Something is not allowed; it tells all that is wrong at once.
    """

    extra: Mapping[str, Any] = field(default_factory=dict)
    validate: bool = True

    def __post_init__(self) -> None:
        reading = _Reading(type(self))
        reading.take_all({name: getattr(self, name) for name in self.names()} | dict(self.extra))
        problems = [*reading.problems, *self.broken_rules(reading.values)] if self.validate else []
        if problems:
            raise OptionsError(problems)
        for name, value in reading.values.items():
            force_setattr(self, name, value)

    @classmethod
    def parse(cls, value: Options | Mapping[str, Any] | str | None, *, validate: bool = True) -> Self:
        """Take options in any of their forms.

        :param value: Options; or a dictionary; or that as a JSON text, which is what a template that ends in
            ``| tojson`` gives. ``None`` and an empty text mean that nothing is set.
        :param validate: Whether to check names and values.
        :raises OptionsError: Something is not allowed; it tells all that is wrong at once.
        """
        if isinstance(value, cls):
            return value
        document = _document(value)
        known = kinds_of(cls)
        return cls(
            **{name: each for name, each in document.items() if name in known},
            extra={name: each for name, each in document.items() if name not in known},
            validate=validate,
        )

    @classmethod
    def check(cls, value: Options | Mapping[str, Any] | str | None) -> None:
        """Check options as far as they are known yet, when a DAG is read.

        :param value: As for :meth:`parse`. A template, or the output of another task, stands for a value that comes
            later: it is left alone.
        :raises OptionsError: What is known is wrong.
        """
        if isinstance(value, Options) or comes_later(value):
            return
        reading = _Reading(cls, templated=True)
        reading.take_all(_document(value))
        problems = [*reading.problems, *([] if reading.doubtful else cls.broken_rules(reading.values))]
        if problems:
            raise OptionsError(problems)

    @classmethod
    def broken_rules(cls, values: Mapping[str, Any]) -> Iterator[str]:
        """Find what is wrong with values together.

        :param values: Those that are set and right by themselves.
        """
        return iter(())

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Give the names of the options."""
        return tuple(kinds_of(cls))

    def values(self) -> dict[str, Any]:
        """Give what is set, by the service's names."""
        given = {name: getattr(self, name) for name in self.names()}
        return {name: value for name, value in {**given, **self.extra}.items() if value is not None}

    def params(self) -> dict[str, str]:
        """Give what is set as it stands in a query."""
        return {name: written(value) for name, value in self.values().items()}


class _Reading:
    """Options while they are being read: values so far, and all that is wrong with them.

    :param group: The group of options.
    :param templated: Whether values that are not known yet are left alone.
    """

    def __init__(self, group: type[Options], *, templated: bool = False) -> None:
        self._kinds = kinds_of(group)
        self._templated = templated
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        self.doubtful = False

    def take_all(self, given: Mapping[str, Any]) -> None:
        """Take values by their names."""
        for name, value in given.items():
            if name not in self._kinds:
                self.problems.append(f"{name}: there is no such option{did_you_mean(name, list(self._kinds))}")
            elif self._templated and comes_later(value):
                self.doubtful = True
            elif value is not None:
                self._take(name, value)

    def _take(self, name: str, value: Any) -> None:
        try:
            self.values[name] = self._kinds[name].convert(value)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")


def options_of(group: type[Options]) -> dict[str, tuple[Kind, str]]:
    """Give the kind of each option of a group and what it does, by its name."""
    return {
        name: annotation.__metadata__
        for name, annotation in get_annotations(group).items()
        if hasattr(annotation, "__metadata__")
    }


def kinds_of(group: type[Options]) -> dict[str, Kind]:
    """Give the kind of each option of a group, by its name."""
    return {name: kind for name, (kind, _) in options_of(group).items()}


def comes_later(value: object) -> bool:
    """Tell whether a value will be known only when the task runs: a template, or what another task gives."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, list | tuple):
        return any(comes_later(each) for each in value)
    return not isinstance(value, int | float | Mapping | Options | None)


def _document(value: object) -> Mapping[str, Any]:
    """Read a dictionary, also one written as JSON."""
    if value is None or (isinstance(value, str) and value.strip() in {"", "None"}):
        return {}
    document = value
    if isinstance(value, str):
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            document = None
    if not isinstance(document, Mapping):
        raise OptionsError(["they are neither a dictionary nor one written as JSON (end a template in '| tojson')"])
    return document

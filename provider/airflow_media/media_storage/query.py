"""What may be asked of a listing: filters, sort, page, count and fields; everything else is refused before it is sent.

The service drops a filter that it does not know and answers with the whole collection, and it fails inside on a value
of another type. Sections 'get /jobs - index' and 'get /medias - index' of the Media API reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias, TypedDict
from urllib.parse import quote

from msgspec import Struct

from airflow_media.http.errors import InvalidRequestError, nearest
from airflow_media.media_storage.models import Job, Media, moment

SERVICE_NAME = "Media storage"
LARGEST_PAGE = 1000
"""Items of a page; what the service takes at most, and by default."""

Texts: TypeAlias = str | Sequence[str] | None
Users: TypeAlias = int | str | Sequence[int] | Sequence[str] | None
Integers: TypeAlias = int | Sequence[int] | None
Numbers: TypeAlias = float | Sequence[float] | None
Flags: TypeAlias = bool | Sequence[bool] | None
Time: TypeAlias = datetime | str
Times: TypeAlias = Time | Sequence[Time] | None


class JobFilters(TypedDict, total=False):
    """The filters of jobs; several must all hold. A list means any of its values, ``None`` that there is no value.

    Times are compared in UTC. Those that the service prints are cut to whole seconds: one of them given to equality or
    ``__lte`` may miss the very job that it was taken from.
    """

    id: Texts
    job_class: Texts
    priority: Integers
    status: Texts
    progress: Numbers
    retry_count: Integers
    error: Texts
    unicity: Texts
    scheduled_at: Times
    created_at: Times
    updated_at: Times
    id__in: Sequence[str]
    job_class__in: Sequence[str]
    status__in: Sequence[str]
    priority__gte: int
    priority__lte: int
    retry_count__gte: int
    retry_count__lte: int
    scheduled_at__gte: Time
    scheduled_at__lte: Time
    created_at__gte: Time
    created_at__lte: Time
    updated_at__gte: Time
    updated_at__lte: Time


class MediaFilters(TypedDict, total=False):
    """The filters of media; several must all hold. A list means any of its values, ``None`` that there is no value.

    There are no ranges. Some releases of the service have no ``updated_at`` and fail inside when they are asked for it.
    """

    id: Texts
    resource: Texts
    key: Texts
    filename: Texts
    size: Integers
    mime_type: Texts
    created_by: Users
    created_role: Texts
    public: Flags
    created_at: Times
    updated_at: Times
    project_id: Texts


Convert: TypeAlias = Callable[[Any], str]


class Collection(Struct, frozen=True, kw_only=True):
    """One of the two collections and what may be asked of it.

    :param path: Its path.
    :param type: JSON:API type of its items.
    :param noun: What a person calls the items.
    :param attributes: Attributes that can be compared for equality and sorted by, and how their values are written.
    :param lists: Those that have the operator ``__in``.
    :param ranges: Those that have the operators ``__gte`` and ``__lte``.
    :param others: Attributes that can be asked for only.
    """

    path: str
    type: str
    noun: str
    attributes: Mapping[str, Convert]
    lists: frozenset[str] = frozenset()
    ranges: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @property
    def filters(self) -> list[str]:
        """The names of all its filters."""
        operators = [f"{name}__in" for name in sorted(self.lists)]
        operators += [f"{name}__{end}" for name in sorted(self.ranges) for end in ("gte", "lte")]
        return [*self.attributes, *operators]

    def check(self, filters: Mapping[str, Any]) -> None:
        """See that filters can be sent.

        :raises InvalidRequestError: A name is unknown, or a value is not of its type.
        """
        if not isinstance(filters, Mapping):
            _refuse(f"filters are {filters!r} and not names with values")
        list(self._filters(filters))

    def plain(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Give filters as JSON values, times as text."""
        return {name: _plain(f"filter[{name}]", value) for name, value in filters.items()}

    def matches(self, filters: Mapping[str, Any], item: Job | Media) -> bool:
        """Tell whether an item is one that filters of equality would find.

        :param filters: Filters by name, without operators.
        :param item: The item.
        """
        for name, wanted in filters.items():
            found, convert = getattr(item, name), self.attributes[name]
            values = wanted if _is_list(wanted) else [wanted]
            if _written(found, convert) not in [_written(value, convert) for value in values]:
                return False
        return True

    def query(
        self,
        filters: Mapping[str, Any],
        *,
        number: int | None = None,
        size: int | None = None,
        sort: str | None = None,
        count: bool = False,
        fields: Sequence[str] = (),
    ) -> str:
        """Write the query of a URL, with its question mark; empty where nothing is asked.

        :param filters: Filters by name.
        :param number: Number of the page, from 1.
        :param size: Items of a page, from 1 to 1,000.
        :param sort: Fields to sort by, with commas between them; a minus before one turns it round.
        :param count: Whether to count the items.
        :param fields: Attributes to give; default: all.
        :raises InvalidRequestError: Something of it cannot be asked.
        """
        pairs: list[tuple[str, str | None]] = list(self._filters(filters))
        for name, value, most in (("number", number, None), ("size", size, LARGEST_PAGE)):
            if value is not None:
                pairs.append((f"page[{name}]", _counting(f"page[{name}]", value, most)))
        if sort:
            pairs.append(("sort", self._sort(sort)))
        if count:
            pairs.append(("count", "true"))  # in lower case: it takes no other spelling
        return query_of([*pairs, *self.fields(fields)])

    def fields(self, names: Sequence[str]) -> list[tuple[str, str | None]]:
        """Give the parameters that ask for some attributes only."""
        known = [*self.attributes, *sorted(self.others)]
        for name in names:
            if name not in known:
                _refuse(f"{self.noun} have no attribute {name!r}", name, known)
        return [(f"fields[{self.type}][]", name) for name in names]

    def _sort(self, text: str) -> str:
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name.removeprefix("-") not in self.attributes:
                _refuse(f"{self.noun} cannot be sorted by {name!r}", name.removeprefix("-"), self.attributes)
        return ",".join(names)

    def _filters(self, filters: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
        for name, value in filters.items():
            if name not in self.filters:
                _refuse(f"{self.noun} have no filter {name!r}", name, self.filters)
            attribute, _, operator = name.partition("__")
            convert, parameter = self.attributes[attribute], f"filter[{name}]"
            many = _is_list(value)
            if value is None and not operator:
                yield parameter, None
            elif many and operator in {"", "in"}:
                yield from self._any_of(parameter, value, convert)
            elif value is None or many or operator == "in":
                _refuse(f"{parameter} cannot be {value!r}")
            else:
                yield parameter, _converted(parameter, value, convert)

    def _any_of(self, parameter: str, values: Iterable[Any], convert: Convert) -> Iterator[tuple[str, str | None]]:
        written = [_converted(parameter, value, convert) for value in values]
        if not written:
            # Nothing at all would be sent, and so everything listed.
            _refuse(f"{parameter} has an empty list for a value")
        yield from ((f"{parameter}[]", value) for value in written)


def query_of(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Write parameters as the query of a URL, with its question mark; empty where there are none.

    A name may come several times, and one without a value is sent without the equals sign, which means something else
    than an empty value: neither goes through a mapping.

    :param pairs: Names and values.
    """
    written = [quote(name, safe="") + ("" if value is None else "=" + quote(value, safe="")) for name, value in pairs]
    return "?" + "&".join(written) if written else ""


def _plain(parameter: str, value: Any) -> Any:
    if _is_list(value):
        return [_plain(parameter, each) for each in value]
    return _converted(parameter, value, _time) if isinstance(value, datetime) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | set) and not isinstance(value, str)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a text")
    try:
        return str(value).encode().decode()
    except UnicodeEncodeError:
        raise ValueError("a text that UTF-8 can write") from None


def _integer(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a whole number")
    try:
        return str(int(value))
    except ValueError:
        raise ValueError("a whole number") from None


def _number(value: Any) -> str:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number")
    return repr(number)


def _flag(value: Any) -> str:
    if value is True or value is False or (isinstance(value, str) and value in {"true", "false"}):
        return str(value).lower()
    raise ValueError("true or false")


def _time(value: Any) -> str:
    """Write a time in UTC, with a Z: the service ignores an offset instead of converting by it."""
    time = moment(value) if isinstance(value, str) else value
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError("a time with its zone, or a text in ISO 8601, which is UTC where it names no zone")
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _converted(parameter: str, value: Any, convert: Convert) -> str:
    try:
        return convert(value)
    except (ValueError, OverflowError) as wanted:
        return _refuse(f"{parameter} is {value!r} and not {wanted}")


def _written(value: Any, convert: Convert) -> str | None:
    return None if value is None else convert(value)


def _counting(name: str, value: int, most: int | None) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        _refuse(f"{name} is {value!r} and not a whole number from 1" + (f" to {most}" if most else ""))
    return str(value)


def _refuse(text: str, name: str = "", known: Iterable[str] = ()) -> NoReturn:
    word = nearest(name, known) if name else None
    hint = f"Did you mean {word!r}?" if word else f"There are: {', '.join(known)}." if name else ""
    raise InvalidRequestError(text, service=SERVICE_NAME, hint=hint)


JOBS = Collection(
    path="/jobs",
    type=Job.TYPE,
    noun="jobs",
    attributes=MappingProxyType(
        {
            "id": _text,
            "job_class": _text,
            "priority": _integer,
            "status": _text,
            "progress": _number,
            "retry_count": _integer,
            "error": _text,
            "unicity": _text,
            "scheduled_at": _time,
            "created_at": _time,
            "updated_at": _time,
        }
    ),
    lists=frozenset({"id", "job_class", "status"}),
    ranges=frozenset({"priority", "retry_count", "scheduled_at", "created_at", "updated_at"}),
    others=frozenset({"arguments"}),
)
MEDIAS = Collection(
    path="/medias",
    type=Media.TYPE,
    noun="medias",
    attributes=MappingProxyType(
        {
            "id": _text,
            "resource": _text,
            "key": _text,
            "filename": _text,
            "size": _integer,
            "mime_type": _text,
            "created_by": _text,
            "created_role": _text,
            "public": _flag,
            "created_at": _time,
            "updated_at": _time,
            "project_id": _text,
        }
    ),
    others=frozenset({"meta"}),
)
COLLECTIONS: Mapping[str, Collection] = MappingProxyType({"jobs": JOBS, "medias": MEDIAS})

"""Which attributes can be filtered and sorted by, and how a filter becomes a condition on rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from media_sandbox.media_storage import times
from media_sandbox.media_storage.errors import StorageError, database_error, invalid_parameter
from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.query import Filter, Query
from media_sandbox.media_storage.records import MICROSECONDS
from media_sandbox.media_storage.table import Term

BOOLEANS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
LARGEST_INTEGER: Final = 2**63 - 1

Read = Callable[[str], Any]


def read_uuid(text: str) -> str:
    """Return a UUID in its usual form.

    :raises ValueError: when it is none.
    """
    if not re.fullmatch(r"\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?", text):
        raise ValueError("is no UUID")
    return str(UUID(text))


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError("is no integer")
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        raise ValueError("is no number")
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError("is no boolean")
    return BOOLEANS[text.lower()]


@dataclass(frozen=True)
class Attribute:
    """How an attribute is filtered by.

    :param read: turns the text of a value into what the column holds, or raises :class:`ValueError`.
    :param operators: suffixes that it takes besides equality.
    """

    read: Read = str
    operators: tuple[str, ...] = ()


RANGE: Final = ("gte", "lte")
TIME: Final = Attribute(times.read)
TIME_RANGE: Final = Attribute(times.read, RANGE)

JOB_FILTERS: Final[Mapping[str, Attribute]] = {
    "id": Attribute(read_uuid, ("in",)),
    "job_class": Attribute(operators=("in",)),
    "priority": Attribute(_integer, RANGE),
    "status": Attribute(operators=("in",)),
    "progress": Attribute(_number),
    "retry_count": Attribute(_integer, RANGE),
    "error": Attribute(),
    "unicity": Attribute(),
    "scheduled_at": TIME_RANGE,
    "created_at": TIME_RANGE,
    "updated_at": TIME_RANGE,
}
MEDIA_FILTERS: Final[Mapping[str, Attribute]] = {
    "id": Attribute(),
    "resource": Attribute(),
    "key": Attribute(),
    "filename": Attribute(),
    "size": Attribute(_integer),
    "mime_type": Attribute(),
    "created_by": Attribute(_integer),
    "created_role": Attribute(),
    "public": Attribute(_boolean),
    "created_at": TIME,
    "updated_at": TIME,
    "project_id": Attribute(),
}
"""The filters of the reference page; what can be filtered by can be sorted by."""


def conditions(query: Query, known: Mapping[str, Attribute], options: MediaStorageOptions) -> list[Term]:
    """Return what rows have to fulfil for all filters of a query.

    :param known: the attributes of the type.
    :raises StorageError: 422 for a filter that does not exist or a value of the wrong kind.
    """
    return [term for filter_ in query.filters.values() for term in _conditions(filter_, known, options)]


def ordering(query: Query, known: Mapping[str, Attribute], options: MediaStorageOptions) -> str:
    """Return the SQL list of columns by which a query sorts, ``id`` last so that pages never overlap.

    :raises StorageError: 422 for a field that does not exist.
    """
    fields = query.sort[-1:] if options.last_sort_only else [*query.sort, "id"]
    return ", ".join(_order(field, known, options) for field in fields) or "id"


def _order(field: str, known: Mapping[str, Attribute], options: MediaStorageOptions) -> str:
    name = field.removeprefix("-")
    if name not in known:
        raise ill_typed(options, "sort", f"there is no field {name!r} to sort by")
    _check_column(name, known, options)
    # Nulls come where PostgreSQL puts them.
    return f"{name} DESC NULLS FIRST" if field.startswith("-") else f"{name} NULLS LAST"


def _conditions(filter_: Filter, known: Mapping[str, Attribute], options: MediaStorageOptions) -> Iterable[Term]:
    name, _, operator = filter_.name.partition("__")
    attribute = known.get(name)
    if attribute is None or (operator and operator not in attribute.operators) or filter_.name.endswith("__"):
        if options.ignore_unknown_filters:
            return
        raise invalid_parameter(filter_.parameter, "there is no such filter")
    _check_column(name, known, options)
    column = _column(name, attribute, options)
    if operator == "in":
        yield _any_of(column, _read_all(filter_, _listed(filter_, options), attribute, options))
    elif operator:
        if filter_.is_list or filter_.values == [None]:
            raise ill_typed(options, filter_.parameter, "takes one value")
        symbol = {"gte": ">=", "lte": "<="}[operator]
        yield Term(f"{column} {symbol} ?", _read_all(filter_, filter_.values, attribute, options))
    else:
        yield _any_of(column, _read_all(filter_, filter_.values, attribute, options))


def _listed(filter_: Filter, options: MediaStorageOptions) -> list[str | None]:
    if filter_.is_list:
        return filter_.values
    if not options.lenient_lists:
        raise ill_typed(options, filter_.parameter, f"must be an array: {filter_.parameter}[]=value")
    return [item for value in filter_.values for item in (value or "").split(",")]


def _any_of(column: str, values: list[Any]) -> Term:
    given = [value for value in values if value is not None]
    condition = f"{column} IN ({', '.join('?' * len(given))})"
    return Term(f"{condition} OR {column} IS NULL" if None in values else condition, given)


def _read_all(
    filter_: Filter, values: list[str | None], attribute: Attribute, options: MediaStorageOptions
) -> list[Any]:
    try:
        return [None if value is None else _read(value, attribute, options) for value in values]
    except (ValueError, OverflowError) as error:
        raise ill_typed(options, filter_.parameter, f"has a value of the wrong kind: {error}") from error


def _read(value: str, attribute: Attribute, options: MediaStorageOptions) -> Any:
    if attribute.read is not times.read:
        return attribute.read(value)
    time = times.read(value, ignore_offset=options.ignore_offsets)
    return time if options.stored_fractions else times.whole_seconds(time)


def _column(name: str, attribute: Attribute, options: MediaStorageOptions) -> str:
    if attribute.read is not times.read or options.stored_fractions:
        return name
    # What is compared is what is shown.
    return f"{name} / {MICROSECONDS} * {MICROSECONDS}"


def _check_column(name: str, known: Mapping[str, Attribute], options: MediaStorageOptions) -> None:
    if options.media_updated_at_500 and known is MEDIA_FILTERS and name == "updated_at":
        raise database_error('ERROR: column "updated_at" does not exist: SELECT * FROM "medias"')


def ill_typed(options: MediaStorageOptions, parameter: str, detail: str) -> StorageError:
    """Return the refusal of a value of the wrong kind, as the options choose."""
    if options.type_errors_500:
        return database_error(f"ERROR: invalid input in {parameter}: {detail}: SELECT * FROM ...")
    return invalid_parameter(parameter, detail)

"""Query strings with nested names, such as ``page[size]=5`` and ``filter[status__in][]=pending``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from media_sandbox.media_storage.errors import bad_request, invalid_parameter

NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
INTEGER: Final = re.compile(r"[0-9]{1,1000}")
PAGE_SIZE: Final = 1000
"""The size of a page by default and at most."""
TRUE: Final = ("true", "t", "y", "yes")
FALSE: Final = ("false", "f", "n", "no", "")


@dataclass
class Filter:
    """One filter as it was sent.

    :param name: the attribute with the operator's suffix, such as ``status__in``.
    :param values: what was given; ``None`` for a name without ``=``, which asks for null.
    :param is_list: whether it was sent as a bracket array.
    """

    name: str
    values: list[str | None] = field(default_factory=list)
    is_list: bool = False

    @property
    def parameter(self) -> str:
        """Its name in the URL."""
        return f"filter[{self.name}]"


@dataclass
class Query:
    """What the query string of a listing or of one record asks for."""

    page_number: int = 1
    page_size: int = PAGE_SIZE
    sort: list[str] = field(default_factory=list)
    count: bool = False
    included: list[str] = field(default_factory=list)
    fields: dict[str, set[str]] = field(default_factory=dict)
    """The attributes to show, by type; a type that is not named shows all."""
    filters: dict[str, Filter] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """One ``name[key]...=value`` of a query string.

    :param value: ``None`` when there is no ``=``.
    """

    name: str
    keys: tuple[str, ...]
    value: str | None

    @property
    def written(self) -> str:
        """Its name as it is written in the URL, without the brackets that make an array."""
        return self.name + "".join(f"[{key}]" for key in self.keys if key)


def parameters(request: Request) -> Iterator[Parameter]:
    """Give the parameters of a request in order.

    :raises StorageError: 400 when one is not UTF-8 or has unpaired brackets.
    """
    query: bytes = request.scope["query_string"]
    for item in query.split(b"&"):
        if not item:
            continue
        name, equals, value = item.partition(b"=")
        match = NAME.fullmatch(_decode(name))
        if match is None:
            raise bad_request(f"the parameter {_decode(name)!r} has unpaired brackets")
        keys = tuple(re.findall(r"\[([^\[\]]*)\]", match.group(2)))
        yield Parameter(match.group(1), keys, _decode(value) if equals else None)


def read_query(request: Request, *, bracket_fields_only: bool = False) -> Query:
    """Return what a request asks for; parameters that mean nothing here are ignored.

    :param bracket_fields_only: whether ``fields[type]=a,b`` is refused.
    :raises StorageError: 422 for a parameter that cannot be understood, or is given twice.
    """
    query = Query()
    seen: set[str] = set()
    for parameter in parameters(request):
        reader = READERS.get(parameter.name)
        if reader is None:
            continue
        is_list = parameter.keys[-1:] == ("",)
        if not is_list and parameter.written in seen:
            raise invalid_parameter(parameter.written, "is given twice")
        seen.add(parameter.written)
        if bracket_fields_only and parameter.name == "fields" and not is_list:
            raise invalid_parameter(parameter.written, "must be an array: fields[type][]=name")
        reader(query, parameter)
    return query


def _page(query: Query, parameter: Parameter) -> None:
    if len(parameter.keys) != 1 or parameter.keys == ("",):
        raise invalid_parameter(parameter.written, "must be nested: page[number] and page[size]")
    (key,) = parameter.keys
    if key not in ("number", "size"):
        return
    value = parameter.value or ""
    if not INTEGER.fullmatch(value):
        raise invalid_parameter(parameter.written, f"must be an integer, not {value!r}")
    number = int(value)
    if key == "size" and not 1 <= number <= PAGE_SIZE:
        raise invalid_parameter(parameter.written, f"must be between 1 and {PAGE_SIZE}")
    if number < 1:
        raise invalid_parameter(parameter.written, "must be at least 1")
    setattr(query, f"page_{key}", number)


def _sort(query: Query, parameter: Parameter) -> None:
    if parameter.keys:
        raise invalid_parameter("sort", "must be a comma-separated list of fields")
    query.sort = [name for name in (parameter.value or "").split(",") if name]


def _count(query: Query, parameter: Parameter) -> None:
    value = parameter.value or ""
    if parameter.keys or value not in (*TRUE, *FALSE):
        raise invalid_parameter("count", f"must be a boolean ({', '.join(filter(None, TRUE + FALSE))}), not {value!r}")
    query.count = value in TRUE


def _included(query: Query, parameter: Parameter) -> None:
    query.included += [name for name in (parameter.value or "").split(",") if name]


def _fields(query: Query, parameter: Parameter) -> None:
    match parameter.keys:
        case (type_,) if type_:
            query.fields[type_] = {name for name in (parameter.value or "").split(",") if name}
        case (type_, "") if type_:
            query.fields.setdefault(type_, set()).add(parameter.value or "")
        case _:
            raise invalid_parameter("fields", "must name a type: fields[type][]=name")


def _filter(query: Query, parameter: Parameter) -> None:
    match parameter.keys:
        case (name,) if name:
            is_list = False
        case (name, "") if name:
            is_list = True
        case _:
            raise invalid_parameter("filter", "must name an attribute: filter[name]=value")
    filter_ = query.filters.setdefault(name, Filter(name, is_list=is_list))
    if filter_.is_list != is_list:
        raise invalid_parameter(filter_.parameter, "is given both as a value and as an array")
    filter_.values.append(parameter.value)


READERS: Final = {
    "page": _page,
    "sort": _sort,
    "count": _count,
    "included": _included,
    "fields": _fields,
    "filter": _filter,
}


def _decode(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise bad_request("the query string is not UTF-8") from error

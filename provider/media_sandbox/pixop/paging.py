"""Listings: pages counted from 1, with links to their neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from media_sandbox.store import Collection, Record
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call

R = TypeVar("R", bound=Record)


def listing(
    call: Call, key: str, collection: Collection[R], show: Callable[[R], dict[str, Any]], filters: dict[str, str]
) -> Response:
    """Answer one page of a collection.

    :param key: the name of the list in the answer.
    :param show: makes the item of a record.
    :param filters: the record's field by the query parameter that selects on it.
    """
    options = call.pixop.options
    query = call.request.query_params
    page = _positive(query.get("page"), 1, "page")
    size = min(_positive(query.get("page-size"), options.default_page_size, "page-size"), options.max_page_size)
    given = {name: query[name] for name in filters if name in query}
    equal = {"team_id": call.identity.team_id, **{filters[name]: value for name, value in given.items()}}
    last = max(-(-collection.count(**equal) // size), 1)

    def link(number: int) -> dict[str, str]:
        numbers = {"page": str(number), "page-size": str(size)}
        return {"href": f"{call.url('videos', key)}?{urlencode({**given, **numbers})}"}

    links = {"self": link(page), "first": link(1), "last": link(last)}
    if page < last:
        links["next"] = link(page + 1)
    if page > 1:
        links[options.previous_link] = link(page - 1)
    items = [show(record) for record in collection.find(limit=size, offset=(page - 1) * size, **equal)]
    return call.answer({"pageSize": size, "page": page, "_links": links, "_embedded": {key: items}})


def _positive(text: str | None, default: int, name: str) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise ApiError(400, "BadRequestException", f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)

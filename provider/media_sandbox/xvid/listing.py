"""Listings: a part of a collection, sorted by any key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

DIRECTIONS: Final = ("1", "-1")
LARGEST_START: Final = 10**9


def listing(call: Call, plural: str, items: list[dict[str, Any]]) -> Response:
    """Answer with a part of the items.

    :param plural: the name of the list in the answer.
    :param items: all that the filters let through, as they are shown, oldest first.
    """
    query, options = call.query, call.xvid.options
    start = query.integer("start", 0, LARGEST_START) or 0
    limit = query.integer("limit", 1, options.largest_limit) or options.default_limit
    items = _sorted(call, items)
    total = len(items)

    def link(first: int) -> dict[str, str]:
        kept = [(name, value) for name, value in query.pairs if name not in ("start", "limit")]
        pairs = [*kept, ("start", str(first)), ("limit", str(limit))]
        return {"href": f"{call.base_url}/{plural}/?{urlencode(pairs)}"}

    return call.answer(
        {
            plural: items[start : start + limit],
            "total": total,
            "start": start,
            "limit": limit,
            "first": link(0),
            "last": link(max(total - 1, 0) // limit * limit),
        }
    )


def _sorted(call: Call, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    key = call.query.text("sort")
    backwards = call.query.choice("direction", DIRECTIONS) == "-1"
    if key is None:
        return items[::-1] if backwards else items
    with_key = [item for item in items if item.get(key) is not None]
    without = [item for item in items if item.get(key) is None]
    try:
        with_key.sort(key=lambda item: item[key], reverse=backwards)
    except TypeError as error:
        raise call.query.wrong("sort", f"names {key!r}, whose values have no order") from error
    return with_key + without

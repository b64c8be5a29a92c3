"""Pages of records: filtered, sorted, counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.responses import Response

from media_sandbox.media_storage.documents import Fields, document
from media_sandbox.media_storage.filters import Attribute, conditions, ordering
from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.table import Table
from media_sandbox.store import Record

if TYPE_CHECKING:
    from media_sandbox.media_storage.service import Call

LARGEST_OFFSET: Final = 2**62
COUNTED: Final = 1000
"""How many rows a capped count goes through."""

R = TypeVar("R", bound=Record)


def listing(
    call: Call,
    table: Table[R],
    known: Mapping[str, Attribute],
    resource: Callable[[R, Fields, MediaStorageOptions], dict[str, Any]],
) -> Response:
    """Answer with a page of the records that the caller may see.

    There are no links to other pages: a client counts on until a page is not full.

    :param known: what can be filtered and sorted by.
    :param resource: makes the resource object of a record.
    """
    query, options = call.query(), call.options
    terms = [*call.visible, *conditions(query, known, options)]
    offset = min((query.page_number - 1) * query.page_size, LARGEST_OFFSET)
    rows = table.select(terms, order=ordering(query, known, options), limit=query.page_size, offset=offset)
    meta: dict[str, Any] = {}
    if query.count:
        total = table.count(terms)
        meta = {"count": total, "more": False}
        if options.capped_count:
            rest = max(total - offset, 0)
            meta = {"count": offset + min(rest, COUNTED), "more": rest > COUNTED}
    return document([resource(row, query.fields, options) for row in rows], options, meta=meta)

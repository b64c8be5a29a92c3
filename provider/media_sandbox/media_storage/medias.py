"""The operations on media, except uploading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.downloads import send_file
from media_sandbox.media_storage.documents import document, media_resource
from media_sandbox.media_storage.errors import not_found
from media_sandbox.media_storage.filters import MEDIA_FILTERS
from media_sandbox.media_storage.listing import listing
from media_sandbox.media_storage.records import Media
from media_sandbox.media_storage.table import Term

if TYPE_CHECKING:
    from media_sandbox.media_storage.service import Call

RANGE_HEADERS: Final = (b"range", b"if-range", b"if-none-match")


async def index_medias(call: Call) -> Response:
    """Return a page of media."""
    return listing(call, call.storage.records.medias, MEDIA_FILTERS, media_resource)


async def info(call: Call) -> Response:
    """Return what is known of the media of a resource and key."""
    media = _find(call)
    if call.options.info_no_content or call.wants_minimal:
        return call.no_content()
    return document(media_resource(media, {}, call.options), call.options)


async def download(call: Call) -> Response:
    """Send the file of a resource and key."""
    media = _find(call)
    if call.options.download_no_content or call.wants_minimal:
        return call.no_content()
    request = call.request if call.options.ranges else _without_ranges(call.request)
    answer = send_file(request, call.storage.workshop.files / media.file, media.filename, media.file)
    del answer.headers["content-disposition"]
    if not call.options.ranges:
        del answer.headers["etag"], answer.headers["accept-ranges"]
    if answer.status_code in (200, 206):
        answer.headers["content-type"] = _content_type(media.mime_type)
    return answer


def _find(call: Call) -> Media:
    resource, key = call.resource_and_key
    terms = [*call.visible, Term("resource = ? AND key = ?", [resource, key])]
    found = call.storage.records.medias.select(terms)
    if not found:
        named = f"{resource!r} with the key {key!r}" if key else repr(resource)
        raise not_found(f"there is no media {named}")
    return found[0]


def _content_type(mime_type: str) -> str:
    if mime_type.startswith("text/") and "charset" not in mime_type:
        return f"{mime_type};charset=utf-8"
    return mime_type


def _without_ranges(request: Request) -> Request:
    headers = [(name, value) for name, value in request.scope["headers"] if name not in RANGE_HEADERS]
    return Request({**request.scope, "headers": headers})

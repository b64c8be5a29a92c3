"""Download URLs: where the content of a file is to be had for a while, without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from media_sandbox.xvid.auth import DOWNLOAD, authenticate_by_signature
from media_sandbox.xvid.files import find_file
from media_sandbox.xvid.records import MediaFile
from media_sandbox.xvid.s3 import signed_url
from media_sandbox.xvid.uploads import LARGEST_ADDRESS

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

MOST_PARALLEL: Final = 1000


async def get_download(call: Call) -> Response:
    """Return the URL of a file, as a redirect or in the body; signed with the client secret, it takes no token."""
    if "signature" in call.request.query_params and "authorization" not in call.request.headers:
        call = call.as_identity(authenticate_by_signature(call.xvid, call.request))
    else:
        call = call.identify(DOWNLOAD)
    query, options = call.query, call.xvid.options
    redirect = query.flag("redirect")
    expiry = query.integer("expiry_time", 0, options.largest_epoch)
    for name in ("anti_fraud", "streaming", "multi_use"):
        query.flag(name)
    query.integer("max_parallel_downloads", 1, MOST_PARALLEL)
    query.integer("ip", 0, LARGEST_ADDRESS)
    file = _file(call)
    if query.text("autograph_tag") is not None:
        raise query.wrong("autograph_tag", "is for files with AutoGraph only, which this is not")
    expires = int(call.xvid.clock.now() + options.download_life) if expiry is None else expiry
    url = signed_url(call.origin, file, expires)
    if redirect:
        return RedirectResponse(url, 302)
    return call.answer({"download": {options.download_key: url}})


def _file(call: Call) -> MediaFile:
    query = call.query
    id_, object_key, pipeline_id = query.object_id("file_id"), query.text("object_key"), query.object_id("pipeline_id")
    if id_ is not None and object_key is None and pipeline_id is None:
        return find_file(call, id_)
    if id_ is not None or not object_key or pipeline_id is None:
        raise call.area.refuse("a download takes either file_id or both object_key and pipeline_id")
    file = call.xvid.library.lookup(pipeline_id, object_key)
    if file is None or file.user_id != call.user_id:
        raise call.area.absent(f"there is no file {object_key!r} in the pipeline {pipeline_id}")
    return file

"""Uploading: one part of a multipart form becomes the media of a resource and key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from media_sandbox.media_storage.auth import may_upload
from media_sandbox.media_storage.documents import answer, document, media_resource
from media_sandbox.media_storage.errors import VALIDATION, StorageError, bad_request, forbidden, invalid_body
from media_sandbox.media_storage.fixtures import ADMINISTRATOR
from media_sandbox.media_storage.records import Media
from media_sandbox.media_storage.work import DuplicateError
from media_sandbox.uploads import Form, Part, receive_form
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.media_storage.service import Call

CREATED_ROLE = "user"
BAD_REQUEST_PAGE = "<html><head><title>400 Bad Request</title></head><body>400 Bad Request</body></html>"


async def upload(call: Call) -> Response:
    """Take in a file; what a resource and key have is never replaced."""
    may_upload(call.account)
    resource, key = call.resource_and_key
    if not call.request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid_body(f"/{call.options.upload_field}", "is missing: the body is no multipart/form-data")
    part = call.storage.workshop.new_part()
    try:
        form = await receive_form(call.request, part, call.options.upload_field)
    except ApiError as error:
        if call.options.html_bad_multipart:
            return HTMLResponse(BAD_REQUEST_PAGE, 400)
        raise bad_request(error.message) from error
    try:
        return _take(call, form, resource, key)
    finally:
        part.unlink(missing_ok=True)


def _take(call: Call, form: Form, resource: str, key: str) -> Response:
    part = _file_part(form, call.options.upload_field)
    media = call.storage.workshop.new_media(
        resource,
        key,
        part.filename or "",
        size=form.size,
        mime_type=part.content_type,
        created_by=call.account.user_id,
        created_role=CREATED_ROLE,
        project_id=_project(call, form),
    )
    if refused := _refusal(call, media):
        return refused
    _keep(call, form.path, media)
    shown = media_resource(media, {}, call.options)
    if call.options.collection_answers:
        return document([shown], call.options, meta={}, upload=True)
    return document(shown, call.options, upload=True)


def _file_part(form: Form, name: str) -> Part:
    named = [part for part in form.parts if part.name == name]
    if not named:
        raise invalid_body(f"/{name}", "is missing: the form has no part of this name")
    if len(named) > 1:
        raise invalid_body(f"/{name}", "is there more than once")
    (part,) = named
    if part.filename is None:
        raise invalid_body(f"/{name}", "must be a file: the part has no filename")
    if not part.content_type:
        raise invalid_body(f"/{name}/type", "is missing: the part has no Content-Type")
    return part


def _project(call: Call, form: Form) -> str:
    if not call.options.require_project_id:
        return call.account.project_id
    given = [field.text for field in form.fields if field.name == "project_id" and field.value]
    if not given:
        raise invalid_body("/project_id", "is missing")
    if call.account.role != ADMINISTRATOR and given[-1] != call.account.project_id:
        raise forbidden(f"the account is not in the project {given[-1]}")
    return given[-1]


def _refusal(call: Call, media: Media) -> Response | None:
    """Return the answer of later versions to a file that they do not take: 200 all the same."""
    limit = call.options.skip_over_bytes
    if call.options.errored_uploads:
        member, message = "errored", "the file could not be stored"
    elif limit and media.size > limit:
        member, message = "skipped", f"the file is larger than {limit} bytes"
    else:
        return None
    report = [{"filename": media.filename, "message": message}]
    return answer({"data": [], "meta": {member: report}}, call.options, upload=True)


def _keep(call: Call, path: Path, media: Media) -> None:
    workshop = call.storage.workshop
    try:
        workshop.keep(path, media)
    except DuplicateError as error:
        detail = "the resource and key are taken"
        raise StorageError(call.options.duplicate_status, VALIDATION, detail) from error
    if not media.key and call.options.jobs_from_uploads:
        call.storage.records.jobs.add(workshop.processing_job(media.resource, media.project_id))
        workshop.tick()

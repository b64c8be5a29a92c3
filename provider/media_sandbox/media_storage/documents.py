"""JSON:API documents: resources, collections and errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import Response

from media_sandbox.media_storage import times
from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.records import Job, Media
from media_sandbox.web import ApiError

MEDIA_TYPE: Final = "application/vnd.api+json"
PLAIN_TYPE: Final = "application/json"

JOBS: Final = "media:jobs"
MEDIAS: Final = "media:medias"

Fields = Mapping[str, set[str]]


def job_resource(job: Job, fields: Fields, options: MediaStorageOptions) -> dict[str, Any]:
    """Return a job as a resource object.

    :param fields: the attributes to show, by type; a type that is not named shows all.
    """
    attributes = {
        "job_class": job.job_class,
        "arguments": job.arguments,
        "priority": job.priority,
        "status": job.status,
        "progress": job.progress,
        "retry_count": job.retry_count,
        "error": job.error,
        "unicity": job.unicity,
        "scheduled_at": times.show(job.scheduled_at, options),
        "created_at": times.show(job.created_at, options),
        "updated_at": times.show(job.updated_at, options),
    }
    return _resource(JOBS, job.id, attributes, fields)


def media_resource(media: Media, fields: Fields, options: MediaStorageOptions) -> dict[str, Any]:
    """Return a media as a resource object.

    :param fields: the attributes to show, by type; a type that is not named shows all.
    """
    attributes: dict[str, Any] = {
        "resource": media.resource,
        "key": media.key,
        "filename": media.filename,
        "size": media.size,
        "mime_type": media.mime_type,
        "created_by": media.created_by,
        "created_role": media.created_role,
        "public": media.public,
        "created_at": times.show(media.created_at, options),
        "updated_at": times.show(media.updated_at, options),
        "project_id": media.project_id,
        **({"meta": {}} if options.media_meta else {}),
    }
    return _resource(MEDIAS, media.id, attributes, fields)


def document(
    data: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    options: MediaStorageOptions,
    *,
    meta: Mapping[str, Any] | None = None,
    upload: bool = False,
) -> Response:
    """Answer 200 with a document.

    :param data: one resource object, or several as a collection.
    :param meta: what the document says about itself; left out when ``None``.
    :param upload: whether it answers an upload.
    """
    body = {"data": data if isinstance(data, Mapping) else list(data)}
    if meta is not None:
        body["meta"] = meta
    return answer(body, options, upload=upload)


def answer(body: Mapping[str, Any], options: MediaStorageOptions, *, upload: bool = False) -> Response:
    """Answer 200 with a whole document."""
    return _json(body, 200, PLAIN_TYPE if options.plain_json and not upload else MEDIA_TYPE)


def error_document(error: ApiError, options: MediaStorageOptions) -> Response:
    """Answer with an error as a JSON:API document."""
    status: str | int = error.status if options.number_status and error.status == 422 else str(error.status)
    item: dict[str, Any] = {"status": status, "title": error.name, "detail": error.message}
    if source := getattr(error, "source", None):
        item["source"] = source
    if options.backtraces:
        item["meta"] = {"backtrace": ["media/exposition.rb:1:in 'call'"]}
    content_type = PLAIN_TYPE if options.plain_json else MEDIA_TYPE
    return _json({"errors": [item]}, error.status, content_type, error.headers)


def flat_error(error: ApiError) -> Response:
    """Answer with an error as one object, which is no JSON:API."""
    body = {"status": str(error.status), "type": error.name, "detail": error.message}
    return _json(body, error.status, PLAIN_TYPE, error.headers)


def _resource(type_: str, id_: str, attributes: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    shown = fields.get(type_)
    if shown is not None:
        attributes = {name: value for name, value in attributes.items() if name in shown}
    return {"type": type_, "id": id_, "attributes": attributes}


def _json(body: Any, status: int, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, status, {**(headers or {}), "Content-Type": content_type})

"""Every operation of the Media API, as functions that return a call.

Titles in quotation marks are sections of the Media API reference. The query stands in the URL of a call: its arrays
repeat a name, and a filter without a value is not the same as one with an empty value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Unpack
from urllib.parse import quote

from airflow_media.http.bodies import MultipartBody, Readable
from airflow_media.http.call import Answer, Call
from airflow_media.http.document import Document
from airflow_media.http.errors import InvalidRequestError, ProtocolError
from airflow_media.media_storage.models import Job, Media, Page, Uploaded, many, one
from airflow_media.media_storage.query import JOBS, MEDIAS, SERVICE_NAME, JobFilters, MediaFilters, query_of

TOKEN_LIFE = 3600
"""Seconds that a token is asked to be good for; the identity service's own default."""

NO_CONTENT = 204
"""The only status that the page gives for 'info' and 'download'. Services answer 200 and a body all the same."""


def list_jobs(
    *,
    page_number: int | None = None,
    page_size: int | None = None,
    sort: str | None = None,
    count: bool = False,
    fields: Sequence[str] = (),
    **filters: Unpack[JobFilters],
) -> Call[Page[Job]]:
    """'get /jobs - index'.

    :param page_number: Number of the page, from 1.
    :param page_size: Items of a page, from 1 to 1,000, which is also the default.
    :param sort: Fields to sort by, with commas between them; a minus before one turns it round. Some releases of the
        service obey the last one only.
    :param count: Whether to count the jobs.
    :param fields: Attributes to give; default: all.
    :param filters: See :class:`~airflow_media.media_storage.query.JobFilters`.
    """
    asked: dict[str, Any] = {"number": page_number, "size": page_size, "sort": sort, "count": count, "fields": fields}
    return Call(operation="list jobs", method="GET", url=JOBS.path + JOBS.query(filters, **asked), read=many(Job))


def get_job(job_id: str, *, fields: Sequence[str] = (), included: Sequence[str] = ()) -> Call[Job]:
    """'get /jobs/{resource_id} - show'.

    :param job_id: The job.
    :param fields: Attributes to give; default: all.
    :param included: Relations to include. Jobs have none, and the service refuses each name.
    """
    query = query_of([*JOBS.fields(fields), *(("included[]", name) for name in included)])
    return Call(
        operation="get job",
        method="GET",
        url=f"{job_path(job_id)}{query}",
        subject=f"job {job_id}",
        read=one(Job),
    )


def delete_job(job_id: str) -> Call[None]:
    """'delete /jobs/{resource_id} - delete'; one that is not there counts as deleted.

    It removes the record only: whoever works on the job is not told. Only administrators may delete.

    :param job_id: The job.
    """
    return Call(
        operation="delete job",
        method="DELETE",
        url=job_path(job_id),
        subject=f"job {job_id}",
        read=lambda answer: None,
        repeatable=True,
        accept=frozenset({404}),
    )


def list_medias(
    *,
    page_number: int | None = None,
    page_size: int | None = None,
    sort: str | None = None,
    count: bool = False,
    fields: Sequence[str] = (),
    **filters: Unpack[MediaFilters],
) -> Call[Page[Media]]:
    """'get /medias - index'.

    :param page_number: Number of the page, from 1.
    :param page_size: Items of a page, from 1 to 1,000, which is also the default.
    :param sort: Fields to sort by, with commas between them; a minus before one turns it round. Some releases of the
        service obey the last one only.
    :param count: Whether to count the media.
    :param fields: Attributes to give; default: all.
    :param filters: See :class:`~airflow_media.media_storage.query.MediaFilters`.
    """
    asked: dict[str, Any] = {"number": page_number, "size": page_size, "sort": sort, "count": count, "fields": fields}
    url = MEDIAS.path + MEDIAS.query(filters, **asked)
    return Call(operation="list medias", method="GET", url=url, read=many(Media))


def media_info(resource: str, key: str | None = None) -> Call[Media | None]:
    """'get /medias/info/{resource}(/{key})? - info'.

    :param resource: The resource.
    :param key: Which variant of it; default: the original.
    :return: ``None`` where it is there and the service tells nothing of it: the status 204 that the page gives.
    """
    read = one(Media)
    return Call(
        operation="get info of media",
        method="GET",
        url=f"/medias/info{media_path(resource, key)}",
        subject=media_name(resource, key),
        read=lambda answer: None if answer.status == NO_CONTENT else read(answer),
    )


def download_media(resource: str, key: str | None = None, *, empty: bool = False) -> Call[Answer]:
    """'get /medias/files/{resource}(/{key})? - download': the bytes, to be streamed.

    :param resource: The resource.
    :param key: Which variant of it; default: the original.
    :param empty: Whether the status 204 that the page gives stands for an empty file; without it, it is an error.
    """

    def read(answer: Answer) -> Answer:
        if answer.status == NO_CONTENT and not empty:
            raise ProtocolError(
                "no content came for a file that is not known to be empty",
                status=NO_CONTENT,
                hint="That is the status which the service's page gives for downloads. If there are empty files, "
                "set empty_downloads to true in the extra of the connection.",
            )
        return answer

    return Call(
        operation="download media",
        method="GET",
        url=f"/medias/files{media_path(resource, key)}",
        subject=media_name(resource, key),
        headers={"Accept": "*/*"},
        read=read,
        bulk=True,
    )


def upload_media(
    resource: str,
    key: str | None,
    content: Readable,
    *,
    filename: str,
    media_type: str = "application/octet-stream",
    field_name: str = "media",
    fields: Mapping[str, str] | None = None,
) -> Call[Uploaded]:
    """'post /medias/files/{resource}(/{key})? - upload'. What is there already is refused, not replaced.

    :param resource: The resource.
    :param key: Which variant of it; ``None``: the original.
    :param content: Where the bytes come from.
    :param filename: Name of the file.
    :param media_type: Content type of the file.
    :param field_name: Name of the part that holds the file: ``media`` on the page, ``file`` at some services.
    :param fields: Other fields of the form, which some services ask for.
    """
    body = MultipartBody(content, filename, field_name=field_name, media_type=media_type, fields=dict(fields or {}))
    return Call(
        operation="upload media",
        method="POST",
        url=f"/medias/files{media_path(resource, key)}",
        subject=media_name(resource, key),
        body=body,
        read=Uploaded.of,
        repeatable=False,
        bulk=True,
    )


def exchange_key(token_url: str, api_key: str) -> Call[str]:
    """Exchange an API key for a token, at the identity service beside this one; no part of the Media API reference.

    :param token_url: Where.
    :param api_key: The key; it is good for nothing else, and sent nowhere else.
    """
    return Call(
        operation="exchange the API key for a token",
        method="POST",
        url=token_url,
        json={"api_key": api_key, "token_expiration": TOKEN_LIFE},
        read=lambda answer: Document(answer.json()).required_object("meta").required("token"),
        repeatable=True,
        authenticated=False,
    )


def job_path(job_id: str) -> str:
    """Give the path of a job: ``"/jobs/0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"``, percent-encoded.

    :raises InvalidRequestError: An id that would be taken for another one on the way.
    """
    return f"/jobs/{_segment('job', job_id)}"


def media_path(resource: str, key: str | None = None) -> str:
    """Give the path of a file below an endpoint: ``"/clip.mov/master.m3u8"``, percent-encoded.

    :raises InvalidRequestError: A name that would be taken for another one on the way.
    """
    path = f"/{_segment('resource', resource)}"
    return f"{path}/{_segment('key', key)}" if key else path


def media_name(resource: str, key: str | None = None) -> str:
    """Give what a person calls a file: ``"media clip.mov/master.m3u8"``."""
    return f"media {resource}/{key}" if key else f"media {resource}"


def _segment(kind: str, value: str) -> str:
    """Make one path segment of a name.

    Servers and proxies resolve dots, collapse and split at slashes, decoded or not, and drop backslashes: the file of
    another name would be read or written.
    """
    wrong = ""
    if not isinstance(value, str) or not value:
        wrong = "is empty" if value in ("", None) else "is not a text"
    elif value in {".", ".."}:
        wrong = "is a step in a path"
    elif {"/", "\\"} & set(value):
        wrong = "has a slash in it"
    elif any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        wrong = "has a control character in it"
    if wrong:
        hint = "A name at the storage is one segment of a path: it cannot hold /, \\ or control characters."
        raise InvalidRequestError(f"the {kind} {value!r} {wrong}", service=SERVICE_NAME, hint=hint)
    return quote(value, safe="")

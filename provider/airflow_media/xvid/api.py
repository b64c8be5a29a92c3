"""The endpoints of Xvid MediaHub's API v1 that a workflow needs, as functions that return a call.

Titles in quotation marks are pages of the MediaHub API manual. Collections end with a slash, which the service insists
on, and items do not. JSON is asked for by parameter, which wins over any header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from airflow_media.http.call import UNREADABLE, Answer, Call
from airflow_media.http.document import reader
from airflow_media.http.errors import InvalidRequestError, ProtocolError
from airflow_media.xvid.models import File, Job, Page, Pipeline, Preset, TokenGrant, Upload, UploadSession
from airflow_media.xvid.values import ExpiresAt, epoch_seconds, ipv4_number, object_key

T = TypeVar("T")

GRANT_TYPE = "client_credential"
"""In the singular, unlike in the OAuth standard."""
PINNED = {"format": "json", "human": "false"}
PAGE_SIZE = 1000

_ID = re.compile(r"[0-9A-Za-z_-]+")


def get_token(
    client_id: str, client_secret: str, *, scope: str | None = None, expires_in: int | None = None
) -> Call[TokenGrant]:
    """'POST /oauth2/token': the credentials go into the body, as a form.

    :param client_id: Id of the API client.
    :param client_secret: Its secret.
    :param scope: What the token may be used for, separated by commas; default: all that the client may.
    :param expires_in: How long it is to be good for, in seconds; default: as the service likes.
    """
    form = {"client_id": client_id, "client_secret": client_secret, "scope": scope, "expires_in": expires_in}
    return Call(
        operation="log in",
        method="POST",
        url="/oauth2/token/",
        params=PINNED,
        form={"grant_type": GRANT_TYPE, **_texts(form)},
        read=reader(TokenGrant.read),
        authenticated=False,
        repeatable=True,
    )


def start_upload(
    key: str, pipeline_id: str, *, ip: int | str | None = None, expires_at: ExpiresAt | None = None
) -> Call[UploadSession]:
    """'POST /files/uploads': another session each time, which costs nothing when no file comes.

    :param key: Object key under which jobs and downloads name the file.
    :param pipeline_id: Pipeline that the key is relative to.
    :param ip: IPv4 address of the uploader, as a number or dotted; the service then names a storage near to it.
    :param expires_at: When the object is deleted if no job has used it; default: after 7 days.
    :raises InvalidRequestError: A value cannot be right.
    """
    query = {
        "object_key": object_key(key),
        "pipeline_id": checked_id("pipeline", pipeline_id),
        "ip": None if ip is None else ipv4_number(ip),
        "expires_at": None if expires_at is None else epoch_seconds(expires_at),
    }
    return Call(
        operation="start upload",
        method="POST",
        url="/files/uploads/",
        subject=f"object {key!r}, pipeline {pipeline_id}",
        params=_query(query),
        read=reader(UploadSession.read, "upload"),
        repeatable=True,
    )


def finish_upload(upload_id: str, *, nb_chunks: int = 1) -> Call[Upload]:
    """'PUT /files/uploads/ID': tell that all of the file has been sent. It is not documented what a second one does.

    :param upload_id: The upload.
    :param nb_chunks: How many files were sent for it.
    """
    call = _item("PUT", "finish upload", "upload", "/files/uploads", upload_id, Upload.read)
    return replace(call, json={"upload": {"nb_chunks": nb_chunks}}, repeatable=False)


def get_upload(upload_id: str) -> Call[Upload]:
    """'GET /files/uploads/ID'."""
    return _item("GET", "get upload", "upload", "/files/uploads", upload_id, Upload.read)


def get_file(file_id: str) -> Call[File]:
    """'GET /files/ID'."""
    return _item("GET", "get file", "file", "/files", file_id, File.read)


def list_files(
    *, types: str | None = None, pipeline_id: str | None = None, job_id: str | None = None, **paging: Any
) -> Call[Page[File]]:
    """'GET /files'.

    :param types: Only these: ``file``, ``folder``, ``archive``, separated by commas.
    :param pipeline_id: Only those of this pipeline.
    :param job_id: Only those that this job has made.
    :param paging: As for :func:`list_jobs`.
    """
    filters = {"type": types, "pipeline.id": pipeline_id, "job.id": job_id}
    return _listing("files", File.read, filters, **paging)


def delete_file(file_id: str, *, missing_ok: bool = False) -> Call[bool]:
    """'DELETE /files/ID': the file and all that is known of it.

    :param file_id: The file.
    :param missing_ok: Whether one that is not there counts as deleted.
    :return: Whether it was there.
    """
    return _deletion("file", "/files", file_id, missing_ok=missing_ok, repeatable=True)


def download_file(
    *, file_id: str | None = None, key: str | None = None, pipeline_id: str | None = None
) -> Call[Answer]:
    """'GET /files/downloads': a redirect to the file, which is to be followed without the token.

    See :func:`airflow_media.http.downloads.download` with ``presigned=True``.

    :param file_id: The file;
    :param key: or its object key,
    :param pipeline_id: and the pipeline that the key is relative to.
    """
    if file_id:
        query = {"file_id": checked_id("file", file_id)}
        subject = f"file {file_id}"
    else:
        query = {"object_key": object_key(key), "pipeline_id": checked_id("pipeline", pipeline_id)}
        subject = f"object {key!r}, pipeline {pipeline_id}"
    return Call(
        operation="download file",
        method="GET",
        url="/files/downloads/",
        subject=subject,
        params=_query({**query, "redirect": "true"}),
        read=lambda answer: answer,
        bulk=True,
    )


def create_job(job: Mapping[str, Any]) -> Call[Job]:
    """'POST /jobs': another job, and another bill, each time.

    :param job: The job, with the service's own keys: see :func:`airflow_media.xvid.request.job_body`.
    """
    return Call(
        operation="create job",
        method="POST",
        url="/jobs/",
        params=PINNED,
        json={"job": job},
        read=reader(Job.read, "job"),
        repeatable=False,
    )


def get_job(job_id: str) -> Call[Job]:
    """'GET /jobs/ID'."""
    return _item("GET", "get job", "job", "/jobs", job_id, Job.read)


def list_jobs(
    *,
    user_data: str | None = None,
    inprogress: bool | None = None,
    status: str | None = None,
    autograph: bool | None = None,
    pipeline_id: str | None = None,
    input_file_name: str | None = None,
    only: Container[str | None] | None = None,
    **paging: Any,
) -> Call[Page[Job]]:
    """'GET /jobs'.

    :param user_data: Only those with this user data.
    :param inprogress: Only those that run, or ended in the last 15 minutes.
    :param status: Only those with this status.
    :param autograph: Only those that mark their outputs invisibly, or that do not.
    :param pipeline_id: Only those of this pipeline.
    :param input_file_name: Only those whose input has this in its name, in any case.
    :param only: Ids of the jobs to read. The service cannot be asked for them: it lists the others too.
    :param paging: ``start`` (from 0), ``limit`` (at most 5000), ``sort`` (a key) and ``direction`` (1 or -1).
    """
    filters = {
        "user_data": user_data,
        "inprogress": _flag(inprogress),
        "status": status,
        "autograph": _flag(autograph),
        "pipeline.id": pipeline_id,
        "input.file.name": input_file_name,
    }
    return _listing("jobs", Job.read, filters, only=only, **paging)


def delete_job(job_id: str, *, missing_ok: bool = False) -> Call[bool]:
    """'DELETE /jobs/ID': cancels a job that waits or runs, but **destroys the outputs** of one that has ended.

    Use :func:`airflow_media.xvid.flows.cancel_job`, which looks first. It is not repeated blindly: the job may have
    ended in between.

    :param job_id: The job.
    :param missing_ok: Whether one that is not there counts as deleted.
    :return: Whether it was there.
    """
    return _deletion("job", "/jobs", job_id, missing_ok=missing_ok, repeatable=False)


def get_pipeline(pipeline_id: str) -> Call[Pipeline]:
    """'GET /pipelines/ID'."""
    call = _item("GET", "get pipeline", "pipeline", "/pipelines", pipeline_id, Pipeline.read)
    return replace(call, read=_unquoted(call.read))


def list_pipelines(**paging: Any) -> Call[Page[Pipeline]]:
    """'GET /pipelines'.

    :param paging: As for :func:`list_jobs`.
    """
    call = _listing("pipelines", Pipeline.read, {}, **paging)
    return replace(call, read=_unquoted(call.read))


def get_preset(preset_id: str) -> Call[Preset]:
    """'GET /presets/ID'."""
    return _item("GET", "get preset", "preset", "/presets", preset_id, Preset.read)


def list_presets(*, type: str | None = None, **paging: Any) -> Call[Page[Preset]]:
    """'GET /presets'.

    :param type: ``"system"`` or ``"custom"``.
    :param paging: As for :func:`list_jobs`.
    """
    return _listing("presets", Preset.read, {"type": type}, **paging)


def checked_id(kind: str, value: str | None) -> str:
    """Check an id: refuse one that could name another resource than it says.

    :param kind: What it is the id of.
    :param value: The id.
    :raises InvalidRequestError: It is empty or no id.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidRequestError(f"{value!r} is not the id of a {kind}", service="Xvid MediaHub")
    return value


def _item(method: str, operation: str, kind: str, folder: str, item_id: str, read: Callable[[Any], T]) -> Call[T]:
    return Call(
        operation=operation,
        method=method,
        url=f"{folder}/{checked_id(kind, item_id)}",
        subject=f"{kind} {item_id}",
        params=PINNED,
        read=reader(read, kind),
    )


def _listing(
    name: str,
    read: Callable[[Any], T],
    filters: Mapping[str, object],
    *,
    only: Container[str | None] | None = None,
    start: int | None = None,
    limit: int | None = None,
    sort: str | None = None,
    direction: int | None = None,
) -> Call[Page[T]]:
    paging = {"start": start, "limit": limit, "sort": sort, "direction": direction}
    return Call(
        operation=f"list {name}",
        method="GET",
        url=f"/{name}/",
        params=_query({**filters, **paging}),
        read=reader(lambda document: Page.read(document, name, read, only)),
    )


def _deletion(kind: str, folder: str, item_id: str, *, missing_ok: bool, repeatable: bool) -> Call[bool]:
    return Call(
        operation=f"delete {kind}",
        method="DELETE",
        url=f"{folder}/{checked_id(kind, item_id)}",
        subject=f"{kind} {item_id}",
        params=PINNED,
        read=lambda answer: answer.status != 404,
        accept=frozenset({404}) if missing_ok else frozenset(),
        repeatable=repeatable,
    )


def _unquoted(read: Callable[[Answer], T]) -> Callable[[Answer], T]:
    """Do not let an answer that cannot be read be quoted in the error: the keys of storages may be in it."""

    def of_answer(answer: Answer) -> T:
        try:
            return read(answer)
        except UNREADABLE as error:
            raise ProtocolError(f"the answer is not what its documentation promises ({type(error).__name__})") from None

    return of_answer


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _query(values: Mapping[str, object]) -> dict[str, str]:
    return {**_texts(values), **PINNED}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}

"""Every call of the cielo24 API that a media workflow needs, as functions that return a call.

Titles in quotation marks are pages of the cielo24 API documentation. Nearly all calls are ``GET``, also those that
make or order something: these must not be repeated blindly, whatever their method promises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.elements import ElementList, ElementListVersion, versions
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.models import Job, JobList, JobReceipt, Media, task_id
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.values import is_web_address, written
from airflow_media.http.bodies import RawBody, Readable
from airflow_media.http.call import Answer, Call
from airflow_media.http.document import reader
from airflow_media.http.errors import InvalidRequestError

T = TypeVar("T")

VERSION = "1"
"""The version of the API; the parameter ``v`` of every call."""
LARGEST_MEDIA = 10_737_418_239
"""Bytes of media: one less than 10 GiB, the vendor's own number for "10 gb"."""

_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)


# Account


def login(username: str, *, password: str | None = None, securekey: str | None = None) -> Call[str]:
    """'Login', by header fields: nothing secret stands in the URL.

    :param username: The user.
    :param password: The password; or
    :param securekey: an API key.
    :return: A token; it dies when it is not used for an hour.
    """
    secret = {"x-auth-securekey": securekey} if securekey else {"x-auth-password": password or ""}
    return _call(
        "log in",
        "/api/account/login",
        reader(lambda document: document.required("ApiToken")),
        headers={"x-auth-user": username, **secret},
        authenticated=False,
    )


def logout() -> Call[None]:
    """'Logout': the token is dead afterwards; the next call logs in anew."""
    return _call("log out", "/api/account/logout", _nothing)


# Jobs


def new_job(
    *,
    job_name: str | None = None,
    language: str | None = None,
    external_id: str | None = None,
    username: str | None = None,
    requestor: str | None = None,
    reference: str | None = None,
    expected_speakers: int | None = None,
    is_duplicate: bool | None = None,
) -> Call[JobReceipt]:
    """'Create Job': another one each time.

    :param job_name: Its name, for people.
    :param language: Language that is spoken; default: ``en``.
    :param external_id: An id of yours, by which it can be found again.
    :param username: The sub-account to create it in.
    :param requestor: Who asks for it.
    :param reference: What it is for.
    :param expected_speakers: How many people speak.
    :param is_duplicate: Whether there may be several jobs with this external id.
    """
    return _call(
        "create job",
        "/api/job/new",
        reader(JobReceipt.read),
        params={
            "job_name": job_name,
            "language": language,
            "external_id": external_id,
            "username": username,
            "requestor": requestor,
            "reference": reference,
            "expected_speakers": expected_speakers,
            "is_duplicate": is_duplicate,
        },
        subject=f"job {job_name!r}" if job_name else "",
        repeatable=False,
    )


def authorize_job(job_id: str) -> Call[None]:
    """'Authorize Job'. No effect on a job that does not wait for it."""
    return _of_job("authorize job", "/api/job/authorize", _nothing, job_id)


def modify_job(
    job_id: str,
    *,
    transcription_fidelity: str | None = None,
    priority: str | None = None,
    turnaround_hours: int | None = None,
    callback_url: str | None = None,
    account_id: str | None = None,
    requestor_id: str | None = None,
    expected_speakers: int | None = None,
    notes: str | None = None,
) -> Call[None]:
    """'Modify Job': change what was ordered, as long as the job waits to be authorized.

    :param job_id: The job.
    :param transcription_fidelity: As in :class:`~airflow_media.cielo24.order.TranscriptionOrder`, like the next three.
    :param priority: See there.
    :param turnaround_hours: See there.
    :param callback_url: See there.
    :param account_id: Name of the user to whom the job is to belong.
    :param requestor_id: Who asks for it.
    :param expected_speakers: How many people speak.
    :param notes: For those who transcribe.
    """
    changes = {
        "transcription_fidelity": transcription_fidelity,
        "priority": priority,
        "turnaround_hours": turnaround_hours,
        "callback_url": callback_url,
        "account_id": account_id,
        "requestor_id": requestor_id,
        "expected_speakers": expected_speakers,
        "notes": notes,
    }
    return _of_job("modify job", "/api/job/modify", _nothing, job_id, method="POST", params=changes, repeatable=True)


def delete_job(job_id: str) -> Call[str]:
    """'Delete Job', with its media and all that was made of them.

    :return: Id of a task.
    """
    return _of_job("delete job", "/api/job/delete", reader(task_id), job_id)


def get_job(job_id: str) -> Call[Job]:
    """'Job Info'."""
    return _of_job("get job", "/api/job/info", reader(Job.read), job_id)


def list_jobs(where: JobFilter | None = None) -> Call[JobList]:
    """'Job List'. It has no pages: an account with many jobs should be asked with a filter.

    :param where: Which jobs; default: all of the account itself.
    """
    params = where.params() if where else {}
    return _call("list jobs", "/api/job/list", reader(JobList.read), params=params)


def update_metadata(job_id: str, *, reference_id: str, requestor_id: str) -> Call[str]:
    """'Update metadata of an existing job'. The service does not document how to read them back.

    :param job_id: The job.
    :param reference_id: An identifier of yours to group jobs by.
    :param requestor_id: Id of the user who asks for the job.
    :return: Id of a task.
    """
    for name, value in (("reference_id", reference_id), ("requestor_id", requestor_id)):
        if not isinstance(value, str) or not value.strip():
            raise InvalidRequestError(f"{name} is empty", service="cielo24", hint="Both of them are required.")
    params = {"reference_id": reference_id, "requestor_id": requestor_id}
    return _of_job("update metadata of job", "/api/job/update_metadata", reader(task_id), job_id, params=params)


# Media


def add_media(job_id: str, content: Readable, *, is_duplicate: bool | None = None) -> Call[str]:
    """'Add Media To Job', from a local file: its bytes are the body of the request, with their number and no type.

    A job takes one piece of media.

    :param job_id: The job.
    :param content: Where the bytes come from.
    :param is_duplicate: Whether several jobs may have the same media.
    :return: Id of a task.
    :raises InvalidRequestError: There is nothing in it, or more than 10 GB.
    """
    if not 1 <= content.size <= LARGEST_MEDIA:
        text = f"the media have {content.size} bytes; cielo24 takes 1 to {LARGEST_MEDIA}"
        raise InvalidRequestError(text, service="cielo24", operation="add media to job", subject=f"job {job_id}")
    return _of_job(
        "add media to job",
        "/api/job/add_media",
        reader(task_id),
        job_id,
        method="POST",
        params={"is_duplicate": is_duplicate},
        body=RawBody(content, content_type=None),
        bulk=True,
        repeatable=False,
    )


def add_media_from_url(job_id: str, media_url: str, *, is_duplicate: bool | None = None) -> Call[str]:
    """'Add Media To Job', from a public URL.

    :param job_id: The job.
    :param media_url: Where cielo24 gets the media.
    :param is_duplicate: Whether several jobs may have the same media.
    :return: Id of a task.
    :raises InvalidRequestError: It is no http or https URL.
    """
    params = {"media_url": _web_address("media_url", media_url), "is_duplicate": is_duplicate}
    return _of_job("add media to job", "/api/job/add_media", reader(task_id), job_id, params=params, repeatable=False)


def add_media_url(job_id: str, media_url: str) -> Call[str]:
    """'Add Embedded Media To Job': media of a page of a video host, such as YouTube or Vimeo.

    :param job_id: The job.
    :param media_url: The page.
    :return: Id of a task.
    """
    params = {"media_url": _web_address("media_url", media_url)}
    path = "/api/job/add_media_url"
    return _of_job("add embedded media to job", path, reader(task_id), job_id, params=params, repeatable=False)


def get_media(job_id: str) -> Call[Media]:
    """'Get Media': where the media of a job are; uploaded ones have no URL."""
    return _of_job("get media of job", "/api/job/media", reader(Media.read), job_id)


# Transcription


def perform_transcription(job_id: str, order: TranscriptionOrder) -> Call[str]:
    """'Perform Transcription': an order, and a bill.

    :param job_id: The job; it has media.
    :param order: What is ordered.
    :return: Id of a task.
    """
    path = "/api/job/perform_transcription"
    return _of_job("transcribe job", path, reader(task_id), job_id, params=order.params(), repeatable=False)


def get_transcript(job_id: str, options: TranscriptOptions | None = None) -> Call[bytes]:
    """'Get Transcript' of a job that is complete.

    :param job_id: The job.
    :param options: How it is to look.
    :return: The file.
    """
    params = options.params() if options else {}
    return _of_job("get transcript of job", "/api/job/get_transcript", _file, job_id, params=params)


def get_caption(job_id: str, caption_format: str, options: CaptionOptions | None = None) -> Call[bytes]:
    """'Get Caption' of a job that is complete.

    :param job_id: The job.
    :param caption_format: One of :data:`~airflow_media.cielo24.vocabulary.CAPTION_FORMATS`.
    :param options: How they are to look.
    :return: The file.
    """
    params = {"caption_format": caption_format, **(options.params() if options else {})}
    return _of_job("get captions of job", "/api/job/get_caption", _file, job_id, params=params)


def get_caption_url(job_id: str, caption_format: str, options: CaptionOptions | None = None) -> Call[str]:
    """'Get Caption' with ``build_url``: the address of the file instead of the file.

    :param job_id: The job.
    :param caption_format: One of :data:`~airflow_media.cielo24.vocabulary.CAPTION_FORMATS`.
    :param options: How they are to look.
    """
    params = {**(options.params() if options else {}), "caption_format": caption_format, "build_url": "true"}
    read = reader(lambda document: document.required("CaptionUrl"))
    return _of_job("get the address of captions of job", "/api/job/get_caption", read, job_id, params=params)


def get_elementlist(
    job_id: str,
    *,
    elementlist_version: str | None = None,
    iwp_name: str | None = None,
    audio_description: bool | None = None,
) -> Call[ElementList]:
    """'Get ElementList': the transcript word by word, with times.

    :param job_id: The job.
    :param elementlist_version: Which version; default: the newest.
    :param iwp_name: Or the newest version of this name.
    :param audio_description: With audio description.
    """
    params = {"elementlist_version": elementlist_version, "iwp_name": iwp_name, "audio_description": audio_description}
    path = "/api/job/get_elementlist"
    return _of_job("get the element list of job", path, reader(ElementList.read), job_id, params=params)


def list_elementlists(job_id: str) -> Call[tuple[ElementListVersion, ...]]:
    """'List ElementLists': the versions that there are."""
    return _of_job("list the element lists of job", "/api/job/list_elementlists", versions, job_id)


def _of_job(
    operation: str,
    path: str,
    read: Callable[[Answer], T],
    job_id: str,
    *,
    params: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Call[T]:
    """Make a call about a job."""
    params = {"job_id": _job_id(job_id), **(params or {})}
    return _call(operation, path, read, params=params, subject=f"job {job_id}", **fields)


def _call(
    operation: str,
    path: str,
    read: Callable[[Answer], T],
    *,
    method: str = "GET",
    params: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Call[T]:
    """Make a call: ``v`` stands in the query, and no parameter that is unset."""
    given = {name: written(value) for name, value in (params or {}).items() if value is not None}
    return Call(operation=operation, method=method, url=path, read=read, params={"v": VERSION, **given}, **fields)


def _job_id(value: str) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        hint = "It consists of hexadecimal digits, as Cielo24CreateJobOperator returns it."
        raise InvalidRequestError(f"{value!r} is not the id of a job", service="cielo24", hint=hint)
    return value


def _web_address(name: str, value: str) -> str:
    if not is_web_address(value):  # a signature may stand in it: not printed
        raise InvalidRequestError(f"{name} is not an absolute http or https URL", service="cielo24")
    return value


def _nothing(answer: Answer) -> None:
    """Read an answer that has nothing to say."""


def _file(answer: Answer) -> bytes:
    """Read a file; a document in its place is none."""
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        raise ValueError("a JSON document in place of the file")
    return answer.content

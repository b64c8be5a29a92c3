"""The form post to the storage behind Xvid, and what that storage (S3) answers, in XML.

The form is sent as Xvid hands it out: each field unchanged, the file last, and nothing else, since the policy in it
covers these fields only. The storage is not Xvid: it is told neither our token nor our header fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from airflow_media.http.bodies import MultipartBody, Readable
from airflow_media.http.call import Answer, Call
from airflow_media.http.downloads import ELSEWHERE
from airflow_media.http.errors import (
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    PermissionDeniedError,
    RateLimitedError,
)
from airflow_media.http.redact import REDACTOR
from airflow_media.http.service import Problem
from airflow_media.storage.names import safe_name
from airflow_media.xvid.models import UploadSession

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_FILE = 5 * 1024**3
"""Bytes that a single form post may bring: a limit of the storage. How to send several parts is not documented."""
LARGEST_DOCUMENT = 64 * 1024
"""Bytes of an answer of the storage that are looked at; real ones have less than a thousand."""
UNSAFE = (b"<!DOCTYPE", b"\x00")
"""What no answer of a storage has: a document type, which could define entities, or another encoding that hides one."""
TELLING = ("policy", "signature", "token", "credential")
"""Parts of the names of fields that are a key to the storage."""


class StorageRefusedError(PermissionDeniedError):
    """The storage refuses the form that Xvid made for it."""

    default_hint = "This is the storage that Xvid uploads to, which refuses what Xvid handed out: ask Xvid if it stays."


class PolicyExpiredError(StorageRefusedError):
    """The upload session is over: it cannot be renewed, only a new one begun."""

    default_hint = "An upload must begin within half an hour of its session: check the clock and the speed of the line."


ERRORS: dict[str, type[MediaError]] = {
    "RequestTimeout": NetworkFaultError,
    "SlowDown": RateLimitedError,
}
"""Codes of the storage that mean "not now" although their status does not say so."""


class FormReceipt(Struct, frozen=True):
    """What the storage has taken; empty where it answers without a document."""

    key: str | None = None
    etag: str | None = None


def post_form(
    session: UploadSession, content: Readable, *, media_type: str = "application/octet-stream"
) -> Call[FormReceipt]:
    """Send the file of an upload session: a multipart form post, as 'POST /files/uploads' describes it.

    Sent again it brings the same object under the same key, so it may be repeated.

    :param session: The upload session.
    :param content: Where the bytes come from.
    :param media_type: Content type of the file.
    """
    fields = session.form_post_params
    REDACTOR.add(value for name, value in fields.items() if any(part in name.lower() for part in TELLING))
    return Call(
        operation="upload file",
        method="POST",
        url=session.form_post_url,
        root=ELSEWHERE,
        subject=f"object {session.object_key!r}",
        body=MultipartBody(content, safe_name(session.object_key), media_type=media_type, fields=fields),
        read=_receipt,
        authenticated=False,
        repeatable=True,
        bulk=True,
    )


def check_size(size: int) -> None:
    """Refuse a file that the storage would refuse, before anything is sent.

    :param size: Bytes.
    :raises InvalidRequestError: It is too large.
    """
    if size > LARGEST_FILE:
        raise InvalidRequestError(
            f"the file has {size} bytes, and an upload may have {LARGEST_FILE} (5 GiB)",
            service="Xvid MediaHub",
            operation="upload file",
            hint="Let Xvid fetch it instead: a job takes a URI as input_name.",
        )


def read_storage_problem(answer: Answer) -> Problem | None:
    """Read the error document of the storage: ``<Error><Code/><Message/>...</Error>``.

    Only these two are taken, and which argument is meant: others repeat the signature.

    :return: What the storage says, or ``None`` where the answer has no such document.
    """
    root = _parsed(answer.content)
    if root is None or root.tag != "Error":
        return None
    told = {element.tag: (element.text or "").strip() for element in root}
    code, message = told.get("Code", ""), told.get("Message", "")
    meant = told.get("Condition") or told.get("ArgumentName")
    text = f"{message} ({meant})" if meant and meant not in message else message
    return Problem(text or "no reason is given", code, _error(answer.status, code, message))


def _error(status: int, code: str, message: str) -> type[MediaError] | None:
    if code == "AccessDenied" and "policy expired" in message.lower():
        return PolicyExpiredError
    return StorageRefusedError if status == 403 else ERRORS.get(code)


def _receipt(answer: Answer) -> FormReceipt:
    """Read ``<PostResponse>``: the key is taken from ``Key``, since ``Location`` has it in another encoding."""
    root = _parsed(answer.content)
    told: Mapping[str, str | None] = {} if root is None else {element.tag: element.text for element in root}
    return FormReceipt(told.get("Key"), told.get("ETag") or answer.headers.get("etag"))


def _parsed(content: bytes) -> Element | None:
    """Parse a small document of elements; give ``None`` for anything else."""
    if len(content) > LARGEST_DOCUMENT or not content.lstrip().startswith(b"<"):
        return None
    if any(mark in content for mark in UNSAFE):
        return None
    from xml.etree import ElementTree  # takes some milliseconds, which no DAG file has to spend

    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError):
        return None
    for element in (root, *root):
        element.tag = element.tag.rpartition("}")[2]  # some servers name the namespace
    return root

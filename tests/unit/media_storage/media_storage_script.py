"""Answers of a media storage, and a driver of flows that gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import MediaError
from airflow_media.media_storage.service import SERVICE, StorageSettings
from support import script
from support.script import reply

JOB_ID = "0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"


def job_document(job_id: str = JOB_ID, **attributes: Any) -> dict[str, Any]:
    """Make a resource object of a job."""
    usual = {
        "job_class": "Processor::Job",
        "arguments": {"resource": "46df.mov"},
        "priority": 1,
        "status": "running",
        "progress": 0.5,
        "retry_count": 0,
        "error": None,
        "unicity": None,
        "scheduled_at": "2026-04-01T10:00:00Z",
        "created_at": "2026-04-01T10:00:00Z",
        "updated_at": "2026-04-01T10:00:07Z",
    }
    return {"type": "media:jobs", "id": job_id, "attributes": {**usual, **attributes}}


def media_document(media_id: str = "9a0b.mov", **attributes: Any) -> dict[str, Any]:
    """Make a resource object of a medium."""
    usual = {
        "resource": "46df.mov",
        "key": "",
        "filename": "clip.mov",
        "size": 10,
        "mime_type": "video/quicktime",
        "created_by": 7,
        "created_role": "user",
        "public": False,
        "created_at": "2026-04-01T10:00:00Z",
        "updated_at": None,
        "project_id": "p1",
    }
    return {"type": "media:medias", "id": media_id, "attributes": {**usual, **attributes}}


def document(*data: dict[str, Any], **meta: Any) -> Answer:
    """Make an answer that holds a collection."""
    return reply({"data": list(data), "meta": meta})


def single(data: dict[str, Any]) -> Answer:
    """Make an answer that holds one resource object."""
    return reply({"data": data})


def refusal(status: int, detail: str = "no", pointer: str | None = None, title: str = "Some::Error") -> Answer:
    """Make an answer with an error document."""
    error: dict[str, Any] = {"status": str(status), "title": title, "detail": detail}
    return reply({"errors": [{**error, "source": {"pointer": pointer}} if pointer else error]}, status)


def parameters(call: Call[Any]) -> list[tuple[str, str]]:
    """Give the parameters of a call, decoded, in order."""
    return parse_qsl(urlsplit(call.url).query, keep_blank_values=True)


class Script(script.Script):
    """A script of a media storage's answers."""

    service = SERVICE

    def __init__(self, *replies: Answer | MediaError, settings: StorageSettings | None = None) -> None:
        super().__init__(*replies, settings=settings or StorageSettings())

    def asked_for(self, name: str) -> list[str | None]:
        """Give the value of a parameter in each call that was made."""
        return [dict(parameters(call)).get(name) for call in self.calls]


def values(call: Call[Any], name: str) -> Sequence[str]:
    """Give all values of a parameter of a call."""
    return [value for key, value in parameters(call) if key == name]

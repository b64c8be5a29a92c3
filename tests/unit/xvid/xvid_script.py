"""What Xvid MediaHub, and the storage behind it, reply in a scripted flow."""

from __future__ import annotations

from typing import Any

from airflow_media.http.call import Answer
from airflow_media.xvid.service import SERVICE
from support import script
from support.script import reply

__all__ = [
    "FILE",
    "JOB",
    "PIPELINE",
    "UPLOAD",
    "Script",
    "file",
    "job",
    "listing",
    "refusal",
    "reply",
    "session",
    "upload",
    "xml",
]

PIPELINE = "53a1ac4914eaa8ffa4fce91b"
UPLOAD = "53a1ac4914eaa8ffa4fce38c"
FILE = "53a1ac4914eaa8ffa4fce38c"
JOB = "53a1ac4914eaa8ffa4fce400"


class Script(script.Script):
    """Replies of Xvid."""

    service = SERVICE


def refusal(status: int, code: str = "0x0230001", message: str = "Invalid Input") -> Answer:
    """Make an answer with the service's error document."""
    return reply({"error": {"error_code": code, "error_message": message}}, status)


def session(upload_id: str = UPLOAD, **changes: Any) -> Answer:
    """Make the answer to the beginning of an upload."""
    fields = {
        "name": "test.mp4",
        "success_action_status": "201",
        "filename": "",
        "chunk": "0",
        "chunks": "1",
        "policy": "eyJleHBpcmF0aW9uIjoi",
        "signature": "OBt/7scNzJMQazZVdCKiYatweq4=",
        "AWSAccessKeyId": "AKIAEXAMPLE",
        "key": f"tmp/{PIPELINE}/uploads/test.mp4",
        "acl": "private",
    }
    begun = {
        "form_post_params": fields,
        "status": "UPLOADING",
        "object_key": "uploads/test.mp4",
        "nb_chunks": 0,
        "type": "S3",
        "form_post_url": "https://s3.example/bucket/",
        "pipeline": {"id": PIPELINE},
        "file": {"id": upload_id},
        "id": upload_id,
    }
    return reply({"upload": {**begun, **changes}})


def upload(status: str, upload_id: str = UPLOAD) -> Answer:
    """Make the answer about an upload."""
    told = {"status": status, "nb_chunks": 1, "storage_type": "S3", "object_key": "uploads/test.mp4"}
    return reply({"upload": {**told, "pipeline": {"id": PIPELINE}, "file": {"id": upload_id}, "id": upload_id}})


def job(status: str = "QUEUED", job_id: str = JOB, **fields: Any) -> Answer:
    """Make the answer about a job."""
    return reply({"job": {"id": job_id, "status": status, **fields}})


def file(file_id: str = FILE, **fields: Any) -> Answer:
    """Make the answer about a file."""
    return reply({"file": {"id": file_id, **fields}})


def listing(name: str, *items: dict[str, Any], total: int | None = None) -> Answer:
    """Make a part of a listing; without a total, all of it."""
    return reply({name: list(items), "total": len(items) if total is None else total, "start": 0, "limit": 1000})


def xml(text: str, status: int) -> Answer:
    """Make an answer of the storage."""
    return Answer(status, {"content-type": "application/xml"}, text.encode())

"""What the Xvid stand-in remembers: tokens, uploads, the objects posted to the bucket, files and jobs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from media_sandbox.store import Collection, Store

UPLOADING: Final = "UPLOADING"
COMPLETING: Final = "COMPLETING"
COMPLETED: Final = "COMPLETED"
FAILED: Final = "FAILED"
"""The states of an upload as they are kept; switches decide how they are told."""

QUEUED: Final = "QUEUED"
PROCESSING: Final = "PROCESSING"
SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"


def new_id(now: float) -> str:
    """Return a fresh identifier: 24 hexadecimal digits, of which the first eight are the second of its making."""
    return f"{int(now):08x}{secrets.token_hex(8)}"


def milliseconds(now: float) -> int:
    """Return a time as the API shows it."""
    return int(now * 1000)


def base_name(object_key: str) -> str:
    """Return the last part of an object key."""
    return object_key.rpartition("/")[2]


@dataclass
class Token:
    """An access token, which is its own ``id``."""

    id: str
    client_id: str
    scopes: list[str]
    expires: float
    """Seconds since the epoch."""


@dataclass
class Upload:
    """An upload session; its file will have the same id."""

    id: str
    user_id: str
    application_id: str
    pipeline_id: str
    object_key: str
    storage_key: str
    """The key of the object that the form post makes."""
    expires_at: int
    """When the file goes unless a job has used it, in seconds since the epoch; 0 for never."""
    created_at: int
    updated_at: int
    status: str = UPLOADING
    nb_chunks: int = 0
    reason: str | None = None
    """Why it failed; told on the admin endpoint only, since the API has no place for it."""


@dataclass
class StoredObject:
    """An object in the bucket; its key is its ``id``."""

    id: str
    path: str
    """Where it is, relative to the service's directory."""
    size: int
    md5: str
    content_type: str
    """The object's own type; only a form field of that name sets it."""


@dataclass
class MediaFile:
    """A file in the internal store: an upload, an output of a job, or the thumbnails of an output."""

    id: str
    user_id: str
    application_id: str
    pipeline_id: str
    object_key: str
    name: str
    path: str
    """Where it is, relative to the service's directory."""
    size: int
    md5: str
    """As the API shows it, and the entity tag; a control can make it wrong."""
    mime_type: str
    subtype: str | None
    media: dict[str, Any] | None
    """What :mod:`media_sandbox.xvid.tracks` found in it; ``None`` when it is no media."""
    created_at: int
    updated_at: int
    expires_at: int
    """When it goes, in seconds since the epoch; 0 for never."""
    job_id: str | None = None
    used: bool = False
    """Whether a job has read it; what was used does not expire."""


@dataclass
class Output:
    """One output of a job, as it was ordered."""

    output_name: str
    preset_id: str
    file_id: str
    settings: dict[str, Any] = field(default_factory=dict)
    thumbnails: list[dict[str, str]] = field(default_factory=list)
    zip_id: str | None = None
    """The file of its thumbnails, when some were ordered."""


@dataclass
class Job:
    """A transcoding job."""

    id: str
    user_id: str
    application_id: str
    pipeline_id: str
    input: dict[str, Any]
    outputs: list[Output]
    created_at: int
    updated_at: int
    output_prefix: str = ""
    user_data: str | None = None
    unique_custom_key: str | None = None
    status: str = QUEUED
    percent: float = 0.0
    input_file_id: str | None = None
    error_code: str | None = None
    error_msg: str | None = None
    finished_at: int | None = None

    def __post_init__(self) -> None:
        self.outputs = [Output(**output) if isinstance(output, dict) else output for output in self.outputs]

    @property
    def active(self) -> bool:
        """Whether it waits or is being worked on."""
        return self.status in (QUEUED, PROCESSING)


@dataclass
class Records:
    """The collections of the stand-in."""

    store: Store
    tokens: Collection[Token] = field(init=False)
    uploads: Collection[Upload] = field(init=False)
    objects: Collection[StoredObject] = field(init=False)
    files: Collection[MediaFile] = field(init=False)
    jobs: Collection[Job] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = Collection(self.store, "xvid.tokens", Token)
        self.uploads = Collection(self.store, "xvid.uploads", Upload)
        self.objects = Collection(self.store, "xvid.objects", StoredObject)
        self.files = Collection(self.store, "xvid.files", MediaFile)
        self.jobs = Collection(self.store, "xvid.jobs", Job)

"""What the media storage stand-in remembers: media, jobs, tokens and the key that signs them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from media_sandbox.media_storage.table import Table
from media_sandbox.store import Collection, Store

PENDING: Final = "pending"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
ERRORED: Final = "errored"

MICROSECONDS: Final = 1_000_000


@dataclass
class Media:
    """A stored file: the original of a resource (key ``""``) or a variant of it.

    :param file: where it is, relative to the directory of files; several media may share a file.
    """

    id: str
    resource: str
    key: str
    filename: str
    size: int
    mime_type: str
    created_by: int | None
    created_role: str | None
    public: bool
    created_at: int
    """Microseconds since the epoch, like all times of these records."""
    updated_at: int | None
    project_id: str | None
    file: str


@dataclass
class Job:
    """A job: one that a script or a control changes, or one that does real work."""

    id: str
    job_class: str
    arguments: dict[str, Any]
    priority: int
    status: str
    progress: float
    retry_count: int
    error: str | None
    unicity: str | None
    scheduled_at: int
    created_at: int
    updated_at: int
    project_id: str | None
    work: bool = False
    """Whether it processes the resource that its arguments name."""
    retries: int = 0
    """How often it may be tried again."""
    script: list[Any] = field(default_factory=list)
    """The steps still to come (:class:`media_sandbox.media_storage.script.Step`)."""
    due_at: int | None = None
    """When its next step is due, or when its work may begin; ``None`` when nothing is to come."""


@dataclass
class Token:
    """A token that was issued; kept so that it can be made to expire, and because opaque ones tell nothing."""

    id: str
    account: str
    expires: float
    """Seconds since the epoch."""


@dataclass
class SigningKey:
    """The private key that signs tokens, as PEM."""

    id: str
    pem: str


@dataclass
class Records:
    """The tables and collections of the stand-in."""

    store: Store
    medias: Table[Media] = field(init=False)
    jobs: Table[Job] = field(init=False)
    tokens: Collection[Token] = field(init=False)
    keys: Collection[SigningKey] = field(init=False)

    def __post_init__(self) -> None:
        self.medias = Table(self.store, "media_storage_medias", Media, constraints=", UNIQUE (resource, key)")
        self.jobs = Table(
            self.store, "media_storage_jobs", Job, constraints=", UNIQUE (unicity)", indexes=("status", "due_at")
        )
        self.tokens = Collection(self.store, "media_storage.tokens", Token)
        self.keys = Collection(self.store, "media_storage.keys", SigningKey)


class JobIds:
    """Makes UUIDs of version 7 (RFC 9562), which sort by the time at which they were made."""

    def __init__(self) -> None:
        self._last = 0

    def new(self, now: float) -> str:
        """Return a fresh id, greater than all before.

        :param now: seconds since the epoch.
        """
        # The 12 bits after the milliseconds count what is made in one of them, and on into the next.
        stamp = max(int(now * 1000) << 12, self._last + 1)
        self._last = stamp
        high = ((stamp >> 12) << 16) | (0x7 << 12) | (stamp & 0xFFF)
        low = (0b10 << 62) | secrets.randbits(62)
        return str(UUID(int=(high << 64) | low))

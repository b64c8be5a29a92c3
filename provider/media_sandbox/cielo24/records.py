"""What the cielo24 stand-in remembers: accounts, tokens, jobs, tasks and links to captions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from media_sandbox.cielo24.vocabulary import PENDING
from media_sandbox.store import Collection, Store


def new_id() -> str:
    """Return a fresh identifier: 32 hexadecimal digits."""
    return uuid4().hex


@dataclass
class Account:
    """An account; its id is the user name. Passwords are kept in the open: they are printed at the start anyway."""

    id: str
    password: str
    parent: str | None = None
    keys: list[str] = field(default_factory=list)
    """Secure keys, the oldest first."""
    authorization: bool = False
    """Whether jobs wait for the customer's authorization."""


@dataclass
class Session:
    """A token, its id, and when it was used last."""

    id: str
    account_id: str
    used: float


@dataclass
class Media:
    """The one piece of media of a job."""

    task_id: str
    url: str = ""
    """Where it came from; empty for an upload."""
    path: str = ""
    """Where it is, relative to the service's directory; empty until it has been fetched."""
    size: int = 0
    length_ms: int | None = None
    failure: str | None = None
    """Why it is of no use."""


@dataclass
class WorkProduct:
    """A version of the element list."""

    iwp_name: str
    made: float


@dataclass
class Job:
    """A job, with moments in seconds since the epoch."""

    id: str
    account_id: str
    created: float
    name: str = ""
    language: str = "en"
    external_id: str = ""
    expected_speakers: int | None = None
    reference_id: str = ""
    requestor_id: str = ""
    status: str = PENDING
    held: bool = False
    """Whether a test gave it its status; nothing but a test changes it then."""
    media: Media | None = None

    task_id: str | None = None
    """The task of the transcription that was ordered; the fields up to ``options`` are the order."""
    fidelity: str | None = None
    priority: str | None = None
    turnaround_hours: int | None = None
    target_language: str = ""
    callback_url: str = ""
    standard_product: bool | None = None
    options: dict[str, Any] = field(default_factory=dict)

    authorized: float | None = None
    started: float | None = None
    due: float | None = None
    completed: float | None = None
    percent: float = 0.0
    products: list[WorkProduct] = field(default_factory=list)
    """The versions of the element list, oldest first."""
    failure: str | None = None
    """Why the transcription failed; told on the admin endpoint only, since the API has no place for it."""

    def __post_init__(self) -> None:
        if isinstance(self.media, dict):
            self.media = Media(**self.media)
        self.products = [WorkProduct(**item) if isinstance(item, dict) else item for item in self.products]

    @property
    def result_language(self) -> str:
        """The language of the captions: the first of those it is translated into, or its own."""
        return self.target_language.partition(",")[0].strip() or self.language


@dataclass
class Task:
    """What one call set going."""

    id: str
    account_id: str
    job_id: str
    type: str
    status: str
    requested: float
    completed: float | None = None
    info: str = ""


@dataclass
class CaptionLink:
    """A permanent address of a caption file."""

    id: str
    job_id: str


@dataclass
class Records:
    """The collections of the stand-in."""

    store: Store
    accounts: Collection[Account] = field(init=False)
    sessions: Collection[Session] = field(init=False)
    jobs: Collection[Job] = field(init=False)
    tasks: Collection[Task] = field(init=False)
    links: Collection[CaptionLink] = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = Collection(self.store, "cielo24.accounts", Account)
        self.sessions = Collection(self.store, "cielo24.sessions", Session)
        self.jobs = Collection(self.store, "cielo24.jobs", Job)
        self.tasks = Collection(self.store, "cielo24.tasks", Task)
        self.links = Collection(self.store, "cielo24.links", CaptionLink)

"""What the Pixop stand-in remembers: users, teams, projects and videos."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from media_sandbox.store import Collection, Store

INITIAL: Final = "INITIAL"
IN_PROGRESS: Final = "IN_PROGRESS"
DONE: Final = "DONE"
ERROR: Final = "ERROR"
"""How a failure is kept; the switch ``failure_word`` decides how it is told."""

DEFAULT_PROJECT: Final = "Default Project"


def new_id() -> str:
    """Return a fresh identifier."""
    return str(uuid4())


@dataclass
class User:
    """An account. Passwords are kept in the open: those of a sandbox are printed at its start anyway."""

    id: str
    name: str
    email: str
    password: str
    team_ids: list[str]
    """The teams the user belongs to, the default one first."""
    created: str
    updated: str
    signing_key_id: str
    signing_secret: str
    request_secret: str | None = None
    banned: bool = False
    banned_reason: str | None = None
    banned_date: str | None = None


@dataclass
class Team:
    """A team, which owns projects and videos."""

    id: str
    name: str
    created: str
    updated: str


@dataclass
class Project:
    """A project, which holds videos."""

    id: str
    team_id: str
    name: str
    created: str
    updated: str


@dataclass
class State:
    """How far one stage of a video's life has come."""

    status: str
    updated: str
    percent: float = 0.0
    reason: str | None = None
    """Why it failed; told on the admin endpoint only, since the API has no place for it."""


@dataclass
class StoredFile:
    """A media file of a video."""

    name: str
    """The file's name as clients see it."""
    size: int
    etag: str
    path: str
    """Where it is, relative to the service's directory."""


@dataclass
class Video:
    """An original (``parent_id`` unset) or a processed video."""

    id: str
    team_id: str
    user_id: str
    project_id: str
    name: str
    created: str
    updated: str
    named: bool = True
    """Whether the client chose the name; else the first upload's file gives it."""
    file: StoredFile | None = None
    media: dict[str, Any] | None = None
    """What probing the file said (:class:`media_sandbox.media.probe.MediaInfo`)."""
    upload: State | None = None
    light: bool = True
    ingestion: State | None = None
    heuristics: dict[str, Any] | None = None
    quality: dict[str, Any] | None = None
    parent_id: str | None = None
    """The original at the root, on processed videos."""
    source_id: str | None = None
    """The video that was processed into this one."""
    request: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None
    """The processing parameters as the API shows them."""
    processing: State | None = None

    def __post_init__(self) -> None:
        for name, type_ in (("file", StoredFile), ("upload", State), ("ingestion", State), ("processing", State)):
            value = getattr(self, name)
            if isinstance(value, dict):
                setattr(self, name, type_(**value))

    @property
    def ready(self) -> bool:
        """Whether it can be processed: a finished processed video, or an original received and ingested."""
        states = [self.processing] if self.parent_id else [self.upload, self.ingestion]
        return all(state is not None and state.status == DONE for state in states)


@dataclass
class Records:
    """The collections of the stand-in."""

    store: Store
    users: Collection[User] = field(init=False)
    teams: Collection[Team] = field(init=False)
    projects: Collection[Project] = field(init=False)
    videos: Collection[Video] = field(init=False)

    def __post_init__(self) -> None:
        self.users = Collection(self.store, "pixop.users", User)
        self.teams = Collection(self.store, "pixop.teams", Team)
        self.projects = Collection(self.store, "pixop.projects", Project)
        self.videos = Collection(self.store, "pixop.videos", Video)

"""What Pixop answers, as records.

Each record reads itself from a :class:`~airflow_media.http.document.Document` and holds what the page lists for it;
the section that describes it is the one of the endpoint that returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from airflow_media.http.document import Document
from airflow_media.http.downloads import filename_from
from airflow_media.http.redact import Discreet
from airflow_media.storage.names import safe_name

T = TypeVar("T")

FAILURE_WORDS = frozenset({"ERROR", "FAILED", "CANCELLED", "CANCELED", "ABORTED"})
"""Statuses that end a job badly. The page lists no status words at all."""


class Phase(StrEnum):
    """How far an upload, an ingestion or a processing job is."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @classmethod
    def of(cls, word: str | None) -> Phase:
        """Read a status word of the service, in any case.

        A word that we do not know counts as running: the time-out of whoever waits bounds it, whereas a job declared
        dead by mistake would be paid for twice.

        :param word: The word; ``None`` where the service gave none.
        """
        known = (word or "").strip().upper()
        if known == "DONE":
            return cls.DONE
        if known in FAILURE_WORDS:
            return cls.FAILED
        return cls.PENDING if known in {"", "INITIAL"} else cls.RUNNING

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self in {Phase.PENDING, Phase.RUNNING}


class TokenGrant(Discreet, frozen=True):
    """A token and whom it stands for; calls made with it see what belongs to that team."""

    unsaid = ("token",)

    token: str
    user_id: str | None = None
    team_id: str | None = None

    @classmethod
    def read(cls, document: Document) -> TokenGrant:
        return cls(document.required("jwtToken"), document.text("userId"), document.text("teamId"))


class Team(Struct, frozen=True):
    """A team of the account."""

    id: str
    name: str | None = None
    date_created: datetime | None = None
    time_last_updated: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> Team:
        return cls(
            document.required("id"),
            document.text("name"),
            document.time("dateCreated"),
            document.time("timeLastUpdated"),
        )


class User(Discreet, frozen=True, kw_only=True):
    """An account. Which keys are filled depends on the endpoint; keys and secrets stay out of the repr."""

    unsaid = ("auth_signature_public_key", "api_request_signature_secret")

    id: str
    name: str | None = None
    email: str | None = None
    email_confirmed: bool | None = None
    auth_signature_method: str | None = None
    auth_signature_public_key: str | None = None
    auth_signature_public_key_id: str | None = None
    banned: bool | None = None
    banned_reason: str | None = None
    banned_date: datetime | None = None
    api_request_signature_secret: str | None = None
    api_request_signature_method: str | None = None
    date_created: datetime | None = None
    time_last_updated: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> User:
        return cls(
            id=document.required("id"),
            name=document.text("name"),
            email=document.text("email"),
            email_confirmed=document.flag("emailConfirmed"),
            auth_signature_method=document.text("authSignatureMethod"),
            auth_signature_public_key=document.text("authSignaturePublicKey"),
            auth_signature_public_key_id=document.text("authSignaturePublicKeyId"),
            banned=document.flag("banned"),
            banned_reason=document.text("bannedReason"),
            banned_date=document.time("bannedDate"),
            api_request_signature_secret=document.text("apiRequestSignatureSecret"),
            # The page spells this key in two ways.
            api_request_signature_method=document.text("apiRequestSignatureMethod", "apiRequestSignatureSethod"),
            date_created=document.time("dateCreated"),
            time_last_updated=document.time("timeLastUpdated"),
        )


class Identity(Struct, frozen=True):
    """The account and team that a token stands for; ``other_teams`` is known to the token check only."""

    user: User
    team: Team | None = None
    other_teams: tuple[Team, ...] = ()

    @classmethod
    def read(cls, document: Document) -> Identity:
        team = document.object("team")
        return cls(
            User.read(document.required_object("user")),
            Team.read(team) if team else None,
            tuple(Team.read(other) for other in document.objects("otherTeams")),
        )


class Project(Struct, frozen=True):
    """A project: a folder of videos. Listings leave out ``team_id``."""

    id: str
    name: str | None = None
    team_id: str | None = None
    date_created: datetime | None = None
    time_last_updated: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> Project:
        return cls(
            document.required("id"),
            document.text("name"),
            document.text("teamId"),
            document.time("dateCreated"),
            document.time("timeLastUpdated"),
        )


class VideoListItem(Struct, frozen=True, kw_only=True):
    """A video in a listing. ``parent_id`` is set on processed videos and names their original."""

    id: str
    parent_id: str | None = None
    project_id: str | None = None
    name: str | None = None
    filename: str | None = None
    date_created: datetime | None = None
    time_last_updated: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> VideoListItem:
        return cls(
            id=document.required("id"),
            parent_id=document.text("parentId"),
            project_id=document.text("projectId"),
            name=document.text("name"),
            filename=document.text("filename", "fileName"),
            date_created=document.time("dateCreated"),
            time_last_updated=document.time("timeLastUpdated"),
        )


class Page(Struct, Generic[T], frozen=True):
    """A page of a listing.

    :param items: What it holds.
    :param page: Its number, from 1.
    :param page_size: How many items a page holds at most.
    :param next: Query parameters of the next page; ``None`` on the last one. Only the query of the service's link is
        kept: a token must not follow a link to wherever it points.
    """

    items: tuple[T, ...]
    page: int | None = None
    page_size: int | None = None
    next: Mapping[str, str] | None = None

    @classmethod
    def read(cls, document: Document, name: str, item: Callable[[Document], T]) -> Page[T]:
        if not document.has("_embedded", "_links", "page"):
            # An empty page would tell "there is no such video", and a second one would be made.
            raise ValueError("_embedded, _links and page are missing: this is not a page of a listing")
        embedded = document.object("_embedded")
        links = document.object("_links")
        link = links.object("next") if links else None
        query = dict(parse_qsl(urlsplit((link.text("href") if link else "") or "").query))
        items = tuple(item(each) for each in embedded.objects(name)) if embedded else ()
        return cls(items, document.integer("page"), document.integer("pageSize"), query or None)


class VideoReceipt(Struct, frozen=True):
    """A video that has been created. The URLs are the service's; our calls build their own from the ids."""

    video_id: str
    project_id: str | None = None
    upload_media_url: str | None = None
    upload_light_media_url: str | None = None
    process_video_url: str | None = None

    @classmethod
    def read(cls, document: Document) -> VideoReceipt:
        return cls(
            document.required("videoId"),
            document.text("projectId"),
            document.text("uploadMediaUrl"),
            document.text("uploadLightMediaUrl"),
            document.text("processVideoUrl"),
        )


class UploadReceipt(Struct, frozen=True):
    """An upload that has arrived and now waits for ingestion."""

    video_id: str
    project_id: str | None = None
    check_ingest_progress_url: str | None = None
    process_video_url: str | None = None

    @classmethod
    def read(cls, document: Document) -> UploadReceipt:
        return cls(
            document.required("videoId"),
            document.text("projectId"),
            document.text("checkIngestProgressUrl"),
            document.text("processVideoUrl"),
        )


class ProcessingReceipt(Struct, frozen=True):
    """A processing job that has been accepted. Poll, download and cancel by ``processed_video_id``."""

    processed_video_id: str
    source_video_id: str | None = None
    project_id: str | None = None
    check_progress_url: str | None = None
    download_media_url: str | None = None

    @classmethod
    def read(cls, document: Document) -> ProcessingReceipt:
        return cls(
            document.required("processedVideoId"),
            document.text("sourceVideoId"),
            document.text("projectId"),
            document.text("checkProgressUrl"),
            document.text("downloadMediaUrl"),
        )


def deleted_ids(document: Document) -> tuple[str, ...]:
    """Read which videos a deletion took: the named one and, of an original, its processed videos.

    :raises TypeError: ``deletedVideos`` is missing or not a list of objects.
    """
    if not document.has("deletedVideos"):
        raise TypeError("deletedVideos is missing, not a list")
    return tuple(item.required("videoId") for item in document.objects("deletedVideos"))


class MediaInfo(Struct, frozen=True):
    """What the service says of a stored file before its bytes are fetched.

    :param size: Bytes.
    :param etag: Hash of the file, constant until it changes, quoted as the service sent it.
    :param filename: Base name of the file; never a path.
    :param modified: ``False`` when the file is still the one whose ETag was given; the rest is then mostly unknown.
    """

    size: int | None = None
    etag: str | None = None
    filename: str | None = None
    modified: bool = True

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str]) -> MediaInfo:
        length = headers.get("content-length", "").strip()
        name = filename_from(headers.get("content-disposition"))
        modified = status != 304
        return cls(
            int(length) if modified and length.isascii() and length.isdigit() else None,
            headers.get("etag"),
            safe_name(name) if name else None,
            modified,
        )

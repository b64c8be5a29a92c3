"""Which media are new: the newest of them, read down to a point in time, and a cursor that tells what has been seen.

The service has no filter for "created since" and cuts the times that it prints to whole seconds. So each look reads the
listing from its newest end down to a minute before the newest medium of the look before, and drops what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from msgspec import Struct

from airflow_media.http.call import Flow
from airflow_media.http.errors import ProtocolError
from airflow_media.media_storage.api import list_medias
from airflow_media.media_storage.models import Media, moment
from airflow_media.media_storage.query import LARGEST_PAGE, SERVICE_NAME

OVERLAP = timedelta(seconds=60)
"""How far below the newest medium a look reads again. It takes a second at least, since times have no fractions; the
rest is for media that are told of later than they are dated, as those of a long transaction."""
FIRST_PAGE = 100
"""Media of the usual look, which finds few new ones. If it does not reach down far enough, the largest pages do."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

DIGITS = 12
MOST_KNOWN = 3000
"""Media that a cursor knows one by one. Airflow keeps values of up to 64 KiB; each takes 16 bytes."""


class Snapshot(Struct, frozen=True):
    """What one look found.

    :param medias: Newest first.
    :param reach: All that was created at this time or later is among them.
    """

    medias: tuple[Media, ...]
    reach: datetime

    @property
    def horizon(self) -> datetime:
        """How far down the next look must read."""
        return _created(self.medias[0]) - OVERLAP if self.medias else BEGINNING


def recent_medias(since: datetime | None = None) -> Flow[Snapshot]:
    """List the newest media.

    :param since: Down to this time; default: to a minute before the newest.
    :raises ProtocolError: The listing is not in the order that was asked for.
    """
    number, size = 1, FIRST_PAGE
    found: dict[str, Media] = {}
    while True:
        page = yield from list_medias(sort="-created_at", page_number=number, page_size=size)
        # What came in between two pages pushes others on to the next one, where they come again.
        found |= {media.id: media for media in page.items if media.id not in found}
        medias = tuple(found.values())
        _check_order(page.items)
        if len(page.items) < size:
            return Snapshot(medias, BEGINNING)
        reach = since or Snapshot(medias, BEGINNING).horizon
        if _created(page.items[-1]) < reach:
            return Snapshot(medias, reach)
        if size == FIRST_PAGE:
            # Anew and in one piece: between media of the same time, pages of one listing may be cut in several ways.
            number, size, found = 1, LARGEST_PAGE, {}
        else:
            number += 1


class Cursor(Struct, frozen=True):
    """What a watcher has dealt with.

    :param since: All that is older.
    :param known: And of what is not, these: digests of their ids.
    """

    since: datetime
    known: frozenset[str] = frozenset()

    @classmethod
    def after(cls, snapshot: Snapshot) -> Cursor:
        """Give the cursor for which all of a snapshot has been dealt with."""
        return cls(BEGINNING).take(snapshot)[1]

    def take(self, snapshot: Snapshot) -> tuple[list[Media], Cursor]:
        """Tell which media of a snapshot are new.

        :param snapshot: It must reach down to :attr:`since`.
        :return: The new ones, oldest first, and the cursor for which they have been dealt with too.
        """
        fresh = [
            media
            for media in reversed(snapshot.medias)
            if _created(media) >= self.since and _digest(media) not in self.known
        ]
        since = max(self.since, snapshot.horizon)
        medias = [media for media in snapshot.medias if _created(media) >= since]
        if len(medias) > MOST_KNOWN:
            # So many within a minute. Whoever comes late to a second that is passed over here is lost.
            since = _created(medias[MOST_KNOWN]) + timedelta(seconds=1)
            medias = [media for media in medias if _created(media) >= since]
        return fresh, Cursor(since, frozenset(_digest(media) for media in medias))

    def plain(self) -> dict[str, Any]:
        """Give the cursor as JSON values."""
        return {"since": self.since.isoformat(), "known": sorted(self.known)}

    @classmethod
    def of(cls, plain: object) -> Cursor | None:
        """Read a cursor from JSON values; ``None`` where they are none."""
        since = moment(str(plain["since"])) if isinstance(plain, Mapping) and "since" in plain else None
        if since is None or not isinstance(plain, Mapping):
            return None
        return cls(since, frozenset(map(str, plain.get("known") or ())))


def _created(media: Media) -> datetime:
    if media.created_at is None:
        raise ProtocolError("a medium has no time of creation", service=SERVICE_NAME, operation="list medias")
    return media.created_at


def _check_order(medias: tuple[Media, ...]) -> None:
    times = [_created(media) for media in medias]
    if times != sorted(times, reverse=True):
        raise ProtocolError(
            "media are not listed in the order asked for", service=SERVICE_NAME, operation="list medias"
        )


def _digest(media: Media) -> str:
    return sha256(media.id.encode()).hexdigest()[:DIGITS]

"""What takes several calls: whole listings, many jobs at once, and uploads that leave one file, whatever is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar, Unpack
from uuid import UUID

from msgspec import Struct

from airflow_media.http.bodies import Readable
from airflow_media.http.call import Call, Configured, Flow
from airflow_media.http.errors import ConflictError, InvalidRequestError, MediaError, NotFoundError, TransferError
from airflow_media.http.once import create_once
from airflow_media.media_storage.api import (
    get_job,
    list_jobs,
    list_medias,
    media_info,
    media_name,
    upload_media,
)
from airflow_media.media_storage.models import ORIGINAL, Job, Media, Page, Uploaded
from airflow_media.media_storage.query import LARGEST_PAGE, SERVICE_NAME, JobFilters, MediaFilters
from airflow_media.media_storage.service import BrokenRequestError, StorageSettings, exists_already

T = TypeVar("T", Job, Media)

IfExists = Literal["fail", "skip"]

REFUSED_AS_TOO_LONG = frozenset({400, 413, 414, 431})
"""How servers and proxies answer to a URL that is longer than they take."""


def every_job(
    *, sort: str = "id", limit: int | None = None, fields: Sequence[str] = (), **filters: Unpack[JobFilters]
) -> Flow[list[Job]]:
    """List jobs, all pages of them.

    :param sort: Field to sort by; a minus before it turns it round. Only an order without ties loses nothing between
        two pages.
    :param limit: Give this many at most.
    :param fields: Attributes to give; default: all.
    :param filters: See :class:`~airflow_media.media_storage.query.JobFilters`.
    """
    return _every(
        lambda number, size: list_jobs(page_number=number, page_size=size, sort=sort, fields=fields, **filters), limit
    )


def every_media(
    *, sort: str = "id", limit: int | None = None, fields: Sequence[str] = (), **filters: Unpack[MediaFilters]
) -> Flow[list[Media]]:
    """List media, all pages of them.

    :param sort: Field to sort by; a minus before it turns it round. Only an order without ties loses nothing between
        two pages.
    :param limit: Give this many at most.
    :param fields: Attributes to give; default: all.
    :param filters: See :class:`~airflow_media.media_storage.query.MediaFilters`.
    """
    return _every(
        lambda number, size: list_medias(page_number=number, page_size=size, sort=sort, fields=fields, **filters), limit
    )


def _every(page_of: Callable[[int, int], Call[Page[T]]], limit: int | None) -> Flow[list[T]]:
    """Read pages until one is shorter than it may be; there are no links to the next."""
    if limit is not None and limit < 1:
        raise InvalidRequestError(f"limit is {limit!r} and not a whole number from 1", service=SERVICE_NAME)
    size = LARGEST_PAGE if limit is None else min(limit, LARGEST_PAGE)
    found: dict[str, T] = {}
    number = 1
    while True:
        page = yield from page_of(number, size)
        known = len(found)
        for item in page.items:  # what came in meanwhile pushes items on to the next page, where they come again
            found.setdefault(item.id, item)
        short = len(page.items) < size or len(found) == known
        if short or (limit is not None and len(found) >= limit):
            return list(found.values())[:limit]
        number += 1


def jobs_by_id(job_ids: Iterable[str], *, fields: Sequence[str] = ()) -> Flow[dict[str, Job]]:
    """Get many jobs in few requests.

    :param job_ids: The jobs.
    :param fields: Attributes to give; default: all.
    :return: Those that are there, by the id that was asked for.
    """
    settings: StorageSettings = yield from Configured()
    size = max(1, min(settings.ids_per_request, LARGEST_PAGE))
    wanted = {job_id: _canonical(job_id) for job_id in job_ids}
    left = sorted({known for known in wanted.values() if known is not None})
    found: dict[str, Job] = {}
    while left:
        asked = left[:size]
        try:
            page = yield from list_jobs(id__in=asked, page_size=len(asked), fields=fields)
        except InvalidRequestError as fault:
            if fault.status not in REFUSED_AS_TOO_LONG or len(asked) == 1:
                raise
            size = len(asked) // 2
            continue
        found |= {job.id.lower(): job for job in page.items}
        left = left[len(asked) :]
    for odd in (job_id for job_id, known in wanted.items() if known is None):
        # In a list it might make the service fail on all of them; alone, a failure says that there is no such job.
        try:
            found[odd] = yield from get_job(odd, fields=fields)
        except (NotFoundError, InvalidRequestError, BrokenRequestError):
            continue
    return {job_id: found[known or job_id] for job_id, known in wanted.items() if (known or job_id) in found}


def _canonical(job_id: str) -> str | None:
    try:
        return str(UUID(job_id))
    except ValueError:
        return None


def jobs_matching(
    *, resource: str | None = None, fields: Sequence[str] = (), **filters: Unpack[JobFilters]
) -> Flow[list[Job]]:
    """List the jobs that match filters and work on a resource.

    :param resource: The resource. It stands in the arguments of a job, which the service cannot filter by: they are
        compared here, so give filters that keep the listing short.
    :param fields: Attributes to give; default: all.
    :param filters: See :class:`~airflow_media.media_storage.query.JobFilters`.
    """
    asked = (*fields, "arguments") if fields and resource is not None else fields
    jobs = yield from every_job(fields=asked, **filters)
    return [job for job in jobs if resource is None or job.resource == resource]


class Existing(Struct, frozen=True):
    """A file that is there.

    :param media: Its record; ``None`` where the service tells nothing of it.
    """

    media: Media | None

    @property
    def size(self) -> int | None:
        """Bytes, where they are known."""
        return self.media.size if self.media else None


def look_up(resource: str, key: str | None = None) -> Flow[Existing]:
    """Get the record of a file, from a listing where 'info' answers without one.

    :param resource: The resource.
    :param key: Which variant of it; default: the original.
    :raises NotFoundError: There is no such file.
    """
    media = yield from media_info(resource, key)
    if media is None:
        listed = yield from list_medias(resource=resource, key=key or ORIGINAL, page_size=1)
        media = listed.items[0] if listed.items else None
    return Existing(media)


def find_media(resource: str, key: str | None = None) -> Flow[Existing | None]:
    """Look whether a file is there.

    :param resource: The resource.
    :param key: Which variant of it; default: the original.
    """
    try:
        return (yield from look_up(resource, key))
    except NotFoundError:
        return None


def upload_once(
    resource: str,
    key: str | None,
    content: Readable,
    *,
    filename: str,
    media_type: str,
    if_exists: IfExists = "fail",
    ours: bool = False,
) -> Flow[Media | None]:
    """Upload a file, unless it is there: the service replaces nothing.

    One that is there after an upload whose answer was lost is ours if it has the size of the file.

    :param resource: The resource.
    :param key: Which variant of it; ``None``: the original.
    :param content: The file.
    :param filename: Its name.
    :param media_type: Its content type.
    :param if_exists: What to do about another file that is there: fail, or leave it and succeed.
    :param ours: Whether an upload of the same may have been made before.
    :return: The record; ``None`` where there was a file of which the service tells nothing.
    :raises ConflictError: There is another file of that name.
    :raises TransferError: The service did not keep the whole file.
    """
    settings: StorageSettings = yield from Configured()
    lost = ours

    def look() -> Flow[Existing | None]:
        existing = yield from find_media(resource, key)
        if existing is not None:
            _accept(existing, content.size, if_exists, ours=lost, subject=media_name(resource, key))
        return existing

    def create() -> Flow[Existing]:
        nonlocal lost
        try:
            uploaded = yield from upload_media(
                resource,
                key,
                content,
                filename=filename,
                media_type=media_type,
                field_name=settings.upload_field,
                fields=settings.upload_fields,
            )
        except MediaError as fault:
            existing = (yield from look()) if exists_already(fault) else None
            if existing is not None:
                return existing
            lost = True
            raise
        return Existing(_stored(uploaded, resource, key, content.size))

    return (yield from create_once(look, create)).media


def _accept(existing: Existing, size: int, if_exists: IfExists, *, ours: bool, subject: str) -> None:
    """Take a file that is there for the one that was to be uploaded, or refuse to."""
    if if_exists == "skip" or (ours and existing.size == size):
        return
    if existing.size is None:
        text, hint = "it is there already, and the service does not tell its size", "Look at it at the service."
    elif ours:
        text = f"it is there already with {existing.size} bytes, and the file has {size}"
        hint = "The service replaces nothing: choose another resource or key."
    else:
        text = f"it is there already, with {existing.size} bytes"
        hint = 'The service replaces nothing: choose another resource or key, or leave it with if_exists="skip".'
    raise ConflictError(text, service=SERVICE_NAME, operation="upload media", subject=subject, hint=hint)


def _stored(uploaded: Uploaded, resource: str, key: str | None, size: int) -> Media:
    """Give the record of what was uploaded, if all of it was kept."""
    wrong = f"the service did not take the file: {'; '.join(uploaded.refused)}" if uploaded.refused else ""
    own = [media for media in uploaded.medias if (media.resource, media.key) == (resource, key or ORIGINAL)]
    if not wrong and not uploaded.medias:
        wrong = "the service took the upload and made no media of it"
    if not wrong and own and own[0].size not in {None, size}:
        wrong = f"the service keeps {own[0].size} of {size} bytes"
    if wrong:
        subject = media_name(resource, key)
        raise TransferError(wrong, service=SERVICE_NAME, operation="upload media", subject=subject)
    return (own or list(uploaded.medias))[0]

"""What takes several calls: whole listings, find or create, submit once, find again, clean up.

What a create makes is looked for before it is sent again (see :mod:`airflow_media.http.once`): Pixop has no key that
would make a create harmless to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

from msgspec.structs import replace

from airflow_media.http.call import Call, Flow
from airflow_media.http.errors import MediaError, NotFoundError
from airflow_media.http.once import create_once
from airflow_media.pixop.api import (
    create_project,
    create_video,
    delete_project,
    delete_video,
    get_video,
    list_projects,
    list_videos,
    process_video,
)
from airflow_media.pixop.models import Page, Phase, ProcessingReceipt, Project, VideoListItem, VideoReceipt
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import Video

T = TypeVar("T")

PAGE_SIZE = 100
KEY_DIGITS = 12
"""Hexadecimal digits of a key in a name: enough for a million videos of the same name."""
BEGINNING = datetime.min.replace(tzinfo=UTC)


def keyed_name(name: str, key: str) -> str:
    """Give a name under which the video of a task can be found again: ``"clip [3f2a9c21d0b4]"``.

    :param name: Name for people.
    :param key: What tells one task's video from another's; the same key gives the same name.
    """
    return f"{name} [{sha256(key.encode()).hexdigest()[:KEY_DIGITS]}]"


def every(first: Call[Page[T]]) -> Flow[list[T]]:
    """Read a whole listing.

    The service's link to the next page says which page that is; where it is, and which filters hold, stays as in the
    first call.

    :param first: The call that lists the first page.
    """
    filters = {name: value for name, value in first.params.items() if name != "page"}
    items: list[T] = []
    seen: set[frozenset[tuple[str, str]]] = set()
    call: Call[Page[T]] | None = first
    while call is not None:
        page = yield from call
        items.extend(page.items)
        seen.add(frozenset(call.params.items()))
        following = {**page.next, **filters} if page.next and page.items else None
        # A listing whose links go round in circles ends where it began.
        again = following is None or frozenset(following.items()) in seen
        call = None if following is None or again else replace(first, params=following)
    return items


def all_projects() -> Flow[list[Project]]:
    """List all projects of the account."""
    return every(list_projects(page_size=PAGE_SIZE))


def all_videos(*, project_id: str | None = None, parent_id: str | None = None) -> Flow[list[VideoListItem]]:
    """List all videos.

    :param project_id: Only those of this project.
    :param parent_id: Only those made from this original.
    """
    return every(list_videos(project_id=project_id, parent_id=parent_id, page_size=PAGE_SIZE))


def find_project(name: str) -> Flow[Project | None]:
    """Find a project by its name; the oldest of that name, so that all who look agree.

    :param name: Its exact name.
    """
    projects = yield from all_projects()
    return min((each for each in projects if each.name == name), key=_age, default=None)


def find_or_create_project(name: str) -> Flow[Project]:
    """Find a project by its name, or create it.

    :param name: Its exact name.
    """
    return create_once(lambda: find_project(name), lambda: create_project(name))


def find_video(name: str, project_id: str | None = None) -> Flow[VideoListItem | None]:
    """Find an original by its name; the oldest of that name. Processed videos may carry its name too and do not count.

    :param name: Its exact name.
    :param project_id: Only in this project; default: in all that the account sees.
    """
    videos = yield from all_videos(project_id=project_id)
    return min((each for each in videos if each.name == name and not each.parent_id), key=_age, default=None)


def create_video_once(name: str, project_id: str | None = None) -> Flow[VideoReceipt]:
    """Find a video by its name, or create it.

    :param name: A name that no other video has: see :func:`keyed_name`.
    :param project_id: Project to look in and to create it in; default: look everywhere, create in the default project.
    """

    def look() -> Flow[VideoReceipt | None]:
        found = yield from find_video(name, project_id)
        return VideoReceipt(found.id, found.project_id) if found else None

    return create_once(look, lambda: create_video(name=name, project_id=project_id))


def find_processing(
    source_id: str, settings: ProcessSettings, *, since: datetime | None = None, parent_id: str | None = None
) -> Flow[Video | None]:
    """Find a job that was asked for before: active or done, of the same source, with the same settings; the newest.

    :param source_id: The source.
    :param settings: What was asked for.
    :param since: Only jobs begun at this time or later; an aware time.
    :param parent_id: The original, where the source is itself a processed video: the service files all processed
        videos under their original.
    """
    children = yield from all_videos(parent_id=parent_id or source_id)
    if since is not None:
        begun = since.replace(microsecond=0)
        children = [child for child in children if child.date_created is None or child.date_created >= begun]
    return (yield from _matching(source_id, settings, children))


def process_once(video_id: str, settings: ProcessSettings, *, parent_id: str | None = None) -> Flow[ProcessingReceipt]:
    """Start a job; after a lost answer, find the job that was not there before instead of paying for another one.

    It always starts a new job: :func:`find_processing` finds an older one. Two tasks that ask for the same of the same
    source at the same moment, of which one loses its answer, may end up with one job.

    :param video_id: The source; its ingestion must be done.
    :param settings: What to do.
    :param parent_id: As for :func:`find_processing`.
    """
    before: set[str] | None = None

    def look() -> Flow[ProcessingReceipt | None]:
        nonlocal before
        children = yield from all_videos(parent_id=parent_id or video_id)
        if before is None:
            before = {child.id for child in children}
            return None
        new = [child for child in children if child.id not in before]
        found = yield from _matching(video_id, settings, new, fresh=True)
        return ProcessingReceipt(found.id, video_id, found.project_id) if found else None

    return create_once(look, lambda: process_video(video_id, settings))


def cancel_processing(processed_id: str) -> Call[tuple[str, ...]]:
    """Stop a job and remove what it made; one that is gone counts as cancelled.

    :param processed_id: The processed video, never its source: that would go with all that was made of it.
    """
    return delete_video(processed_id, missing_ok=True)


def delete_project_if_empty(project_id: str) -> Flow[bool]:
    """Delete a project unless it holds videos.

    :return: Whether it is gone now.
    """
    if (yield from _holds_videos(project_id)):
        return False
    try:
        yield from delete_project(project_id)
    except NotFoundError:
        return True
    except MediaError as fault:
        # A video may have come in between, and the service does not document how it refuses then.
        if fault.retryable or not (yield from _holds_videos(project_id)):
            raise
        return False
    return True


def _holds_videos(project_id: str) -> Flow[bool]:
    page = yield from list_videos(project_id=project_id, page_size=1)
    return bool(page.items)


def _matching(
    source_id: str, settings: ProcessSettings, children: Iterable[VideoListItem], *, fresh: bool = False
) -> Flow[Video | None]:
    """Find the newest child that was made with these settings.

    :param fresh: Whether the children are known to have just been asked for. Then one that does not tell its
        parameters yet counts, and so does one that has failed: its failure is the answer.
    """
    source: Video | None = None
    for child in sorted(children, key=_age, reverse=True):
        video = yield from _if_there(get_video(child.id))
        if video is None or (_failed(video) and not fresh):
            continue
        reported = video.processing.parameters if video.processing else None
        if reported is None and fresh:
            return video
        if reported is not None:
            source = source or (yield from get_video(source_id))
            if settings.matches(reported, source=source.metadata):
                return video
    return None


def _failed(video: Video) -> bool:
    return video.processing is not None and video.processing.state.phase is Phase.FAILED


def _if_there(call: Call[T]) -> Flow[T | None]:
    try:
        return (yield from call)
    except NotFoundError:
        return None


def _age(item: Project | VideoListItem) -> tuple[datetime, str]:
    """Sort by creation; the id decides between those of the same second, so that the order is always the same."""
    return item.date_created or BEGINNING, item.id

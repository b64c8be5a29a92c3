"""Every endpoint of the Pixop Video Processing REST API v1, as functions that return a call.

Titles in quotation marks are sections of the Pixop API reference. Creates are ``PUT`` or ``POST`` and make something
new each time; two ``GET``\\ s change state: none of these may be repeated blindly, whatever their method promises.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from airflow_media.http.bodies import MultipartBody, Readable
from airflow_media.http.call import Answer, Call
from airflow_media.http.document import reader
from airflow_media.http.errors import InvalidRequestError
from airflow_media.pixop.models import (
    Identity,
    MediaInfo,
    Page,
    ProcessingReceipt,
    Project,
    TokenGrant,
    UploadReceipt,
    User,
    VideoListItem,
    VideoReceipt,
    deleted_ids,
)
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import IngestState, ProcessState, Video

UploadKind = Literal["light", "full"]
MediaKind = Literal["original", "processed"]


def get_token(email: str, password: str, *, team_id: str | None = None) -> Call[TokenGrant]:
    """'Authenticate account credentials and generate JWT token'.

    :param email: E-mail of the account.
    :param password: Its password.
    :param team_id: A team of the account that the token acts for.
    """
    basic = b64encode(f"{email}:{password}".encode("utf-8", "surrogatepass")).decode()
    return Call(
        operation="log in",
        method="GET",
        url="/v1/token",
        root="accounts",
        read=reader(TokenGrant.read),
        params=_params({"team-id": team_id}),
        headers={"Authorization": f"Basic {basic}"},
        authenticated=False,
    )


def check_token() -> Call[Identity]:
    """'Authenticate JWT token and return associated account and team identity'."""
    return Call(
        operation="check the token",
        method="POST",
        url="/v1/token",
        root="accounts",
        read=reader(Identity.read),
        repeatable=True,
    )


def get_account() -> Call[Identity]:
    """'Retrieve account details'."""
    return Call(
        operation="get the account", method="GET", url="/v1/account", root="accounts", read=reader(Identity.read)
    )


def generate_auth_secret() -> Call[User]:
    """'Generate authentication secret': a new one each time; tokens made with the old one are refused from then on."""
    return Call(
        operation="generate an authentication secret",
        method="GET",
        url="/v1/generate-auth-secret",
        root="accounts",
        read=reader(User.read, "user"),
        repeatable=False,
    )


def generate_signature_secret() -> Call[User]:
    """'Generate API signed-request signature secret': a new one each time."""
    return Call(
        operation="generate a signature secret",
        method="GET",
        url="/v1/generate-signature-secret",
        root="accounts",
        read=reader(User.read, "user"),
        repeatable=False,
    )


def update_password(new_password: str) -> Call[User]:
    """'Update account password'.

    :param new_password: The password from now on.
    """
    return Call(
        operation="update the password",
        method="POST",
        url="/v1/update-password",
        root="accounts",
        read=reader(User.read, "user"),
        json={"newPassword": new_password},
        repeatable=True,
    )


def get_project(project_id: str) -> Call[Project]:
    """'Retrieve project details'."""
    return Call(
        operation="get project",
        method="GET",
        url=f"/v1/project/{_segment('project', project_id)}",
        root="videos",
        subject=f"project {project_id}",
        read=reader(Project.read, "project"),
    )


def list_projects(*, page: int | None = None, page_size: int | None = None) -> Call[Page[Project]]:
    """'Retrieve paginated list of projects associated with this user'.

    :param page: Number of the page, from 1.
    :param page_size: How many items a page holds.
    """
    return Call(
        operation="list projects",
        method="GET",
        url="/v1/projects",
        root="videos",
        params=_params({"page": page, "page-size": page_size}),
        read=reader(lambda document: Page.read(document, "projects", Project.read)),
    )


def create_project(name: str) -> Call[Project]:
    """'Create new project': another one each time, of the same name too."""
    return Call(
        operation="create project",
        method="PUT",
        url="/v1/project",
        root="videos",
        subject=f"project {name!r}",
        json={"name": name},
        read=reader(Project.read, "project"),
        repeatable=False,
    )


def update_project(project_id: str, name: str) -> Call[Project]:
    """'Update project details': give it another name."""
    return Call(
        operation="rename project",
        method="POST",
        url=f"/v1/project/{_segment('project', project_id)}",
        root="videos",
        subject=f"project {project_id}",
        json={"name": name},
        read=reader(Project.read, "project"),
        repeatable=True,
    )


def delete_project(project_id: str) -> Call[None]:
    """'Delete project'; fails while it holds videos."""
    return Call(
        operation="delete project",
        method="DELETE",
        url=f"/v1/project/{_segment('project', project_id)}",
        root="videos",
        subject=f"project {project_id}",
        read=lambda answer: None,
        repeatable=True,
    )


def get_video(video_id: str) -> Call[Video]:
    """'Retrieve video item details'."""
    return Call(
        operation="get video",
        method="GET",
        url=f"/v1/video/{_segment('video', video_id)}",
        root="videos",
        subject=f"video {video_id}",
        read=reader(Video.read, "video"),
    )


def list_videos(
    *,
    project_id: str | None = None,
    parent_id: str | None = None,
    page: int | None = None,
    page_size: int | None = None,
) -> Call[Page[VideoListItem]]:
    """'Retrieve paginated list of videos associated with this user'.

    :param project_id: Only videos of this project.
    :param parent_id: Only videos made from this original.
    :param page: Number of the page, from 1.
    :param page_size: How many items a page holds.
    """
    filters = {"project-id": project_id, "parent-id": parent_id}
    return Call(
        operation="list videos",
        method="GET",
        url="/v1/videos",
        root="videos",
        params=_params({**filters, "page": page, "page-size": page_size}),
        read=reader(lambda document: Page.read(document, "videos", VideoListItem.read)),
    )


def create_video(*, name: str | None = None, project_id: str | None = None) -> Call[VideoReceipt]:
    """'Create new video': another one each time.

    :param name: Its name; default: left to the service.
    :param project_id: Project to put it into; default: the account's default project.
    """
    return Call(
        operation="create video",
        method="PUT",
        url="/v1/video",
        root="videos",
        subject=f"video {name!r}" if name else "",
        json={key: value for key, value in (("name", name), ("projectId", project_id)) if value is not None},
        read=reader(VideoReceipt.read),
        repeatable=False,
    )


def process_video(video_id: str, settings: ProcessSettings) -> Call[ProcessingReceipt]:
    """'Trigger a request to process a video': another processed video, and another bill, each time.

    :param video_id: The source; its ingestion must be done.
    :param settings: What to do.
    """
    return Call(
        operation="process video",
        method="POST",
        url=f"/v1/process-video/{_segment('video', video_id)}",
        root="videos",
        subject=f"video {video_id}",
        json=settings.to_json(),
        read=reader(ProcessingReceipt.read),
        repeatable=False,
    )


def process_state(video_id: str) -> Call[ProcessState]:
    """'Check progress of a video currently being processed'.

    :param video_id: The processed video, not its source.
    """
    return Call(
        operation="check the processing of video",
        method="GET",
        url=f"/v1/check-process-video-progress/{_segment('video', video_id)}",
        root="videos",
        subject=f"video {video_id}",
        read=reader(ProcessState.read),
    )


def ingest_state(video_id: str) -> Call[IngestState]:
    """'Check progress of a video currently being ingested'.

    :param video_id: The original.
    """
    return Call(
        operation="check the ingestion of video",
        method="GET",
        url=f"/v1/check-ingest-video-progress/{_segment('video', video_id)}",
        root="videos",
        subject=f"video {video_id}",
        read=reader(IngestState.read),
    )


def delete_video(video_id: str, *, missing_ok: bool = False) -> Call[tuple[str, ...]]:
    """'Delete video and any new media generated so far': an original takes its processed videos along; on a processed
    video that is still being made it is the cancel.

    :param video_id: The video.
    :param missing_ok: Whether one that is not there counts as deleted.
    :return: Ids of all that was deleted; empty where it was not there.
    """
    read = reader(deleted_ids)
    return Call(
        operation="delete video",
        method="DELETE",
        url=f"/v1/video/{_segment('video', video_id)}",
        root="videos",
        subject=f"video {video_id}",
        read=lambda answer: () if answer.status == 404 else read(answer),
        accept=frozenset({404}) if missing_ok else frozenset(),
        repeatable=True,
    )


def upload_media(
    video_id: str,
    content: Readable,
    *,
    filename: str,
    kind: UploadKind = "light",
    media_type: str = "application/octet-stream",
) -> Call[UploadReceipt]:
    """'Upload media relating to a video item', or '... for light ingestion'.

    The answer comes when all bytes are in; ingestion runs afterwards. A repeated upload reads the file again from its
    start and replaces what is there.

    :param video_id: The original, as created.
    :param content: Where the bytes come from.
    :param filename: Name of the file.
    :param kind: ``"light"`` takes metadata only; ``"full"`` adds thumbnails, web video, quality and scanning analysis.
    :param media_type: Content type of the file.
    """
    folder = "upload/light" if kind == "light" else "upload"
    return Call(
        operation="upload media to video",
        method="POST",
        url=f"/v1/{folder}/{_segment('video', video_id)}",
        root="media",
        subject=f"video {video_id}",
        body=MultipartBody(content, filename, field_name="file", media_type=media_type),
        read=reader(UploadReceipt.read),
        repeatable=True,
        bulk=True,
    )


def media_info(video_id: str, kind: MediaKind, *, if_none_match: str | None = None) -> Call[MediaInfo]:
    """'Download original media associated with a video item', or '... processed ...', with ``HEAD``: no bytes.

    :param video_id: The original or the processed video.
    :param kind: Which of the two it is.
    :param if_none_match: ETag of a copy at hand; one that is still good is told by ``modified=False``.
    """
    return Call(
        operation=f"look at the {kind} media of video",
        method="HEAD",
        url=f"/v1/download/{kind}/{_segment('video', video_id)}",
        root="media",
        subject=f"video {video_id}",
        headers=_params({"If-None-Match": if_none_match}),
        read=lambda answer: MediaInfo.read(answer.status, answer.headers),
        accept=frozenset({304}) if if_none_match else frozenset(),
    )


def download_media(
    video_id: str, kind: MediaKind, *, first: int = 0, last: int | None = None, if_none_match: str | None = None
) -> Call[Answer]:
    """'Download original media associated with a video item', or '... processed ...': the bytes, to be streamed.

    :param video_id: The original or the processed video.
    :param kind: Which of the two it is.
    :param first: First byte wanted, from 0.
    :param last: Last byte wanted; default: to the end.
    :param if_none_match: ETag of a copy at hand; one that is still good is answered by status 304 and no bytes.
    :return: Status 200 (everything), 206 (the part asked for) or 304.
    """
    part = f"bytes={first}-{'' if last is None else last}" if first or last is not None else None
    return Call(
        operation=f"download the {kind} media of video",
        method="GET",
        url=f"/v1/download/{kind}/{_segment('video', video_id)}",
        root="media",
        subject=f"video {video_id}",
        headers=_params({"Range": part, "If-None-Match": if_none_match}),
        read=lambda answer: answer,
        bulk=True,
        accept=frozenset({304}) if if_none_match else frozenset(),
    )


def _params(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _segment(kind: str, value: str) -> str:
    """Make a path segment of an id; refuse one that would name another resource than it says."""
    if not isinstance(value, str) or not value.strip() or value.strip() in {".", ".."}:
        raise InvalidRequestError(f"{value!r} is not the id of a {kind}", service="Pixop")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{value!r} is not the id of a {kind}", service="Pixop") from None

"""Every operation of the service over a real socket, through the hook: what comes back, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.errors import (
    AuthenticationError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerFaultError,
    UnreadableAnswerError,
)
from airflow_media.pixop import api
from airflow_media.pixop.flows import all_videos, delete_project_if_empty, find_or_create_project
from airflow_media.pixop.hook import PixopHook
from airflow_media.pixop.models import Phase
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.storage import open_source, open_target
from media_sandbox.pixop import fixtures
from media_sandbox.testing import RunningSandbox
from support.probe import Probe, probe
from support.studio import SETTINGS, Studio, login

pytestmark = pytest.mark.airflow

NOBODY = "00000000-0000-0000-0000-000000000000"


# Accounts


def test_the_account_is_told_with_its_team(studio: Studio) -> None:
    account = studio.hook.run(api.get_account())
    assert account.user.email == fixtures.PLAIN.email
    assert account.team is not None
    assert account.team.id == fixtures.PLAIN.team_ids[0]


def test_a_token_is_told_whose_it_is(studio: Studio) -> None:
    assert studio.hook.run(api.check_token()).user.email == fixtures.PLAIN.email


def test_a_login_can_act_for_another_team(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    second = fixtures.FULL.team_ids[1]
    connect("pixop", {"team_id": second}, **login(fixtures.FULL))
    account = PixopHook().run(api.get_account())
    assert account.team is not None
    assert account.team.id == second


def test_secrets_are_made_anew(studio: Studio) -> None:
    before = studio.hook.run(api.get_account()).user
    signature = studio.hook.run(api.generate_signature_secret())
    assert signature.email == before.email
    assert studio.count("generate_signature_secret") == 1


def test_after_a_new_authentication_secret_the_hook_logs_in_again(studio: Studio) -> None:
    studio.hook.run(api.get_account())
    studio.hook.run(api.generate_auth_secret())
    assert studio.hook.run(api.get_account()).user.email == fixtures.PLAIN.email
    assert studio.count("get_token") == 2


def test_a_password_can_be_changed(
    studio: Studio, connect: Callable[..., None], refused: Callable[..., BaseException]
) -> None:
    studio.hook.run(api.update_password("another-password"))
    refused(lambda: PixopHook().run(api.get_account()), AuthenticationError, "401", "credentials of the connection")
    connect("pixop", password="another-password")
    assert PixopHook().run(api.get_account()).user.email == fixtures.PLAIN.email


# Projects


def test_a_project_lives_from_its_creation_to_its_deletion(studio: Studio) -> None:
    project = studio.hook.run(api.create_project("archive"))
    assert studio.hook.run(api.get_project(project.id)).name == "archive"
    assert studio.hook.run(api.update_project(project.id, "Archiv, älter")).name == "Archiv, älter"
    assert project.id in [each.id for each in studio.projects]
    assert studio.hook.run(delete_project_if_empty(project.id))
    assert project.id not in [each.id for each in studio.projects]


def test_a_listing_is_read_through_all_its_pages(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    connect("pixop", **login(fixtures.FULL))
    sandbox.admin.options(max_page_size=5)
    videos = PixopHook().run(all_videos())
    assert len({video.id for video in videos}) == len(videos) == fixtures.FULL_VIDEOS
    assert len(sandbox.admin.requests("pixop.list_videos")) == 3


def test_a_project_that_holds_videos_stays(studio: Studio) -> None:
    project = studio.hook.run(find_or_create_project("archive"))
    studio.hook.run(api.create_video(name="a film", project_id=project.id))
    assert not studio.hook.run(delete_project_if_empty(project.id))
    assert project.id in [each.id for each in studio.projects]


# Videos


def test_a_video_goes_from_creation_to_a_processed_download(studio: Studio, tmp_path: Path) -> None:
    source = studio.ingested()
    receipt = studio.hook.run(api.process_video(source, ProcessSettings.parse(SETTINGS)))
    result = receipt.processed_video_id
    studio.until(result, lambda video: video.processing is not None and video.processing.state.phase is Phase.DONE)
    assert studio.hook.run(api.process_state(result)).phase is Phase.DONE
    assert studio.hook.run(api.ingest_state(source)).phase is Phase.DONE
    told = studio.hook.run(api.media_info(result, "processed"))
    done = studio.hook.download(result, open_target(f"{tmp_path}/"))
    assert Path(done.uri).stat().st_size == told.size == done.size
    assert (done.etag, Path(done.uri).name) == (told.etag, told.filename)
    assert probe(done.uri) == Probe("h264", 320, 240, frames=10)
    assert not studio.hook.run(api.media_info(result, "processed", if_none_match=told.etag)).modified

    assert set(studio.hook.run(api.delete_video(source))) == {source, result}
    assert studio.videos == []


@pytest.mark.parametrize(("kind", "operation"), [("light", "upload_light"), ("full", "upload")])
def test_both_ways_to_ingest_take_the_very_bytes(studio: Studio, tmp_path: Path, kind: Any, operation: str) -> None:
    video_id = studio.created()
    video = studio.hook.upload(video_id, open_source(str(studio.clip)), kind=kind)
    assert video.upload is not None
    assert video.upload.file_size == studio.clip.stat().st_size
    assert studio.count(operation) == 1
    done = studio.hook.download(video_id, open_target(str(tmp_path / "back.mp4")), kind="original")
    assert Path(done.uri).read_bytes() == studio.clip.read_bytes()


def test_a_part_of_a_file_can_be_had(studio: Studio) -> None:
    video_id = studio.uploaded()
    with studio.hook.client.stream(api.download_media(video_id, "original", first=10, last=19)) as answer:
        part = b"".join(answer.chunks or ())
    assert (answer.status, part) == (206, studio.clip.read_bytes()[10:20])


def test_progress_of_a_transfer_is_told_in_bytes(studio: Studio, tmp_path: Path) -> None:
    size = studio.clip.stat().st_size
    video_id = studio.created()
    sent: list[tuple[int, int | None]] = []
    studio.hook.upload(video_id, open_source(str(studio.clip)), progress=lambda *done: sent.append(done))
    got: list[tuple[int, int | None]] = []
    target = open_target(str(tmp_path / "back.mp4"))
    studio.hook.download(video_id, target, kind="original", progress=lambda *done: got.append(done))
    assert sent[-1] == got[-1] == (size, size)


# Refusals


@pytest.mark.parametrize(
    "call",
    [
        api.get_project(NOBODY),
        api.update_project(NOBODY, "name"),
        api.get_video(NOBODY),
        api.process_state(NOBODY),
        api.ingest_state(NOBODY),
        api.delete_video(NOBODY),
        api.media_info(NOBODY, "original"),
        api.process_video(NOBODY, ProcessSettings.parse(SETTINGS)),
    ],
    ids=lambda call: call.operation,
)
def test_what_is_not_there_is_told_with_its_id(
    studio: Studio, refused: Callable[..., BaseException], call: Any
) -> None:
    refused(lambda: studio.hook.run(call), NotFoundError, "Pixop could not", NOBODY, "404", "Check the id")


def test_a_video_of_somebody_else_is_not_found(
    studio: Studio, connect: Callable[..., None], refused: Callable[..., BaseException]
) -> None:
    theirs = studio.created()
    connect("pixop", **login(fixtures.OTHER))
    refused(lambda: PixopHook().run(api.get_video(theirs)), NotFoundError, theirs, "account of the connection")


def test_a_suspended_account_is_told_so_and_tries_once(
    studio: Studio, connect: Callable[..., None], refused: Callable[..., BaseException]
) -> None:
    connect("pixop", **login(fixtures.BANNED))
    fault = refused(lambda: PixopHook().run(api.get_account()), PermissionDeniedError, "UserBannedException")
    assert isinstance(fault, MediaError)
    assert not fault.retryable
    assert studio.count("get_token") == 1


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("502", ServerFaultError, ("502",)),
        ("error status=400 exception=BadRequestException", InvalidRequestError, ("BadRequestException",)),
        ("error status=500 exception=AuthException", ServerFaultError, ("AuthException",)),
        ("malformed", UnreadableAnswerError, ("not JSON", "not a proxy")),
    ],
)
def test_each_kind_of_refusal_is_an_error_of_its_own(
    studio: Studio,
    refused: Callable[..., BaseException],
    fault: str,
    kind: type[MediaError],
    words: tuple[str, ...],
) -> None:
    studio.hook.run(api.get_account())
    studio.admin.fault(f"{fault} on=pixop.create_project")
    refused(lambda: studio.hook.run(api.create_project("archive")), kind, "create project", *words)
    assert studio.count("create_project") == 1, "a create is never repeated blindly"


def test_a_read_is_repeated_after_passing_faults(studio: Studio) -> None:
    for fault in ("429 retry_after=0", "503", "502", "reset", "lost_answer"):
        studio.admin.fault(f"{fault} on=pixop.get_account times=1")
    assert studio.hook.run(api.get_account()).user.email == fixtures.PLAIN.email
    assert studio.count("get_account") == 6


def test_a_long_retry_after_is_told_to_whoever_asked(studio: Studio, refused: Callable[..., BaseException]) -> None:
    studio.admin.fault("429 retry_after=7200 on=pixop.get_account")
    fault = refused(lambda: studio.hook.run(api.get_account()), RateLimitedError, "429")
    assert isinstance(fault, RateLimitedError)
    assert fault.retry_after == 7200
    assert studio.count("get_account") == 1


def test_a_token_is_renewed_when_it_has_expired(studio: Studio) -> None:
    studio.hook.run(api.get_account())
    studio.admin.expire_tokens()
    assert studio.hook.run(api.get_account()).user.email == fixtures.PLAIN.email
    assert (studio.count("get_token"), studio.count("get_account")) == (2, 3)

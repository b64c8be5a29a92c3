"""Every endpoint: what is sent, what is read, and what may be repeated."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pixop_script import page, reply

from airflow_media.http.bodies import MultipartBody
from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import InvalidRequestError
from airflow_media.pixop import api
from airflow_media.pixop.models import (
    Identity,
    MediaInfo,
    Page,
    ProcessingReceipt,
    Project,
    Team,
    TokenGrant,
    UploadReceipt,
    User,
    VideoListItem,
    VideoReceipt,
)
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import IngestionState, IngestState, ProcessState, State, Video


@dataclass
class Bytes:
    """A file in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([self.data])


@dataclass
class Case:
    """One way to call an endpoint and what must come of it."""

    call: Call[Any]
    line: str
    result: object
    answer: Answer
    params: dict[str, str] | None = None
    body: object = None
    repeat: bool = True


CASES: dict[str, Case] = {
    "get_token": Case(
        api.get_token("ann@pixop.test", "pass:wörd"),
        "GET accounts /v1/token",
        TokenGrant("T", "u", "t"),
        reply({"userId": "u", "teamId": "t", "jwtToken": "T"}),
    ),
    "get_token of a team": Case(
        api.get_token("ann@pixop.test", "pw", team_id="t"),
        "GET accounts /v1/token",
        TokenGrant("T"),
        reply({"jwtToken": "T"}),
        params={"team-id": "t"},
    ),
    "check_token": Case(
        api.check_token(),
        "POST accounts /v1/token",
        Identity(User(id="u"), Team("t"), (Team("t2"),)),
        reply({"user": {"id": "u"}, "team": {"id": "t"}, "otherTeams": [{"id": "t2"}]}),
    ),
    "get_account": Case(
        api.get_account(),
        "GET accounts /v1/account",
        Identity(User(id="u"), Team("t")),
        reply({"user": {"id": "u"}, "team": {"id": "t"}}),
    ),
    "generate_auth_secret": Case(
        api.generate_auth_secret(),
        "GET accounts /v1/generate-auth-secret",
        User(id="u", auth_signature_public_key_id="k"),
        reply({"user": {"id": "u", "authSignaturePublicKeyId": "k"}}),
        repeat=False,
    ),
    "generate_signature_secret": Case(
        api.generate_signature_secret(),
        "GET accounts /v1/generate-signature-secret",
        User(id="u", api_request_signature_secret="s"),
        reply({"user": {"id": "u", "apiRequestSignatureSecret": "s"}}),
        repeat=False,
    ),
    "update_password": Case(
        api.update_password("new"),
        "POST accounts /v1/update-password",
        User(id="u"),
        reply({"user": {"id": "u"}}),
        body={"newPassword": "new"},
    ),
    "get_project": Case(
        api.get_project("p/1"), "GET videos /v1/project/p%2F1", Project("p/1"), reply({"project": {"id": "p/1"}})
    ),
    "list_projects": Case(
        api.list_projects(), "GET videos /v1/projects", Page((Project("p"),), 1, 100), page("projects", [{"id": "p"}])
    ),
    "list_projects of a page": Case(
        api.list_projects(page=2, page_size=50),
        "GET videos /v1/projects",
        Page((), 1, 100),
        page("projects", []),
        params={"page": "2", "page-size": "50"},
    ),
    "create_project": Case(
        api.create_project("Films"),
        "PUT videos /v1/project",
        Project("p"),
        reply({"project": {"id": "p"}}),
        body={"name": "Films"},
        repeat=False,
    ),
    "update_project": Case(
        api.update_project("p", "Clips"),
        "POST videos /v1/project/p",
        Project("p", "Clips"),
        reply({"project": {"id": "p", "name": "Clips"}}),
        body={"name": "Clips"},
    ),
    "delete_project": Case(api.delete_project("p"), "DELETE videos /v1/project/p", None, Answer(204, {})),
    "get_video": Case(
        api.get_video("v ü"), "GET videos /v1/video/v%20%C3%BC", Video(id="v"), reply({"video": {"id": "v"}})
    ),
    "list_videos": Case(
        api.list_videos(),
        "GET videos /v1/videos",
        Page((VideoListItem(id="v"),), 1, 100),
        page("videos", [{"id": "v"}]),
    ),
    "list_videos with filters": Case(
        api.list_videos(project_id="p", parent_id="v", page=1, page_size=5),
        "GET videos /v1/videos",
        Page((), 1, 100),
        page("videos", []),
        params={"project-id": "p", "parent-id": "v", "page": "1", "page-size": "5"},
    ),
    "create_video": Case(
        api.create_video(name="clip", project_id="p"),
        "PUT videos /v1/video",
        VideoReceipt("v", "p"),
        reply({"videoId": "v", "projectId": "p"}),
        body={"name": "clip", "projectId": "p"},
        repeat=False,
    ),
    "create_video with nothing": Case(
        api.create_video(), "PUT videos /v1/video", VideoReceipt("v"), reply({"videoId": "v"}), body={}, repeat=False
    ),
    "process_video": Case(
        api.process_video("v", ProcessSettings(scaler="scale", resolution="2x")),
        "POST videos /v1/process-video/v",
        ProcessingReceipt("d", "v"),
        reply({"processedVideoId": "d", "sourceVideoId": "v"}),
        body={"scaler": "scale", "resolution": {"tag": "2x"}},
        repeat=False,
    ),
    "process_video as it is": Case(
        api.process_video("v", ProcessSettings()),
        "POST videos /v1/process-video/v",
        ProcessingReceipt("d"),
        reply({"processedVideoId": "d"}),
        body={},
        repeat=False,
    ),
    "process_state": Case(
        api.process_state("d"),
        "GET videos /v1/check-process-video-progress/d",
        ProcessState("d", "p", State("DONE", None, 100.0)),
        reply(
            {
                "videoId": "d",
                "projectId": "p",
                "processingState": {"processingStatus": "DONE", "processingProgressPercent": 100.0},
            }
        ),
    ),
    "ingest_state": Case(
        api.ingest_state("v"),
        "GET videos /v1/check-ingest-video-progress/v",
        IngestState("v", None, IngestionState()),
        reply({"videoId": "v"}),
    ),
    "delete_video": Case(
        api.delete_video("v"),
        "DELETE videos /v1/video/v",
        ("v", "d"),
        reply({"deletedVideos": [{"videoId": "v"}, {"videoId": "d"}]}),
    ),
    "upload_media": Case(
        api.upload_media("v", Bytes(b"film"), filename="clip.mov"),
        "POST media /v1/upload/light/v",
        UploadReceipt("v", "p"),
        reply({"videoId": "v", "projectId": "p"}),
    ),
    "upload_media in full": Case(
        api.upload_media("v", Bytes(b"film"), filename="clip.mov", kind="full"),
        "POST media /v1/upload/v",
        UploadReceipt("v"),
        reply({"videoId": "v"}),
    ),
    "media_info": Case(
        api.media_info("v", "original"),
        "HEAD media /v1/download/original/v",
        MediaInfo(4, '"e"', "c.mov"),
        Answer(200, {"content-length": "4", "etag": '"e"', "content-disposition": "attachment; filename=c.mov"}),
    ),
    "download_media": Case(
        api.download_media("d", "processed"),
        "GET media /v1/download/processed/d",
        Answer(200, {}, b"film"),
        Answer(200, {}, b"film"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_endpoint_asks_and_reads_what_the_reference_says(case: Case) -> None:
    call = case.call
    assert f"{call.method} {call.root} {call.url}" == case.line
    assert dict(call.params) == (case.params or {})
    assert call.json == case.body
    assert call.may_repeat is case.repeat
    assert call.authenticated is not (case.line == "GET accounts /v1/token")
    assert call.bulk is (call.root == "media" and call.method != "HEAD")
    assert call.read(case.answer) == case.result


def test_all_endpoints_of_the_reference_are_there() -> None:
    paths = {case.line.split("?")[0] for case in CASES.values()}
    assert len(paths) == 22
    assert api.media_info("v", "processed").url == "/v1/download/processed/v"
    assert api.download_media("v", "original").url == "/v1/download/original/v"


def test_log_in_carries_the_credentials_as_utf_8() -> None:
    header = CASES["get_token"].call.headers["Authorization"]
    assert header == "Basic " + b64encode("ann@pixop.test:pass:wörd".encode()).decode()


def test_an_upload_is_one_part_named_file() -> None:
    body = CASES["upload_media"].call.body
    assert isinstance(body, MultipartBody)
    with body.open() as pieces:
        sent = b"".join(pieces)
    assert len(sent) == body.length
    assert sent.count(body.boundary.encode()) == 2
    assert b'Content-Disposition: form-data; name="file"; filename="clip.mov"\r\n' in sent
    assert b"Content-Type: application/octet-stream\r\n\r\nfilm\r\n" in sent


@pytest.mark.parametrize(
    ("first", "last", "header"), [(0, None, None), (5, None, "bytes=5-"), (0, 9, "bytes=0-9"), (5, 5, "bytes=5-5")]
)
def test_a_part_of_a_file_can_be_asked_for(first: int, last: int | None, header: str | None) -> None:
    call = api.download_media("d", "processed", first=first, last=last)
    assert call.headers.get("Range") == header


def test_a_copy_that_is_still_good_is_told() -> None:
    download = api.download_media("d", "processed", if_none_match='"e"')
    assert (download.headers, download.accept) == ({"If-None-Match": '"e"'}, frozenset({304}))
    assert download.read(Answer(304, {})).status == 304
    look = api.media_info("d", "processed", if_none_match='"e"')
    assert (look.headers, look.accept) == ({"If-None-Match": '"e"'}, frozenset({304}))
    assert look.read(Answer(304, {})).modified is False
    assert api.media_info("d", "processed").accept == frozenset()


def test_a_deletion_may_count_what_is_gone_as_deleted() -> None:
    call = api.delete_video("v", missing_ok=True)
    assert call.accept == {404}
    assert call.read(reply({"exception": "X", "errorMessage": "gone"}, 404)) == ()
    assert api.delete_video("v").accept == frozenset()


WITH_ID = [
    api.get_project,
    api.delete_project,
    api.get_video,
    api.delete_video,
    api.process_state,
    api.ingest_state,
    lambda id: api.update_project(id, "name"),
    lambda id: api.process_video(id, ProcessSettings()),
    lambda id: api.upload_media(id, Bytes(b""), filename="f"),
    lambda id: api.media_info(id, "original"),
    lambda id: api.download_media(id, "original"),
]


@pytest.mark.parametrize("call", WITH_ID)
@pytest.mark.parametrize("value", ["", " ", ".", "..", " .. ", None, 5, "\ud800"])
def test_an_id_that_would_name_another_resource_is_refused_before_sending(call: Any, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not the id of a"):
        call(value)


@pytest.mark.parametrize("call", WITH_ID)
def test_an_id_never_leaves_its_segment(call: Any) -> None:
    assert "a%2F..%2Fb%3Fc%23d" in call("a/../b?c#d").url

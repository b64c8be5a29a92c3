"""Records: what the reference shows is read, what may vary is tolerated, the rest is an error that names the key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.document import Document
from airflow_media.pixop.models import (
    Identity,
    MediaInfo,
    Page,
    Phase,
    ProcessingReceipt,
    Project,
    TokenGrant,
    UploadReceipt,
    User,
    VideoListItem,
    VideoReceipt,
    deleted_ids,
)
from airflow_media.pixop.video import IngestState, ProcessState, Scanning, Video

MOMENT = datetime(2021, 7, 2, 13, 4, 5, tzinfo=UTC)
TIMES = {"dateCreated": "2021-07-02 13:04:05", "timeLastUpdated": "2021-07-02 13:04:05"}

VIDEO = {
    "id": "v1",
    "name": "clip",
    "description": "a clip",
    "projectId": "p1",
    "userId": "u1",
    "teamId": "t1",
    "upload": {
        "uploadState": {"updatedAt": "2021-07-02 13:04:05", "uploadStatus": "DONE"},
        "hasFinishedUploading": True,
        "fileName": "clip.mov",
        "fileSize": "1048576",
        "fileType": "video/quicktime",
        "fileContainerName": "QuickTime / MOV",
    },
    "ingestion": {
        "ingestionState": {
            "updatedAt": "2021-07-02 13:04:05",
            "ingestionStatus": "in_progress",
            "videoMetadataAvailable": True,
            "videoMetadataCommitted": "false",
            "processingProgressPercent": 100,
        },
        "metadata": {
            "containerName": "mov",
            "longContainerName": "QuickTime / MOV",
            "codecName": "h264",
            "longCodecName": "H.264",
            "pixelFormat": {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}},
            "frameWidth": 720,
            "frameHeight": 576.0,
            "scanning": {
                "metadata": {"scanningType": "INTERLACED", "interlacedFieldOrder": "top_first"},
                "heuristics": {"scanningType": "progressive"},
            },
            "averageFramerate": "25.0",
            "durationInMillis": 10000,
            "totalFrames": 250,
            "size": 1048576,
            "videoStreamSize": 1000000,
        },
        "qualityAssessment": {
            "metrics": [{"name": "noise", "sampleMean": 0.5, "subjectiveLabel": "good", "subjectiveScore": 4}],
            "overallSubjectiveScore": 3.5,
        },
    },
    "processing": {
        "processingState": {
            "updatedAt": "2021-07-02 13:04:05",
            "processingStatus": "DONE",
            "processingProgressPercent": 100.0,
        },
        "processingParameters": {
            "sourceVideo": {"startPositionMilliseconds": 0, "endPositionMilliseconds": 5000},
            "targetVideo": {
                "preset": {"name": "custom"},
                "container": {"name": "MOV", "properties": {}},
                "codec": {"name": "prores", "properties": {"profile": "hq"}},
                "pixelFormat": {"name": "yuv422p10le", "chromaSubsampling": {"yuv": "4:2:2", "bits": 10}},
                "bitrate": 20500000,
                "frameWidth": 1920,
                "frameHeight": 1080,
                "videoFilters": [{"name": "pabsr1", "properties": {"clarityBoost": "high"}}, {"name": "fps"}],
            },
        },
    },
    "attributes": {"free": ["form"]},
    **TIMES,
}


def test_a_video_is_read_in_full() -> None:
    video = Video.read(Document(VIDEO, "video"))
    assert (video.id, video.name, video.description) == ("v1", "clip", "a clip")
    assert (video.project_id, video.user_id, video.team_id) == ("p1", "u1", "t1")
    assert (video.date_created, video.time_last_updated) == (MOMENT, MOMENT)
    assert video.attributes == {"free": ["form"]}

    upload = video.upload
    assert upload is not None
    assert (upload.state.phase, upload.state.updated_at) == (Phase.DONE, MOMENT)
    assert (upload.finished, upload.file_name, upload.file_size) == (True, "clip.mov", 1048576)
    assert (upload.file_type, upload.container_name) == ("video/quicktime", "QuickTime / MOV")


def test_the_ingestion_of_a_video_is_read_in_full() -> None:
    ingestion = Video.read(Document(VIDEO)).ingestion
    assert ingestion is not None
    state, metadata, quality = ingestion.state, ingestion.metadata, ingestion.quality
    assert (state.phase, state.percent, state.metadata_available, state.metadata_committed) == (
        Phase.RUNNING,
        100.0,
        True,
        False,
    )
    assert metadata is not None
    assert metadata == Video.read(Document(VIDEO)).metadata
    assert (metadata.container_name, metadata.long_container_name) == ("mov", "QuickTime / MOV")
    assert (metadata.codec_name, metadata.long_codec_name) == ("h264", "H.264")
    assert (metadata.pixel_format.name, metadata.pixel_format.chroma, metadata.pixel_format.bits) == (
        "yuv420p",
        "4:2:0",
        8,
    )
    assert (metadata.frame_width, metadata.frame_height, metadata.frame_rate) == (720, 576, 25.0)
    assert metadata.scanning_told == Scanning("interlaced", "top_field")
    assert metadata.scanning_seen == Scanning("progressive", None)
    assert (metadata.duration_ms, metadata.total_frames) == (10000, 250)
    assert (metadata.size, metadata.video_stream_size) == (1048576, 1000000)
    assert quality is not None
    assert quality.score == 3.5
    assert [(each.name, each.sample_mean, each.label, each.score) for each in quality.metrics] == [
        ("noise", 0.5, "good", 4.0)
    ]


def test_the_processing_of_a_video_is_read_in_full() -> None:
    processing = Video.read(Document(VIDEO)).processing
    assert processing is not None
    assert (processing.state.phase, processing.state.percent) == (Phase.DONE, 100.0)
    parameters = processing.parameters
    assert parameters is not None
    assert (parameters.start_ms, parameters.end_ms, parameters.preset) == (0, 5000, "custom")
    assert (parameters.container.name, parameters.codec.name) == ("mov", "prores")
    assert parameters.codec.properties == {"profile": "hq"}
    assert (parameters.pixel_format.chroma, parameters.pixel_format.bits) == ("4:2:2", 10)
    assert (parameters.bitrate, parameters.frame_width, parameters.frame_height) == (20500000, 1920, 1080)
    assert [component.name for component in parameters.filters] == ["pabsr1", "fps"]
    assert parameters.filters[0].properties == {"clarityBoost": "high"}


def test_groups_that_do_not_apply_are_absent_and_nulls_too() -> None:
    video = Video.read(Document({"id": "v", "upload": None, "unheard": {"of": 1}, "attributes": None}))
    assert (video.upload, video.ingestion, video.processing, video.metadata) == (None, None, None, None)
    assert video.attributes == {}


USER = {
    "id": "u1",
    "name": "Ann",
    "email": "ann@pixop.test",
    "emailConfirmed": True,
    "authSignatureMethod": "HS256",
    "authSignaturePublicKey": "PUBLIC-KEY",
    "authSignaturePublicKeyId": "k1",
    "banned": False,
    "bannedReason": "",
    "apiRequestSignatureSecret": "SHARED-SECRET",
    **TIMES,
}


@pytest.mark.parametrize("spelling", ["apiRequestSignatureSethod", "apiRequestSignatureMethod"])
def test_an_identity_is_read_in_either_spelling_and_hides_its_secrets(spelling: str) -> None:
    team = {"id": "t1", "name": "One", **TIMES}
    identity = Identity.read(Document({"user": {**USER, spelling: "HS512"}, "team": team, "otherTeams": [team]}))
    user = identity.user
    assert (user.id, user.name, user.email, user.email_confirmed) == ("u1", "Ann", "ann@pixop.test", True)
    assert (user.auth_signature_method, user.auth_signature_public_key_id) == ("HS256", "k1")
    assert (user.banned, user.banned_reason, user.banned_date) == (False, "", None)
    assert (user.api_request_signature_method, user.date_created) == ("HS512", MOMENT)
    assert (user.auth_signature_public_key, user.api_request_signature_secret) == ("PUBLIC-KEY", "SHARED-SECRET")
    assert identity.team is not None
    assert (identity.team, identity.team.name, identity.other_teams) == (
        identity.other_teams[0],
        "One",
        (identity.team,),
    )
    assert "PUBLIC-KEY" not in repr(identity)
    assert "SHARED-SECRET" not in repr(identity)
    assert Identity.read(Document({"user": {"id": "u1"}})) == Identity(User(id="u1"))


def test_a_token_is_not_shown() -> None:
    grant = TokenGrant.read(Document({"userId": "u", "teamId": "t", "jwtToken": "TOKEN"}))
    assert (grant.token, grant.user_id, grant.team_id) == ("TOKEN", "u", "t")
    assert "TOKEN" not in repr(grant)


def test_receipts_keep_ids_and_urls() -> None:
    assert VideoReceipt.read(
        Document(
            {
                "projectId": "p",
                "videoId": "v",
                "uploadMediaUrl": "u",
                "uploadLightMediaUrl": "l",
                "processVideoUrl": "r",
            }
        )
    ) == VideoReceipt("v", "p", "u", "l", "r")
    assert UploadReceipt.read(
        Document({"projectId": "p", "videoId": "v", "checkIngestProgressUrl": "c", "processVideoUrl": "r"})
    ) == UploadReceipt("v", "p", "c", "r")
    assert ProcessingReceipt.read(
        Document(
            {
                "sourceVideoId": "s",
                "processedVideoId": "d",
                "projectId": "p",
                "checkProgressUrl": "c",
                "downloadMediaUrl": "m",
            }
        )
    ) == ProcessingReceipt("d", "s", "p", "c", "m")
    assert deleted_ids(Document({"deletedVideos": [{"videoId": "a"}, {"videoId": "b"}]})) == ("a", "b")


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("DONE", Phase.DONE),
        (" done ", Phase.DONE),
        ("ERROR", Phase.FAILED),
        ("Failed", Phase.FAILED),
        ("CANCELLED", Phase.FAILED),
        ("canceled", Phase.FAILED),
        ("ABORTED", Phase.FAILED),
        ("INITIAL", Phase.PENDING),
        ("", Phase.PENDING),
        (None, Phase.PENDING),
        ("IN_PROGRESS", Phase.RUNNING),
        ("TRANSMOGRIFYING", Phase.RUNNING),
    ],
)
def test_status_words_mean_phases_and_unknown_ones_mean_not_over(word: str | None, phase: Phase) -> None:
    assert Phase.of(word) is phase
    assert phase.active is (phase in {Phase.PENDING, Phase.RUNNING})


def test_progress_is_read_and_a_missing_state_has_not_begun() -> None:
    document = {"videoId": "v", "projectId": "p"}
    state = {"updatedAt": "2021-07-02 13:04:05", "processingStatus": "IN_PROGRESS", "processingProgressPercent": 42}
    process = ProcessState.read(Document({**document, "processingState": state}))
    assert (process.video_id, process.project_id, process.phase) == ("v", "p", Phase.RUNNING)
    assert (process.state.percent, process.state.updated_at) == (42.0, MOMENT)
    ingest = IngestState.read(Document({**document, "ingestionState": {"ingestionStatus": "DONE"}}))
    assert (ingest.phase, ingest.state.metadata_available, ingest.state.percent) == (Phase.DONE, None, None)
    assert ProcessState.read(Document(document)).phase is Phase.PENDING
    assert IngestState.read(Document(document)).phase is Phase.PENDING


@pytest.mark.parametrize(
    ("links", "following"),
    [
        ({"next": {"href": "https://elsewhere.test/videos/v1/videos?page=2&project-id=a%20b"}}, "2 a b"),
        ({"next": {"href": "https://elsewhere.test/videos/v1/videos"}}, None),
        ({"next": {}}, None),
        ({"next": None}, None),
        ({}, None),
    ],
)
def test_of_the_link_to_the_next_page_only_the_query_counts(links: dict[str, Any], following: str | None) -> None:
    document = {
        "page": "1",
        "pageSize": 10,
        "_links": links,
        "_embedded": {"videos": [{"id": "v", "filename": "f.mov"}]},
    }
    page = Page.read(Document(document), "videos", VideoListItem.read)
    assert (page.page, page.page_size) == (1, 10)
    assert page.items == (VideoListItem(id="v", filename="f.mov"),)
    assert (page.next and " ".join(page.next.values())) == following


def test_a_page_without_items_is_empty_but_any_object_is_not_a_page() -> None:
    assert Page.read(Document({"page": 1}), "projects", Project.read).items == ()
    with pytest.raises(ValueError, match="not a page"):
        Page.read(Document({"projects": []}), "projects", Project.read)


@pytest.mark.parametrize(
    ("read", "document", "message"),
    [
        (Video.read, {}, "video.id is missing"),
        (Video.read, {"id": ""}, "video.id is an empty text"),
        (Video.read, {"id": "v", "upload": "x"}, "video.upload is a text, not an object"),
        (Video.read, {"id": "v", "ingestion": {"metadata": [1]}}, "video.ingestion.metadata is a list"),
        (Identity.read, {"user": None}, "video.user is missing, not an object"),
        (Identity.read, {"user": {"id": "u"}, "otherTeams": [{}]}, r"video.otherTeams\[0\].id is missing"),
        (Identity.read, {"user": {"id": "u"}, "otherTeams": "x"}, "video.otherTeams is a text, not a list"),
        (deleted_ids, {}, "deletedVideos is missing"),
        (TokenGrant.read, {"jwtToken": False}, "video.jwtToken is a boolean"),
    ],
)
def test_what_decides_must_be_there_and_the_error_names_its_path(
    read: Callable[[Document], object], document: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        read(Document(document, "video"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-07-02 13:04:05", MOMENT),
        ("2021-07-02T15:04:05+02:00", MOMENT),
        ("2021-07-02T13:04:05Z", MOMENT),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        (5, None),
    ],
)
def test_times_are_utc(value: object, expected: datetime | None) -> None:
    assert Document({"at": value}).time("at") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), ("7", 7), (7.0, 7), ("7.0", 7), (7.5, None), (True, None), ("x", None), ([], None)]
)
def test_whole_numbers_may_come_as_texts(value: object, expected: int | None) -> None:
    assert Document({"n": value}).integer("n") == expected


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="clip.mov"', "clip.mov"),
        ("attachment; filename=clip.mov", "clip.mov"),
        ('attachment; filename="a \\"b\\".mov"', 'a "b".mov'),
        ("attachment; filename=\"x.mov\"; filename*=UTF-8''sm%C3%B8rrebr%C3%B8d.mov", "smørrebrød.mov"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename=\"x\"; filename*=UTF-8''..%2F..%2Fpasswd", "passwd"),
        ('attachment; filename="C:\\\\videos\\\\clip.mov"', "clip.mov"),
        ('attachment; filename="a\x00b\n.mov"', "ab.mov"),
        ('attachment; filename=".."', "media"),
        ('attachment; filename="folder/"', "media"),
        ("attachment", None),
        ("", None),
    ],
)
def test_file_names_from_outside_are_base_names(disposition: str, name: str | None) -> None:
    assert MediaInfo.read(200, {"content-disposition": disposition}).filename == name


def test_media_info_is_read_from_headers() -> None:
    headers = {"content-length": "12", "etag": '"abc"', "content-disposition": 'attachment; filename="c.mov"'}
    assert MediaInfo.read(200, headers) == MediaInfo(12, '"abc"', "c.mov")
    assert MediaInfo.read(304, {"etag": '"abc"', "content-length": "0"}) == MediaInfo(None, '"abc"', None, False)
    assert MediaInfo.read(200, {"content-length": "many"}) == MediaInfo()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("1e999"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RECORDS: list[Callable[[Document], object]] = [
    Identity.read,
    IngestState.read,
    ProcessState.read,
    ProcessingReceipt.read,
    Project.read,
    TokenGrant.read,
    UploadReceipt.read,
    User.read,
    Video.read,
    VideoListItem.read,
    VideoReceipt.read,
    deleted_ids,
    lambda document: Page.read(document, "videos", VideoListItem.read),
]


def mutations(value: Any) -> st.SearchStrategy[Any]:
    """A document of the reference with anything anywhere put in the place of a part."""
    if isinstance(value, dict):
        whole: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {}, optional={key: mutations(each) for key, each in value.items()}
        )
    elif isinstance(value, list):
        whole = st.tuples(*[mutations(each) for each in value]).map(list)
    else:
        whole = st.just(value)
    return st.one_of(whole, whole, whole, JSON)


ANSWERS = {
    **VIDEO,
    "user": USER,
    "team": {"id": "t"},
    "otherTeams": [{"id": "t"}],
    "videoId": "v",
    "processedVideoId": "d",
    "jwtToken": "token",
    "deletedVideos": [{"videoId": "v"}],
    "processingState": {"processingStatus": "DONE"},
    "ingestionState": {"ingestionStatus": "DONE"},
    "page": 1,
    "_links": {"next": {"href": "https://pixop.test/?page=2"}},
    "_embedded": {"videos": [{"id": "v"}]},
}


@given(st.sampled_from(RECORDS), mutations(ANSWERS))
def test_whatever_is_answered_it_is_read_or_an_ordinary_error(read: Callable[[Document], object], answer: Any) -> None:
    try:
        record = read(Document(answer))
    except (KeyError, TypeError, ValueError) as error:
        record = str(error)
    assert record or record == ()

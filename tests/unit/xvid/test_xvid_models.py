"""Records: what is read out of answers, and what is refused or left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from xvid_script import FILE, JOB, PIPELINE, UPLOAD, session

from airflow_media.http.document import Document
from airflow_media.xvid.models import File, Job, JobOutput, Page, Pipeline, Preset, TokenGrant, Upload, UploadSession

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MILLISECONDS = int(CREATED.timestamp() * 1000)


@pytest.mark.parametrize(("told", "life"), [("7200", 7200.0), (7200, 7200.0), (None, None), ("soon", None)])
def test_the_life_of_a_token_is_a_text_or_a_number_or_not_told(told: Any, life: float | None) -> None:
    grant = TokenGrant.read(Document({"access_token": "t0ken", "expires_in": told, "token_type": "Bearer"}))
    assert grant == TokenGrant("t0ken", life)
    assert "t0ken" not in repr(grant)


def test_an_answer_without_a_token_is_none() -> None:
    with pytest.raises(ValueError, match="access_token is missing"):
        TokenGrant.read(Document({"expires_in": 7200}))


def begun(**changes: Any) -> UploadSession:
    return UploadSession.read(Document(session(**changes).json()["upload"]))


def test_a_session_keeps_the_fields_of_the_form_as_they_came() -> None:
    found = begun()
    assert (found.id, found.object_key, found.file_id, found.pipeline_id) == (
        UPLOAD,
        "uploads/test.mp4",
        FILE,
        PIPELINE,
    )
    assert found.form_post_url == "https://s3.example/bucket/"
    assert list(found.form_post_params) == [
        "name",
        "success_action_status",
        "filename",
        "chunk",
        "chunks",
        "policy",
        "signature",
        "AWSAccessKeyId",
        "key",
        "acl",
    ]
    assert found.form_post_params["filename"] == ""
    assert found.form_post_params["AWSAccessKeyId"] == "AKIAEXAMPLE"


def test_a_session_shows_nothing_of_its_form() -> None:
    found = begun()
    assert not [value for value in found.form_post_params.values() if len(value) > 8 and value in repr(found)]


def test_a_field_that_is_a_number_is_sent_by_its_digits() -> None:
    assert begun(form_post_params={"key": "k", "chunks": 1}).form_post_params == {"key": "k", "chunks": "1"}


@pytest.mark.parametrize("fields", [None, {}, "text", {"key": None}, {"key": ["a"]}, {"key": True}])
def test_a_session_without_a_proper_form_is_refused(fields: Any) -> None:
    with pytest.raises(TypeError, match="form_post_params"):
        begun(form_post_params=fields)


@pytest.mark.parametrize("name", ["id", "object_key", "form_post_url"])
def test_a_session_without_what_is_needed_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        begun(**{name: None})


@pytest.mark.parametrize(
    ("status", "active", "failed"),
    [
        ("UPLOADING", True, False),
        ("COMPLETING", True, False),
        ("completing", True, False),
        ("COMPLETED", False, False),
        ("READY", False, False),
        ("FAILED", False, True),
        ("UPLOAD_ERROR", False, True),
        ("CANCELLED", False, True),
    ],
)
def test_the_status_of_an_upload(status: str, active: bool, failed: bool) -> None:
    upload = Upload.read(Document({"id": UPLOAD, "status": status}))
    assert (upload.active, upload.failed) == (active, failed)


def test_an_upload() -> None:
    told = {"id": UPLOAD, "status": "COMPLETING", "object_key": "k", "nb_chunks": 1, "storage_type": "S3"}
    upload = Upload.read(Document({**told, "pipeline": {"id": PIPELINE}, "file": {"id": FILE}}))
    assert upload == Upload(
        id=UPLOAD, status="COMPLETING", object_key="k", pipeline_id=PIPELINE, file_id=FILE, nb_chunks=1
    )


def test_a_file() -> None:
    told = {
        "id": FILE,
        "name": "MyTest.mp4",
        "type": "file",
        "subtype": "video",
        "container": "mp4",
        "mime_type": "video/mp4",
        "md5_checksum": "D41D8CD98F00B204E9800998ECF8427E",
        "size": 1234,
        "duration": 10_000,
        "job": {"id": JOB, "href": "https://api.xvid.com/v1/jobs/1"},
        "pipeline": {"id": PIPELINE, "href": "https://api.xvid.com/v1/pipelines/1"},
        "created_at": MILLISECONDS,
        "expires_at": MILLISECONDS // 1000,
        "video_tracks": [{"width": 1280}],
        "title": None,
    }
    file = File.read(Document(told))
    assert (file.name, file.size, file.duration_ms, file.mime_type) == ("MyTest.mp4", 1234, 10_000, "video/mp4")
    assert file.md5_checksum == "d41d8cd98f00b204e9800998ecf8427e"
    assert (file.job_id, file.pipeline_id) == (JOB, PIPELINE)
    assert file.created_at == file.expires_at == CREATED, "milliseconds, and seconds where that is what it is"
    assert file.title is file.finished_at is None


@pytest.mark.parametrize("checksum", [None, "", "pending", "d41d8cd98f00b204e9800998ecf8427e-2"])
def test_what_is_no_md5_counts_as_none(checksum: str | None) -> None:
    assert File.read(Document({"id": FILE, "md5_checksum": checksum})).md5_checksum is None


def test_a_job() -> None:
    told = {
        "id": JOB,
        "status": "PROCESSING",
        "percentage_completed": 42.5,
        "pipeline": {"id": PIPELINE},
        "user_data": "reel 7",
        "output_prefix": f"{JOB}/",
        "created_at": MILLISECONDS,
        "outputs": [
            {
                "output_name": "MyTest",
                "preset": {"id": "preset1"},
                "file": {"id": FILE, "name": "MyTest.mp4", "size": 12},
                "percentage_completed": 42,
                "thumbnail_zip": {"file": {"id": "zip1"}},
            },
            {"output_name": "Other"},
        ],
    }
    job = Job.read(Document(told))
    assert (job.status, job.percent, job.active, job.user_data) == ("PROCESSING", 42.5, True, "reel 7")
    assert job.created_at == CREATED
    assert job.outputs == (
        JobOutput(output_name="MyTest", file_id=FILE, preset_id="preset1", percent=42.0, thumbnail_file_id="zip1"),
        JobOutput(output_name="Other"),
    )
    assert job.outputs[0].record() == {"output_name": "MyTest", "file_id": FILE, "thumbnail_file_id": "zip1"}


@pytest.mark.parametrize(
    ("status", "active"), [("QUEUED", True), ("PROCESSING", True), ("SUCCESS", False), ("FAILURE", False), ("X", False)]
)
def test_whether_a_job_may_be_cancelled_is_told_by_the_two_statuses_that_are_documented(
    status: str, active: bool
) -> None:
    assert Job.read(Document({"id": JOB, "status": status})).active is active


@pytest.mark.parametrize("told", [{"status": "QUEUED"}, {"id": JOB}, {"id": "", "status": "QUEUED"}])
def test_a_job_without_id_or_status_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is (missing|an empty text)"):
        Job.read(Document(told))


def test_a_pipeline_has_no_place_for_the_keys_of_its_storage() -> None:
    secret = "s3://AKIA:s3cr3tk3y@eu-west-1/bucket/"
    told = {
        "id": PIPELINE,
        "name": "main",
        "input_download_dir": secret,
        "output_upload_dir": secret,
        "ping_urls": {"finished": "https://me:s3cr3tk3y@pings.example/"},
        "cancel_timeout": 60,
    }
    pipeline = Pipeline.read(Document(told))
    assert pipeline == Pipeline(id=PIPELINE, name="main", cancel_timeout=60)
    assert "s3cr3tk3y" not in repr(pipeline)


def test_a_preset() -> None:
    target = {"extension": "mp4", "container": "mp4", "vcodec": {"profile": "high"}}
    preset = Preset.read(Document({"id": "p1", "name": "H.264", "target_format": target}))
    assert preset == Preset(id="p1", name="H.264", extension="mp4", container="mp4")
    assert Preset.read(Document({"id": "p1"})).extension is None


def test_a_part_of_a_listing() -> None:
    page = Page.read(Document({"jobs": [{"id": JOB, "status": "QUEUED"}], "total": 7}), "jobs", Job.read)
    assert ([job.id for job in page.items], page.listed, page.total) == ([JOB], 1, 7)
    assert Page.read(Document({"jobs": []}), "jobs", Job.read) == Page((), 0, None)


def test_of_a_listing_only_what_is_asked_for_is_read() -> None:
    told = Document({"jobs": [{"id": "theirs"}, {"id": JOB, "status": "QUEUED"}, {"id": None}], "total": 7})
    page = Page.read(told, "jobs", Job.read, {JOB})
    assert ([job.id for job in page.items], page.listed, page.total) == ([JOB], 3, 7)


def test_an_answer_about_something_else_is_no_empty_listing() -> None:
    with pytest.raises(ValueError, match="jobs is missing"):
        Page.read(Document({"files": []}), "jobs", Job.read)


@pytest.mark.parametrize("moment", [None, 0, "soon", 10**30])
def test_a_time_that_cannot_be_read_is_none(moment: Any) -> None:
    assert Job.read(Document({"id": JOB, "status": "QUEUED", "created_at": moment})).created_at is None

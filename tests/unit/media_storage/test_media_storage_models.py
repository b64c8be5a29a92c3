"""What answers become, and what of them must be there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from media_storage_script import JOB_ID, document, job_document, media_document, single

from airflow_media.media_storage.models import Job, Media, Page, Uploaded, many, moment, one
from support.script import reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00.000Z", NOON),
        ("2026-01-01T12:00:00.250000Z", NOON.replace(microsecond=250000)),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01 12:00:00 +0000", NOON),
        ("2026-01-01 14:00:00 +0200", NOON),
        ("2026-01-01 12:00:00 UTC", NOON),
        ("2026-01-01 12:00:00 GMT", NOON),
        ("2026-01-01 12:00:00", NOON),
        ("tomorrow", None),
        ("", None),
        ("2026-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+02:00", None),
        (None, None),
    ],
)
def test_times_are_read_in_each_of_their_forms(text: str | None, time: datetime | None) -> None:
    assert moment(text) == time


def test_a_job_is_read_whole_and_given_back() -> None:
    job = one(Job)(single(job_document(error="e", unicity="u", retry_count=2)))
    assert (job.id, job.status, job.progress, job.percent, job.retry_count) == (JOB_ID, "running", 0.5, 50.0, 2)
    assert job.resource == "46df.mov"
    assert job.updated_at == datetime(2026, 4, 1, 10, 0, 7, tzinfo=UTC)
    document = job_document(error="e", unicity="u", retry_count=2)
    assert job.plain() == {"id": JOB_ID, **document["attributes"]}


@pytest.mark.parametrize("arguments", [{}, [], None, "text", {"resource": 7}])
def test_arguments_may_be_anything(arguments: Any) -> None:
    assert one(Job)(single(job_document(arguments=arguments))).resource is None


@pytest.mark.parametrize(("progress", "percent"), [(1, 100.0), (1.5, 100.0), (-1, 0.0), (None, None), ("x", None)])
def test_progress_is_between_0_and_100_percent(progress: Any, percent: float | None) -> None:
    assert one(Job)(single(job_document(progress=progress))).percent == percent


def test_a_sparse_answer_leaves_the_rest_open() -> None:
    job = one(Job)(reply({"data": {"type": "media:jobs", "id": JOB_ID, "attributes": {"status": "pending"}}}))
    assert job == Job(id=JOB_ID, status="pending")
    media = many(Media)(reply({"data": [{"type": "media:medias", "id": "1", "attributes": {"size": 0}}]})).items[0]
    assert media == Media(id="1", size=0)


def test_a_medium_is_read_whole_whatever_is_null_or_new() -> None:
    data = media_document(key=None, created_by=None, meta={"width": 640}, later="x", public=True)
    media = one(Media)(single(data))
    assert (media.resource, media.key, media.created_by, media.public) == ("46df.mov", "", None, True)
    assert media.meta == {"width": 640}
    assert media.plain()["created_at"] == "2026-04-01T10:00:00Z"
    assert "meta" not in media.plain()


@pytest.mark.parametrize("created_by", [7, "7"])
def test_who_created_it_is_a_text(created_by: Any) -> None:
    assert one(Media)(single(media_document(created_by=created_by))).created_by == "7"


def test_a_collection_says_how_many_there_are_where_it_can() -> None:
    read = many(Job)
    assert read(document(job_document(), count=1, more=False)).total == 1
    assert read(document(job_document(), count=1000, more=True)).total is None
    assert read(document(count=8000, more=False)).total is None
    assert read(document(job_document())) == Page((read(document(job_document())).items[0],))
    assert read(reply({"data": []})) == Page(())


@pytest.mark.parametrize(
    "answer",
    [
        reply({"data": None}),
        reply({}),
        reply([]),
        reply({"data": {}}),
        reply({"data": "x"}),
        reply({"data": media_document()}),
        reply({"data": [media_document()]}),
        reply({"data": [{"type": "media:jobs", "attributes": {}}]}),
        reply({"data": [{"id": "1", "attributes": {}}]}),
        reply({"data": [{"type": "media:jobs", "id": "1"}]}),
    ],
)
def test_what_is_not_a_document_of_jobs_is_an_error(answer: Any) -> None:
    for read in (many(Job), one(Job)):
        with pytest.raises((ValueError, TypeError)):
            read(answer)


@pytest.mark.parametrize(
    ("body", "uploaded"),
    [
        ({"data": media_document()}, (1, ())),
        ({"data": [media_document()]}, (1, ())),
        ({"data": [media_document("1"), media_document("2")]}, (2, ())),
        ({"data": []}, (0, ())),
        ({"data": None}, (0, ())),
        ({"data": [], "meta": {"skipped": [{"filename": "a", "message": "too large"}]}}, (0, ("a: too large",))),
        (
            {"data": [media_document()], "meta": {"errored": [{"filename": "b"}], "skipped": [{}]}},
            (1, ("a file: no reason", "b: no reason")),
        ),
        ({"data": [], "meta": {"skipped": [], "errored": None}}, (0, ())),
    ],
)
def test_an_upload_is_answered_by_one_or_several_or_by_what_was_not_taken(
    body: dict[str, Any], uploaded: tuple[int, tuple[str, ...]]
) -> None:
    made = Uploaded.of(reply(body))
    assert (len(made.medias), made.refused) == uploaded


def test_an_answer_to_an_upload_that_is_no_document_is_an_error() -> None:
    with pytest.raises(ValueError, match="data is missing"):
        Uploaded.of(reply({"nonsense": True}))
    assert Uploaded.of(reply({"meta": {"skipped": [{"filename": "a"}]}})).refused == ("a: no reason",)

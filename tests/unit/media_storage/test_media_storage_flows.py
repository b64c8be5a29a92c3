"""Several calls with decisions between them: paging, many jobs at once, one file whatever is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from media_storage_script import (
    JOB_ID,
    Script,
    document,
    job_document,
    media_document,
    parameters,
    refusal,
    single,
    values,
)

from airflow_media.http.errors import (
    ConflictError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    TransferError,
)
from airflow_media.media_storage import flows
from airflow_media.media_storage.models import Media
from airflow_media.media_storage.service import FormRefusedError, StorageSettings
from support.script import reply

NOTHING = refusal(404)
LOST = NetworkFaultError("the connection was lost")


def ids(first: int, count: int) -> list[str]:
    return [str(UUID(int=number)) for number in range(first, first + count)]


def jobs(*job_ids: str, **attributes: Any) -> Any:
    return document(*(job_document(job_id, **attributes) for job_id in job_ids))


# Listings


@pytest.mark.parametrize("rest", [0, 1, 345])
def test_a_listing_is_read_until_a_page_is_short(rest: int) -> None:
    script = Script(jobs(*ids(0, 1000)), jobs(*ids(1000, 1000)), jobs(*ids(2000, rest)))
    found = script.run(flows.every_job(status="running"))
    assert [job.id for job in found] == ids(0, 2000 + rest)
    assert script.asked_for("page[number]") == ["1", "2", "3"]
    assert set(script.asked_for("page[size]")) == {"1000"}
    assert set(script.asked_for("sort")) == {"id"}
    assert set(script.asked_for("filter[status]")) == {"running"}


def test_what_comes_on_two_pages_counts_once() -> None:
    script = Script(jobs(*ids(0, 1000)), jobs(*ids(999, 3)))
    assert [job.id for job in script.run(flows.every_job(sort="-created_at"))] == ids(0, 1002)


def test_a_service_that_gives_the_same_page_again_and_again_is_not_asked_for_ever() -> None:
    script = Script(jobs(*ids(0, 1000)), jobs(*ids(0, 1000)))
    assert len(script.run(flows.every_job())) == 1000


@pytest.mark.parametrize(
    ("limit", "pages", "size", "count"), [(1, 1, "1", 1), (10, 1, "10", 10), (1500, 2, "1000", 1500)]
)
def test_a_limit_is_asked_for_and_kept(limit: int, pages: int, size: str, count: int) -> None:
    given = int(size)
    script = Script(*(jobs(*ids(page * given, given)) for page in range(pages)))
    assert len(script.run(flows.every_job(limit=limit))) == count
    assert set(script.asked_for("page[size]")) == {size}


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_is_refused(limit: int) -> None:
    with pytest.raises(InvalidRequestError, match="limit"):
        Script().run(flows.every_media(limit=limit))


def test_media_are_listed_by_their_filters_and_fields() -> None:
    script = Script(document(media_document()))
    assert [media.id for media in script.run(flows.every_media(key="", fields=("resource",)))] == ["9a0b.mov"]
    assert parameters(script.calls[0]) == [
        ("filter[key]", ""),
        ("page[number]", "1"),
        ("page[size]", "1000"),
        ("sort", "id"),
        ("fields[media:medias][]", "resource"),
    ]


def test_the_jobs_of_a_resource_are_found_in_their_arguments() -> None:
    mine, other = job_document(ids(0, 1)[0]), job_document(ids(1, 1)[0], arguments={"resource": "else.mov"})
    script = Script(document(mine, other, job_document(JOB_ID, arguments={})))
    found = script.run(flows.jobs_matching(resource="46df.mov", fields=("status",), job_class="Processor::Job"))
    assert [job.id for job in found] == ids(0, 1)
    assert values(script.calls[0], "fields[media:jobs][]") == ["status", "arguments"]
    assert script.asked_for("filter[job_class]") == ["Processor::Job"]


def test_without_a_resource_all_that_match_are_found() -> None:
    script = Script(document(job_document()))
    assert len(script.run(flows.jobs_matching(fields=("status",)))) == 1
    assert values(script.calls[0], "fields[media:jobs][]") == ["status"]


# Many jobs by their ids


def test_a_thousand_jobs_are_two_requests_of_a_length_that_is_sane() -> None:
    wanted = ids(0, 1000)
    script = Script(jobs(*wanted[:500]), jobs(*wanted[500:]))
    assert list(script.run(flows.jobs_by_id(wanted, fields=("status",)))) == wanted
    assert script.asked_for("page[size]") == ["500", "500"]
    assert all(len(call.url) < 32 * 1024 for call in script.calls)
    assert [values(call, "filter[id__in][]") for call in script.calls] == [wanted[:500], wanted[500:]]


def test_jobs_that_are_not_there_are_missing() -> None:
    assert Script(jobs(*ids(1, 1))).run(flows.jobs_by_id(ids(0, 3))).keys() == set(ids(1, 1))


def test_ids_are_compared_as_uuids() -> None:
    script = Script(jobs(JOB_ID))
    assert script.run(flows.jobs_by_id([JOB_ID.upper(), JOB_ID])).keys() == {JOB_ID.upper(), JOB_ID}
    assert values(script.calls[0], "filter[id__in][]") == [JOB_ID]


@pytest.mark.parametrize("status", [400, 413, 414, 431])
def test_a_url_that_is_refused_as_too_long_is_halved_until_it_is_not(status: int) -> None:
    wanted = ids(0, 1000)
    long = reply(status=status)
    script = Script(long, long, *(jobs(*wanted[start : start + 125]) for start in range(0, 1000, 125)))
    assert len(script.run(flows.jobs_by_id(wanted))) == 1000
    assert [len(values(call, "filter[id__in][]")) for call in script.calls] == [500, 250, *[125] * 8]


def test_a_refusal_of_a_single_id_is_not_one_of_length() -> None:
    with pytest.raises(InvalidRequestError):
        Script(refusal(400)).run(flows.jobs_by_id([JOB_ID]))
    with pytest.raises(InvalidRequestError):
        Script(refusal(422)).run(flows.jobs_by_id(ids(0, 2)))


@pytest.mark.parametrize(("setting", "sizes"), [(100, [100, 100, 50]), (5000, [250])])
def test_the_connection_says_how_many_at_most(setting: int, sizes: list[int]) -> None:
    wanted, start = ids(0, 250), 0
    replies = []
    for size in sizes:
        replies.append(jobs(*wanted[start : start + size]))
        start += size
    script = Script(*replies, settings=StorageSettings(ids_per_request=setting))
    assert len(script.run(flows.jobs_by_id(wanted))) == 250
    assert script.asked_for("page[size]") == [str(size) for size in sizes]


def test_an_id_that_is_no_uuid_is_asked_for_alone() -> None:
    """A service that compares UUIDs fails on the whole list."""
    wanted = [JOB_ID, "job 6", "job 7", "job 8", "job 9"]
    script = Script(jobs(JOB_ID), single(job_document("job 6")), NOTHING, refusal(422), refusal(500))
    assert script.run(flows.jobs_by_id(wanted)).keys() == {JOB_ID, "job 6"}
    alone = ["/jobs/job%206", "/jobs/job%207", "/jobs/job%208", "/jobs/job%209"]
    assert [urlsplit(call.url).path for call in script.calls] == ["/jobs", *alone]


def test_no_ids_are_no_request() -> None:
    assert Script().run(flows.jobs_by_id([])) == {}


# One file


def test_a_file_is_looked_up_by_info() -> None:
    found = Script(single(media_document())).run(flows.look_up("46df.mov"))
    assert (found.size, found.media and found.media.id) == (10, "9a0b.mov")


def test_info_without_content_is_made_up_for_by_the_listing() -> None:
    script = Script(reply(status=204), document(media_document(key="k")))
    assert script.run(flows.look_up("46df.mov", "k")).size == 10
    assert script.asked_for("filter[resource]")[1:] == ["46df.mov"]
    assert script.asked_for("filter[key]")[1:] == ["k"]


def test_a_file_may_be_there_without_a_record() -> None:
    script = Script(reply(status=204), document())
    assert script.run(flows.find_media("r")) == flows.Existing(None)
    assert script.asked_for("filter[key]")[1:] == [""]


def test_a_file_that_is_not_there_is_none_or_an_error() -> None:
    assert Script(NOTHING).run(flows.find_media("r")) is None
    with pytest.raises(NotFoundError):
        Script(NOTHING).run(flows.look_up("r"))


# Uploads


class Content:
    """Ten bytes."""

    size = 10

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([b"0123456789"])


def upload(script: Script, **changes: Any) -> Media | None:
    return script.run(
        flows.upload_once("46df.mov", None, Content(), filename="clip.mov", media_type="video/quicktime", **changes)
    )


def posts(script: Script) -> int:
    return sum(call.method == "POST" for call in script.calls)


MADE = single(media_document())
LISTED = document(media_document())


@pytest.mark.parametrize("answer", [MADE, LISTED])
def test_a_file_is_looked_for_and_then_uploaded(answer: Any) -> None:
    script = Script(NOTHING, answer)
    made = upload(script)
    assert made is not None
    assert made.id == "9a0b.mov"
    assert script.asked == ["GET /medias/info/46df.mov", "POST /medias/files/46df.mov"]


def test_the_connection_says_how_the_form_looks() -> None:
    script = Script(NOTHING, MADE, settings=StorageSettings(upload_field="file", upload_fields={"project_id": "p1"}))
    upload(script)
    body: Any = script.calls[1].body
    assert (body.field_name, body.fields) == ("file", {"project_id": "p1"})


def test_of_an_unpacked_archive_the_file_itself_is_given_before_the_others() -> None:
    answer = document(media_document("1", resource="x", size=5), media_document("2"))
    made = upload(Script(NOTHING, answer))
    assert made is not None
    assert made.id == "2"
    others = document(media_document("1", resource="x", size=5))
    first = upload(Script(NOTHING, others))
    assert first is not None
    assert first.id == "1"


def test_another_file_that_is_there_is_not_touched() -> None:
    script = Script(MADE)
    with pytest.raises(ConflictError, match="already, with 10 bytes") as fault:
        upload(script)
    assert 'if_exists="skip"' in str(fault.value)
    assert posts(script) == 0


@pytest.mark.parametrize("size", [10, 11, None])
def test_another_file_can_be_left_as_it_is(size: int | None) -> None:
    script = Script(single(media_document(size=size)))
    made = upload(script, if_exists="skip")
    assert made is not None
    assert posts(script) == 0


def test_another_file_of_which_nothing_is_told_can_be_left_too() -> None:
    assert upload(Script(reply(status=204), document()), if_exists="skip") is None


def test_a_file_that_an_earlier_try_may_have_uploaded_is_known_by_its_size() -> None:
    script = Script(MADE)
    assert upload(script, ours=True) is not None
    assert posts(script) == 0


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        (lambda: [single(media_document(size=9))], "already with 9 bytes, and the file has 10"),
        (lambda: [single(media_document(size=None))], "does not tell its size"),
        (lambda: [reply(status=204), document()], "does not tell its size"),
    ],
)
def test_a_file_that_cannot_be_ours_is_refused_all_the_same(existing: Callable[[], list[Any]], words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        upload(Script(*existing()), ours=True)


@pytest.mark.parametrize("fault", [LOST, refusal(503), refusal(500), ProtocolError("not a document")])
def test_after_a_lost_answer_the_file_is_looked_for_before_it_is_sent_again(fault: Any) -> None:
    script = Script(NOTHING, fault, MADE)
    assert upload(script) is not None
    assert posts(script) == 1
    script = Script(NOTHING, fault, NOTHING, MADE)
    assert upload(script) is not None
    assert posts(script) == 2


@pytest.mark.parametrize("status", [422, 409])
def test_a_duplicate_after_a_lost_answer_is_checked_by_size(status: int) -> None:
    script = Script(NOTHING, LOST, NOTHING, refusal(status), MADE)
    assert upload(script) is not None
    script = Script(NOTHING, LOST, NOTHING, refusal(status), single(media_document(size=3)))
    with pytest.raises(ConflictError, match="already with 3 bytes"):
        upload(script)


@pytest.mark.parametrize("status", [422, 409])
def test_a_duplicate_that_came_in_between_is_somebody_elses(status: int) -> None:
    with pytest.raises(ConflictError, match="already, with 10 bytes"):
        upload(Script(NOTHING, refusal(status), MADE))
    assert upload(Script(NOTHING, refusal(status), MADE), if_exists="skip") is not None


@pytest.mark.parametrize("pointer", ["/file", "/file/type", "/media", "/project_id"])
def test_a_form_that_the_service_wants_otherwise_is_told_with_the_settings(pointer: str) -> None:
    with pytest.raises(FormRefusedError, match="upload_field") as fault:
        upload(Script(NOTHING, refusal(422, "is missing", pointer), NOTHING))
    assert pointer in str(fault.value)


@pytest.mark.parametrize(("answer", "error"), [(refusal(403), MediaError), (refusal(413), InvalidRequestError)])
def test_a_refusal_is_not_tried_again(answer: Any, error: type[MediaError]) -> None:
    script = Script(NOTHING, answer)
    with pytest.raises(error):
        upload(script)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"data": []}, "made no media of it"),
        ({"data": [], "meta": {"skipped": [{"filename": "clip.mov", "message": "too large"}]}}, "clip.mov: too large"),
        ({"data": [media_document()], "meta": {"errored": [{"message": "broken"}]}}, "a file: broken"),
        ({"data": media_document(size=4)}, "keeps 4 of 10 bytes"),
    ],
)
def test_a_file_that_the_service_did_not_keep_whole_is_a_failure(body: Any, words: str) -> None:
    script = Script(NOTHING, reply(body))
    with pytest.raises(TransferError, match=words):
        upload(script)
    assert posts(script) == 1


def test_it_is_not_tried_for_ever() -> None:
    script = Script(NOTHING, LOST, NOTHING, LOST, NOTHING, LOST, NOTHING, LOST, NOTHING)
    with pytest.raises(NetworkFaultError):
        upload(script)
    assert posts(script) == 4
    assert script.pauses == [2.0, 4.0, 8.0, 16.0]

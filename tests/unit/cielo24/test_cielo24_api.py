"""Every call: what is sent for it, and what is read out of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cielo24_script import JOB, TASK, Script, job_document, jobs, reply, task

from airflow_media.cielo24 import api
from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.elements import ElementListVersion
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.models import Job, JobReceipt, Media
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import InvalidRequestError

ORDER = TranscriptionOrder(transcription_fidelity="PREMIUM", priority="STANDARD")
ID = {"job_id": JOB}
NOTHING = Answer(204, {})


class Content:
    """A file of a size."""

    def __init__(self, size: int) -> None:
        self.size = size

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([b"x" * self.size])


# One line per call: what makes it, its path, its parameters beyond v, an answer, and what is read out of that.
CALLS: list[tuple[Call[Any], str, dict[str, str], Answer, Any]] = [
    (api.logout(), "GET /api/account/logout", {}, NOTHING, None),
    (api.new_job(), "GET /api/job/new", {}, reply({"JobId": JOB, "TaskId": TASK}), JobReceipt(JOB, TASK)),
    (
        api.new_job(
            job_name="a & b",
            language="en",
            external_id="e1",
            username="sub",
            requestor="r",
            reference="f",
            expected_speakers=2,
            is_duplicate=True,
        ),
        "GET /api/job/new",
        {
            "job_name": "a & b",
            "language": "en",
            "external_id": "e1",
            "username": "sub",
            "requestor": "r",
            "reference": "f",
            "expected_speakers": "2",
            "is_duplicate": "true",
        },
        reply({"JobId": JOB}),
        JobReceipt(JOB),
    ),
    (api.authorize_job(JOB), "GET /api/job/authorize", ID, NOTHING, None),
    (api.authorize_job(JOB), "GET /api/job/authorize", ID, Answer(200, {}), None),
    (
        api.modify_job(JOB, transcription_fidelity="PREMIUM", turnaround_hours=24, notes="n"),
        "POST /api/job/modify",
        {**ID, "transcription_fidelity": "PREMIUM", "turnaround_hours": "24", "notes": "n"},
        NOTHING,
        None,
    ),
    (api.delete_job(JOB), "GET /api/job/delete", ID, task(), TASK),
    (api.get_job(JOB), "GET /api/job/info", ID, reply(job_document()), Job(job_id=JOB, status="Pending")),
    (
        api.update_metadata(JOB, reference_id="a/b", requestor_id="c"),
        "GET /api/job/update_metadata",
        {**ID, "reference_id": "a/b", "requestor_id": "c"},
        task(),
        TASK,
    ),
    (
        api.add_media_from_url(JOB, "https://films.test/a.mp4?x=1&y=2"),
        "GET /api/job/add_media",
        {**ID, "media_url": "https://films.test/a.mp4?x=1&y=2"},
        task(),
        TASK,
    ),
    (api.add_media(JOB, Content(3)), "POST /api/job/add_media", ID, task(), TASK),
    (
        api.add_media(JOB, Content(3), is_duplicate=False),
        "POST /api/job/add_media",
        {**ID, "is_duplicate": "false"},
        task(),
        TASK,
    ),
    (
        api.add_media_url(JOB, "https://video.test/watch?v=1"),
        "GET /api/job/add_media_url",
        {**ID, "media_url": "https://video.test/watch?v=1"},
        task(),
        TASK,
    ),
    (api.get_media(JOB), "GET /api/job/media", ID, reply({"MediaUrl": "https://m.test"}), Media("https://m.test")),
    (api.get_media(JOB), "GET /api/job/media", ID, reply({"MediaUrl": ""}), Media()),
    (api.get_media(JOB), "GET /api/job/media", ID, reply({}), Media()),
    (
        api.perform_transcription(JOB, ORDER),
        "GET /api/job/perform_transcription",
        {**ID, "transcription_fidelity": "PREMIUM", "priority": "STANDARD"},
        task(),
        TASK,
    ),
    (
        api.get_transcript(JOB, TranscriptOptions(create_paragraphs=False)),
        "GET /api/job/get_transcript",
        {**ID, "create_paragraphs": "false"},
        Answer(200, {"content-type": "text/plain"}, b"Hello."),
        b"Hello.",
    ),
    (
        api.get_caption(JOB, "SRT", CaptionOptions(lines_per_caption=1)),
        "GET /api/job/get_caption",
        {**ID, "caption_format": "SRT", "lines_per_caption": "1"},
        Answer(200, {"content-type": "text/plain"}, b"1\n"),
        b"1\n",
    ),
    (
        api.get_caption_url(JOB, "SRT"),
        "GET /api/job/get_caption",
        {**ID, "caption_format": "SRT", "build_url": "true"},
        reply({"CaptionUrl": "https://c.test/1"}),
        "https://c.test/1",
    ),
    (
        api.list_elementlists(JOB),
        "GET /api/job/list_elementlists",
        ID,
        reply([{"iwp_name": "FINAL", "version": "2014-07-31T12:35:52Z"}]),
        (ElementListVersion("FINAL", "2014-07-31T12:35:52Z"),),
    ),
]


@pytest.mark.parametrize(("call", "asked", "params", "answer", "result"), CALLS, ids=lambda value: str(value)[:40])
def test_each_call_sends_and_reads_what_its_page_says(
    call: Call[Any], asked: str, params: dict[str, str], answer: Answer, result: Any
) -> None:
    script = Script(answer)
    assert script.run(call) == result
    assert script.asked == [asked]
    assert call.params == {"v": "1", **params}
    assert call.authenticated


def test_a_listing_is_read_with_its_owner() -> None:
    call = api.list_jobs(JobFilter(external_id="e1", creation_date_from="2026-01-01"))
    assert call.params == {"v": "1", "ExternalID": "e1", "CreationDateFrom": "2026-01-01"}
    listing = Script(jobs(job_document(Username="sub"))).run(call)
    assert listing.username == "ann"
    assert [job.username for job in listing.jobs] == ["sub"]
    assert api.list_jobs().params == {"v": "1"}


def test_an_element_list_can_be_asked_for_by_version() -> None:
    call = api.get_elementlist(
        JOB, elementlist_version="2014-07-31T12:35:52Z", iwp_name="FINAL", audio_description=True
    )
    assert call.url == "/api/job/get_elementlist"
    asked = {"elementlist_version": "2014-07-31T12:35:52Z", "iwp_name": "FINAL", "audio_description": "true"}
    assert call.params == {"v": "1", **ID, **asked}


@pytest.mark.parametrize(
    ("call", "repeatable"),
    [
        (api.new_job(), False),
        (api.add_media_from_url(JOB, "https://films.test/a.mp4"), False),
        (api.add_media(JOB, Content(1)), False),
        (api.add_media_url(JOB, "https://video.test/1"), False),
        (api.perform_transcription(JOB, ORDER), False),
        (api.modify_job(JOB), True),
        (api.get_job(JOB), True),
        (api.delete_job(JOB), True),
        (api.update_metadata(JOB, reference_id="r", requestor_id="u"), True),
        (api.get_caption(JOB, "SRT"), True),
    ],
)
def test_what_makes_or_orders_something_is_not_repeated_blindly(call: Call[Any], repeatable: bool) -> None:
    assert call.may_repeat is repeatable


def test_a_file_is_the_body_itself_with_its_length_and_no_type() -> None:
    call = api.add_media(JOB, Content(500))
    assert call.body is not None
    assert (call.body.length, call.body.content_type, call.bulk) == (500, None, True)
    assert "media_url" not in call.params
    with call.body.open() as pieces:
        assert b"".join(pieces) == b"x" * 500


@pytest.mark.parametrize("size", [1, 500_000_000, 10_737_418_239])
def test_files_of_each_permitted_size_are_sent(size: int) -> None:
    body = api.add_media(JOB, Content(size)).body
    assert body is not None
    assert body.length == size


@pytest.mark.parametrize("size", [0, 10_737_418_240, 20_000_000_000])
def test_a_file_of_another_size_is_refused_before_its_first_byte(size: int) -> None:
    with pytest.raises(InvalidRequestError, match=f"{size} bytes; cielo24 takes 1 to 10737418239"):
        api.add_media(JOB, Content(size))


@pytest.mark.parametrize(
    "job_id", ["", "  ", "None", "{{ job }}", "64bea283-eff6-475e-a659-6027a6ba0929", None, 7, "٣"]
)
def test_what_is_no_id_is_refused_before_it_is_sent(job_id: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not the id of a job"):
        api.get_job(job_id)


@pytest.mark.parametrize(
    "url", ["", "films/a.mp4", "ftp://films.test/a", "https://", "s3://b/secret", "http://[", None]
)
@pytest.mark.parametrize("make", [api.add_media_from_url, api.add_media_url])
def test_what_is_no_web_address_is_refused_and_not_printed(make: Callable[..., Call[str]], url: Any) -> None:
    with pytest.raises(InvalidRequestError, match="media_url is not an absolute http or https URL") as raised:
        make(JOB, url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("reference", "requestor", "name"), [("", "u", "reference_id"), ("r", " ", "requestor_id")])
def test_both_metadata_are_required(reference: str, requestor: str, name: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name} is empty. Both of them are required"):
        api.update_metadata(JOB, reference_id=reference, requestor_id=requestor)


@pytest.mark.parametrize("call", [api.get_caption(JOB, "SRT"), api.get_transcript(JOB)])
def test_a_document_in_place_of_a_file_is_no_file(call: Call[bytes]) -> None:
    answer = Answer(200, {"content-type": "application/json; charset=utf-8"}, b'{"CaptionUrl": "https://c.test"}')
    with pytest.raises(ValueError, match="JSON document in place of the file"):
        Script(answer).run(call)


@pytest.mark.parametrize(
    ("call", "document"),
    [
        (api.new_job(), {"JobId": ""}),
        (api.get_job(JOB), {}),
        (api.get_job(JOB), []),
        (api.delete_job(JOB), {"TaskId": None}),
        (api.list_jobs(), {"Username": "ann"}),
        (api.list_jobs(), {"ActiveJobs": {}}),
        (api.list_elementlists(JOB), {}),
        (api.get_elementlist(JOB), {}),
    ],
)
def test_an_answer_that_lacks_what_decides_is_refused(call: Call[Any], document: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Script(reply(document)).run(call)


def test_secrets_are_not_in_the_repr_of_a_call() -> None:
    assert "secret-key" not in repr(api.login("ann", securekey="secret-key"))
    assert "signature" not in repr(api.add_media_from_url(JOB, "https://films.test/a?signature=1"))

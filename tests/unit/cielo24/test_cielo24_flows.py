"""What is looked for before it is made, sent or ordered, and what becomes of a lost answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cielo24_script import JOB, TASK, Script, job, job_document, jobs, refusal, reply, task

from airflow_media.cielo24 import flows
from airflow_media.cielo24.api import get_caption, new_job
from airflow_media.cielo24.flows import Done
from airflow_media.cielo24.models import Media
from airflow_media.cielo24.options import OptionsError
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.http.call import Answer, Flow
from airflow_media.http.errors import (
    ConflictError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ServerFaultError,
)

OTHER = "0" * 32
LOST = NetworkFaultError("the connection was lost")
NO_ITEM = refusal("ITEM_NOT_FOUND")
ORDER = TranscriptionOrder(transcription_fidelity="PREMIUM", priority="STANDARD")
URL = "https://films.test/a.mp4"

LIST, NEW = "GET /api/job/list", "GET /api/job/new"
MEDIA, INFO, ADD = "GET /api/job/media", "GET /api/job/info", "GET /api/job/add_media"
ORDERING = "GET /api/job/perform_transcription"


class Film:
    """A file."""

    size = 3

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([b"abc"])


def run(flow: Flow[Any], *replies: Answer | MediaError) -> tuple[Any, list[str]]:
    script = Script(*replies)
    return script.run(flow), script.asked


# Create


def create() -> Flow[str]:
    return flows.create_job_once("e1", new_job(external_id="e1", job_name="a"))


def test_a_job_that_is_not_there_is_created() -> None:
    assert run(create(), jobs(), reply({"JobId": JOB})) == (JOB, [LIST, NEW])


def test_a_job_that_is_there_is_taken() -> None:
    assert run(create(), jobs(job_document(ExternalID="e1"))) == (JOB, [LIST])


@pytest.mark.parametrize("fault", [LOST, ServerFaultError("oops", status=500), Answer(502, {}, b"<html>")])
def test_a_job_whose_creation_was_not_answered_is_looked_for(fault: Answer | MediaError) -> None:
    found = jobs(job_document(ExternalID="e1"))
    assert run(create(), jobs(), fault, found) == (JOB, [LIST, NEW, LIST])


def test_jobs_with_other_ids_do_not_count_even_where_the_filter_is_ignored() -> None:
    others = jobs(job_document(ExternalID="e2", JobId=OTHER), job_document(ExternalID="", JobId=OTHER))
    assert run(create(), others, reply({"JobId": JOB})) == (JOB, [LIST, NEW])


def test_of_several_jobs_with_the_id_the_oldest_is_taken() -> None:
    newer = job_document(ExternalID="e1", JobId=OTHER, CreationDate="2026-01-02T00:00:00.000000")
    older = job_document(ExternalID="e1", CreationDate="2026-01-01T00:00:00.000000")
    assert run(create(), jobs(newer, older))[0] == JOB


def test_a_job_of_a_sub_account_is_looked_for_there() -> None:
    script = Script(jobs())
    assert script.run(flows.find_job("e1", username="sub")) is None
    assert script.calls[0].params == {"v": "1", "ExternalID": "e1", "Username": "sub"}


# Media


def test_media_are_told_by_the_call_that_knows_them_at_once() -> None:
    assert run(flows.find_media(JOB), reply({"MediaUrl": ""})) == (Media(), [MEDIA])
    assert run(flows.find_media(JOB), reply({"MediaUrl": URL})) == (Media(URL), [MEDIA])


@pytest.mark.parametrize("refused", [NO_ITEM, refusal("INVALID_QUERY")])
def test_a_job_without_media_is_told_from_one_that_is_not_there(refused: Answer) -> None:
    assert run(flows.find_media(JOB), refused, job()) == (None, [MEDIA, INFO])
    assert run(flows.find_media(JOB), refused, job(MediaLengthSeconds=1.5)) == (Media(), [MEDIA, INFO])
    with pytest.raises(NotFoundError):
        run(flows.find_media(JOB), refused, NO_ITEM)


def test_a_job_that_has_media_takes_no_others() -> None:
    with pytest.raises(ConflictError, match="a job takes one piece of media") as raised:
        run(flows.must_have_no_media(JOB, "https://films.test/b.mp4"), reply({"MediaUrl": URL}))
    assert "films.test" not in str(raised.value)
    with pytest.raises(ConflictError):
        run(flows.must_have_no_media(JOB), reply({"MediaUrl": ""}))
    assert run(flows.must_have_no_media(JOB, URL), reply({"MediaUrl": URL}))[0] is True
    assert run(flows.must_have_no_media(JOB, URL), NO_ITEM, job())[0] is False


sources = pytest.mark.parametrize(("source", "add"), [(URL, ADD), (Film(), "POST /api/job/add_media")])


@sources
def test_media_that_are_not_there_are_added(source: Any, add: str) -> None:
    assert run(flows.add_media_once(JOB, source), NO_ITEM, job(), task()) == (Done(TASK), [MEDIA, INFO, add])


@sources
def test_media_whose_answer_was_lost_are_looked_for_and_not_sent_again(source: Any, add: str) -> None:
    asked = [MEDIA, INFO, add, MEDIA]
    assert run(flows.add_media_once(JOB, source), NO_ITEM, job(), LOST, reply({})) == (Done(found=True), asked)


@sources
def test_media_that_did_not_arrive_are_sent_again(source: Any, add: str) -> None:
    replies = (NO_ITEM, job(), LOST, NO_ITEM, job(), task())
    assert run(flows.add_media_once(JOB, source), *replies) == (Done(TASK), [MEDIA, INFO, add] * 2)


def test_media_that_arrived_after_the_look_are_no_error() -> None:
    replies = (NO_ITEM, job(), LOST, NO_ITEM, job(), refusal("INVALID_QUERY", "has media"), reply({}))
    assert run(flows.add_media_once(JOB, URL), *replies)[0] == Done(found=True)


def test_media_that_are_refused_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="cannot be reached"):
        run(flows.add_media_once(JOB, URL), NO_ITEM, job(), refusal("INVALID_URL", "cannot be reached"))
    replies = (NO_ITEM, job(), LOST, NO_ITEM, job(), refusal("INVALID_QUERY", "no room"), NO_ITEM, job())
    with pytest.raises(InvalidRequestError, match="no room"):
        run(flows.add_media_once(JOB, URL), *replies)


# Order


def order() -> Flow[Done]:
    return flows.transcribe_once(JOB, ORDER)


@pytest.mark.parametrize("status", ["Pending", "Authorizing", ""])
@pytest.mark.parametrize("fidelity", ["", "STANDARD"], ids=["nothing told", "a default told"])
def test_a_job_that_has_not_begun_is_ordered(status: str, fidelity: str) -> None:
    assert run(order(), job(status, Fidelity=fidelity), task()) == (Done(TASK), [INFO, ORDERING])


@pytest.mark.parametrize("status", ["In Process", "Reviewing", "Complete", "Media Failure", "Something New"])
def test_a_job_that_has_begun_is_not_ordered_again(status: str) -> None:
    assert run(order(), job(status)) == (Done(found=True), [INFO])
    assert run(order(), job(status, Fidelity="STANDARD")) == (Done(found=True), [INFO])


@pytest.mark.parametrize(
    "after",
    [
        job("In Process"),
        job("Complete"),
        job("Pending", Fidelity="STANDARD"),
        job("Pending", Priority="STANDARD"),
        job("Authorizing", Fidelity="STANDARD"),
        job("Pending", DueDate="2026-01-01T00:00:00.000000"),
    ],
)
def test_an_order_whose_answer_was_lost_is_not_sent_again(after: Answer) -> None:
    assert run(order(), job(), LOST, after) == (Done(found=True), [INFO, ORDERING, INFO])


def test_an_order_that_did_not_arrive_is_sent_again() -> None:
    assert run(order(), job(), LOST, job(), task()) == (Done(TASK), [INFO, ORDERING] * 2)


def test_an_order_that_arrived_after_the_look_is_no_error() -> None:
    refused = refusal("INVALID_QUERY", "ordered already")
    replies = (job(), LOST, job(), refused, job(Fidelity="STANDARD"))
    assert run(order(), *replies) == (Done(found=True), [INFO, ORDERING, INFO, ORDERING, INFO])


def test_an_order_that_is_refused_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no media"):
        run(order(), job(), refusal("INVALID_QUERY", "no media"))


def test_a_job_that_was_ordered_with_another_fidelity_is_refused() -> None:
    with pytest.raises(ConflictError, match=r"ordered with fidelity PROFESSIONAL before.*Create another job"):
        run(order(), job("In Process", Fidelity="HIGH"))


def test_a_fidelity_that_is_not_offered_in_the_language_of_the_job_is_refused_before_it_is_ordered() -> None:
    with pytest.raises(OptionsError, match="PREMIUM is not offered in 'it'"):
        run(order(), job(SourceLanguage="it"))
    assert run(order(), job(SourceLanguage="en"), task())[0] == Done(TASK)


@pytest.mark.parametrize(
    ("answer", "ordered"),
    [
        (job("Pending"), False),
        (job("Authorizing"), False),
        (job("Pending", Fidelity="STANDARD"), True),
        (job("In Process"), True),
        (job("Complete"), True),
    ],
)
def test_an_order_of_a_worker_that_died_is_told_by_what_the_job_says(answer: Answer, ordered: bool) -> None:
    assert run(flows.find_order(JOB), answer) == (ordered, [INFO])


# Delete and fetch


def test_what_is_not_there_counts_as_deleted() -> None:
    assert run(flows.delete_job_if_there(JOB), task())[0] is True
    assert run(flows.delete_job_if_there(JOB), NO_ITEM)[0] is False
    with pytest.raises(InvalidRequestError, match="in process"):
        run(flows.delete_job_if_there(JOB), refusal("INVALID_QUERY", "in process"))


def captions() -> Flow[bytes]:
    return flows.when_complete(JOB, get_caption(JOB, "SRT"))


def test_captions_that_are_not_ready_are_told_with_the_state_of_the_job() -> None:
    assert run(captions(), Answer(200, {}, b"1\n"))[0] == b"1\n"
    with pytest.raises(InvalidRequestError, match="'In Process', not complete: wait for it, with Cielo24JobSensor"):
        run(captions(), refusal("INVALID_QUERY", "not yet"), job("In Process"))
    with pytest.raises(InvalidRequestError) as raised:
        run(captions(), refusal("INVALID_OPTION", "what?"), job("Complete"))
    assert "Cielo24JobSensor" not in str(raised.value)


@pytest.mark.parametrize("make", [lambda: flows.find_media(""), lambda: flows.transcribe_once("x", ORDER)])
def test_what_is_no_id_is_refused_before_anything_is_asked(make: Callable[[], Flow[Any]]) -> None:
    with pytest.raises(InvalidRequestError, match="is not the id of a job"):
        run(make())

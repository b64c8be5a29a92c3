"""Cielo24CreateJobOperator, Cielo24UpdateMetadataOperator and Cielo24DeleteJobOperator against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.cielo24 import api
from airflow_media.cielo24.flows import delete_job_if_there
from airflow_media.cielo24.operators import (
    Cielo24CreateJobOperator,
    Cielo24DeleteJobOperator,
    Cielo24UpdateMetadataOperator,
)
from airflow_media.jobs.compat import AirflowSkipException
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from media_sandbox.cielo24.fixtures import TEAM
from support.captioning import NOBODY, CaptionHouse
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def create(*, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    return TaskRun(Cielo24CreateJobOperator(task_id="create", **fields), store=store, retries=retries)


def delete(job_id: Any) -> TaskRun:
    return TaskRun(Cielo24DeleteJobOperator(task_id="delete", job_id=job_id))


def metadata(job_id: str, **fields: Any) -> TaskRun:
    fields = {"reference_id": "r", "requestor_id": "u", **fields}
    return TaskRun(Cielo24UpdateMetadataOperator(task_id="metadata", job_id=job_id, **fields))


# Create


def test_a_job_is_created_with_all_that_was_asked(house: CaptionHouse) -> None:
    run = create(
        job_name="Épisode 7",
        language="fr",
        requestor="ann",
        reference="r7",
        expected_speakers="2",
        username=TEAM.username,
        external_id="e7",
    )
    job_id = run.execute()
    record = house.record(job_id)
    job = house.run(api.get_job(job_id))
    assert (job.job_name, job.source_language, job.external_id) == ("Épisode 7", "fr", "e7")
    assert str(record).count("r7") >= 1
    assert run.ti.xcoms == {"api_url": f"{house.host}/api/job/info?v=1&job_id={job_id}"}
    [asked] = house.requests("new_job")
    assert (asked["query"]["expected_speakers"], asked["query"]["username"]) == ("2", TEAM.username)


def test_a_job_with_the_external_id_is_taken(house: CaptionHouse) -> None:
    job_id = house.created(external_id="e7")
    assert create(external_id="e7").execute() == create(external_id="e7").execute() == job_id
    assert house.jobs == [job_id]


def test_a_deleted_job_does_not_count(house: CaptionHouse) -> None:
    job_id = house.created(external_id="e7")
    house.run(delete_job_if_there(job_id))
    assert create(external_id="e7").execute() != job_id


@with_and_without_store
def test_a_retry_finds_the_job_of_the_try_before(house: CaptionHouse, store: bool) -> None:
    run = create(store=store)
    job_id = run.execute()
    assert run.next_try().execute() == run.next_try().execute() == job_id
    assert house.jobs == [job_id]


@with_and_without_store
def test_a_cleared_task_creates_another_job_and_finds_it_in_turn(house: CaptionHouse, store: bool) -> None:
    run = create(store=store)
    first = run.execute()
    second = run.clear().execute()
    assert second != first
    assert run.next_try().execute() == second
    assert run.clear().execute() not in (first, second)
    assert len(house.jobs) == 3


@pytest.mark.parametrize("changes", [{"job_name": "b"}, {"language": "fr"}])
def test_another_wish_is_another_job(house: CaptionHouse, changes: dict[str, Any]) -> None:
    assert create(**{"job_name": "a", **changes}).execute() != create(job_name="a").execute()


@pytest.mark.parametrize(
    "fault", ["lost_answer times=1", "502 times=1", "malformed times=1", "reset times=2", "429 times=1"]
)
def test_a_lost_answer_leaves_one_job(house: CaptionHouse, logged: Callable[[], str], fault: str) -> None:
    house.admin.fault(f"{fault} on=cielo24.new_job")
    job_id = create().execute()
    assert house.jobs == [job_id]
    assert house.secrets_in(logged()) == []


def test_a_service_that_stays_away_is_left_to_the_retries(house: CaptionHouse, refused: Refused) -> None:
    house.admin.fault("502 on=cielo24.new_job")
    run = create()
    refused(run.execute, MediaRetryError, "create job", "502")
    house.admin.clear_faults()
    assert [run.next_try().execute()] == house.jobs


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"language": "klingon"}, ("language: 'klingon' is not one of",)),
        ({"expected_speakers": "some"}, ("expected_speakers: 'some' is not a whole number",)),
        ({"language": "klingon", "validate": False}, ("INVALID_OPTION",)),
        ({"username": "stranger"}, ("400",)),
    ],
)
def test_what_cannot_be_created_is_told(
    house: CaptionHouse, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(create(**fields).execute, MediaFailError, *words)
    assert house.jobs == []


def test_an_external_id_that_the_service_has_seen_needs_a_word(house: CaptionHouse, refused: Refused) -> None:
    house.options(refuse_duplicates=True)
    create(external_id="e7", username=TEAM.username).execute()
    first = create(external_id="e7", is_duplicate=True).execute()
    assert create(external_id="e7").execute() == first


# Metadata


def test_metadata_are_changed(house: CaptionHouse) -> None:
    job_id = house.created()
    task_id = metadata(job_id, reference_id="episode 7 & 8", requestor_id="ann").execute()
    assert len(task_id) == 32
    record = house.record(job_id)
    assert (record["reference_id"], record["requestor_id"]) == ("episode 7 & 8", "ann")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reference_id": ""}, ("reference_id is empty", "Both of them are required")),
        ({"requestor_id": " "}, ("requestor_id is empty",)),
        ({"job_id": NOBODY}, ("ITEM_NOT_FOUND", NOBODY)),
        ({"job_id": "None"}, ("'None' is not the id of a job", "Cielo24CreateJobOperator")),
    ],
)
def test_metadata_that_cannot_be_changed_are_told(
    house: CaptionHouse, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(metadata(**{"job_id": house.created(), **fields}).execute, MediaFailError, *words)


def test_a_live_service_without_the_call_is_told(house: CaptionHouse, refused: Refused) -> None:
    house.admin.fault("error status=404 exception=INVALID_QUERY on=cielo24.update_metadata")
    refused(metadata(house.created()).execute, MediaFailError, "update metadata of job", "404 INVALID_QUERY")


# Delete


def test_a_job_is_deleted_and_deleting_again_is_no_error(house: CaptionHouse, logged: Callable[[], str]) -> None:
    job_id = house.with_media()
    assert delete(job_id).execute() is None
    assert house.jobs == []
    assert delete(job_id).execute() is None
    assert "was not there" in logged()


def test_several_jobs_are_deleted_in_one_task(house: CaptionHouse) -> None:
    delete([house.created(), "", house.created(), NOBODY]).execute()
    assert house.jobs == []


@pytest.mark.parametrize("nothing", ["", [], [""], None])
def test_nothing_to_delete_skips_the_task(house: CaptionHouse, nothing: Any) -> None:
    with pytest.raises(AirflowSkipException, match="no job to delete"):
        delete(nothing).execute()
    assert house.count("delete") == 0


@pytest.mark.parametrize("fault", ["lost_answer", "502", "reset"])
def test_a_delete_whose_answer_was_lost_is_sent_again(house: CaptionHouse, fault: str) -> None:
    job_id = house.created()
    house.admin.fault(f"{fault} on=cielo24.delete times=1")
    delete(job_id).execute()
    assert house.jobs == []


def test_a_delete_that_the_service_refuses_is_told(house: CaptionHouse, refused: Refused) -> None:
    house.options(refuse_deletion=True)
    refused(delete(house.completed()).execute, MediaFailError, "delete job", "400")

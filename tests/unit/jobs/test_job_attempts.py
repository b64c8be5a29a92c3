"""What a try knows of those before it, with Airflow's task state store and without."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.jobs.attempts import Attempt, fingerprint, task_key
from airflow_media.jobs.compat import BaseOperator
from support.tasks import RUN_ID, TaskRun

pytestmark = pytest.mark.airflow

ASKED = ["process", "video-1", {"codec": "h264"}]


def task(*, store: bool, retries: int = 1) -> TaskRun:
    return TaskRun(BaseOperator(task_id="process"), store=store, retries=retries)


def known(attempt: Attempt) -> tuple[str | None, bool, bool]:
    """Job, whether one may exist whose id is unknown, and whether it is to be done anew."""
    return attempt.job_id, attempt.intended_at is not None, attempt.again


NOTHING = (None, False, False)


@pytest.mark.parametrize("store", [True, False])
def test_the_first_try_knows_nothing(store: bool) -> None:
    assert known(Attempt.load(task(store=store).context, ASKED)) == NOTHING


def test_its_key_is_that_of_the_task_instance() -> None:
    run = task(store=True)
    first = Attempt.load(run.context, ASKED).key
    assert first == task_key(run.context) == Attempt.load(run.next_try().context, ["else"]).key
    run.ti.map_index = 1
    assert Attempt.load(run.context, ASKED).key != first


def test_a_job_whose_result_was_not_taken_is_taken_up() -> None:
    run = task(store=True)
    attempt = Attempt.load(run.context, ASKED)
    attempt.intend()
    attempt.submitted("job-1")
    assert known(Attempt.load(run.next_try().context, ASKED)) == ("job-1", True, False)
    assert known(Attempt.load(run.clear().context, ASKED)) == ("job-1", True, False), "a cleared failure too"


def test_a_worker_that_died_while_submitting_leaves_its_intent() -> None:
    run = task(store=True)
    before = datetime.now(UTC)
    Attempt.load(run.context, ASKED).intend()
    attempt = Attempt.load(run.next_try().context, ASKED)
    assert known(attempt) == (None, True, False)
    assert attempt.intended_at is not None
    assert before <= attempt.intended_at <= datetime.now(UTC)


def test_the_oldest_intent_counts() -> None:
    run = task(store=True)
    first = Attempt.load(run.context, ASKED)
    first.intend()
    second = Attempt.load(run.next_try().context, ASKED)
    second.intend()
    assert Attempt.load(run.next_try().context, ASKED).intended_at == first.intended_at


def test_a_job_whose_result_was_taken_is_done_anew_and_only_once() -> None:
    run = task(store=True)
    attempt = Attempt.load(run.context, ASKED)
    attempt.intend()
    attempt.submitted("job-1")
    attempt.taken()
    cleared = Attempt.load(run.clear().context, ASKED)
    assert known(cleared) == (None, False, True)
    cleared.intend()
    cleared.submitted("job-2")
    assert known(Attempt.load(run.next_try().context, ASKED)) == ("job-2", True, False)


def test_a_record_about_another_request_does_not_count() -> None:
    run = task(store=True)
    attempt = Attempt.load(run.context, ASKED)
    attempt.intend()
    attempt.submitted("job-1")
    assert known(Attempt.load(run.next_try().context, [*ASKED, "more"])) == NOTHING


def test_a_job_that_is_gone_is_forgotten() -> None:
    run = task(store=True)
    attempt = Attempt.load(run.context, ASKED)
    attempt.intend()
    attempt.submitted("job-1", attached=True)
    assert Attempt.load(run.context, ASKED).attached
    attempt.forget()
    later = Attempt.load(run.next_try().context, ASKED)
    assert known(later) == NOTHING
    assert not later.attached


def test_without_a_store_a_retry_looks_for_a_job_since_the_run_began() -> None:
    run = task(store=False)
    attempt = Attempt.load(run.next_try().context, ASKED)
    assert known(attempt) == (None, True, False)
    assert attempt.intended_at == run.dag_run.start_date


def test_without_a_store_clearing_means_anew_for_each_try_that_follows() -> None:
    run = task(store=False)
    assert known(Attempt.load(run.clear().context, ASKED)) == (None, False, True)
    assert known(Attempt.load(run.next_try().context, ASKED)) == (None, False, True)


def test_without_a_store_nothing_is_kept_and_nothing_breaks() -> None:
    run = task(store=False)
    attempt = Attempt.load(run.context, ASKED)
    attempt.intend()
    attempt.submitted("job-1")
    attempt.taken()
    attempt.forget()
    assert known(attempt) == NOTHING


def test_the_record_holds_no_word_of_what_was_asked() -> None:
    run = task(store=True)
    attempt = Attempt.load(run.context, ["upload", "https://films.example/clip.mov?signature=hunter2"])
    attempt.intend()
    attempt.submitted("job-1")
    assert run.store is not None
    assert "hunter2" not in str(run.store.values)
    assert "hunter2" not in repr(attempt)


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(values: dict[str, Any]) -> None:
    assert fingerprint(values) == fingerprint(dict(reversed(values.items())))


def test_different_requests_have_different_fingerprints() -> None:
    asked = [["a", "b"], ["ab"], ["b", "a"], {"a": "b"}, "ab", None, [None], ["None"], 1, "1", [], {}]
    assert len({fingerprint(each) for each in asked}) == len(asked)


def test_the_key_of_a_task_is_the_same_for_each_try_and_of_no_other_task() -> None:
    run = task(store=True)
    key = task_key(run.context)
    assert task_key(run.next_try().context) == key
    others = []
    for name, value in (("map_index", 0), ("map_index", 1), ("run_id", RUN_ID + "x"), ("dag_id", "other")):
        other = task(store=True)
        setattr(other.ti, name, value)
        others.append(task_key(other.context))
    assert len({key, *others}) == 5


def test_a_task_that_is_not_mapped_has_the_same_key_however_airflow_says_so() -> None:
    run = task(store=True)
    key = task_key(run.context)
    run.ti.map_index = None  # type: ignore[assignment]
    assert task_key(run.context) == key

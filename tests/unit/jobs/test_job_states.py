"""What crosses from a trigger to its task, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.jobs.states import Outcome, Phase, Status


@given(st.builds(Outcome, st.sampled_from(Status), st.text(), st.text(), st.booleans()))
def test_an_outcome_survives_the_database(outcome: Outcome) -> None:
    assert Outcome.from_event(json.loads(json.dumps(outcome.event()))) == outcome


@pytest.mark.parametrize(
    "event", [None, {}, {"status": "exploded"}, {"status": None}, {"job_id": "7"}, {"status": "Done"}]
)
def test_an_event_of_another_release_is_an_error_that_a_retry_may_mend(event: Mapping[str, Any] | None) -> None:
    outcome = Outcome.from_event(event)
    assert (outcome.status, outcome.retryable) == (Status.ERROR, True)
    assert "unknown event" in outcome.reason


def test_an_event_may_lack_what_is_not_needed() -> None:
    assert Outcome.from_event({"status": "done", "job_id": "7"}) == Outcome(Status.DONE, "7")


def test_only_jobs_that_wait_or_run_are_active() -> None:
    assert [phase for phase in Phase if phase.active] == [Phase.WAITING, Phase.RUNNING]

"""Listing jobs, with every filter."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cielo24_client import JOB_KEYS, Cielo24Client

from media_sandbox.cielo24.fixtures import TEAM


def test_jobs_are_listed_newest_first(cielo24: Cielo24Client) -> None:
    made = [cielo24.new_job(job_name=str(number)) for number in range(3)]
    listed = cielo24.get("job/list").json()
    assert listed["Username"] == "plain"
    assert [job["JobId"] for job in listed["ActiveJobs"]] == made[::-1]
    assert set(listed["ActiveJobs"][0]) == JOB_KEYS | {"Username"}


def listed(client: Cielo24Client, **filters: Any) -> list[str]:
    answer = client.get("job/list", **filters)
    assert answer.status_code == 200, answer.text
    return sorted(job["JobName"] for job in answer.json()["ActiveJobs"])


@pytest.fixture(scope="module")
def several(shared_cielo24: Cielo24Client, clip: Path) -> Cielo24Client:
    """A finished job called done, one called fresh[1] a day later, and one of an account below."""
    shared_cielo24.finished_job(clip, {"turnaround_hours": 30}, job_name="done", external_id="x")
    shared_cielo24.sandbox.admin.advance_clock(86400)
    client = Cielo24Client(shared_cielo24.sandbox)
    client.new_job(job_name="fresh[1]", external_id="y")
    client.new_job(job_name="below", username=TEAM.username)
    return client


FILTERED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["done", "fresh[1]"]),
    ({"JobStatus": "Complete"}, ["done"]),
    ({"JobStatus": "In Process"}, []),
    ({"Fidelity": "STANDARD"}, ["done"]),
    ({"Fidelity": "PREMIUM"}, ["done"]),
    ({"Fidelity": "HIGH"}, []),
    ({"Priority": "PRIORITY"}, ["done"]),
    ({"Priority": "STANDARD"}, []),
    ({"JobName": "fresh*"}, ["fresh[1]"]),
    ({"JobName": "fresh[1]"}, ["fresh[1]"]),
    ({"JobName": "fresh?1?"}, []),
    ({"JobName": "do"}, []),
    ({"ExternalID": "x"}, ["done"]),
    ({"ExternalId": "y"}, ["fresh[1]"]),
    ({"externalid": "y"}, ["done", "fresh[1]"]),
    ({"JobDifficulty": "Good"}, ["done"]),
    ({"TurnaroundTimeHoursFrom": 30, "TurnaroundTimeHoursTo": 30}, ["done"]),
    ({"TurnaroundTimeHoursTo": 29}, []),
    ({"Username": TEAM.username}, ["below"]),
    ({"Username": "*"}, ["below", "done", "fresh[1]"]),
    ({"CompleteDateFrom": "2000-01-01"}, ["done"]),
    ({"CompletedDateFrom": "2999-01-01"}, ["done", "fresh[1]"]),
    ({"StartDateTo": "2000-01-01T00:00:00"}, []),
    ({"AuthorizationDateFrom": "2000-01-01"}, []),
    ({"JobStatus": "Complete", "ExternalID": "y"}, []),
]


@pytest.mark.parametrize(("filters", "names"), FILTERED)
def test_filters_choose_jobs(several: Cielo24Client, filters: dict[str, Any], names: list[str]) -> None:
    assert listed(several, **filters) == names


def test_bounds_are_inclusive(several: Cielo24Client) -> None:
    created = next(job for job in several.get("job/list").json()["ActiveJobs"] if job["JobName"] == "done")[
        "CreationDate"
    ]
    assert listed(several, CreationDateFrom=created, CreationDateTo=created) == ["done"]
    day = created[:10]
    assert listed(several, CreationDateFrom=day, CreationDateTo=day) == ["done"]
    earlier = (datetime.fromisoformat(created) - timedelta(microseconds=1)).isoformat()
    assert listed(several, CreationDateTo=earlier) == []


@pytest.mark.parametrize(
    ("filters", "type_"),
    [
        ({"JobStatus": "complete"}, "INVALID_OPTION"),
        ({"Fidelity": "BEST"}, "INVALID_OPTION"),
        ({"Priority": "CRITICAL"}, "INVALID_OPTION"),
        ({"JobDifficulty": "good"}, "INVALID_OPTION"),
        ({"CreationDateFrom": "yesterday"}, "INVALID_QUERY"),
        ({"TurnaroundTimeHoursTo": "1.5"}, "INVALID_QUERY"),
        ({"Username": "other"}, "ACCOUNT_UNPRIVILEGED"),
        ({"ExternalID": "a", "ExternalId": "b"}, "INVALID_QUERY"),
    ],
)
def test_filters_are_checked(several: Cielo24Client, filters: dict[str, Any], type_: str) -> None:
    assert several.refused("job/list", **filters) == type_


def test_ordered_fidelities_may_be_unknown_to_the_filter(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", filter_by_ordered_fidelity=False)
    cielo24.order(cielo24.job_with_media(clip, job_name="a"))
    assert (listed(cielo24, Fidelity="PREMIUM"), listed(cielo24, Fidelity="STANDARD")) == ([], ["a"])

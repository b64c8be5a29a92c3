"""What may be asked of a listing, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

import pytest

from airflow_media.http.errors import InvalidRequestError
from airflow_media.media_storage.models import Media
from airflow_media.media_storage.query import JOBS, MEDIAS, Collection, JobFilters, MediaFilters, query_of

JOB_NAMES = ["id", "job_class", "priority", "status", "progress", "retry_count", "error", "unicity"]
TIMES = ["scheduled_at", "created_at", "updated_at"]
LISTS = ["id__in", "job_class__in", "status__in"]
RANGES = [f"{name}__{end}" for name in ("priority", "retry_count", *TIMES) for end in ("gte", "lte")]
JOB_FILTERS = [*JOB_NAMES, *TIMES, *LISTS, *RANGES]
MEDIA_NAMES = ["id", "resource", "key", "filename", "size", "mime_type", "created_by", "created_role", "public"]
MEDIA_FILTERS = [*MEDIA_NAMES, "created_at", "updated_at", "project_id"]


def written(collection: Collection, **filters: Any) -> str:
    return collection.query(filters)


@pytest.mark.parametrize(
    ("collection", "typed", "page"), [(JOBS, JobFilters, JOB_FILTERS), (MEDIAS, MediaFilters, MEDIA_FILTERS)]
)
def test_the_filters_are_those_of_the_page_typed_and_at_run_time(
    collection: Collection, typed: type, page: list[str]
) -> None:
    assert sorted(collection.filters) == sorted(get_type_hints(typed)) == sorted(page)


SAMPLES = {
    "priority": 1,
    "retry_count": 1,
    "size": 1,
    "progress": 0.5,
    "public": True,
    "created_by": 7,
} | dict.fromkeys(("scheduled_at", "created_at", "updated_at"), "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("collection", "name"), [(JOBS, name) for name in JOB_FILTERS] + [(MEDIAS, name) for name in MEDIA_FILTERS]
)
def test_each_filter_can_be_sent(collection: Collection, name: str) -> None:
    value: Any = SAMPLES.get(name.partition("__")[0], "a")
    listed = name.endswith("__in")
    [(parameter, sent)] = parse_qsl(written(collection, **{name: [value] if listed else value})[1:])
    assert parameter == f"filter[{name}]" + ("[]" if listed else "")
    assert sent in {str(value), "true"}


@pytest.mark.parametrize(
    ("collection", "name", "hint"),
    [
        (JOBS, "statuz", "Did you mean 'status'?"),
        (JOBS, "status__neq", "Did you mean"),
        (JOBS, "arguments", "There are: id, job_class"),
        (JOBS, "progress__gte", "Did you mean"),
        (MEDIAS, "id__in", "There are: id, resource"),
        (MEDIAS, "created_at__gte", "Did you mean 'created_at'?"),
        (MEDIAS, "sort", "There are"),
    ],
)
def test_a_filter_that_the_service_would_drop_is_refused(collection: Collection, name: str, hint: str) -> None:
    with pytest.raises(InvalidRequestError) as fault:
        written(collection, **{name: "x"})
    assert f"have no filter {name!r}" in str(fault.value)
    assert hint in str(fault.value)
    with pytest.raises(InvalidRequestError):
        collection.check({name: "x"})


def test_filters_that_are_no_names_with_values_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="not names with values"):
        JOBS.check("status=running")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="no filter 1"):
        JOBS.check({1: "running"})  # type: ignore[dict-item]


def test_a_list_repeats_the_name_with_brackets_for_equality_and_in() -> None:
    assert written(JOBS, status=["a", "b"]) == "?filter%5Bstatus%5D%5B%5D=a&filter%5Bstatus%5D%5B%5D=b"
    assert written(JOBS, status__in=("a",)) == "?filter%5Bstatus__in%5D%5B%5D=a"


def test_no_value_is_another_thing_than_an_empty_one() -> None:
    assert written(JOBS, error=None) == "?filter%5Berror%5D"
    assert written(JOBS, error="") == "?filter%5Berror%5D="


@pytest.mark.parametrize(
    "filters",
    [
        {"status": []},
        {"status__in": []},
        {"status__in": "running"},
        {"status__in": "pending,running"},
        {"status__in": None},
        {"priority__gte": [1]},
        {"priority__gte": None},
        {"priority": "high"},
        {"priority": ""},
        {"priority": 1.5},
        {"priority": True},
        {"progress": "half"},
        {"progress": float("nan")},
        {"progress": True},
        {"created_at": "yesterday"},
        {"created_at": ""},
        {"created_at": datetime(2026, 1, 1)},
        {"created_at": 7},
        {"status": 1.5},
        {"status": True},
        {"status": "\ud800"},
        {"id": [None]},
    ],
)
def test_a_value_on_which_the_service_fails_is_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=r"filter\["):
        JOBS.query(filters)


@pytest.mark.parametrize("value", ["yes", 1, "True", {}])
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="true or false"):
        MEDIAS.query({"public": value})
    assert written(MEDIAS, public=True) == "?filter%5Bpublic%5D=true"
    assert written(MEDIAS, public="false") == "?filter%5Bpublic%5D=false"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2026, 1, 1, 12, tzinfo=UTC), "2026-01-01T12:00:00Z"),
        (datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC), "2026-01-01T12:00:00.000005Z"),
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T10:00:00Z"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01 12:00:00 +0200", "2026-01-01T10:00:00Z"),
        ("2026-01-01 12:00:00 UTC", "2026-01-01T12:00:00Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"),
    ],
)
def test_times_are_sent_in_utc(value: Any, sent: str) -> None:
    assert parse_qsl(written(JOBS, created_at__gte=value)[1:]) == [("filter[created_at__gte]", sent)]
    assert JOBS.plain({"created_at__gte": value, "id": ["a"]})["created_at__gte"] in {value, sent}


def test_a_plus_is_escaped_and_a_blank_is_no_plus() -> None:
    assert written(JOBS, job_class="a+b c&d=é") == "?filter%5Bjob_class%5D=a%2Bb%20c%26d%3D%C3%A9"


def test_page_sort_count_and_fields_are_written_as_the_service_reads_them() -> None:
    query = MEDIAS.query({}, number=2, size=1000, sort="-created_at, id", count=True, fields=("resource", "meta"))
    assert parse_qsl(query[1:]) == [
        ("page[number]", "2"),
        ("page[size]", "1000"),
        ("sort", "-created_at,id"),
        ("count", "true"),
        ("fields[media:medias][]", "resource"),
        ("fields[media:medias][]", "meta"),
    ]
    assert JOBS.query({}) == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"number": 0},
        {"number": True},
        {"number": "2"},
        {"size": 0},
        {"size": 1001},
        {"sort": "arguments"},
        {"sort": "status,,id"},
        {"sort": "--status"},
        {"fields": ("nope",)},
    ],
)
def test_what_the_service_refuses_or_fails_on_is_not_sent(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        JOBS.query({}, **asked)


def test_a_query_keeps_names_that_come_several_times_and_their_order() -> None:
    assert query_of([("b", "1"), ("a", None), ("b", "")]) == "?b=1&a&b="


MEDIUM = Media(
    id="1", resource="r", key="", size=10, public=False, created_at=datetime(2026, 1, 1, tzinfo=UTC), project_id=None
)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, True),
        ({"key": ""}, True),
        ({"key": "master.m3u8"}, False),
        ({"resource": "r", "size": 10}, True),
        ({"resource": "r", "size": "11"}, False),
        ({"size": "10"}, True),
        ({"size": [9, 10]}, True),
        ({"public": False}, True),
        ({"public": "true"}, False),
        ({"project_id": None}, True),
        ({"project_id": "p1"}, False),
        ({"project_id": ["p1", None]}, True),
        ({"created_at": "2026-01-01T01:00:00+01:00"}, True),
        ({"created_at": "2026-01-02"}, False),
    ],
)
def test_filters_find_here_what_they_find_at_the_service(filters: dict[str, Any], found: bool) -> None:
    assert MEDIAS.matches(filters, MEDIUM) is found

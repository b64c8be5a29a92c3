"""Filters: every name and operator of the reference page, what they take, and what they do not."""

from __future__ import annotations

import pytest
from media_storage_client import Parameters, StorageClient, error, flat

from media_sandbox.media_storage import times

UNKNOWN_ID = "0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"

JOB_EQUALITY = {
    "id",
    "job_class",
    "priority",
    "status",
    "progress",
    "retry_count",
    "error",
    "unicity",
    "scheduled_at",
    "created_at",
    "updated_at",
}
JOB_IN = {"id", "job_class", "status"}
JOB_RANGE = {"priority", "retry_count", "scheduled_at", "created_at", "updated_at"}
MEDIA_EQUALITY = {
    "id",
    "resource",
    "key",
    "filename",
    "size",
    "mime_type",
    "created_by",
    "created_role",
    "public",
    "created_at",
    "updated_at",
    "project_id",
}
OPERATORS = ("in", "gte", "lte", "gt", "lt", "neq", "not", "match", "eq", "")
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def jobs(shared_storage: StorageClient) -> StorageClient:
    """Two jobs, "a" and "b", that differ in every attribute; "b" is an hour younger."""
    first = {"job_class": "A", "priority": 1, "status": "running", "progress": 0.25, "error": "", "unicity": "ua"}
    shared_storage.make_jobs(retry_count=1, **first)
    shared_storage.sandbox.admin.advance_clock(3600)
    second = {"job_class": "B", "priority": 5, "status": "errored", "progress": 1.0, "error": "broke", "unicity": "ub"}
    shared_storage.make_jobs(retry_count=2, **second)
    return shared_storage


@pytest.fixture(scope="module")
def medias(jobs: StorageClient) -> StorageClient:
    """Two media, the variants "a" and "b" of a resource, that differ in nearly every attribute."""
    jobs.stored(b"1", "ra", "a", filename="a.mp4", mime_type="video/mp4")
    jobs.sandbox.admin.advance_clock(3600)
    jobs.stored(b"22", "rb", "b", filename="b.txt", mime_type="text/plain")
    return jobs


def job(client: StorageClient, which: str) -> dict[str, object]:
    (found,) = [item for item in client.jobs() if item["unicity"] == f"u{which}"]
    return found


def found_jobs(client: StorageClient, params: Parameters) -> list[object]:
    return [item["unicity"] for item in client.jobs(params)]


def found_medias(client: StorageClient, params: Parameters) -> list[object]:
    return sorted(item["key"] for item in client.medias(params))


@pytest.mark.parametrize("name", sorted(JOB_EQUALITY))
def test_jobs_are_found_by_each_attribute(jobs: StorageClient, name: str) -> None:
    for which in ("a", "b"):
        value = job(jobs, which)[name]
        assert found_jobs(jobs, {f"filter[{name}]": str(value)}) == [f"u{which}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", UNKNOWN_ID),
        ("job_class", "a"),
        ("priority", "2"),
        ("status", "RUNNING"),
        ("status", "run*"),
        ("status", "running,errored"),
        ("progress", "0.5"),
        ("retry_count", "0"),
        ("error", "bro"),
        ("unicity", "u"),
        ("scheduled_at", PAST),
        ("created_at", PAST),
        ("updated_at", FUTURE),
    ],
)
def test_no_job_is_found_by_another_value(jobs: StorageClient, name: str, value: str) -> None:
    assert found_jobs(jobs, {f"filter[{name}]": value}) == []


@pytest.mark.parametrize("name", sorted(JOB_IN))
def test_jobs_are_found_by_a_list(jobs: StorageClient, name: str) -> None:
    parameter = f"filter[{name}__in][]"
    values = [str(job(jobs, which)[name]) for which in ("a", "b")]
    assert found_jobs(jobs, [(parameter, values[1])]) == ["ub"]
    assert found_jobs(jobs, [(parameter, value) for value in values]) == ["ua", "ub"]
    assert found_jobs(jobs, [(parameter, UNKNOWN_ID)]) == []


@pytest.mark.parametrize("name", sorted(JOB_RANGE))
def test_bounds_are_inclusive(jobs: StorageClient, name: str) -> None:
    low, high = (str(job(jobs, which)[name]) for which in ("a", "b"))
    assert found_jobs(jobs, {f"filter[{name}__gte]": low}) == ["ua", "ub"]
    assert found_jobs(jobs, {f"filter[{name}__gte]": high}) == ["ub"]
    assert found_jobs(jobs, {f"filter[{name}__lte]": high}) == ["ua", "ub"]
    assert found_jobs(jobs, {f"filter[{name}__lte]": low}) == ["ua"]
    assert found_jobs(jobs, {f"filter[{name}__gte]": low, f"filter[{name}__lte]": low}) == ["ua"]


def test_several_filters_must_all_apply(jobs: StorageClient) -> None:
    assert found_jobs(jobs, {"filter[status]": "running", "filter[priority]": "1"}) == ["ua"]
    assert found_jobs(jobs, {"filter[status]": "running", "filter[priority]": "5"}) == []


def test_equality_takes_a_list_too(jobs: StorageClient, medias: StorageClient) -> None:
    assert found_jobs(jobs, [("filter[status][]", "running"), ("filter[status][]", "errored")]) == ["ua", "ub"]
    assert found_medias(medias, [("filter[key][]", "a"), ("filter[key][]", "b"), ("filter[key][]", "c")]) == ["a", "b"]


def test_null_is_not_the_empty_string(storage: StorageClient) -> None:
    for unicity, text in (("null", None), ("empty", ""), ("text", "broke")):
        storage.make_jobs(unicity=unicity, error=text)
    found = {query: storage.raw("GET", f"/jobs?{query}")[1]["data"] for query in ("filter[error]", "filter[error]=")}
    assert {query: [flat(item)["unicity"] for item in items] for query, items in found.items()} == {
        "filter[error]": ["null"],
        "filter[error]=": ["empty"],
    }
    both = storage.raw("GET", "/jobs?filter[error][]&filter[error][]=broke")[1]["data"]
    assert [flat(item)["unicity"] for item in both] == ["null", "text"]


@pytest.mark.parametrize("name", sorted(MEDIA_EQUALITY - {"updated_at", "public", "created_by", "created_role"}))
def test_media_are_found_by_each_attribute(medias: StorageClient, name: str) -> None:
    (item,) = medias.medias({"filter[key]": "a"})
    found = found_medias(medias, {f"filter[{name}]": str(item[name])})
    assert found == (["a", "b"] if name == "project_id" else ["a"])


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("created_by", "7", ["a", "b"]),
        ("created_by", "8", []),
        ("created_role", "user", ["a", "b"]),
        ("created_role", "processor", []),
        ("public", "false", ["a", "b"]),
        ("public", "f", ["a", "b"]),
        ("public", "true", []),
        ("updated_at", PAST, []),
        ("id", "nothing", []),
        ("resource", "RA", []),
        ("size", "3", []),
        ("project_id", "p2", []),
        ("mime_type", "video", []),
        ("created_at", PAST, []),
    ],
)
def test_media_by_what_they_share_or_lack(medias: StorageClient, name: str, value: str, found: list[str]) -> None:
    assert found_medias(medias, {f"filter[{name}]": value}) == found


def test_media_never_change(medias: StorageClient) -> None:
    _, document = medias.raw("GET", "/medias?filter[updated_at]")
    assert len(document["data"]) == 2


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", [*sorted(JOB_EQUALITY), "arguments", "nothing"])
def test_jobs_have_no_other_filters(jobs: StorageClient, name: str, operator: str) -> None:
    if (operator == "in" and name in JOB_IN) or (operator in ("gte", "lte") and name in JOB_RANGE):
        return
    answer = jobs.get("/jobs", {f"filter[{name}__{operator}]": "1"})
    assert answer.status_code == 422
    assert error(answer)["source"]["parameter"] == f"filter[{name}__{operator}]"


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", [*sorted(MEDIA_EQUALITY), "meta"])
def test_media_have_equality_only(medias: StorageClient, name: str, operator: str) -> None:
    assert medias.get("/medias", {f"filter[{name}__{operator}][]": "1"}).status_code == 422


@pytest.mark.parametrize(("path", "name"), [("/jobs", "statuz"), ("/jobs", "resource"), ("/medias", "meta")])
def test_real_deployments_drop_unknown_filters(storage: StorageClient, path: str, name: str) -> None:
    storage.make_jobs(count=2)
    storage.make_medias(count=2)
    assert storage.get(path, {f"filter[{name}]": "x"}).status_code == 422
    storage.options(ignore_unknown_filters=True)
    assert len(storage.get(path, {f"filter[{name}]": "x"}).json()["data"]) == 2


ILL_TYPED = [
    ("/jobs", "filter[id]", "no-uuid"),
    ("/jobs", "filter[id]", ""),
    ("/jobs", "filter[id__in][]", "no-uuid"),
    ("/jobs", "filter[id__in]", UNKNOWN_ID),
    ("/jobs", "filter[status__in]", "running,errored"),
    ("/jobs", "filter[priority]", "high"),
    ("/jobs", "filter[priority]", ""),
    ("/jobs", "filter[priority]", "1.5"),
    ("/jobs", "filter[priority]", "9" * 25),
    ("/jobs", "filter[priority__gte]", "high"),
    ("/jobs", "filter[priority__gte][]", "1"),
    ("/jobs", "filter[progress]", "half"),
    ("/jobs", "filter[progress]", "nan"),
    ("/jobs", "filter[created_at]", ""),
    ("/jobs", "filter[created_at__gte]", "yesterday morning"),
    ("/jobs", "filter[created_at__gte]", "2026-13-01T00:00:00Z"),
    ("/medias", "filter[size]", "big"),
    ("/medias", "filter[created_by]", "me"),
    ("/medias", "filter[public]", "perhaps"),
    ("/medias", "filter[created_at]", "noon"),
    ("/jobs", "sort", "nothing"),
    ("/medias", "sort", "-nothing"),
]


@pytest.mark.parametrize(("path", "parameter", "value"), ILL_TYPED)
def test_values_of_the_wrong_kind_are_refused(
    shared_storage: StorageClient, path: str, parameter: str, value: str
) -> None:
    answer = shared_storage.get(path, {parameter: value})
    assert answer.status_code == 422
    assert error(answer)["source"]["parameter"] == parameter.removesuffix("[]")


def test_real_deployments_fail_over_values_of_the_wrong_kind(storage: StorageClient) -> None:
    storage.options(type_errors_500=True)
    for path, parameter, value in ILL_TYPED:
        answer = storage.get(path, {parameter: value})
        assert (answer.status_code, "SELECT" in error(answer)["detail"]) == (500, True)
    assert storage.get("/jobs/no-uuid").status_code == 500
    assert storage.get("/jobs", {"page[size]": "0"}).status_code == 422


def test_a_bound_without_a_value_is_refused(shared_storage: StorageClient) -> None:
    assert shared_storage.raw("GET", "/jobs?filter[priority__gte]")[0] == 422


@pytest.mark.parametrize("query", ["filter[status]=a&filter[status]=b", "filter[status]=a&filter[status][]=b"])
def test_a_filter_given_twice_is_refused(shared_storage: StorageClient, query: str) -> None:
    assert shared_storage.get(f"/jobs?{query}").status_code == 422


def test_lists_may_be_leniently_read(storage: StorageClient) -> None:
    first, second = storage.make_jobs(status="running") + storage.make_jobs(status="errored")
    storage.options(lenient_lists=True)
    for value in ("running,errored", "errored,running,other"):
        assert [item["id"] for item in storage.jobs({"filter[status__in]": value})] == [first, second]
    assert [item["id"] for item in storage.jobs({"filter[id__in]": first})] == [first]


def test_an_id_may_be_written_in_capitals(jobs: StorageClient) -> None:
    assert found_jobs(jobs, {"filter[id]": str(job(jobs, "a")["id"]).upper()}) == ["ua"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.000Z",
        "2026-01-01T10:00:00+00:00",
        "2026-01-01T12:30:00+02:30",
        "2026-01-01 10:00:00 +0000",
        "2026-01-01 10:00:00 UTC",
        "2026-01-01 10:00:00",
    ],
)
def test_times_may_be_written_in_several_ways(text: str) -> None:
    assert times.read(text) == 1_767_261_600_000_000


@pytest.mark.parametrize("text", ["", "now", "10:00", "2026-01-01T00:00:00 02:00", "1767261600"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="iso"):
        times.read(text)


def test_a_raw_plus_in_a_time_is_a_space(storage: StorageClient) -> None:
    assert storage.get("/jobs?filter[created_at__gte]=2026-01-01T00:00:00+02:00").status_code == 422
    assert storage.get("/jobs?filter[created_at__gte]=2026-01-01T00:00:00%2B02:00").status_code == 200


def test_real_deployments_drop_the_offset_of_a_time(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    created = str(storage.job(id_)["created_at"])
    elsewhere = {"filter[created_at]": created.replace("Z", "+05:00")}
    assert storage.jobs(elsewhere) == []
    storage.options(ignore_offsets=True)
    assert [item["id"] for item in storage.jobs(elsewhere)] == [id_]


def test_real_deployments_compare_fractions_that_they_do_not_show(storage: StorageClient) -> None:
    ids = storage.make_jobs(count=5)
    created = str(storage.job(ids[0])["created_at"])
    assert ids[0] in [item["id"] for item in storage.jobs({"filter[created_at__lte]": created})]
    storage.options(stored_fractions=True)
    assert ids[0] not in [item["id"] for item in storage.jobs({"filter[created_at__lte]": created})]
    assert ids[0] in [item["id"] for item in storage.jobs({"filter[created_at__gte]": created})]


def test_real_deployments_have_no_column_for_changes_of_media(storage: StorageClient) -> None:
    storage.options(media_updated_at_500=True)
    for params in ({"filter[updated_at]": PAST}, {"sort": "updated_at"}, {"sort": "-updated_at"}):
        assert storage.get("/medias", params).status_code == 500
    assert storage.get("/jobs", {"filter[updated_at]": PAST}).status_code == 200

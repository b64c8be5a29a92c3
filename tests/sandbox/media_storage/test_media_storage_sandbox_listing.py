"""Listings: pages, order, count and sparse fields."""

from __future__ import annotations

from uuid import UUID

import pytest
from media_storage_client import Parameters, StorageClient, error, flat

FIELDS = "fields[media:medias]"


@pytest.fixture(scope="module")
def rows(shared_storage: StorageClient) -> StorageClient:
    """A sandbox with 2,345 media, r0 to r2344, of three sizes."""
    for number, count in enumerate((1000, 1000, 345)):
        shared_storage.make_medias(count=count, prefix=f"set{number}-", content="x" * (number + 1))
    return shared_storage


def pages(client: StorageClient, size: int, **params: str) -> list[list[str]]:
    """Page through all media until a page is not full; return the ids."""
    found: list[list[str]] = []
    while not found or len(found[-1]) == size:
        paging = {"page[number]": str(len(found) + 1), "page[size]": str(size)}
        found.append([item["id"] for item in client.medias({**paging, **params})])
    return found


def test_all_rows_come_on_pages(rows: StorageClient) -> None:
    found = pages(rows, 1000)
    assert [len(page) for page in found] == [1000, 1000, 345]
    assert len({id_ for page in found for id_ in page}) == 2345


def test_a_number_of_rows_that_fills_the_pages_ends_with_an_empty_one(rows: StorageClient) -> None:
    assert [len(page) for page in pages(rows, 469)] == [469] * 5 + [0]


def test_the_default_is_the_first_page_of_a_thousand(rows: StorageClient) -> None:
    assert rows.medias() == rows.medias({"page[number]": "1", "page[size]": "1000"})


def test_a_page_past_the_end_is_empty(rows: StorageClient) -> None:
    for number in ("4", "1000000", "9999999999", "9" * 30):
        answer = rows.get("/medias", {"page[number]": number})
        assert (answer.status_code, answer.json()) == (200, {"data": [], "meta": {}})


@pytest.mark.parametrize(
    ("parameter", "value", "pointer"),
    [
        ("page[number]", "0", "/page/number"),
        ("page[number]", "-1", "/page/number"),
        ("page[number]", "one", "/page/number"),
        ("page[number]", "", "/page/number"),
        ("page[number]", "1.0", "/page/number"),
        ("page[number][]", "1", "/page/number"),
        ("page[size]", "0", "/page/size"),
        ("page[size]", "1001", "/page/size"),
        ("page[size]", "-5", "/page/size"),
        ("page[size]", "all", "/page/size"),
        ("page", "2", "/page"),
        ("page[]", "2", "/page"),
        ("count", "True", "/count"),
        ("count", "1", "/count"),
        ("count", "0", "/count"),
        ("count[]", "true", "/count"),
        ("sort", "nothing", "/sort"),
        ("sort", "id,-nothing", "/sort"),
        ("sort", "jobs.id", "/sort"),
        ("sort", "arguments", "/sort"),
        ("sort[]", "id", "/sort"),
        ("fields", "status", "/fields"),
        ("fields[]", "status", "/fields"),
        ("filter", "x", "/filter"),
        ("filter[]", "x", "/filter"),
        ("filter[status][deep]", "x", "/filter"),
    ],
)
def test_faulty_parameters_are_refused(shared_storage: StorageClient, parameter: str, value: str, pointer: str) -> None:
    answer = shared_storage.get("/jobs", {parameter: value})
    assert answer.status_code == 422
    assert error(answer)["source"]["pointer"] == pointer


def test_a_refusal_names_the_parameter_as_it_is_written(shared_storage: StorageClient) -> None:
    item = error(shared_storage.get("/jobs", {"page[size]": "1001"}))
    assert set(item) == {"status", "title", "detail", "source"}
    assert item["source"] == {"pointer": "/page/size", "parameter": "page[size]"}


@pytest.mark.parametrize("query", ["page[size]=1&page[size]=2", "sort=id&sort=-id", "count=true&count=true"])
def test_a_parameter_given_twice_is_refused(shared_storage: StorageClient, query: str) -> None:
    assert shared_storage.get(f"/jobs?{query}").status_code == 422


@pytest.mark.parametrize("query", ["filter[id=5", "filter]id[=5", "=", "%ff=1", "filter[status]=%ff"])
def test_an_unreadable_query_is_refused(shared_storage: StorageClient, query: str) -> None:
    assert shared_storage.raw("GET", f"/jobs?{query}")[0] == 400


@pytest.mark.parametrize("query", ["include=x", "included=x", "nothing=1", "page[offset]=7", "&&"])
def test_what_means_nothing_to_a_list_is_ignored(rows: StorageClient, query: str) -> None:
    assert len(rows.get(f"/medias?page[size]=5&{query}").json()["data"]) == 5


def test_jobs_are_listed_oldest_first(storage: StorageClient) -> None:
    ids = storage.make_jobs(count=300) + storage.make_jobs(count=5, priority=9)
    assert [job["id"] for job in storage.jobs()] == ids == sorted(ids)
    assert {UUID(id_).version for id_ in ids} == {7}


def test_media_are_listed_by_id(rows: StorageClient) -> None:
    ids = [id_ for page in pages(rows, 1000) for id_ in page]
    assert ids == sorted(ids)


def sizes(items: list[dict[str, object]]) -> list[object]:
    return [item["size"] for item in items]


def test_sorting(rows: StorageClient) -> None:
    up, down = rows.medias({"sort": "size"}), rows.medias({"sort": "-size"})
    assert (sizes(up), sizes(down)) == ([1] * 1000, [3] * 345 + [2] * 655)
    assert rows.medias({"sort": ""}) == rows.medias()
    # The id decides where nothing else does, so that pages neither repeat nor skip rows.
    assert [item["id"] for item in up] == sorted(item["id"] for item in up)
    found = [id_ for page in pages(rows, 100, sort="-size") for id_ in page]
    assert len(found) == len(set(found)) == 2345


def test_sorting_by_several_fields(storage: StorageClient) -> None:
    for priority, status in ((1, "b"), (2, "a"), (1, "a"), (2, "b")):
        storage.make_jobs(priority=priority, status=status)
    assert [(job["priority"], job["status"]) for job in storage.jobs({"sort": "-priority,status"})] == [
        (2, "a"),
        (2, "b"),
        (1, "a"),
        (1, "b"),
    ]
    storage.options(last_sort_only=True)
    assert [job["status"] for job in storage.jobs({"sort": "-priority,status"})] == ["a", "a", "b", "b"]
    assert len(storage.jobs()) == 4


def test_null_sorts_after_all_values(storage: StorageClient) -> None:
    for text in (None, "b", "", "a"):
        storage.make_jobs(error=text)
    assert [job["error"] for job in storage.jobs({"sort": "error"})] == ["", "a", "b", None]
    assert [job["error"] for job in storage.jobs({"sort": "-error"})] == [None, "b", "a", ""]


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        *((value, True) for value in ("true", "t", "y", "yes")),
        *((value, False) for value in ("false", "f", "n", "no", "")),
    ],
)
def test_counting_is_asked_for(rows: StorageClient, value: str, counted: bool) -> None:
    meta = rows.get("/medias", {"count": value, "page[size]": "1"}).json()["meta"]
    assert meta == ({"count": 2345, "more": False} if counted else {})


def test_the_count_is_of_what_the_filters_leave(rows: StorageClient) -> None:
    params = {"count": "true", "filter[size]": "3", "page[number]": "7"}
    assert rows.get("/medias", params).json() == {"data": [], "meta": {"count": 345, "more": False}}


@pytest.mark.parametrize(
    ("number", "size", "meta"),
    [
        ("1", "1000", {"count": 1000, "more": True}),
        ("2", "1000", {"count": 2000, "more": True}),
        ("3", "1000", {"count": 2345, "more": False}),
        ("9", "1000", {"count": 8000, "more": False}),
    ],
)
def test_real_deployments_count_a_thousand_rows_at_most(
    rows: StorageClient, number: str, size: str, meta: dict[str, object]
) -> None:
    rows.options(capped_count=True)
    try:
        params = {"count": "true", "page[number]": number, "page[size]": size}
        assert rows.get("/medias", params).json()["meta"] == meta
    finally:
        rows.options(capped_count=False)


def test_there_are_no_links(rows: StorageClient) -> None:
    assert set(rows.get("/medias", {"page[size]": "1"}).json()) == {"data", "meta"}


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ([(f"{FIELDS}[]", "key"), (f"{FIELDS}[]", "size")], {"key", "size"}),
        ({FIELDS: "key,size"}, {"key", "size"}),
        ([(f"{FIELDS}[]", "size"), (f"{FIELDS}[]", "nothing")], {"size"}),
        ({FIELDS: ""}, set()),
        ({"fields[media:nothing]": "key"}, None),
        ({"fields[media:jobs]": "status"}, None),
    ],
)
def test_sparse_fields(rows: StorageClient, params: Parameters, shown: set[str] | None) -> None:
    (item,) = rows.get("/medias", [*httpx_pairs(params), ("page[size]", "1")]).json()["data"]
    assert set(item) == {"type", "id", "attributes"}
    everything = {"resource", "key", "filename", "size", "mime_type", "created_by", "created_role", "public"}
    everything |= {"created_at", "updated_at", "project_id"}
    assert set(item["attributes"]) == (everything if shown is None else shown)


def httpx_pairs(params: Parameters) -> list[tuple[str, str]]:
    return list(params.items()) if isinstance(params, dict) else list(params or ())


def test_the_colon_of_a_type_may_be_sent_raw(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    for path in (f"/jobs/{id_}", "/jobs"):
        _, document = storage.raw("GET", f"{path}?fields[media:jobs][]=status&fields%5Bmedia%3Ajobs%5D%5B%5D=progress")
        item = document["data"] if path != "/jobs" else document["data"][0]
        assert flat(item) == {"id": id_, "status": "pending", "progress": 0.0}


def test_real_deployments_take_no_comma_list_of_fields(storage: StorageClient) -> None:
    storage.options(bracket_fields_only=True)
    assert storage.get("/jobs", {"fields[media:jobs]": "status"}).status_code == 422
    assert storage.get("/jobs", {"fields[media:jobs][]": "status"}).status_code == 200


def test_a_record_shows_sparse_fields_and_has_no_relations(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    assert set(storage.get(f"/jobs/{id_}", {"fields[media:jobs]": "error"}).json()["data"]["attributes"]) == {"error"}
    for params in ({"included": "media"}, {"included[]": "media"}):
        answer = storage.get(f"/jobs/{id_}", params)
        assert (answer.status_code, error(answer)["source"]["parameter"]) == (422, "included")
    assert storage.get(f"/jobs/{id_}", {"included": ""}).status_code == 200
    assert storage.get(f"/jobs/{id_}", {"include": "media"}).status_code == 200


def test_five_hundred_jobs_are_found_by_their_ids(storage: StorageClient) -> None:
    ids = storage.make_jobs(count=1000)
    wanted = ids[::2]
    params = [*(("filter[id__in][]", id_) for id_ in wanted), ("fields[media:jobs][]", "status")]
    assert [job["id"] for job in storage.jobs(params)] == wanted

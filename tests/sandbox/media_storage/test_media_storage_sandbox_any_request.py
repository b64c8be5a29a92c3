"""Any request at all: the stand-in refuses or answers it, in a valid document, and never breaks down."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_storage_client import StorageClient, jsonapi

from media_sandbox.media_storage.filters import JOB_FILTERS, MEDIA_FILTERS

NAMES = sorted({*JOB_FILTERS, *MEDIA_FILTERS})
WORDS = st.sampled_from(
    [
        "",
        "1",
        "-1",
        "0.5",
        "true",
        "True",
        "running",
        "a,b",
        "2026-01-01T00:00:00Z",
        "0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001",
    ]
)
VALUES = WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SUFFIXES = st.sampled_from(["", "__in", "__gte", "__lte", "__", "__neq"])
FILTERS = st.builds(
    lambda name, suffix, array: f"filter[{name}{suffix}]{array}",
    st.sampled_from(NAMES),
    SUFFIXES,
    st.sampled_from(["", "[]"]),
)
OTHERS = st.sampled_from(
    [
        *("page", "page[]", "page[number]", "page[size]", "sort", "count", "included", "included[]", "filter", "x"),
        *("fields", "fields[media:jobs]", "fields[media:jobs][]", "fields[media:medias]", "filter[", "filter[]"),
    ]
)
PARAMETERS = st.tuples(FILTERS | OTHERS, VALUES | st.none())
QUERIES = st.lists(PARAMETERS, max_size=4)
SEGMENTS = st.lists(VALUES, max_size=3)
COLLECTIONS = st.sampled_from(["/jobs", "/medias"])
PLACES = st.sampled_from(["/jobs", "/medias/info", "/medias/files", "/medias", ""])

generous = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def storage(shared_storage: StorageClient) -> StorageClient:
    """A sandbox with something in it."""
    shared_storage.make_jobs(count=3, status="running", arguments={"resource": "1"})
    shared_storage.make_medias(count=3, prefix="", content="{}")
    return shared_storage


def encoded(name: str, value: str | None) -> str:
    return quote(name) if value is None else f"{quote(name)}={quote(value, safe='')}"


@generous
@given(path=COLLECTIONS, query=QUERIES)
def test_any_query(storage: StorageClient, path: str, query: list[tuple[str, str | None]]) -> None:
    text = "&".join(encoded(name, value) for name, value in query)
    status, document = storage.raw("GET", f"{path}?{text}")
    assert status in (200, 400, 422)
    jsonapi().validate(document)


@generous
@given(method=st.sampled_from(["GET", "DELETE", "POST", "PUT"]), place=PLACES, segments=SEGMENTS)
def test_any_path(storage: StorageClient, method: str, place: str, segments: list[str]) -> None:
    path = "/".join([place, *(quote(segment, safe="") for segment in segments)])
    status, document = storage.raw(method, path)
    assert status in (200, 400, 403, 404, 422)
    if status != 200 or "files" not in place:
        jsonapi().validate(document)

"""Each operation over the wire: as the page says, and with all that real deployments do otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.call import Call
from airflow_media.http.errors import (
    InvalidRequestError,
    MediaError,
    NotFoundError,
    ProtocolError,
    ServerFaultError,
)
from airflow_media.media_storage import api
from airflow_media.media_storage.flows import every_job, every_media, jobs_by_id, jobs_matching, look_up
from airflow_media.media_storage.models import Job
from airflow_media.media_storage.service import BrokenRequestError, NotAllowedError, TokenRefusedError
from airflow_media.storage import open_source, open_target
from media_sandbox.media_storage import fixtures
from media_sandbox.testing import make_garbage
from support.storeroom import Storeroom, header

pytestmark = pytest.mark.airflow

Connect = Callable[..., None]
NOBODY = "00000000-0000-7000-8000-000000000000"
NAME = "a b+ü%.mp4"
NAMES = [NAME, "?#[]@!$&'()*,;=:", "%2F", "%252F", "...", ".hidden", "日本.mov", "a~b_c-d", " ", "+", "null", "é"]

ALL_QUIRKS = {
    "plain_json": True,
    "flat_errors": True,
    "html_bad_multipart": True,
    "refuse_content_type": True,
    "number_status": True,
    "type_errors_500": True,
    "media_updated_at_500": True,
    "backtraces": True,
    "ignore_unknown_filters": True,
    "last_sort_only": True,
    "capped_count": True,
    "bracket_fields_only": True,
    "ignore_offsets": True,
    "stored_fractions": True,
    "spaced_times": True,
    "misroute_slashes": True,
    "null_error": True,
    "collection_answers": True,
    "media_meta": True,
}


@pytest.fixture(params=["strict", "quirky"])
def world(request: pytest.FixtureRequest, store: Storeroom) -> Storeroom:
    """The storage as its page has it, and as it is found."""
    if request.param == "quirky":
        store.options(**ALL_QUIRKS)
    return store


def as_admin(connect: Connect) -> None:
    connect("media_storage", {"api_key": None}, password=fixtures.ADMIN.token)


# Names


@pytest.mark.parametrize("name", NAMES)
def test_any_name_round_trips_as_resource_and_as_key(world: Storeroom, tmp_path: Path, name: str) -> None:
    for key in (None, name):
        made = world.upload(name, key=key)
        assert (made.resource, made.key) == (name, key or "")
        found = world.hook.run(look_up(name, key)).media
        assert found is not None
        assert (found.id, found.size) == (made.id, world.clip.stat().st_size)
        done = world.hook.download(name, open_target(str(tmp_path / f"{bool(key)}.mp4")), key=key)
        assert Path(done.uri).read_bytes() == world.clip.read_bytes()
        assert [media.id for media in world.hook.run(every_media(resource=name, key=key or ""))] == [made.id]


def test_names_are_sent_as_one_segment_each_and_nothing_on_the_way_rewrites_them(store: Storeroom) -> None:
    store.upload(NAME, key="%2F")
    [request] = store.requests("upload")
    assert request["path"].endswith("/medias/files/a%20b%2B%C3%BC%25.mp4/%252F")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\\b", "a\0b", "a\nb"])
def test_names_that_would_be_another_one_never_leave(store: Storeroom, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        store.hook.upload(name, open_source(str(store.clip)))
    with pytest.raises(InvalidRequestError):
        store.hook.download(name, open_target("/nowhere"))
    with pytest.raises(InvalidRequestError):
        store.hook.run(api.get_job(name))
    assert [entry for entry in store.admin.requests() if entry["operation"] != "media_storage.login"] == []


# Listings


@pytest.mark.parametrize("rows", [2345, 2000])
def test_every_row_of_all_pages_is_listed(world: Storeroom, rows: int) -> None:
    ids = world.rows(rows)
    found = world.hook.run(every_media(fields=("resource",)))
    assert sorted(media.id for media in found) == sorted(ids)
    assert len(found) == rows
    assert [entry["query"]["page[number]"] for entry in world.requests("index_medias")] == ["1", "2", "3"]


def test_a_limit_ends_the_listing(store: Storeroom) -> None:
    store.rows(30)
    assert len(store.hook.run(every_media(limit=7, sort="-created_at"))) == 7
    assert store.requests("index_medias")[0]["query"]["page[size]"] == "7"


def test_a_count_is_a_total_where_it_is_one(world: Storeroom) -> None:
    world.rows(4)
    page = world.hook.run(api.list_medias(count=True, page_size=3))
    assert (len(page.items), page.total) == (3, 4)
    assert world.hook.run(api.list_medias(page_size=3)).total is None
    assert world.hook.run(api.list_medias(count=True, page_number=9)).total is None


def test_beyond_a_thousand_a_count_may_be_less_than_all(store: Storeroom) -> None:
    store.rows(1200)
    assert store.hook.run(api.list_medias(count=True, page_size=1)).total == 1200
    store.options(capped_count=True)
    page = store.hook.run(api.list_medias(count=True, page_size=1))
    assert (page.count, page.more, page.total) == (1000, True, None)


def test_sparse_answers_hold_what_was_asked_for(world: Storeroom) -> None:
    job_id = world.job(status="running", progress=0.25)
    for job in (
        world.hook.run(api.get_job(job_id, fields=("status", "progress"))),
        world.hook.run(api.list_jobs(fields=("status", "progress"))).items[0],
    ):
        assert job == Job(id=job_id, status="running", progress=0.25)


def test_relations_are_refused_as_there_are_none(store: Storeroom) -> None:
    with pytest.raises(InvalidRequestError) as fault:
        store.hook.run(api.get_job(store.job(), included=("owner",)))
    assert fault.value.status == 422


@pytest.mark.parametrize("sort", ["-priority", "priority", "-created_at"])
def test_rows_are_sorted_by_the_service(world: Storeroom, sort: str) -> None:
    for priority in (2, 5, 1):
        world.job(priority=priority)
    found = [job.priority for job in world.hook.run(every_job(sort=sort))]
    assert found == {"-priority": [5, 2, 1], "priority": [1, 2, 5], "-created_at": found}[sort]


# Filters

JOB_ATTRIBUTES = {
    "job_class": "Alpha::Job",
    "priority": 3,
    "status": "errored",
    "progress": 0.25,
    "retry_count": 2,
    "error": "it broke",
    "unicity": "one",
}


@pytest.mark.parametrize(
    ("hit", "miss"),
    [
        ({"job_class": "Alpha::Job"}, {"job_class": "alpha::job"}),
        ({"job_class": ["Beta::Job", "Alpha::Job"]}, {"job_class": ["Beta::Job"]}),
        ({"job_class__in": ["Alpha::Job"]}, {"job_class__in": ["Beta::Job"]}),
        ({"priority": 3}, {"priority": 4}),
        ({"priority__gte": 3}, {"priority__gte": 4}),
        ({"priority__lte": 3}, {"priority__lte": 2}),
        ({"status": "errored"}, {"status": "error"}),
        ({"status__in": ["running", "errored"]}, {"status__in": ["running"]}),
        ({"progress": 0.25}, {"progress": 0.5}),
        ({"retry_count": 2}, {"retry_count": 0}),
        ({"retry_count__gte": 2, "retry_count__lte": 2}, {"retry_count__gte": 3}),
        ({"error": "it broke"}, {"error": None}),
        ({"unicity": "one"}, {"unicity": "two"}),
        ({"created_at__gte": "2020-01-01"}, {"created_at__gte": "2999-01-01"}),
        ({"created_at__lte": "2999-01-01"}, {"created_at__lte": "2020-01-01"}),
        ({"updated_at__gte": "2020-01-01"}, {"updated_at__gte": "2999-01-01"}),
        ({"updated_at__lte": "2999-01-01"}, {"updated_at__lte": "2020-01-01"}),
        ({"scheduled_at__gte": "2020-01-01"}, {"scheduled_at__gte": "2999-01-01"}),
        ({"scheduled_at__lte": "2999-01-01"}, {"scheduled_at__lte": "2020-01-01"}),
        ({"priority": 3, "status": "errored"}, {"priority": 3, "status": "running"}),
    ],
)
def test_each_filter_of_jobs_finds_and_does_not_find(world: Storeroom, hit: Any, miss: Any) -> None:
    job_id = world.job(**JOB_ATTRIBUTES)
    assert [job.id for job in world.hook.run(every_job(**hit))] == [job_id]
    assert world.hook.run(every_job(**miss)) == []


def test_jobs_are_found_by_id_and_by_their_own_times(store: Storeroom) -> None:
    first, second = store.job(**JOB_ATTRIBUTES), store.job()
    [job] = store.hook.run(every_job(id=first))
    assert [each.id for each in store.hook.run(every_job(id__in=[first, NOBODY]))] == [first]
    assert store.hook.run(every_job(error=None, id=[first, second]))[0].id == second
    assert job.created_at is not None
    for name in ("created_at", "updated_at", "scheduled_at"):
        filters: Any = {name: job.created_at}
        assert first in [each.id for each in store.hook.run(every_job(**filters))]


def test_a_time_means_the_same_moment_whatever_its_zone(world: Storeroom) -> None:
    job_id = world.job()
    created = world.hook.run(api.get_job(job_id)).created_at
    assert created is not None
    hour = timedelta(hours=1)
    for text in (
        created.isoformat(),
        created.astimezone().isoformat(),
        (created + 5 * hour).replace(tzinfo=None).isoformat() + "+05:00",
    ):
        assert [job.id for job in world.hook.run(every_job(created_at__gte=text))] == [job_id]
    later: Any = (created + hour).astimezone(UTC)
    assert world.hook.run(every_job(created_at__gte=later)) == []


@pytest.mark.parametrize(
    ("hit", "miss"),
    [
        ({"resource": NAME}, {"resource": "a b"}),
        ({"resource": ["x", NAME]}, {"resource": ["x"]}),
        ({"key": "k.jpg"}, {"key": ""}),
        ({"filename": "clip.mp4"}, {"filename": "clip"}),
        ({"mime_type": "video/mp4"}, {"mime_type": "video"}),
        ({"created_by": 7}, {"created_by": 8}),
        ({"created_role": "user"}, {"created_role": "processor"}),
        ({"public": False}, {"public": True}),
        ({"project_id": "p1"}, {"project_id": "p2"}),
        ({"created_at": [datetime(2020, 1, 1, tzinfo=UTC)]}, {"created_at": "2020-01-01"}),
    ],
)
def test_each_filter_of_media_finds_and_does_not_find(world: Storeroom, hit: Any, miss: Any) -> None:
    media = world.upload(NAME, key="k.jpg")
    assert media.size is not None
    if "created_at" in hit:
        hit = {"id": media.id, "size": media.size}
    assert [each.id for each in world.hook.run(every_media(**hit))] == [media.id]
    assert world.hook.run(every_media(**miss)) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda: every_job(statuz="x"),  # type: ignore[call-arg]
        lambda: every_media(id__in=["x"]),  # type: ignore[call-arg]
        lambda: every_job(status__neq="x"),  # type: ignore[call-arg]
        lambda: every_job(id__in=[]),
    ],
)
def test_a_filter_that_the_service_would_drop_never_leaves(store: Storeroom, ask: Callable[[], Any]) -> None:
    with pytest.raises(InvalidRequestError):
        store.hook.run(ask())
    assert store.admin.requests() == []


def test_the_jobs_of_a_resource_are_found(store: Storeroom) -> None:
    mine = store.job(arguments={"resource": NAME})
    store.job(arguments={"resource": "else"})
    store.job(arguments={})
    assert [job.id for job in store.hook.run(jobs_matching(resource=NAME, fields=("status",)))] == [mine]


def test_many_jobs_are_had_by_their_ids(world: Storeroom) -> None:
    ids = world.jobs(1200, status="running")
    found = world.hook.run(jobs_by_id([*ids, NOBODY, "no uuid"], fields=("status",)))
    assert found.keys() == set(ids)
    assert [entry["query"]["page[size]"] for entry in world.requests("index_jobs")] == ["500", "500", "201"]
    assert world.count("show_job") == 1


# Single jobs


def test_a_job_is_deleted_by_administrators_and_only_the_record(store: Storeroom, connect: Connect) -> None:
    job_id = store.job()
    with pytest.raises(NotAllowedError, match="only administrators"):
        store.hook.run(api.delete_job(job_id))
    as_admin(connect)
    store.__dict__.pop("hook")
    for _ in range(2):
        store.hook.run(api.delete_job(job_id))
    with pytest.raises(NotFoundError):
        store.hook.run(api.get_job(job_id))


def test_requests_without_a_body_say_no_content_type(store: Storeroom, connect: Connect) -> None:
    store.options(refuse_content_type=True)
    as_admin(connect)
    store.hook.run(api.delete_job(store.job()))
    store.rows(1, prefix="r")
    store.hook.run(api.media_info("r0"))
    for entry in store.admin.requests():
        assert header(entry, "content-type") is None
        assert entry["status"] < 300


# 204 where the page gives it


@pytest.mark.parametrize("size", [0, 10])
def test_info_may_have_no_content(store: Storeroom, size: int) -> None:
    store.rows(1, prefix="r", content="x" * size)
    store.options(info_no_content=True)
    known = store.hook.run(look_up("r0"))
    assert known.size == size
    assert store.count("index_medias") == 1


def test_a_download_may_have_no_content_where_the_file_is_empty(store: Storeroom, tmp_path: Path) -> None:
    store.rows(1, prefix="r", content="")
    store.options(download_no_content=True)
    done = store.hook.download("r0", open_target(str(tmp_path / "empty.txt")))
    assert (done.size, (tmp_path / "empty.txt").read_bytes()) == (0, b"")


def test_a_download_without_content_of_a_file_that_has_some_is_told_and_leaves_nothing(
    store: Storeroom, tmp_path: Path
) -> None:
    store.upload("r")
    store.options(download_no_content=True, info_no_content=True)
    with pytest.raises(ProtocolError, match="no content came") as fault:
        store.hook.download("r", open_target(str(tmp_path / "clip.mp4")))
    assert fault.value.status == 204
    assert list(tmp_path.iterdir()) == []


# What the service refuses


@pytest.mark.parametrize(
    ("call", "quirky", "error", "status"),
    [
        (api.get_job(NOBODY), {}, NotFoundError, 404),
        (api.media_info("nobody"), {}, NotFoundError, 404),
        (api.get_job("no-uuid"), {"type_errors_500": True}, BrokenRequestError, 500),
    ],
)
@pytest.mark.parametrize("more", [{}, {"flat_errors": True, "backtraces": True, "number_status": True}])
def test_refusals_are_told_in_both_shapes(
    store: Storeroom, call: Call[Any], quirky: dict[str, bool], error: type[MediaError], status: int, more: Any
) -> None:
    store.options(**quirky, **more)
    with pytest.raises(error) as fault:
        store.hook.run(call)
    assert fault.value.status == status
    assert "Media storage could not" in str(fault.value)
    assert "backtrace" not in str(fault.value)
    assert ".rb" not in str(fault.value)


def test_what_fails_inside_is_not_asked_again_and_again(store: Storeroom) -> None:
    store.options(type_errors_500=True)
    with pytest.raises(BrokenRequestError):
        store.hook.run(api.get_job("no-uuid"))
    assert store.count("show_job") == 1


@pytest.mark.parametrize("fault", ["429 retry_after=0", "502", "503", "504", "reset", "lost_answer", "expire_token"])
def test_passing_faults_of_what_changes_nothing_are_met_by_asking_again(store: Storeroom, fault: str) -> None:
    store.rows(1)
    for operation in ("index_medias", "index_jobs"):
        store.admin.fault(f"{fault} on=media_storage.{operation} times=1")
    assert len(store.hook.run(every_media())) == 1
    assert store.hook.run(every_job()) == []


def test_a_service_that_stays_away_is_given_up(store: Storeroom) -> None:
    store.admin.fault("503 on=media_storage.index_medias")
    with store.hook.hasty_client() as client, pytest.raises(ServerFaultError):
        client.run(api.list_medias())


def test_a_reader_may_not_upload(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", {"api_key": fixtures.VIEWER.api_key})
    with pytest.raises(NotAllowedError, match="what the user or the API key may do"):
        store.hook.upload("r", open_source(str(store.clip)))


def test_rows_of_other_projects_are_not_there(store: Storeroom, connect: Connect) -> None:
    media = store.upload("r")
    connect("media_storage", {"api_key": fixtures.OTHER.api_key})
    store.__dict__.pop("hook")
    assert store.hook.run(every_media()) == []
    with pytest.raises(NotFoundError):
        store.hook.run(look_up("r"))
    assert media.project_id == "p1"


def test_a_key_that_is_none_is_refused_before_anything_else(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", {"api_key": "IDAH_nobody"})
    with pytest.raises(TokenRefusedError, match="exchange the API key"):
        store.hook.run(every_media())
    assert store.count("index_medias") == 0


# Uploads over the wire


def test_the_file_part_has_name_and_type_and_the_request_its_length(store: Storeroom, tmp_path: Path) -> None:
    film = make_garbage(tmp_path / "größer +%.mov", size=3 * 1024 * 1024 + 7)
    media = store.upload("r", film)
    assert (media.filename, media.mime_type, media.size) == ("größer +%.mov", "video/quicktime", 3145735)
    [request] = store.requests("upload")
    assert header(request, "transfer-encoding") is None
    assert int(header(request, "content-length") or 0) > 3145735


def test_deployments_that_ask_for_another_form_get_it_by_settings(store: Storeroom, connect: Connect) -> None:
    store.options(upload_field="file", require_project_id=True)
    with pytest.raises(InvalidRequestError, match="upload_field"):
        store.upload("r")
    connect("media_storage", {"upload_field": "file", "upload_fields": {"project_id": "p1"}})
    store.__dict__.pop("hook")
    assert store.upload("r").project_id == "p1"


def test_times_are_the_same_in_each_spelling(store: Storeroom) -> None:
    media_id = store.upload("r").id
    plain = store.all_media[0].created_at
    for spelling in ({"named_zone": True}, {"named_zone": False, "spaced_times": True}):
        store.options(**spelling)
        [media] = store.all_media
        assert (media.id, media.created_at) == (media_id, plain)

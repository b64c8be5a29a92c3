"""Flows: listings, find or create, submit once, find again, clean up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pixop_script import Script, page, refusal, reply

from airflow_media.http.call import Answer
from airflow_media.http.errors import ConflictError, InvalidRequestError, NetworkFaultError, ServerFaultError
from airflow_media.pixop import flows
from airflow_media.pixop.models import ProcessingReceipt, VideoReceipt
from airflow_media.pixop.settings import ProcessSettings

LOST = NetworkFaultError("connection lost")
SETTINGS = ProcessSettings(scaler="scale", resolution="2x")
NEXT = "https://elsewhere.test/videos/v1/videos?page={}&page-size=10&project-id=other"


def item(
    id: str, name: str = "clip", *, created: str = "2021-07-02 10:00:00", parent: str | None = None
) -> dict[str, Any]:
    listed = {"id": id, "name": name, "projectId": "p", "dateCreated": created, "parentId": parent}
    return {key: value for key, value in listed.items() if value is not None}


def videos(*items: dict[str, Any], following: str | None = None) -> Answer:
    return page("videos", list(items), following)


def projects(*items: dict[str, Any]) -> Answer:
    return page("projects", list(items))


def details(id: str, *, status: str = "DONE", filters: tuple[str, ...] = ("scale",), width: int = 1440) -> Answer:
    target = {"frameWidth": width, "frameHeight": 1152, "videoFilters": [{"name": name} for name in filters]}
    processing = {"processingState": {"processingStatus": status}, "processingParameters": {"targetVideo": target}}
    return reply({"video": {"id": id, "projectId": "p", "processing": processing}})


SOURCE = reply(
    {"video": {"id": "v", "ingestion": {"metadata": {"frameWidth": 720, "frameHeight": 576, "durationInMillis": 9}}}}
)


def test_a_listing_is_read_to_its_end_on_our_root_with_our_filters() -> None:
    script = Script(
        videos(item("a"), following=NEXT.format(2)), videos(item("b"), following=NEXT.format(3)), videos(item("c"))
    )
    found = script.run(flows.all_videos(project_id="p", parent_id="v"))
    assert [each.id for each in found] == ["a", "b", "c"]
    assert script.asked == ["GET /v1/videos"] * 3
    ours = {"project-id": "p", "parent-id": "v", "page-size": "100"}
    assert [call.params for call in script.calls] == [ours, {**ours, "page": "2"}, {**ours, "page": "3"}]


def test_a_listing_ends_on_an_empty_page_and_on_links_in_a_circle() -> None:
    assert Script(videos(following=NEXT.format(2))).run(flows.all_videos()) == []
    circle = Script(
        videos(item("a"), following=NEXT.format(2)),
        videos(item("b"), following=NEXT.format(1)),
        videos(item("a"), following=NEXT.format(2)),
    )
    assert len(circle.run(flows.all_videos(project_id="p"))) == 3


def test_all_projects_are_listed() -> None:
    script = Script(projects({"id": "p"}))
    assert [project.id for project in script.run(flows.all_projects())] == ["p"]
    assert script.calls[0].params == {"page-size": "100"}


def test_of_projects_of_the_same_name_the_oldest_is_found() -> None:
    listing = projects(
        item("young", "Films", created="2021-07-03 00:00:00"),
        item("old", "Films", created="2021-07-01 00:00:00"),
        item("other", "films"),
    )
    found = Script(listing).run(flows.find_project("Films"))
    assert found is not None
    assert found.id == "old"
    assert Script(listing).run(flows.find_project("Film")) is None


def test_a_project_is_created_only_where_there_is_none() -> None:
    assert Script(projects(item("p", "Films"))).run(flows.find_or_create_project("Films")).id == "p"
    script = Script(projects(), reply({"project": {"id": "new"}}))
    assert script.run(flows.find_or_create_project("Films")).id == "new"
    assert script.asked == ["GET /v1/projects", "PUT /v1/project"]


def test_a_project_whose_answer_was_lost_is_found_and_not_made_twice() -> None:
    script = Script(projects(), LOST, projects(item("made", "Films")))
    assert script.run(flows.find_or_create_project("Films")).id == "made"
    assert script.asked == ["GET /v1/projects", "PUT /v1/project", "GET /v1/projects"]
    assert len(script.pauses) == 1


def test_a_video_is_found_by_its_name_and_processed_ones_do_not_count() -> None:
    listing = videos(
        item("d", created="2021-07-01 00:00:00", parent="v"),
        item("young", created="2021-07-04 00:00:00"),
        item("v", created="2021-07-02 00:00:00"),
        item("x", "clip 2"),
    )
    script = Script(listing)
    found = script.run(flows.find_video("clip", "p"))
    assert found is not None
    assert found.id == "v"
    assert script.calls[0].params["project-id"] == "p"
    assert Script(listing).run(flows.find_video("nothing")) is None


def test_a_video_whose_answer_was_lost_is_found_and_not_made_twice() -> None:
    script = Script(videos(), LOST, videos(item("made", "clip [k]")))
    assert script.run(flows.create_video_once("clip [k]", "p")) == VideoReceipt("made", "p")
    assert script.asked == ["GET /v1/videos", "PUT /v1/video", "GET /v1/videos"]
    assert script.calls[1].json == {"name": "clip [k]", "projectId": "p"}


def test_a_video_that_was_not_made_is_made_at_the_next_try() -> None:
    script = Script(videos(), ServerFaultError("no", status=503), videos(), reply({"videoId": "second"}))
    assert script.run(flows.create_video_once("clip", "p")).video_id == "second"


def test_names_with_a_key_are_the_same_for_the_same_key_only() -> None:
    name = flows.keyed_name("clip", "dag/run/task/0")
    assert name == flows.keyed_name("clip", "dag/run/task/0")
    assert name != flows.keyed_name("clip", "dag/run/task/1")
    assert name.startswith("clip [")
    assert len(name) == len("clip []") + flows.KEY_DIGITS


def test_an_earlier_job_is_found_by_what_it_was_made_with() -> None:
    script = Script(
        videos(
            item("older", created="2021-07-01 00:00:00", parent="v"),
            item("other", created="2021-07-02 00:00:00", parent="v"),
            item("failed", created="2021-07-03 00:00:00", parent="v"),
            item("gone", created="2021-07-04 00:00:00", parent="v"),
        ),
        refusal(404),
        details("failed", status="ERROR"),
        details("other", filters=("dvres",)),
        SOURCE,
        details("older", status="IN_PROGRESS"),
    )
    found = script.run(flows.find_processing("v", SETTINGS))
    assert found is not None
    assert found.id == "older"
    assert script.calls[0].params["parent-id"] == "v"
    assert script.asked[1:] == [f"GET /v1/video/{id}" for id in ("gone", "failed", "other", "v", "older")]


def test_jobs_before_a_time_and_jobs_that_report_nothing_are_not_found() -> None:
    listing = videos(
        item("early", created="2021-07-02 09:59:59", parent="v"), item("same second", created="2021-07-02 10:00:00")
    )
    bare = reply({"video": {"id": "same second", "processing": {"processingState": {"processingStatus": "INITIAL"}}}})
    script = Script(listing, bare)
    since = datetime(2021, 7, 2, 10, 0, 0, 700_000, tzinfo=UTC)
    assert script.run(flows.find_processing("v", SETTINGS, since=since)) is None
    assert script.asked[1:] == ["GET /v1/video/same%20second"]


def test_jobs_of_a_processed_source_are_looked_for_under_its_original() -> None:
    script = Script(videos())
    assert script.run(flows.find_processing("d", SETTINGS, parent_id="v")) is None
    assert script.calls[0].params["parent-id"] == "v"


def test_a_job_is_started_even_where_an_equal_one_is_there() -> None:
    script = Script(videos(item("earlier", parent="v")), reply({"processedVideoId": "new", "sourceVideoId": "v"}))
    assert script.run(flows.process_once("v", SETTINGS)) == ProcessingReceipt("new", "v")
    assert script.asked == ["GET /v1/videos", "POST /v1/process-video/v"]
    assert script.calls[1].json == {"scaler": "scale", "resolution": {"tag": "2x"}}


def test_a_job_whose_answer_was_lost_is_found_among_the_new_children() -> None:
    before, theirs, ours = item("earlier", parent="v"), item("theirs", parent="v"), item("ours", parent="v")
    script = Script(
        videos(before), LOST, videos(before, theirs, ours), details("theirs", width=999), SOURCE, details("ours")
    )
    assert script.run(flows.process_once("v", SETTINGS)) == ProcessingReceipt("ours", "v", "p")
    assert script.asked.count("POST /v1/process-video/v") == 1


@pytest.mark.parametrize(
    "new",
    [
        reply({"video": {"id": "new", "projectId": "p"}}),
        reply({"video": {"id": "new", "projectId": "p", "processing": {}}}),
        details("new", status="ERROR"),
    ],
    ids=["not begun", "nothing reported", "failed at once"],
)
def test_a_new_child_is_ours_also_when_it_tells_little_or_has_failed(new: Answer) -> None:
    used = [SOURCE] if b"processingParameters" in new.content else []
    script = Script(videos(), LOST, videos(item("new", parent="v")), new, *used)
    assert script.run(flows.process_once("v", SETTINGS)) == ProcessingReceipt("new", "v", "p")


def test_a_job_that_was_not_started_is_started_again() -> None:
    script = Script(videos(), LOST, videos(), reply({"processedVideoId": "second"}))
    assert script.run(flows.process_once("v", SETTINGS)).processed_video_id == "second"
    assert script.asked.count("POST /v1/process-video/v") == 2


def test_a_refused_job_is_told_at_once() -> None:
    script = Script(videos(), refusal(409, "NotIngestedException", "still ingesting"))
    with pytest.raises(ConflictError, match="still ingesting"):
        script.run(flows.process_once("v", SETTINGS))


def test_a_cancel_takes_the_processed_video_and_may_come_late() -> None:
    script = Script(reply({"deletedVideos": [{"videoId": "d"}]}))
    assert script.run(flows.cancel_processing("d")) == ("d",)
    assert script.asked == ["DELETE /v1/video/d"]
    assert Script(refusal(404)).run(flows.cancel_processing("d")) == ()


def test_a_project_is_deleted_when_it_is_empty() -> None:
    script = Script(videos(), Answer(204, {}))
    assert script.run(flows.delete_project_if_empty("p")) is True
    assert script.asked == ["GET /v1/videos", "DELETE /v1/project/p"]
    assert Script(videos(), refusal(404)).run(flows.delete_project_if_empty("p")) is True


def test_a_project_with_videos_stays() -> None:
    assert Script(videos(item("v"))).run(flows.delete_project_if_empty("p")) is False
    raced = Script(videos(), refusal(400), videos(item("v")))
    assert raced.run(flows.delete_project_if_empty("p")) is False


def test_another_refusal_to_delete_a_project_is_told() -> None:
    with pytest.raises(InvalidRequestError):
        Script(videos(), refusal(400), videos()).run(flows.delete_project_if_empty("p"))
    with pytest.raises(ServerFaultError):
        Script(videos(), refusal(500)).run(flows.delete_project_if_empty("p"))

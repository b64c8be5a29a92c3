"""What is missing of a day, and what became of a video."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from airflow_media.ingest.interval import Interval
from airflow_media.ingest.manifest import Manifest, Output, Video
from airflow_media.ingest.plan import REPLACED, STEPS, Order, Work, conclude, name_of, plan
from airflow_media.ingest.shelf import StoredObject

DAY = Interval.day("2026-01-31")
NOW = "2026-02-01T00:00:00+00:00"
SOURCE = "s3://films/in/2026-01-31/clip.mov"
ARRIVAL = StoredObject(SOURCE, '"1"', 10, DAY.start)
ORDER = Order("s3://films/out/2026-01-31/", STEPS, {"enhance": ".mp4", "transcode": ".avi", "caption": ".vtt"})
NAME = name_of(SOURCE, '"1"')
OUTPUTS = {
    "enhance": f"s3://films/out/2026-01-31/{NAME}/enhanced/clip.mp4",
    "transcode": f"s3://films/out/2026-01-31/{NAME}/transcoded/clip.avi",
    "caption": f"s3://films/out/2026-01-31/{NAME}/captions/clip.vtt",
}
KEPT = {f"media_storage_{folder}": "id" for folder in ("enhanced", "transcoded", "captions")}
ALL_THERE = {uri: StoredObject(uri, '"e"', 5, DAY.end) for uri in OUTPUTS.values()}
DONE = Video(
    source=SOURCE,
    etag='"1"',
    size=10,
    name=NAME,
    state="done",
    outputs={step: Output(uri, 5, '"e"', NOW) for step, uri in OUTPUTS.items()},
    ids=KEPT,
)


def planned(
    *known: Video,
    arrivals: tuple[StoredObject, ...] = (ARRIVAL,),
    stored: Mapping[str, StoredObject] = ALL_THERE,
    order: Order = ORDER,
    salt: str | None = None,
) -> list[Work]:
    manifest = Manifest.of(DAY).with_videos(known) if known else None
    return plan(arrivals, manifest, stored, order, planned_at=NOW, salt=salt)


def test_a_new_video_is_to_be_done_in_full() -> None:
    [work] = planned(stored={})

    assert (work.name, work.outputs, work.todo) == (NAME, OUTPUTS, STEPS)


def test_a_video_of_which_all_is_there_is_left_alone() -> None:
    assert planned(DONE) == []


@pytest.mark.parametrize("step", OUTPUTS)
def test_a_result_that_is_missing_is_made_again_and_nothing_else(step: str) -> None:
    [work] = planned(DONE, stored={uri: each for uri, each in ALL_THERE.items() if uri != OUTPUTS[step]})

    assert work.todo == (step, "keep")


def test_a_result_that_is_not_the_recorded_one_is_made_again() -> None:
    changed = {**ALL_THERE, OUTPUTS["caption"]: replace(ALL_THERE[OUTPUTS["caption"]], etag='"other"')}

    assert [work.todo for work in planned(DONE, stored=changed)] == [("caption", "keep")]


def test_what_a_killed_run_made_counts_though_nothing_was_recorded() -> None:
    there = {OUTPUTS["enhance"]: ALL_THERE[OUTPUTS["enhance"]]}

    [work] = planned(stored=there)

    assert work.todo == ("transcode", "caption", "keep")
    assert work.arguments()["enhance_source"] == ""
    assert work.arguments()["transcode_source"] == OUTPUTS["enhance"]


def test_what_is_all_there_and_was_never_recorded_is_only_recorded() -> None:
    order = replace(ORDER, steps=("enhance", "transcode", "caption"))

    [work] = planned(order=order)

    assert work.todo == ()
    video = conclude(work, None, ALL_THERE, {}, etag='"1"', ids={}, failed=(), ended_at=NOW)
    assert video.state == "done"


def test_a_replaced_source_gets_a_name_and_a_place_of_its_own() -> None:
    [work] = planned(DONE, arrivals=(replace(ARRIVAL, etag='"2"'),))

    assert work.todo == STEPS
    assert work.name != NAME
    assert not set(work.outputs.values()) & set(OUTPUTS.values())


def test_a_video_that_is_not_in_the_media_storage_is_only_kept() -> None:
    [work] = planned(replace(DONE, ids={}, state="failed"))

    assert work.todo == ("keep",)
    given = work.arguments()
    assert (given["keep_captions"], given["caption_source"]) == (OUTPUTS["caption"], "")


def test_force_does_all_of_it_anew_under_another_name_which_counts_from_then_on() -> None:
    [work] = planned(DONE, salt=NOW)
    assert work.todo == STEPS
    assert work.name != NAME

    there = {uri: StoredObject(uri, '"e"', 5, DAY.end) for uri in work.outputs.values()}
    video = conclude(work, DONE, there, {}, etag='"1"', ids=KEPT, failed=(), ended_at=NOW)
    assert planned(video, stored=there) == []


def test_steps_that_are_not_wanted_are_not_done_and_not_missed() -> None:
    order = replace(ORDER, steps=("transcode",))

    [work] = planned(stored={}, order=order)

    assert work.todo == ("transcode",)
    assert work.arguments()["transcode_source"] == SOURCE, "without enhancing, the source itself is transcoded"
    assert planned(DONE, order=order) == []


def test_two_videos_of_one_name_do_not_meet() -> None:
    twin = replace(ARRIVAL, uri="s3://films/in/2026-01-31/other/clip.mov")

    works = planned(stored={}, arrivals=(ARRIVAL, twin))

    assert len({uri for work in works for uri in work.outputs.values()}) == 6
    assert len({work.name for work in works}) == 2


def test_what_is_to_be_done_comes_before_what_is_only_recorded() -> None:
    order = replace(ORDER, steps=("enhance", "transcode", "caption"))
    new = replace(ARRIVAL, uri="s3://films/in/2026-01-31/new.mov")

    works = planned(arrivals=(ARRIVAL, new), order=order)

    assert [bool(work.todo) for work in works] == [True, False]


def test_names_from_outside_do_no_harm() -> None:
    name = name_of("s3://films/in/2026-01-31/..\u202e evil\x00 name" + "x" * 300 + ".mov", '"1"')

    assert len(name) <= 90
    assert not set(name) & set("/\\\x00\u202e")


WORK = planned(stored={})[0]


@pytest.mark.parametrize(
    ("stored", "ids", "state"),
    [(ALL_THERE, KEPT, "done"), (ALL_THERE, {}, "failed"), ({}, KEPT, "failed")],
    ids=["all there", "not kept", "no files"],
)
def test_a_video_is_done_when_nothing_of_it_is_missing(
    stored: Mapping[str, StoredObject], ids: Mapping[str, str], state: str
) -> None:
    video = conclude(WORK, None, stored, {}, etag='"1"', ids=ids, failed=("enhance.delete",), ended_at=NOW)

    assert (video.state, video.failed) == (state, ("enhance.delete",))
    assert bool(planned(video, stored=stored)) == (state == "failed")


def test_a_source_that_was_replaced_meanwhile_is_a_failure_and_done_again() -> None:
    video = conclude(WORK, None, ALL_THERE, {}, etag='"2"', ids=KEPT, failed=(), ended_at=NOW)

    assert (video.state, video.failed) == ("failed", (REPLACED,))
    [work] = planned(video, arrivals=(replace(ARRIVAL, etag='"2"'),))
    assert work.todo == STEPS


def test_a_source_that_was_removed_after_the_work_is_no_failure() -> None:
    assert conclude(WORK, None, ALL_THERE, {}, etag=None, ids=KEPT, failed=(), ended_at=NOW).state == "done"


def test_ids_of_an_earlier_run_are_kept_beside_those_of_this_one() -> None:
    before = replace(DONE, ids={**KEPT, "xvid_job": "old", "pixop_video": "v"})

    video = conclude(WORK, before, ALL_THERE, {}, etag='"1"', ids={"xvid_job": "new"}, failed=(), ended_at=NOW)

    assert video.ids == {**KEPT, "xvid_job": "new", "pixop_video": "v"}


def test_a_work_travels_as_json() -> None:
    assert Work.from_json(WORK.to_json()) == WORK

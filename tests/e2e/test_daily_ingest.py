"""The daily ingest by a real scheduler: backfilled, again, with failures and trouble in S3, and twice at once.

Airflow takes its time between two backfills of a DAG. What has nothing to do with them is tested then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import RunningSandbox, make_video
from support.ingesting import POOL_SLOTS, RUN_SECONDS, DailyIngest, times
from support.troubled_s3 import TroubledS3, cut, forbidden, gone, throttled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

FIRST, EMPTY, LAST = days = (date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 4))
DAY_OF = {"one.mp4": FIRST, "other.mp4": FIRST, "late.mp4": LAST}
ENHANCED_ONCE = Counter({"pixop.create_video": 1, "pixop.process_video": 1})


@dataclass
class Look:
    """What is seen when the runs of a backfill have ended."""

    runs: dict[date, str]
    videos: dict[str, str]
    made: Counter[str]

    @classmethod
    def at(cls, ingest: DailyIngest) -> Look:
        """Look."""
        videos = {name: state for day in days for name, state in ingest.states(day.isoformat()).items()}
        return cls({day: run.state for day, run in ingest.runs().items()}, videos, ingest.made())


@pytest.fixture(scope="module")
def ingest(airflow: AirflowServer, sandbox: RunningSandbox, s3: S3Server) -> DailyIngest:
    return DailyIngest(airflow, sandbox, s3, days)


@pytest.fixture(scope="module")
def backfilled(ingest: DailyIngest, clip: Path) -> Look:
    """The three days, one of them without videos, are backfilled; the processing of one video fails."""
    for name, day in DAY_OF.items():
        ingest.put(f"{day}/{name}", clip)
    ingest.sandbox.admin.clear_requests()
    ingest.sandbox.admin.outcome("process", "fail", reason="the tape is torn", times=1)
    ingest.backfill(max_active_runs=3)
    return Look.at(ingest)


@pytest.fixture(scope="module")
def unlucky(backfilled: Look) -> str:
    """The video that failed, whichever it was."""
    [name] = [name for name, state in backfilled.videos.items() if state == "failed"]
    return name


@pytest.fixture(scope="module")
def repaired(ingest: DailyIngest, unlucky: str) -> Look:
    """The day that failed is run again, by a backfill of what failed."""
    ingest.sandbox.admin.clear_requests()
    ingest.backfill(reprocess_behavior="failed", run_backwards=True)
    return Look.at(ingest)


@pytest.fixture(scope="module")
def repeated(ingest: DailyIngest, repaired: Look) -> Look:
    """All days are run again, by a backfill from the command line."""
    ingest.sandbox.admin.clear_requests()
    ingest.backfill_from_the_command_line()
    return Look.at(ingest)


def test_a_backfill_runs_all_days_of_its_range_in_either_order(ingest: DailyIngest) -> None:
    assert ingest.dry_run() == [*days]
    assert ingest.dry_run(run_backwards=True) == [*reversed(days)]


def test_one_video_that_fails_leaves_the_others_alone_and_is_told(
    ingest: DailyIngest, backfilled: Look, unlucky: str
) -> None:
    day = DAY_OF[unlucky]
    assert backfilled.runs == dict.fromkeys(days, "success") | {day: "failed"}
    assert backfilled.videos == dict.fromkeys(DAY_OF, "done") | {unlucky: "failed"}
    assert backfilled.made == times(2) + ENHANCED_ONCE
    verdict = ingest.log(ingest.runs()[day], "verdict")
    assert f"videos of {day} failed: {Path(unlucky).stem}-" in verdict
    assert "enhance.process" in verdict


def test_a_day_without_videos_is_a_success_that_says_so(ingest: DailyIngest, backfilled: Look) -> None:
    assert backfilled.runs[EMPTY] == "success"
    assert ingest.manifest(EMPTY.isoformat())["videos"] == []
    assert "Nothing to do: of the 0 videos" in ingest.log(ingest.runs()[EMPTY], "plan")


def test_each_choice_of_what_is_run_again_takes_the_days_that_it_says(ingest: DailyIngest, unlucky: str) -> None:
    assert ingest.dry_run(reprocess_behavior="none") == []
    assert ingest.dry_run(reprocess_behavior="failed") == [DAY_OF[unlucky]]
    assert ingest.dry_run(reprocess_behavior="completed", run_backwards=True) == [*reversed(days)]


@pytest.fixture
def trouble(troubled: TroubledS3) -> Iterator[dict[str, Callable[..., bool]]]:
    yield troubled.troubles
    troubled.troubles.clear()


def test_trouble_in_s3_fails_what_cannot_be_read_and_mixes_nothing(
    ingest: DailyIngest, trouble: dict[str, Callable[..., bool]], clip: Path, tmp_path: Path
) -> None:
    longer = make_video(tmp_path / "longer.mp4", seconds=2)
    names = ("cut", "forbidden", "gone", "replaced", "throttled")
    for name in names:
        ingest.put(f"2026-02-01/{name}.mp4", clip)
    trouble |= {
        "incoming/2026-02-01/cut.mp4": cut(),
        "incoming/2026-02-01/forbidden.mp4": forbidden,
        "incoming/2026-02-01/gone.mp4": gone,
        "incoming/2026-02-01/replaced.mp4": cut(lambda: ingest.put("2026-02-01/replaced.mp4", longer)),
        "incoming/2026-02-01/throttled.mp4": throttled(2),
    }

    run = ingest.trigger(day="2026-02-01")

    assert ingest.wait(run) == "failed"
    assert ingest.states("2026-02-01") == {
        "cut.mp4": "done",
        "forbidden.mp4": "failed",
        "gone.mp4": "failed",
        "replaced.mp4": "failed",
        "throttled.mp4": "done",
    }
    logs = {name: ingest.log(run, "video.enhance.upload", index) for index, name in enumerate(names)}
    assert "403 AccessDenied" in logs["forbidden"]
    assert "404 NoSuchKey" in logs["gone"]
    assert "the object was replaced since it was looked at" in logs["replaced"]
    tries = [ingest.airflow.api.task_instance(run, "video.enhance.upload", index).try_number for index in range(5)]
    assert tries[:3] == [1, 1, 1], "what is cut is read on within the try, and what is refused is not tried again"
    assert tries[3] == 2, "what was replaced is sent anew from its start"
    assert "the source was replaced meanwhile" in ingest.log(run, "verdict")


def test_a_rerun_repairs_what_failed_and_nothing_else(repaired: Look) -> None:
    assert set(repaired.runs.values()) == {"success"}
    assert set(repaired.videos.values()) == {"done"}
    assert repaired.made == times(1)


def test_two_runs_of_a_day_at_once_make_nothing_twice(ingest: DailyIngest, clip: Path) -> None:
    ingest.put("2026-03-01/only.mp4", clip)
    ingest.sandbox.admin.clear_requests()

    runs = [ingest.trigger(day="2026-03-01") for _ in range(2)]

    assert [ingest.wait(run) for run in runs] == ["success"] * 2
    assert ingest.made() == ENHANCED_ONCE
    plans = [ingest.log(run, "plan") for run in runs]
    assert sorted("Nothing to do" in plan for plan in plans) == [False, True]
    assert any("Waiting, for run" in ingest.log(run, "claim") for run in runs)


def test_the_same_again_makes_nothing_at_the_services(ingest: DailyIngest, repeated: Look) -> None:
    assert set(repeated.runs.values()) == {"success"}
    assert set(repeated.videos.values()) == {"done"}
    assert repeated.made == Counter()
    assert "Nothing to do: of the 2 videos of 2026-01-02" in ingest.log(ingest.runs()[FIRST], "plan")


def test_all_results_are_there_as_recorded_and_nothing_is_left_over(ingest: DailyIngest, repeated: Look) -> None:
    videos = [video for day in (FIRST, LAST) for video in ingest.manifest(day.isoformat())["videos"]]
    outputs = [output for video in videos for output in video["outputs"].values()]
    assert len(outputs) == 9
    for output in outputs:
        head = ingest.s3.client().head_object(Bucket=BUCKET, Key=output["uri"].removeprefix(f"s3://{BUCKET}/"))
        assert (head["ContentLength"], head["ETag"]) == (output["size"], output["etag"])
        assert (head["ContentType"], head["Metadata"]["airflow-dag-id"]) == (
            "text/vtt" if output["uri"].endswith(".vtt") else "video/mp4",
            "daily_media_ingest",
        )
        assert output["checksum"].startswith("CRC32:")
    ids = {name for video in videos for name in video["ids"]}
    assert {"pixop_video", "xvid_job", "cielo24_job", "media_storage_captions"} <= ids
    assert [key for key in ingest.s3.keys("media/manifests/") if key.endswith(".claim")] == []
    assert ingest.uploads() == []


def test_the_report_follows_the_manifest(ingest: DailyIngest, backfilled: Look) -> None:
    def reported() -> str:
        if not {f"media/manifests/{day}.csv" for day in days} <= set(ingest.s3.keys("media/manifests/")):
            return ""
        answer = ingest.s3.client().get_object(Bucket=BUCKET, Key=f"media/manifests/{LAST}.csv")
        return str(answer["Body"].read().decode())

    text = wait_until(reported, what="the reports of three days", seconds=RUN_SECONDS)
    assert {"step", "enhance", "transcode", "caption"} >= {line.split(",")[2] for line in text.splitlines()} > {"step"}


def test_force_makes_all_of_it_anew_in_another_place(ingest: DailyIngest, repaired: Look) -> None:
    [before] = ingest.manifest(LAST.isoformat())["videos"]
    ingest.sandbox.admin.clear_requests()

    assert ingest.wait(ingest.trigger(day=LAST.isoformat(), force=True)) == "success"

    [after] = ingest.manifest(LAST.isoformat())["videos"]
    assert ingest.made() == ENHANCED_ONCE
    assert (after["source"], after["etag"], after["state"]) == (before["source"], before["etag"], "done")
    assert after["name"] != before["name"]


@pytest.fixture
def one_at_a_time(airflow: AirflowServer) -> Iterator[None]:
    """Have Pixop allow one job at a time."""
    airflow.api.make_pool("pixop", 1, include_deferred=True)
    yield
    airflow.api.make_pool("pixop", POOL_SLOTS, include_deferred=True)


@pytest.mark.usefixtures("one_at_a_time")
def test_a_run_that_is_marked_as_failed_clears_up_and_lets_the_next_one_begin(ingest: DailyIngest, clip: Path) -> None:
    names = ("stuck.mp4", "waiting.mp4")
    for name in names:
        ingest.put(f"2026-04-01/{name}", clip)
    ingest.sandbox.admin.clear_requests()
    ingest.sandbox.admin.outcome("process", "stuck", percent=20, times=1)
    run = ingest.trigger(day="2026-04-01")

    def processes() -> list[str]:
        tasks = ingest.airflow.api.task_instances(run)
        return sorted(str(task.state) for task in tasks if task.task_id == "video.enhance.process")

    # The one that waits in the triggerer has the only slot of the pool.
    wait_until(lambda: processes() == ["deferred", "scheduled"], what="one job and one to wait", seconds=RUN_SECONDS)
    ingest.airflow.api.fail(run)

    assert ingest.wait(run) == "failed"
    assert ingest.made() == Counter({"pixop.create_video": 2, "pixop.process_video": 1})
    assert ingest.states("2026-04-01") == dict.fromkeys(names, "failed")
    assert len(ingest.sandbox.admin.requests("pixop.delete_video")) >= len(names)
    assert list(ingest.s3.keys("media/manifests/2026-04-01.claim")) == []
    ingest.sandbox.admin.release()
    assert ingest.wait(ingest.trigger(day="2026-04-01")) == "success"
    assert ingest.states("2026-04-01") == dict.fromkeys(names, "done")

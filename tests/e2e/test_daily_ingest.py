"""The daily ingest by a real scheduler: backfilled, again, with failures and trouble in S3, and twice at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.demo.airflow_api import DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import RunningSandbox, make_video
from support.troubled_s3 import TroubledS3, cut, forbidden, gone, throttled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

DAG_ID = "daily_media_ingest"
RUN_SECONDS = 400
FIRST, LAST = date(2026, 1, 2), date(2026, 1, 4)
QUICK = {"scaler": "scale", "resolution": None, "width": 320, "height": 240}
"""Settings that make little work."""
MADE_BY = (
    "pixop.create_video",
    "pixop.process_video",
    "xvid.start_upload",
    "xvid.create_job",
    "cielo24.new_job",
    "cielo24.perform_transcription",
    "media_storage.upload",
)
"""What makes something at a service that is paid for or stays."""
ONE_OF_EACH = Counter(dict.fromkeys(MADE_BY, 1)) + Counter({"media_storage.upload": 2})


def made(sandbox: RunningSandbox) -> Counter[str]:
    """Count what was made at the services since the log was cleared."""
    done = (entry["operation"] for entry in sandbox.admin.requests() if entry["status"] and entry["status"] < 300)
    return Counter(operation for operation in done if operation in MADE_BY)


def times(number: int) -> Counter[str]:
    """What so many videos make."""
    return Counter({operation: count * number for operation, count in ONE_OF_EACH.items()})


@dataclass
class Studio:
    """The ingest, as somebody sees it who starts runs and looks at what comes out."""

    airflow: AirflowServer
    sandbox: RunningSandbox
    s3: S3Server

    def put(self, key: str, path: Path) -> None:
        self.s3.client().upload_file(str(path), BUCKET, f"incoming/{key}")

    def manifest(self, day: str) -> dict[str, Any]:
        body = self.s3.client().get_object(Bucket=BUCKET, Key=f"media/manifests/{day}.json")["Body"].read()
        value: dict[str, Any] = json.loads(body)
        return value

    def states(self, day: str) -> dict[str, str]:
        """How each video of a day is recorded, by the name of its file."""
        return {Path(video["source"]).name: video["state"] for video in self.manifest(day)["videos"]}

    def run_of(self, day: date) -> DagRun:
        """The run of a day that was backfilled."""
        return next(run for run in self.airflow.api.runs(DAG_ID) if run.logical_date and run.logical_date.date() == day)

    def log(self, run: DagRun, task_id: str, map_index: int = -1) -> str:
        """What all tries of a task logged."""
        task = self.airflow.api.task_instance(run, task_id, map_index)
        return "\n".join(
            line for number in range(1, task.try_number + 1) for line in self.airflow.api.log_lines(task, number)
        )

    def backfill(self, **choices: Any) -> None:
        """Run the days, and wait for their end."""
        started = self.airflow.api.backfill(DAG_ID, FIRST, LAST, dag_run_conf=QUICK, **choices)
        self.airflow.api.wait_for_backfill(started, seconds=RUN_SECONDS)

    def backfill_from_the_command_line(self) -> None:
        """The same days again, as an operator of Airflow has them run."""
        pairs = {
            "--dag-id": DAG_ID,
            "--from-date": FIRST.isoformat(),
            "--to-date": LAST.isoformat(),
            "--reprocess-behavior": "completed",
            "--dag-run-conf": json.dumps(QUICK),
        }
        self.airflow.command("backfill", "create", *(part for pair in pairs.items() for part in pair))
        for day in (FIRST, LAST):
            assert self.airflow.api.wait_for_run(self.run_of(day), seconds=RUN_SECONDS).state == "success"

    def trigger(self, **conf: Any) -> DagRun:
        return self.airflow.api.trigger(DAG_ID, {**QUICK, "steps": ["enhance"], **conf})


@pytest.fixture(scope="module")
def studio(airflow: AirflowServer, sandbox: RunningSandbox, s3: S3Server) -> Studio:
    return Studio(airflow, sandbox, s3)


@dataclass
class History:
    """What was seen after each of three backfills of the same three days."""

    runs: list[dict[date, str]] = field(default_factory=list)
    states: list[dict[str, str]] = field(default_factory=list)
    made: list[Counter[str]] = field(default_factory=list)
    verdict: str = ""
    last_plan: str = ""


@pytest.fixture(scope="module")
def history(studio: Studio, clip: Path) -> History:
    """Two videos on the first day, one of which fails at first; none on the second; one on the last."""
    for key in ("2026-01-02/good.mp4", "2026-01-02/unlucky.mp4", "2026-01-04/late.mp4"):
        studio.put(key, clip)
    history = History()

    def look() -> None:
        runs = studio.airflow.api.runs(DAG_ID)
        history.runs.append({run.logical_date.date(): run.state for run in runs if run.logical_date})
        history.states.append({**studio.states("2026-01-02"), **studio.states("2026-01-04")})
        history.made.append(made(studio.sandbox))
        studio.sandbox.admin.clear_requests()

    studio.sandbox.admin.clear_requests()
    studio.sandbox.admin.outcome("process", "fail", reason="the tape is torn", times=1)
    studio.backfill(max_active_runs=1)
    history.verdict = studio.log(studio.run_of(FIRST), "verdict")
    look()
    studio.backfill(reprocess_behavior="failed", run_backwards=True)
    look()
    studio.backfill_from_the_command_line()
    history.last_plan = studio.log(studio.run_of(FIRST), "plan")
    look()
    return history


def test_the_days_of_a_backfill_are_what_the_dry_run_says(studio: Studio) -> None:
    days = [moment.date().day for moment in studio.airflow.api.backfill_days(DAG_ID, FIRST, LAST)]
    back = [moment.date().day for moment in studio.airflow.api.backfill_days(DAG_ID, FIRST, LAST, run_backwards=True)]
    assert (days, back) == ([2, 3, 4], [4, 3, 2])


def test_one_video_that_fails_leaves_the_others_alone_and_is_told(history: History) -> None:
    assert history.runs[0].items() >= {date(2026, 1, 2): "failed", date(2026, 1, 4): "success"}.items()
    assert sorted(history.states[0].values()) == ["done", "done", "failed"]
    assert "1 of 2 videos of 2026-01-02 failed" in history.verdict
    assert "enhance.process" in history.verdict
    failed = Counter({"pixop.create_video": 1, "pixop.process_video": 1})
    assert history.made[0] == times(2) + failed


def test_a_day_without_videos_is_a_success_that_says_so(history: History, studio: Studio) -> None:
    assert history.runs[0][date(2026, 1, 3)] == "success"
    assert studio.manifest("2026-01-03")["videos"] == []
    assert "Nothing to do: of the 0 videos" in studio.log(studio.run_of(date(2026, 1, 3)), "plan")


def test_a_rerun_repairs_what_failed_and_nothing_else(history: History) -> None:
    assert set(history.states[1].values()) == {"done"}
    assert history.made[1] == times(1)


def test_the_same_again_makes_nothing_at_the_services(history: History) -> None:
    assert set(history.runs[2].values()) == {"success"}
    assert history.made[2] == Counter()
    assert "Nothing to do: of the 2 videos of 2026-01-02" in history.last_plan


def test_all_results_are_there_as_recorded_and_nothing_is_left_at_the_services(
    history: History, studio: Studio
) -> None:
    videos = [video for day in ("2026-01-02", "2026-01-04") for video in studio.manifest(day)["videos"]]
    outputs = [output for video in videos for output in video["outputs"].values()]
    assert len(outputs) == 9
    for output in outputs:
        head = studio.s3.client().head_object(Bucket=BUCKET, Key=output["uri"].removeprefix(f"s3://{BUCKET}/"))
        assert (head["ContentLength"], head["ETag"]) == (output["size"], output["etag"])
        assert output["checksum"].startswith("CRC32:")
    ids = {name for video in videos for name in video["ids"]}
    assert {"pixop_video", "xvid_job", "cielo24_job", "media_storage_captions"} <= ids
    assert [key for key in studio.s3.keys("media/manifests/") if key.endswith(".claim")] == []
    uploads = studio.s3.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert uploads == []


def test_the_report_follows_the_manifest(history: History, studio: Studio) -> None:
    def reported() -> str:
        keys = set(studio.s3.keys("media/manifests/"))
        days = ("2026-01-02", "2026-01-03", "2026-01-04")
        if not {f"media/manifests/{day}.csv" for day in days} <= keys:
            return ""
        answer = studio.s3.client().get_object(Bucket=BUCKET, Key="media/manifests/2026-01-04.csv")
        return str(answer["Body"].read().decode())

    text = wait_until(reported, what="the reports of three days", seconds=RUN_SECONDS)
    assert [line.split(",")[2] for line in text.splitlines()] == ["step", "enhance", "transcode", "caption"]


@pytest.fixture
def trouble(troubled: TroubledS3) -> Iterator[dict[str, Callable[..., bool]]]:
    yield troubled.troubles
    troubled.troubles.clear()


def test_trouble_in_s3_fails_what_cannot_be_read_and_mixes_nothing(
    studio: Studio, trouble: dict[str, Callable[..., bool]], clip: Path, tmp_path: Path
) -> None:
    longer = make_video(tmp_path / "longer.mp4", seconds=2)
    for name in ("cut", "forbidden", "gone", "replaced", "throttled"):
        studio.put(f"2026-02-01/{name}.mp4", clip)
    trouble |= {
        "incoming/2026-02-01/cut.mp4": cut(),
        "incoming/2026-02-01/forbidden.mp4": forbidden,
        "incoming/2026-02-01/gone.mp4": gone,
        "incoming/2026-02-01/replaced.mp4": cut(lambda: studio.put("2026-02-01/replaced.mp4", longer)),
        "incoming/2026-02-01/throttled.mp4": throttled(2),
    }

    run = studio.trigger(day="2026-02-01")

    assert studio.airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    assert studio.states("2026-02-01") == {
        "cut.mp4": "done",
        "forbidden.mp4": "failed",
        "gone.mp4": "failed",
        "replaced.mp4": "failed",
        "throttled.mp4": "done",
    }
    names = ("cut", "forbidden", "gone", "replaced", "throttled")
    logs = {name: studio.log(run, "video.enhance.upload", index) for index, name in enumerate(names)}
    assert "403 AccessDenied" in logs["forbidden"]
    assert "404 NoSuchKey" in logs["gone"]
    assert "the object was replaced since it was looked at" in logs["replaced"]
    tries = [studio.airflow.api.task_instance(run, "video.enhance.upload", index).try_number for index in range(5)]
    assert tries[:3] == [1, 1, 1], "what is cut is read on within the try, and what is refused is not tried again"
    assert tries[3] == 2, "what was replaced is sent anew from its start"
    assert "the source was replaced meanwhile" in studio.log(run, "verdict")


def test_two_runs_of_a_day_at_once_make_nothing_twice(studio: Studio, clip: Path) -> None:
    studio.put("2026-03-01/only.mp4", clip)
    studio.sandbox.admin.clear_requests()

    runs = [studio.trigger(day="2026-03-01") for _ in range(2)]

    assert [studio.airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state for run in runs] == ["success"] * 2
    assert made(studio.sandbox) == Counter({"pixop.create_video": 1, "pixop.process_video": 1})
    plans = [studio.log(run, "plan") for run in runs]
    assert sorted("Nothing to do" in plan for plan in plans) == [False, True]
    assert any("Waiting, for run" in studio.log(run, "claim") for run in runs)


def test_a_run_that_is_marked_as_failed_clears_up_and_lets_the_next_one_begin(studio: Studio, clip: Path) -> None:
    studio.put("2026-04-01/stuck.mp4", clip)
    studio.sandbox.admin.clear_requests()
    studio.sandbox.admin.outcome("process", "stuck", percent=20, times=1)
    run = studio.trigger(day="2026-04-01")
    studio.airflow.api.wait_for_state(run, "video.enhance.process", ["deferred"], map_index=0, seconds=RUN_SECONDS)

    studio.airflow.api.fail(run)

    assert studio.airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    assert studio.states("2026-04-01") == {"stuck.mp4": "failed"}
    assert studio.sandbox.admin.requests("pixop.delete_video")
    assert list(studio.s3.keys("media/manifests/2026-04-01.claim")) == []
    studio.sandbox.admin.release()
    again = studio.trigger(day="2026-04-01")
    assert studio.airflow.api.wait_for_run(again, seconds=RUN_SECONDS).state == "success"
    assert studio.states("2026-04-01") == {"stuck.mp4": "done"}

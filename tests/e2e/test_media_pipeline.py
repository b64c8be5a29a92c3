"""The pipeline that is started by hand, by a real scheduler; a download to S3 that is killed; a run that is late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import RunningSandbox, make_garbage
from support.ingesting import QUICK, RUN_SECONDS
from support.runs import assert_success
from support.troubled_s3 import TroubledS3, held

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

SEVERAL_PARTS = 40_000_000
"""Bytes that are too many to be held before S3 has taken some of them."""


def test_videos_go_from_s3_and_the_web_to_s3(
    airflow: AirflowServer, sandbox: RunningSandbox, s3: S3Server, clip: Path
) -> None:
    client = s3.client()
    for key in ("here.mp4", "there.mp4"):
        client.upload_file(str(clip), BUCKET, f"by-hand/{key}")
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "by-hand/there.mp4"})
    conf = {"sources": [f"s3://{BUCKET}/by-hand/here.mp4", url], "target": f"s3://{BUCKET}/made/", **QUICK}

    run = airflow.api.trigger("media_pipeline", {**conf, "steps": ["enhance"]})

    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    made = [key.removeprefix("made/").partition("/") for key in s3.keys("made/")]
    assert [(folder.rpartition("-")[0], file) for folder, _, file in made] == [
        ("here", "enhanced/here.mp4"),
        ("there", "enhanced/there.mp4"),
    ]
    assert {each["name"].rpartition("-")[0] for each in airflow.api.xcom(run, "publish")} == {"here", "there"}


@pytest.fixture
def held_back(troubled: TroubledS3) -> Iterator[str]:
    """The key of an object whose parts do not arrive."""
    key, over = "fetched/film.mp4", threading.Event()
    troubled.troubles[key] = held(over)
    yield key
    over.set()
    troubled.troubles.clear()


def test_a_download_to_s3_that_is_killed_leaves_no_parts(
    airflow: AirflowServer, s3: S3Server, held_back: str, tmp_path: Path
) -> None:
    film = make_garbage(tmp_path / "film.mp4", size=SEVERAL_PARTS)

    def uploads() -> list[str]:
        return [each["Key"] for each in s3.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]

    run = airflow.api.trigger("fetch_to_s3", {"source": str(film), "target": f"s3://{BUCKET}/{held_back}"})
    wait_until(lambda: uploads() == [held_back], what="an upload in parts", seconds=RUN_SECONDS)

    airflow.api.set_state(run, "fetch", "failed")

    wait_until(lambda: uploads() == [], what="the parts to be removed", seconds=RUN_SECONDS)
    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    assert list(s3.keys(held_back)) == []


def test_a_run_that_takes_much_longer_than_those_before_is_told_of(airflow: AirflowServer) -> None:
    quick = airflow.api.trigger("late")
    assert_success(airflow.api, quick, seconds=RUN_SECONDS)

    run = airflow.api.trigger("late", {"seconds": RUN_SECONDS})

    told = f"Run {run.run_id} of DAG late is late"
    logs = (airflow.home / "triggerer.log", airflow.home / "logs")
    wait_until(lambda: any(told in text for text in texts(*logs)), what="the alert", seconds=RUN_SECONDS)
    airflow.api.fail(run)
    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"


def texts(*places: Path) -> Iterator[str]:
    """Give what is in log files, and in those of folders."""
    for place in places:
        for file in place.rglob("*.log") if place.is_dir() else [place]:
            yield file.read_text(errors="replace")

"""The DAGs of the whole pipeline: their forms, their shape, and one video through all services."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, make_video
from media_sandbox.xvid.presets import BY_NAME
from support.dagfiles import load_dags
from support.probe import Probe, probe
from support.versions import AIRFLOW

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[2] / "dags"
STEPS = {
    "enhance": ("upload", "ingest", "process", "download", "delete"),
    "transcode": ("upload", "job", "download", "delete"),
    "caption": ("create", "add_media", "transcribe", "captions", "delete"),
    "keep": ("enhanced", "transcoded", "captions"),
}
QUICK = {"scaler": "scale", "resolution": None, "width": 320, "height": 240}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAGs folder with these DAGs alone: others need a newer Airflow."""
    folder = tmp_path_factory.mktemp("dags")
    for name in ("daily_media_ingest", "media_day_report", "media_pipeline"):
        shutil.copy(EXAMPLES / f"{name}.py", folder)
    return folder


@pytest.fixture(scope="module")
def pipeline_dags(airflow_db: None, folder: Path) -> dict[str, Any]:
    dags, broken = load_dags(folder)
    assert not broken
    return dags


@pytest.fixture
def known_assets(airflow_db: None, folder: Path) -> None:
    """Tell Airflow of the assets of these DAGs, as its DAG processor does: the oldest one refuses unknown outlets."""
    command = [sys.executable, "-m", "airflow", "dags", "reserialize"]
    environment = os.environ | {"AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=120)


@pytest.mark.parametrize("dag_id", ["media_pipeline", "daily_media_ingest"])
def test_both_have_the_same_steps_for_each_video(pipeline_dags: dict[str, Any], dag_id: str) -> None:
    dag = pipeline_dags[dag_id]
    tasks = {f"video.{step}.{task}" for step, each in STEPS.items() for task in each}

    assert tasks <= set(dag.task_ids)
    assert {dag.get_task(f"video.{step}.delete").is_teardown for step in STEPS if step != "keep"} == {True}
    pools = {dag.get_task(task).pool for task in tasks}
    assert pools == {"default_pool", "pixop", "xvid", "cielo24"}
    waits = ["video.enhance.ingest", "video.enhance.process", "video.transcode.job", "video.caption.transcribe"]
    assert all(dag.get_task(task).deferrable for task in waits)
    assert all(dag.get_task(task).retries == 3 for task in tasks)
    if AIRFLOW >= (3, 3):
        assert {type(dag.get_task(task).retry_policy).__name__ for task in tasks} == {"MediaRetryPolicy"}
    if AIRFLOW >= (3, 1):
        assert dag.deadline


def test_a_day_is_claimed_and_given_back_whatever_happens(pipeline_dags: dict[str, Any]) -> None:
    dag = pipeline_dags["daily_media_ingest"]

    assert dag.get_task("claim").is_setup
    assert [dag.get_task(task).is_teardown for task in ("manifest", "verdict", "release")] == [True] * 3
    assert dag.get_task("verdict").on_failure_fail_dagrun
    assert {asset.name for asset in dag.get_task("manifest").outlets} == {"daily_media_manifest"}


def test_runs_of_a_day_have_a_data_interval(pipeline_dags: dict[str, Any]) -> None:
    timetable = pipeline_dags["daily_media_ingest"].timetable

    assert type(timetable).__name__ == "CronDataIntervalTimetable"


def test_the_report_waits_for_the_manifest(pipeline_dags: dict[str, Any]) -> None:
    assert "name='daily_media_manifest'" in repr(pipeline_dags["media_day_report"].timetable.asset_condition)


@pytest.mark.parametrize(
    ("dag_id", "filled_in"),
    [
        ("media_pipeline", {"sources": []}),
        ("media_pipeline", {"target": "no-slash"}),
        ("media_pipeline", {"steps": ["enlarge"]}),
        ("media_pipeline", {"steps": []}),
        ("media_pipeline", {"caption_format": "ODT"}),
        ("media_pipeline", {"fidelity": "best"}),
        ("daily_media_ingest", {"source": "/local/folder/"}),
        ("daily_media_ingest", {"target": "s3://bucket/no-slash"}),
        ("daily_media_ingest", {"day": 20260131}),
        ("daily_media_ingest", {"dated": "guess"}),
        ("daily_media_ingest", {"xvid_suffix": ".exe"}),
    ],
)
def test_the_forms_refuse_what_cannot_be(pipeline_dags: dict[str, Any], dag_id: str, filled_in: dict[str, Any]) -> None:
    try:
        from airflow.sdk.exceptions import ParamValidationError
    except ImportError:  # Airflow < 3.2
        from airflow.exceptions import ParamValidationError
    [(name, value)] = filled_in.items()
    with pytest.raises(ParamValidationError, match="Failed validating"):
        pipeline_dags[dag_id].params.get_param(name).resolve(value)


@pytest.mark.parametrize("dag_id", ["media_pipeline", "daily_media_ingest"])
def test_each_field_of_a_form_has_a_title_and_a_section(pipeline_dags: dict[str, Any], dag_id: str) -> None:
    params = pipeline_dags[dag_id].params
    for name in params:
        schema = params.get_param(name).schema
        assert schema.get("title"), name
        assert schema.get("section"), name


def test_a_video_goes_through_all_services_and_nothing_is_left_at_them(
    sandbox: RunningSandbox,
    dags_test: Callable[..., Any],
    known_assets: None,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEDIA_INGEST_POLL_INTERVAL", "0.5")
    clip = make_video(tmp_path / "clip.mp4", size="160x120", seconds=0.6)
    conf = {
        "sources": [str(clip), str(clip)],
        "target": f"{tmp_path}/media/",
        "xvid_preset": BY_NAME["Xvid AVI"].id,
        "xvid_suffix": ".avi",
        **QUICK,
    }

    run = dags_test("media_pipeline", folder, conf)

    assert run.succeeded, run.log[-5000:]
    mapped = {(f"video.{step}.{task}", 0): "success" for step, each in STEPS.items() for task in each}
    once = {("order", -1): "success", ("plan", -1): "success", ("publish", -1): "success"}
    assert run.tasks == {**mapped, **once}
    [made] = (tmp_path / "media").iterdir()
    assert made.name.startswith("clip-")
    assert probe(made / "enhanced" / "clip.mp4") == Probe("h264", 320, 240, frames=15)
    assert probe(made / "transcoded" / "clip.avi") == Probe("mpeg4", 320, 240, frames=15)
    assert (made / "captions" / "clip.vtt").read_text().startswith("WEBVTT")
    kept = [entry["status"] for entry in sandbox.admin.requests("media_storage.upload")]
    assert len(kept) == 3
    assert max(kept) < 300
    for operation in ("pixop.delete_video", "xvid.delete_file", "cielo24.delete"):
        assert sandbox.admin.requests(operation), operation


def test_what_is_missing_in_the_form_is_told_before_anything_is_uploaded(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "clip.mp4", size="160x120", seconds=0.4)

    run = dags_test("media_pipeline", folder, {"sources": [str(clip)], "target": f"{tmp_path}/", **QUICK})

    assert not run.succeeded
    assert run.tasks[("order", -1)] == "failed"
    assert "no Xvid preset is given" in run.log
    assert sandbox.admin.requests("pixop.create_video") == []

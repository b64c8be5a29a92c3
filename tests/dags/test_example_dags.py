"""The example DAGs: that they load, that their forms hold, and that they do with real video what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, make_pal_video, make_video
from support.dagfiles import load_dags
from support.probe import Probe, probe
from support.versions import AIRFLOW

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[2] / "dags"
FILES = Path(__file__).parent / "files"
NEED_A_NEWER_AIRFLOW = {"cielo24_caption.py"} if AIRFLOW < (3, 1) else set()
"""Example DAGs that cannot be loaded here: nobody can be asked for an approval before Airflow 3.1."""


@pytest.fixture(scope="module")
def dags(airflow_db: None) -> dict[str, Any]:
    """The example DAGs as Airflow loads them."""
    dags, broken = load_dags(EXAMPLES)
    assert broken == NEED_A_NEWER_AIRFLOW
    return dags


def test_each_file_holds_a_dag(dags: dict[str, Any]) -> None:
    files = {path.name for path in EXAMPLES.glob("*.py")}
    assert {Path(dag.fileloc).name for dag in dags.values()} == files - NEED_A_NEWER_AIRFLOW


def test_the_form_of_each_dag_accepts_what_it_shows_at_first(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        dag.params.validate()


@pytest.mark.parametrize(
    "filled_in",
    [
        {"sources": []},
        {"sources": "one.mov"},
        {"target": "s3://bucket/no-slash"},
        {"project_name": ""},
        {"scaler": "bilinear"},
        {"width": 8},
        {"delete_at_pixop": "perhaps"},
    ],
)
def test_the_form_refuses_what_cannot_be(dags: dict[str, Any], filled_in: dict[str, Any]) -> None:
    try:
        from airflow.sdk.exceptions import ParamValidationError
    except ImportError:  # Airflow < 3.2
        from airflow.exceptions import ParamValidationError
    [(name, value)] = filled_in.items()
    with pytest.raises(ParamValidationError, match="Failed validating"):
        dags["pixop_enhance"].params.get_param(name).resolve(value)


def test_two_sources_are_enhanced_and_removed(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], tmp_path: Path
) -> None:
    first = make_pal_video(tmp_path / "tape.mpg", seconds=0.4)
    second = make_video(tmp_path / "clip.mp4", size="320x240", seconds=0.4)
    conf = {
        "sources": [str(first), str(second), str(first)],
        "target": f"{tmp_path}/enhanced/",
        "scaler": "scale",
        "clarity_boost": None,
        "resolution": None,
        "width": 640,
        "height": 480,
        "container": "mp4",
        "codec": "h264",
        "delete_at_pixop": True,
    }
    run = dags_test("pixop_enhance", EXAMPLES, conf)
    assert run.succeeded, run.log[-5000:]
    steps = {
        (f"enhance.{step}", index) for step in ("upload", "ingest", "process", "download", "delete") for index in (0, 1)
    }
    assert run.tasks == dict.fromkeys({("settings", -1), ("sources", -1), *steps}, "success")
    made = {path.stem.split(" ")[0]: probe(path) for path in (tmp_path / "enhanced").iterdir()}
    assert len(made) == 2
    assert set(made.values()) == {Probe("h264", 640, 480, frames=10)}
    assert len(sandbox.admin.requests("pixop.process_video")) == 2
    # Airflow 3.0 itself prints what it is asked to blank.
    told = [line for line in run.log.splitlines() if "MaskSecret(" not in line]
    assert [line for line in told if sandbox.pixop.account.password in line] == []
    assert "running trigger in line" in run.log


def test_wrong_settings_fail_the_run_before_anything_is_uploaded(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "clip.mp4", seconds=0.4)
    conf = {"sources": [str(clip)], "target": f"{tmp_path}/", "resolution": "hd_1080p", "width": 640}
    run = dags_test("pixop_enhance", EXAMPLES, conf)
    assert not run.succeeded
    assert run.tasks[("settings", -1)] == "failed"
    assert "resolution" in run.log
    assert sandbox.admin.requests("pixop.create_video") == []


def test_all_modes_of_waiting_give_the_same(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "clip.mp4", size="160x120", seconds=0.4)
    run = dags_test("every_mode", FILES, {"source": str(clip), "target": f"{tmp_path}/"})
    assert run.succeeded, run.log[-5000:]
    assert set(run.tasks.values()) == {"success"}
    for name in ("deferred", "here"):
        [made] = (tmp_path / name).iterdir()
        assert probe(made) == Probe("prores", 240, 180, frames=10)

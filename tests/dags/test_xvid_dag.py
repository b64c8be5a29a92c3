"""The example DAG of Xvid MediaHub: what its form accepts, and that it does with real video what it says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, make_video
from support.dagfiles import load_dags
from support.probe import Probe, probe

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[2] / "dags"
DAG = "xvid_transcode"


@pytest.fixture(scope="module")
def params(airflow_db: None) -> Any:
    """The form of the DAG."""
    dags, broken = load_dags(EXAMPLES / "xvid_transcode.py")
    assert not broken
    return dags[DAG].params


def test_the_form_accepts_what_it_shows_at_first(params: Any) -> None:
    params.validate()


@pytest.mark.parametrize(
    "filled_in",
    [
        {"source": ""},
        {"target": "s3://bucket/no-slash"},
        {"presets": []},
        {"presets": ["H.264 MP4", "H.264 MP4"]},
        {"presets": "H.264 MP4"},
        {"size": "half"},
        {"size": 0},
        {"size": 101},
        {"delete_upload": "perhaps"},
    ],
)
def test_the_form_refuses_what_cannot_be(params: Any, filled_in: dict[str, Any]) -> None:
    try:
        from airflow.sdk.exceptions import ParamValidationError
    except ImportError:  # Airflow < 3.2
        from airflow.exceptions import ParamValidationError
    [(name, value)] = filled_in.items()
    with pytest.raises(ParamValidationError, match="Failed validating"):
        params.get_param(name).resolve(value)


def test_a_video_is_transcoded_with_two_presets_and_its_upload_removed(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "My Clip.mp4", size="320x240", seconds=0.4)
    conf = {
        "source": str(clip),
        "target": f"{tmp_path}/made/",
        "presets": ["H.264 MP4", "Xvid AVI"],
        "size": 50,
        "thumbnails": True,
    }
    run = dags_test(DAG, EXAMPLES, conf)
    assert run.succeeded, run.log[-5000:]
    downloads = {("download", index) for index in range(4)}
    steps = {(step, -1) for step in ("outputs", "upload", "transcode", "files", "delete")}
    assert run.tasks == dict.fromkeys(steps | downloads, "success")
    made = {path.suffix: path for path in (tmp_path / "made").iterdir() if path.suffix != ".zip"}
    assert {suffix: probe(path) for suffix, path in made.items()} == {
        ".mp4": Probe("h264", 160, 120, frames=10),
        ".avi": Probe("mpeg4", 160, 120, frames=10),
    }
    archives = [path for path in (tmp_path / "made").iterdir() if path.suffix == ".zip"]
    assert [zipfile.ZipFile(path).testzip() for path in archives] == [None, None]
    assert len(sandbox.admin.requests("xvid.create_job")) == 1
    [deleted] = sandbox.admin.requests("xvid.delete_file")
    assert deleted["status"] == 200
    # Airflow 3.0 itself prints what it is asked to blank.
    told = [line for line in run.log.splitlines() if "MaskSecret(" not in line]
    assert [line for line in told if sandbox.connection("xvid").password in line] == []


def test_a_preset_that_is_not_known_fails_the_run_before_anything_is_uploaded(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "clip.mp4", seconds=0.4)
    conf = {"source": str(clip), "target": f"{tmp_path}/", "presets": ["H.264 MP4", "VHS"]}
    run = dags_test(DAG, EXAMPLES, conf)
    assert not run.succeeded
    assert run.tasks[("outputs", -1)] == "failed"
    assert "Xvid knows no preset VHS. It knows: " in run.log
    assert "Half size H.264 MP4" in run.log, "custom presets are told, too"
    assert sandbox.admin.requests("xvid.start_upload") == []

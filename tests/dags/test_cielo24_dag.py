"""The example DAG of cielo24: that its form holds, and that it captions real video, with an approval and without.

It asks for an approval by an operator that Airflow has from 3.1 on.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, make_video
from support.captionfiles import read_captions
from support.dagfiles import load_dags

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[2] / "dags"
BEFORE_APPROVAL = ("create", "add_media", "has_reference", "transcribe", "transcript", "needs_approval")


@pytest.fixture(scope="module")
def dag(airflow_db: None) -> Any:
    """The DAG as Airflow loads it."""
    dags, broken = load_dags(EXAMPLES / "cielo24_caption.py")
    assert not broken
    return dags["cielo24_caption"]


@pytest.fixture
def film(tmp_path: Path, sandbox: RunningSandbox) -> Path:
    """A video with sound, and a service that transcribes it at once."""
    sandbox.admin.options(service="cielo24", turnaround_hour_seconds=0.002, allow_loopback_media=True)
    return make_video(tmp_path / "film.mp4", size="160x120", seconds=2.0)


def test_the_form_accepts_what_it_shows_at_first(dag: Any) -> None:
    dag.params.validate()


@pytest.mark.parametrize(
    "filled_in",
    [
        {"job_name": ""},
        {"language": "klingon"},
        {"fidelity": "STANDARD"},
        {"priority": "ECONOMY"},
        {"approve": "perhaps"},
        {"formats": []},
        {"formats": ["VTT"]},
        {"formats": ["SRT", "SRT"]},
        {"target": "s3://bucket/no-slash"},
    ],
)
def test_the_form_refuses_what_cannot_be(dag: Any, filled_in: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    [(name, value)] = filled_in.items()
    with pytest.raises(ParamValidationError, match="Failed validating"):
        dag.params.get_param(name).resolve(value)


def test_a_rejected_transcript_skips_the_captions_and_nothing_before_them(dag: Any) -> None:
    approve = dag.get_task("approve")
    assert approve.downstream_task_ids == {"formats"}, "what a rejection skips"
    assert dag.get_task("captions").upstream_task_ids == {"formats", "create"}


def test_captions_are_made_in_all_formats_that_were_asked_for(
    sandbox: RunningSandbox, dags_test: Callable[..., Any], film: Path, tmp_path: Path
) -> None:
    conf = {
        "source": str(film),
        "reference_id": "series 7",
        "approve": False,
        "formats": ["WEB_VTT", "SRT", "SCC"],
        "target": f"{tmp_path}/captions/",
    }
    run = dags_test("cielo24_caption", EXAMPLES, conf)
    assert run.succeeded, run.log[-5000:]
    done = {(name, -1): "success" for name in (*BEFORE_APPROVAL, "metadata", "formats")}
    left = {("preview", -1): "skipped", ("approve", -1): "skipped", ("delete", -1): "skipped"}
    assert run.tasks == done | left | {("captions", index): "success" for index in range(3)}
    made = {path.name.partition(".")[2]: path for path in (tmp_path / "captions").iterdir()}
    assert set(made) == {"vtt", "srt", "scc", "txt"}
    for suffix, caption_format in (("vtt", "WEB_VTT"), ("srt", "SRT"), ("scc", "SCC")):
        assert "Sandbox" in read_captions(made[suffix], caption_format)[0].text
    assert len(sandbox.admin.requests("cielo24.perform_transcription")) == 1
    [told] = sandbox.admin.requests("cielo24.update_metadata")
    assert told["query"]["reference_id"] == "series 7"
    password = sandbox.connection("cielo24").password
    assert [line for line in run.log.splitlines() if password in line or "api_token=" in line] == []


class Editor:
    """Who answers."""

    def get_id(self) -> str:
        return "ann"

    def get_name(self) -> str:
        return "Ann"


def answer(airflow_home: Path, option: str, running: Future[Any]) -> tuple[str, str]:
    """Wait until somebody is asked in a run, and answer as Airflow's API does; give the question."""
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.utils.session import create_session

    query = (
        "select dag_id, run_id, subject, body from task_instance join hitl_detail on ti_id = id"
        " where state = 'awaiting_input'"
    )
    asked = None
    while asked is None:
        assert not running.done(), running.result().log[-5000:]
        time.sleep(0.2)
        with sqlite3.connect(airflow_home / "airflow.db") as database:
            asked = database.execute(query).fetchone()
    dag_id, run_id, subject, body = asked
    payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={})
    with create_session() as session:
        update_hitl_detail(dag_id, run_id, "approve", payload, Editor(), session)  # type: ignore[arg-type]
    return subject, body


@pytest.mark.parametrize(("option", "made"), [("Approve", "success"), ("Reject", "skipped")])
def test_a_person_decides_whether_captions_are_made(
    sandbox: RunningSandbox,
    dags_test: Callable[..., Any],
    airflow_home: Path,
    film: Path,
    tmp_path: Path,
    option: str,
    made: str,
) -> None:
    conf = {
        "source": str(film),
        "job_name": "Episode 8",
        "formats": ["WEB_VTT"],
        "target": f"{tmp_path}/captions/",
        "delete_at_cielo24": True,
    }
    with ThreadPoolExecutor() as pool:
        running = pool.submit(dags_test, "cielo24_caption", EXAMPLES, conf)
        subject, body = answer(airflow_home, option, running)
        assert sandbox.admin.requests("cielo24.get_caption") == []
        run = running.result()
    assert "Episode 8" in subject
    assert "Sandbox sentence" in body
    states = {name: state for (name, _), state in run.tasks.items()}
    assert {name: states[name] for name in (*BEFORE_APPROVAL, "preview", "approve", "delete")} == dict.fromkeys(
        (*BEFORE_APPROVAL, "preview", "approve", "delete"), "success"
    ), run.log[-5000:]
    assert (states["metadata"], states["formats"], states["captions"]) == ("skipped", made, made)
    assert len(sandbox.admin.requests("cielo24.get_caption")) == (1 if made == "success" else 0)
    assert len(sandbox.admin.requests("cielo24.delete")) == 1

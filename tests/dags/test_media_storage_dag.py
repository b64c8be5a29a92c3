"""The DAG that takes over new media: how it is started, and what a run of it does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.media_storage.triggers import NewMediaTrigger
from media_sandbox.testing import RunningSandbox, make_video
from support.dagfiles import load_dags
from support.storeroom import Storeroom

pytestmark = pytest.mark.airflow

EXAMPLES = Path(__file__).parents[2] / "dags"
DAG_ID = "media_storage_watch"
PROGRAM = Path(__file__).parent / "programs" / "run_for_asset_events.py"


@pytest.fixture
def store(sandbox: RunningSandbox, tmp_path: Path) -> Storeroom:
    """The sandbox's media storage."""
    storeroom = Storeroom(sandbox, make_video(tmp_path / "clip.mp4", size="160x120", seconds=0.4))
    storeroom.options(jobs_from_uploads=False)
    return storeroom


@pytest.fixture
def started_by(monkeypatch: pytest.MonkeyPatch, dags_test: Callable[..., Any]) -> Callable[..., Any]:
    """Run the DAG as if events of its asset had started it."""

    def run(conf: dict[str, Any], *payloads: dict[str, Any]) -> Any:
        monkeypatch.setenv("ASSETS", json.dumps(["media_storage_new_media", "media_storage_download"]))
        monkeypatch.setenv("ASSET_EVENTS", json.dumps(payloads))
        return dags_test(DAG_ID, EXAMPLES, conf, program=[str(PROGRAM)])

    return run


def payload(*media: Any) -> dict[str, Any]:
    """Make the payload that the trigger sends."""
    return {"conn_id": "media_storage_default", "medias": [each.plain() for each in media]}


def test_two_batches_are_downloaded_each_file_once_and_handed_on(
    store: Storeroom, started_by: Callable[..., Any], airflow_home: Path, tmp_path: Path
) -> None:
    names = ["a b+ü%.mp4", "two.mp4", "three.mp4"]
    first, second, third = (store.upload(name) for name in names)
    run = started_by({"target": f"{tmp_path}/new/"}, payload(first, second), payload(second, third))
    assert run.succeeded, run.log[-5000:]
    steps = {(f"take_over.{step}", index) for step in ("download", "hand_on") for index in range(3)}
    assert run.tasks == dict.fromkeys({("arrived", -1), *steps}, "success")
    for name in names:
        assert (tmp_path / "new" / name / "clip.mp4").read_bytes() == store.clip.read_bytes()
    with sqlite3.connect(airflow_home / "airflow.db") as database:
        extras = database.execute(
            "select asset_event.extra from asset_event join asset on asset.id = asset_event.asset_id"
            " where asset.name = 'media_storage_download' order by asset_event.id"
        ).fetchall()
    assert sorted((each["resource"], each["file"]) for each in (json.loads(extra) for (extra,) in extras)) == sorted(
        (name, f"{tmp_path}/new/{name}/clip.mp4") for name in names
    )
    assert store.secrets_in("\n".join(line for line in run.log.splitlines() if "MaskSecret(" not in line)) == []


def test_what_is_named_in_the_form_is_taken_over_without_an_event(
    store: Storeroom, started_by: Callable[..., Any], tmp_path: Path
) -> None:
    store.upload("by hand.mp4")
    run = started_by({"target": f"{tmp_path}/", "resources": ["by hand.mp4"]})
    assert run.succeeded, run.log[-5000:]
    assert (tmp_path / "by hand.mp4" / "clip.mp4").read_bytes() == store.clip.read_bytes()


def test_nothing_to_take_over_is_no_failure(sandbox: RunningSandbox, dags_test: Callable[..., Any]) -> None:
    run = dags_test(DAG_ID, EXAMPLES, {})
    assert run.succeeded, run.log[-5000:]
    assert run.tasks[("arrived", -1)] == "success"
    assert sandbox.admin.requests() == []


def test_the_dag_is_started_by_originals_that_are_new() -> None:
    dags, broken = load_dags(EXAMPLES / "media_storage_watch.py")
    assert not broken
    [watcher] = dags[DAG_ID].schedule.watchers  # type: ignore[union-attr]
    assert isinstance(watcher.trigger, NewMediaTrigger)
    assert watcher.trigger.filters == {"key": ""}

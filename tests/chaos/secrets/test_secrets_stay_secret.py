"""Every example DAG by a real Airflow that logs all there is to log; then every secret is looked for everywhere."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from secrets_overheard import Overheard
from secrets_search import Passing, found, kept

from media_sandbox.demo.airflow_api import AirflowApiError, DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, SECRET, S3Server
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox
from media_sandbox.xvid.presets import BY_NAME
from support.storeroom import Storeroom

pytestmark = [pytest.mark.airflow, pytest.mark.long, pytest.mark.xdist_group("secrets")]

EXAMPLES = Path(__file__).parents[3] / "dags"
SECONDS = 900
POOLS = ("pixop", "xvid", "cielo24")
TO_READ = 10.0
"""Seconds that a person takes to answer."""
CANARY = "c4nary-7d21b6"
WRONG = "wr0ng-s3cret-91f4"
EXAMPLE_BUCKET = "my-bucket"
"""Where the examples write that ask nobody."""
PLACES = {
    "log": "logs/dag_id=leaky/",
    "xcom": 'database: INSERT INTO "xcom"',
    "rendered": 'database: INSERT INTO "rendered_task_instance_fields"',
    "error": "logs/dag_id=leaky/",
    "trigger": "trigger ",
}
"""Where each of the canaries is to be found."""
OPTIONS: dict[str, dict[str, Any]] = {"cielo24": {"turnaround_hour_seconds": 0.01, "allow_loopback_media": True}}
QUICK = {"scaler": "scale", "resolution": None, "width": 320, "height": 240}
"""Settings that make little work."""


@dataclass
class Aftermath:
    """What is there when all runs have ended.

    :param secrets: Every secret that was used, with the names of the fields that it stood in.
    :param places: Everything that Airflow has kept, or had for a while.
    :param states: How the runs ended, by their DAG.
    """

    secrets: dict[str, set[str]]
    places: list[tuple[str, bytes]] = field(repr=False)
    states: dict[str, str]


def wrong(connection: dict[str, Any]) -> dict[str, Any]:
    """Give a connection whose secret is another one."""
    extra = connection["extra"]
    return {**connection, "password": WRONG, "extra": {**extra, "api_key": WRONG} if "api_key" in extra else extra}


def secrets_of(connection: dict[str, Any]) -> list[str]:
    """Give the secrets of a connection."""
    return [value for value in (connection.get("password"), connection["extra"].get("api_key")) if value]


def form(name: str, connection: dict[str, Any]) -> dict[str, Any]:
    """Give a connection as the form for it sends it to be tested."""
    return {**connection, "connection_id": name, "extra": json.dumps(connection["extra"])}


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Run all example DAGs, one that leaks, and one that is refused; then stop everything."""
    folder = tmp_path_factory.mktemp("secrets")
    dags = shutil.copytree(EXAMPLES, folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    clip = make_video(folder / "clip.mp4", seconds=1)
    key = Fernet.generate_key().decode()
    with (
        pytest.MonkeyPatch.context() as patch,
        S3Server(folder) as s3,
    ):
        overheard = Overheard(patch)
        with running_sandbox(**OPTIONS) as sandbox:
            connections = {name: each.as_json(name) for name, each in sandbox.connections.items()}
            storage = connections["media_storage"]
            patch.setenv("AIRFLOW_CONN_MEDIA_STORAGE_DEFAULT", json.dumps(storage))
            airflow = AirflowServer(
                folder / "airflow",
                dags,
                connections={f"{name}_default": each for name, each in connections.items()}
                | {f"{name}_wrong": wrong(each) for name, each in connections.items()}
                | {"aws_default": s3.connection()},
                env={
                    "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
                    "AIRFLOW__CORE__FERNET_KEY": key,
                    "MEDIA_INGEST_SOURCE": f"s3://{BUCKET}/incoming/",
                    "MEDIA_INGEST_TARGET": f"s3://{BUCKET}/media/",
                    "MEDIA_INGEST_XVID_PRESET": BY_NAME["H.264 MP4"].id,
                    "MEDIA_INGEST_POLL_INTERVAL": "1",
                    "CHAOS_CANARY": str(folder / CANARY),
                },
            )
            with airflow, Passing(airflow.home, key) as passing:
                for path in dags.glob("*.py"):
                    airflow.wait_for_dag(path.stem)
                states, told = carry_out(airflow, sandbox, s3, clip, folder)
        given = {value: {"connection"} for each in connections.values() for value in secrets_of(each)}
        secrets = overheard.secrets | given | {SECRET: {"secret of S3"}, WRONG: {"wrong secret"}}
    return Aftermath(secrets, [*kept(airflow.home), *passing.seen, ("API", told.encode())], states)


def carry_out(
    airflow: AirflowServer, sandbox: RunningSandbox, s3: S3Server, clip: Path, folder: Path
) -> tuple[dict[str, str], str]:
    """Run everything; give how the runs ended, and all that the API says of their tasks."""
    s3.client().create_bucket(Bucket=EXAMPLE_BUCKET)
    for key in ("incoming/2026-01-02/one.mp4", "sources/two.mp4"):
        s3.client().upload_file(str(clip), BUCKET, key)
    two, target = f"s3://{BUCKET}/sources/two.mp4", f"{folder}/results/"
    for fault in ("500 on=pixop.process_video times=1", "lost_answer on=xvid.create_job times=1"):
        sandbox.admin.fault(fault)
    api = airflow.api
    for pool in POOLS:
        api.make_pool(pool, 8, include_deferred=True)
    api.unpause("media_day_report")
    runs = [
        api.trigger("daily_media_ingest", {**QUICK, "day": "2026-01-02"}),
        api.trigger("media_pipeline", {**QUICK, "sources": [two], "target": f"s3://{BUCKET}/pipeline/"}),
        api.trigger("pixop_enhance", {"sources": [two], "target": f"s3://{BUCKET}/pixop/"}),
        api.trigger("xvid_transcode", {"source": str(clip), "target": f"{target}xvid/", "thumbnails": True}),
        api.trigger("cielo24_caption", {"source": str(clip), "target": f"{target}cielo24/", "reference_id": "r1"}),
        api.trigger("refused"),
        api.trigger("leaky"),
    ]
    sandbox.admin.expire_tokens()
    api.wait_for_state(runs[-1], "trigger", ["deferred"], seconds=SECONDS)
    (folder / f"{CANARY}-trigger").touch()
    approve(airflow, runs[4])
    ended = {run.dag_id: api.wait_for_run(run, seconds=SECONDS) for run in runs}
    api.unpause("media_storage_watch")
    wait_until(lambda: sandbox.admin.requests("media_storage.index_medias"), what="the watcher", seconds=SECONDS)
    Storeroom(sandbox, clip).upload("three.mp4")
    # The report and the watcher are started by what the others have made.
    for dag_id in ("media_day_report", "media_storage_watch"):
        begun = wait_until(lambda dag_id=dag_id: api.runs(dag_id), what=f"a run of {dag_id}", seconds=SECONDS)
        ended[dag_id] = api.wait_for_run(begun[0], seconds=SECONDS)
    told = [api.test_connection(form(name, wrong(each.as_json(name)))) for name, each in sandbox.connections.items()]
    links = [api.links(run, task.task_id, task.map_index) for run in ended.values() for task in api.task_instances(run)]
    return {dag_id: run.state for dag_id, run in ended.items()}, json.dumps([told, links])


def approve(airflow: AirflowServer, run: DagRun) -> None:
    """Answer what a person is asked, as slowly as one does.

    Airflow takes the task for failed, and asks again, if the worker has not let go of it yet.
    """
    api = airflow.api

    def ended() -> bool:
        if api.task_instance(run, "approve").state == "awaiting_input":
            time.sleep(TO_READ)
            with suppress(AirflowApiError):  # answered, and not gone on yet
                api.answer(run, "approve", "Approve")
        return api.run(run).finished

    wait_until(ended, what="the captions", seconds=SECONDS)


def test_all_runs_ended_as_they_should(aftermath: Aftermath) -> None:
    well = {path.stem: "success" for path in EXAMPLES.glob("*.py")}
    assert aftermath.states == well | {"leaky": "failed", "refused": "failed"}


def test_secrets_of_all_services_were_overheard(aftermath: Aftermath) -> None:
    """Else nothing would be looked for."""
    assert {name.lower() for names in aftermath.secrets.values() for name in names} >= {
        *("authorization", "jwttoken", "access_token", "token", "apitoken", "api_token", "policy", "signature"),
        *("connection", "secret of s3", "wrong secret"),
    }


def test_the_triggers_of_all_services_were_seen(aftermath: Aftermath) -> None:
    seen = {place.rpartition(".")[2] for place, _ in aftermath.places if place.startswith("trigger ")}
    assert seen >= {"PixopTrigger", "XvidJobTrigger", "XvidUploadTrigger", "Cielo24Trigger", "NewMediaTrigger"}


@pytest.mark.parametrize("place", PLACES)
def test_what_leaks_is_found(aftermath: Aftermath, place: str) -> None:
    seen = [where for _, where in found(aftermath.places, [f"{CANARY}-{place}"])]
    assert any(where.startswith(PLACES[place]) for where in seen), seen


def test_no_secret_is_found(aftermath: Aftermath) -> None:
    leaks = {(*aftermath.secrets[secret], place) for secret, place in found(aftermath.places, aftermath.secrets)}
    assert leaks == set()

"""What only a whole Airflow can show: killing, clearing, time-outs, starting from the trigger, and where secrets go."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.demo.airflow_api import DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.waiting import wait_until
from media_sandbox.pixop.fixtures import Account
from media_sandbox.testing import RunningSandbox
from support.runs import assert_success

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

RUN_SECONDS = 400
STUCK_AT = 20
"""Percent."""
JWT = re.compile(rb"eyJ[\w-]+\.(eyJ[\w-]+)\.")


@pytest.fixture(autouse=True)
def clean_sandbox(sandbox: RunningSandbox) -> Iterator[None]:
    sandbox.admin.clear_requests()
    yield
    sandbox.admin.clear_outcomes()
    sandbox.admin.release()


def begin_stuck(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path, dag_id: str, state: str
) -> tuple[DagRun, str]:
    """Start a run whose processing gets stuck, and wait until its task waits for it."""
    sandbox.admin.outcome("process", "stuck", percent=STUCK_AT, times=1)
    run = airflow.api.trigger(dag_id, {"source": str(clip)})
    airflow.api.wait_for_state(run, "process", [state], seconds=RUN_SECONDS)
    submitted = wait_until(lambda: processed_ids(sandbox), what="a processing at the service", seconds=RUN_SECONDS)
    return run, submitted[-1]


def wait_until_stuck(sandbox: RunningSandbox, video_id: str) -> None:
    """Wait until it hangs: a release opens the gate for those who stand at it, not for those still to come."""
    wait_until(
        lambda: sandbox.admin.video(video_id)["processing"]["percent"] >= STUCK_AT,
        what=f"the processing of video {video_id} to get stuck",
        seconds=RUN_SECONDS,
    )


def processed_ids(sandbox: RunningSandbox) -> list[str]:
    """Ids that the service gave to processed videos, in order."""
    urls = [entry["path"] for entry in sandbox.admin.requests("pixop.process_video") if entry["status"] == 200]
    polled = [entry["path"].rpartition("/")[2] for entry in sandbox.admin.requests("pixop.check_process_progress")]
    return list(dict.fromkeys(polled)) if urls else []


def wait_for_cancel(sandbox: RunningSandbox, video_id: str) -> list[dict[str, Any]]:
    def cancels() -> list[dict[str, Any]]:
        deleted = sandbox.admin.requests("pixop.delete_video")
        return [entry for entry in deleted if entry["path"].endswith(video_id)]

    return wait_until(cancels, what=f"video {video_id} to be cancelled", seconds=RUN_SECONDS)


@pytest.mark.parametrize(("dag_id", "state"), [("process_deferred", "deferred"), ("process_poking", "running")])
def test_a_task_that_is_marked_failed_has_its_job_cancelled_once(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path, dag_id: str, state: str
) -> None:
    run, video_id = begin_stuck(airflow, sandbox, clip, dag_id, state)

    airflow.api.set_state(run, "process", "failed")

    wait_for_cancel(sandbox, video_id)
    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    assert len(wait_for_cancel(sandbox, video_id)) == 1


def test_a_cleared_task_takes_up_its_job_or_begins_anew_but_never_has_two(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    run, video_id = begin_stuck(airflow, sandbox, clip, "process_deferred", "deferred")
    wait_until_stuck(sandbox, video_id)

    airflow.api.clear(run, ["process"])

    wait_until(
        lambda: airflow.api.task_instance(run, "process").try_number == 2,
        what="the second try",
        seconds=RUN_SECONDS,
    )
    airflow.api.wait_for_state(run, "process", ["deferred", "success"], seconds=RUN_SECONDS)
    sandbox.admin.release()
    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    # Whether the first try's job is cancelled before the second try finds it is a race; either end leaves one job.
    submitted = sandbox.admin.requests("pixop.process_video")
    cancelled = sandbox.admin.requests("pixop.delete_video")
    assert len(submitted) - len(cancelled) == 1
    assert sandbox.admin.video(airflow.api.xcom(run, "process"))["processing"]["status"] == "DONE"


def test_a_task_that_takes_too_long_fails_and_has_its_job_cancelled(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    run, video_id = begin_stuck(airflow, sandbox, clip, "process_too_slow", "deferred")

    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    wait_for_cancel(sandbox, video_id)
    log = "\n".join(airflow.api.log_lines(airflow.api.task_instance(run, "process")))
    assert "It was cancelled" in log
    assert "Raise the task's timeout" in log


def test_a_task_cleared_after_success_is_done_again(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    run = airflow.api.trigger("process_deferred", {"source": str(clip)})
    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    first = airflow.api.xcom(run, "process")

    airflow.api.clear(run, ["process"])

    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    assert airflow.api.xcom(run, "process") != first


def test_sensors_start_from_the_trigger_with_rendered_ids(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    done = airflow.api.trigger("process_deferred", {"source": str(clip)})
    assert_success(airflow.api, done, seconds=RUN_SECONDS)
    original, processed = airflow.api.xcom(done, "upload"), airflow.api.xcom(done, "process")

    run = airflow.api.trigger("watch_from_trigger", {"original": original, "processed": processed})

    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    assert airflow.api.xcom(run, "ingest")["frame_width"] == 320
    assert airflow.api.xcom(run, "process") == processed


def test_the_link_of_a_waiting_task_leads_to_its_object(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    run, video_id = begin_stuck(airflow, sandbox, clip, "process_deferred", "deferred")

    links = airflow.api.links(run, "process")

    assert links == {"Object at the service": f"{sandbox.pixop.host}/videos/v1/video/{video_id}"}
    airflow.api.set_state(run, "process", "failed")
    wait_for_cancel(sandbox, video_id)


def test_the_connection_form_is_known_and_tested(airflow: AirflowServer, sandbox: RunningSandbox) -> None:
    account = sandbox.pixop.account
    form = {"connection_id": "tried", "conn_type": "pixop", "host": sandbox.pixop.host, "login": account.email}

    good, said = airflow.api.test_connection({**form, "password": account.password})
    assert good, said
    assert said.startswith("Logged in to Pixop as")

    good, said = airflow.api.test_connection({**form, "password": "not-the-password"})
    assert not good
    assert "Check the credentials" in said
    assert "not-the-password" not in said


def test_no_secret_is_left_in_the_database_or_the_logs(
    airflow: AirflowServer, sandbox: RunningSandbox, clip: Path
) -> None:
    run = airflow.api.trigger("process_deferred", {"source": str(clip)})
    assert_success(airflow.api, run, seconds=RUN_SECONDS)
    canary = airflow.home / "canary.log"
    canary.write_text(f"The search finds tokens such as {sandbox.admin.token()}")

    found = [name for name, content in places(airflow.home) if holds_secret(content, sandbox.pixop.account)]

    assert found == ["canary.log"]


def holds_secret(content: bytes, account: Account) -> bool:
    """Whether there is the password in it, or a token of the sandbox (Airflow has tokens of its own)."""
    basic = b64encode(f"{account.email}:{account.password}".encode())
    if account.password.encode() in content or basic in content:
        return True
    payloads = [b64decode(found + b"==", altchars=b"-_") for found in JWT.findall(content)]
    return any(b"API-Access-Credentials" in payload for payload in payloads)


def places(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every log file and every row of the metadata database."""
    for path in home.rglob("*.log"):
        yield str(path.relative_to(home)), path.read_bytes()
    database = sqlite3.connect(home / "airflow.db")
    tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
    assert {"trigger", "xcom", "rendered_task_instance_fields", "task_instance"} <= set(tables)
    for table in tables:
        if re.fullmatch(r"\w+", table):
            for row in database.execute(f"select * from {table}"):
                yield table, repr(row).encode()

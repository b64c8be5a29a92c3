"""What users copy out of the documentation works: example DAGs, flows, connections, command lines."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_media.provider_info import get_provider_info
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox
from support.dagfiles import load_dags

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGES = ("connections.md", "quickstart.md")
HOOKS = {form["connection-type"]: form["hook-class-name"] for form in get_provider_info()["connection-types"]}
PATIENCE = 30.0
"""Seconds in which the sandbox does what it is asked for."""

pytestmark = pytest.mark.airflow


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    """A sandbox, to which the default connection of each service leads."""
    with running_sandbox() as running:
        for service, connection in running.connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{service.upper()}_DEFAULT", json.dumps(connection.as_json(service)))
        yield running


def example(name: str) -> dict[str, Any]:
    """Run an example file, and give what it defines."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def until(so: Callable[[], bool]) -> None:
    """Look until something is so."""
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end


def hook_of(connection_type: str) -> Any:
    """Give the hook class of a connection type."""
    module, _, name = HOOKS[connection_type].rpartition(".")
    return getattr(import_module(module), name)


def test_the_examples_can_be_read_by_airflow() -> None:
    dags, broken = load_dags(EXAMPLES)
    assert not broken
    assert set(dags) == {
        "enhance_and_forget",
        "enhance_daily",
        "enhance_one",
        "list_archive",
        "on_arrival",
        "process_by_form",
    }


def test_the_dag_of_new_media_finds_those_of_each_event() -> None:
    from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor

    module = example("on_arrival")
    found = module["on_arrival"]().get_task("resources").python_callable
    payloads = [{"medias": [{"resource": "a.mov"}, {"resource": "b.mov"}]}, {"medias": [{"resource": "c.mov"}]}]
    events: Any = [
        SimpleNamespace(asset=module["originals"], source_aliases=[], extra={"from_trigger": True, "payload": payload})
        for payload in payloads
    ]
    assert found(TriggeringAssetEventsAccessor.build(events)) == ["a.mov", "b.mov", "c.mov"]


def test_the_flow_of_pixop_deletes_what_it_says(sandbox: RunningSandbox) -> None:
    from airflow_media.pixop.api import create_video
    from airflow_media.pixop.hook import PixopHook

    flow = example("own_flow")["delete_older_than"]
    hook = PixopHook()
    made = hook.run(create_video(name="clip"))
    assert hook.run(flow(made.project_id, "2000-01-01")) == []
    assert hook.run(flow(made.project_id, "3000-01-01")) == [made.video_id]


def test_the_functions_of_xvid_find_presets_and_failures(sandbox: RunningSandbox) -> None:
    from airflow_media.xvid.flows import submit_job_once
    from airflow_media.xvid.hook import XvidHook
    from airflow_media.xvid.request import job_body, job_output

    functions = example("talk_to_xvid")
    presets = functions["presets"]()
    assert "H.264 MP4" in presets
    hook = XvidHook()
    order = job_body(
        input_name="nothing.mov",
        outputs=[job_output("clip", presets["H.264 MP4"])],
        pipeline_id=hook.settings.pipeline_id,
        user_data="reel 7",
    )
    hook.run(submit_job_once(order, "3f2a9c21-77e1a2c3"))
    until(lambda: not sandbox.admin.jobs())
    assert functions["failures"]() == ["reel 7: Input file does not exist: nothing.mov"]


def test_the_functions_of_cielo24_find_late_jobs_and_words(sandbox: RunningSandbox, tmp_path: Path) -> None:
    from airflow_media.cielo24.api import get_job, new_job
    from airflow_media.cielo24.hook import Cielo24Hook
    from airflow_media.storage import open_source

    functions = example("talk_to_cielo24")
    hook = Cielo24Hook()
    job_id = hook.run(new_job(job_name="reel 7")).job_id
    hook.add_media(job_id, open_source(str(make_video(tmp_path / "clip.mp4", seconds=4))))
    until(lambda: hook.run(get_job(job_id)).media_length_seconds is not None)
    sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "In Process"})
    assert functions["overdue"]("2000-01-01") == []
    assert functions["overdue"]("2999-01-01") == ["reel 7"]
    sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Complete"})
    assert functions["first_words"](job_id, 1000).startswith("sandbox sentence")
    assert functions["first_words"](job_id, 0) == ""


def test_the_functions_of_the_media_storage_find_failures_and_sizes(sandbox: RunningSandbox) -> None:
    jobs = {"status": "errored", "error": "out of film", "arguments": {"resource": "clip.mov"}}
    sandbox.admin.post("media_storage/jobs", jobs)
    sandbox.admin.post("media_storage/medias", {"count": 3, "content": "x" * 1_000_000})
    functions = example("talk_to_media_storage")
    assert functions["failures"]("2000-01-01T00:00:00Z") == {"clip.mov": "out of film"}
    assert functions["failures"]("2999-01-01T00:00:00Z") == {}
    assert functions["gigabytes"]("p1") == 0.003


def written_connections() -> list[tuple[str, str]]:
    """Give the connections that the pages define in the environment: id and value."""
    text = "\n".join((ROOT / "docs" / page).read_text() for page in PAGES)
    found = re.findall(r"^export AIRFLOW_CONN_(\w+)='(.*?)'$", text, re.DOTALL | re.MULTILINE)
    return [(name.lower(), value) for name, value in found]


def test_every_type_is_written_down_as_json_and_as_uri() -> None:
    forms = {(name.removesuffix("_default"), value.startswith("{")) for name, value in written_connections()}
    assert forms == {(kind, as_json) for kind in HOOKS for as_json in (True, False)}


@pytest.mark.parametrize(("conn_id", "value"), written_connections())
def test_connections_can_be_written_as_the_pages_do(monkeypatch: pytest.MonkeyPatch, conn_id: str, value: str) -> None:
    from airflow.sdk import Connection

    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", value)
    connection = Connection.get(conn_id)
    hook = hook_of(connection.conn_type)
    assert hook.default_conn_name == conn_id
    assert hook.access_of(connection).roots


def test_connections_can_be_added_as_the_pages_do() -> None:
    from airflow.cli.cli_parser import get_parser
    from airflow.sdk import Connection

    text = (ROOT / "docs" / "connections.md").read_text().replace("\\\n", " ")
    commands = [shlex.split(line) for line in re.findall(r"^airflow connections add .*$", text, re.MULTILINE)]
    given = [get_parser().parse_args(command[1:]) for command in commands]
    assert {each.conn_type for each in given} == set(HOOKS)
    for each in given:
        connection = Connection(
            conn_id=each.conn_id,
            conn_type=each.conn_type,
            host=each.conn_host,
            login=each.conn_login,
            password=each.conn_password,
            extra=each.conn_extra,
        )
        assert hook_of(each.conn_type).access_of(connection).roots

"""A whole Airflow: started, driven through its API, and gone without a trace."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_api import AirflowApi, AirflowApiError
from media_sandbox.demo.airflow_server import USER, AirflowServer, DagImportError
from media_sandbox.demo.children import ChildError
from media_sandbox.demo.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

DAGS = Path(__file__).parent / "dags"
COMPONENTS = ("api-server", "task-api-server", "scheduler", "dag-processor", "triggerer")
RUN_SECONDS = 400


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    folder = tmp_path_factory.mktemp("server")
    dags = shutil.copytree(DAGS, folder / "dags")
    (dags / "broken.py").write_text("from airflow.sdk import DAG\nimport no_such_module\n")
    with AirflowServer(folder / "home", dags) as server:
        # Files are read in any order; the others must be there too.
        wait_until(lambda: server.api.has_dag("steps"), what="the DAG", seconds=RUN_SECONDS)
        yield server


def test_all_components_run_and_are_healthy(airflow: AirflowServer) -> None:
    airflow.check()

    assert set(airflow.api.health().values()) == {"healthy"}
    assert all(airflow.components[name].running for name in COMPONENTS)


def test_only_this_machine_and_only_with_the_password(airflow: AirflowServer) -> None:
    with socket.socket() as other_address, pytest.raises(ConnectionRefusedError):
        other_address.connect(("127.0.0.2", airflow.port))
    assert (airflow.home / "simple_auth_manager_passwords.json").stat().st_mode & 0o077 == 0

    stranger = AirflowApi(airflow.base_url, USER, "wrong")
    with pytest.raises(AirflowApiError, match="POST /auth/token with 401"):
        stranger.has_dag("steps")
    stranger.close()


def test_a_file_that_cannot_be_read_is_told_with_its_trace(airflow: AirflowServer) -> None:
    with pytest.raises(DagImportError, match=r"broken\.py(.|\n)*No module named 'no_such_module'"):
        airflow.wait_for_dag("no_such_dag")


def test_a_run_goes_through_worker_and_triggerer(airflow: AirflowServer) -> None:
    run = airflow.api.trigger("steps", {"numbers": [3, 4, 5]})

    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "success"
    tasks = {task.label: task for task in airflow.api.task_instances(run)}
    assert set(tasks) == {"numbers", "double[0]", "double[1]", "double[2]", "wait"}
    assert all(task.finished and task.start and task.end for task in tasks.values())
    assert airflow.api.xcom(run, "double", 1) == {"doubled": 8}
    assert airflow.api.xcom(run, "wait") == "waited"
    log = "\n".join(airflow.api.log_lines(tasks["wait"]))
    assert "Pausing task as DEFERRED" in log
    assert "Trigger fired event" in log
    assert airflow.api.links(run, "numbers") == {}


def test_a_failure_is_in_the_log_with_its_exception(airflow: AirflowServer) -> None:
    run = airflow.api.trigger("steps", {"numbers": [-1]})

    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"
    failed = airflow.api.task_instance(run, "double", 0)
    assert failed.state == "failed"
    assert any("ValueError: -1 is below zero" in line for line in airflow.api.log_lines(failed))


def test_tasks_are_marked_and_cleared(airflow: AirflowServer) -> None:
    run = airflow.api.trigger("endless")
    airflow.api.wait_for_state(run, "sleep", ["running"], seconds=RUN_SECONDS)

    airflow.api.set_state(run, "sleep", "success")
    airflow.api.wait_for_state(run, "wait", ["deferred"], seconds=RUN_SECONDS)
    airflow.api.set_state(run, "wait", "failed")
    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "failed"

    airflow.api.clear(run, ["wait"])
    airflow.api.wait_for_state(run, "wait", ["deferred"], seconds=RUN_SECONDS)
    assert not airflow.api.run(run).finished


def test_writing_through_the_api_does_not_get_in_the_way_of_tasks(airflow: AirflowServer) -> None:
    runs = [airflow.api.trigger("steps") for _ in range(3)]

    while not all(airflow.api.run(run).finished for run in runs):
        airflow.api.unpause("steps")

    assert [airflow.api.run(run).state for run in runs] == ["success"] * 3
    airflow.check()


def test_a_pool_is_made_and_changed(airflow: AirflowServer) -> None:
    for slots in (1, 2):
        airflow.api.make_pool("few", slots, include_deferred=True)

    table = airflow.command("pools", "list", "--output", "json")
    [pool] = [pool for pool in json.loads(table[table.index("[") :]) if pool["pool"] == "few"]
    assert (pool["slots"], pool["include_deferred"]) == ("2", "True")


def test_a_command_that_fails_is_told_with_what_it_printed(airflow: AirflowServer) -> None:
    with pytest.raises(ChildError, match="no_such_dag"):
        airflow.command("dags", "details", "no_such_dag")


def test_what_airflow_refuses_is_told(airflow: AirflowServer) -> None:
    with pytest.raises(AirflowApiError, match="PATCH /api/v2/dags/no_such_dag with 404") as told:
        airflow.api.trigger("no_such_dag")
    assert told.value.status == 404


def test_a_component_can_be_stopped_and_started_again(airflow: AirflowServer) -> None:
    triggerer = airflow.components["triggerer"]
    triggerer.stop()
    with pytest.raises(ChildError, match="airflow triggerer ended"):
        airflow.check()

    triggerer.start()

    run = airflow.api.trigger("steps")
    assert airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state == "success"


def test_nothing_is_left_of_a_stopped_airflow_not_even_its_tasks(tmp_path: Path) -> None:
    with AirflowServer(tmp_path / "home", DAGS) as server:
        server.wait_for_dag("endless")
        run = server.api.trigger("endless")
        server.api.wait_for_state(run, "sleep", ["running"], seconds=RUN_SECONDS)
        before = {name: child.members() for name, child in server.components.items()}
        assert all(before[name] for name in COMPONENTS)

    assert {name: child.members() for name, child in server.components.items()} == {name: [] for name in before}
    with socket.socket() as port, pytest.raises(ConnectionRefusedError):
        port.connect(("127.0.0.1", server.port))


def test_a_component_that_cannot_start_is_told_and_the_others_are_stopped(tmp_path: Path) -> None:
    server = AirflowServer(tmp_path / "home", DAGS)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()

        with pytest.raises((ChildError, TimeoutError), match="address already in use"):
            server.start()

    assert not any(child.members() for child in server.components.values())


def test_a_database_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    env = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/no/such/folder/airflow.db"}

    with pytest.raises(ChildError, match="airflow migrate ended with code 1"):
        AirflowServer(tmp_path / "home", DAGS, env=env).start()

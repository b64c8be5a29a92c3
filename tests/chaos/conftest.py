"""A sandbox for each case of the matrix, made from a copy of what was prepared once; time passes fast in it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from media_sandbox.testing import make_video, running_sandbox

if TYPE_CHECKING:
    from chaos_faults import Case
    from chaos_scenario import Scenario, World

    from support.tasks import TaskRun
    from support.troubled_s3 import TroubledS3

HERE = Path(__file__).parent
OPTIONS: dict[str, dict[str, Any]] = {
    "cielo24": {"turnaround_hour_seconds": 0.0005, "allow_loopback_media": True},
    "media_storage": {"jobs_from_uploads": False},
}
"""How the stand-ins are set."""
SPEED = 20
"""How much faster time passes for whoever waits before a call is sent again."""
BUDGET = 3.0
"""Seconds of that time for which a call is sent again."""
SILENCE = 0.5
"""Seconds after which a silent service counts as lost, where the fault is that it is silent."""
PATIENCE = 30.0
"""Seconds after which it does elsewhere: the machine may be busy."""
REGION = "us-east-1"
S3_SECRET = "s3-s3cret-acc3ss-k3y"
OUTAGE = 0.1
"""Seconds for which a wait bears a service that cannot be reached."""

Open = Callable[["Scenario"], "World"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole matrix be asked for."""
    parser.addoption("--chaos", action="store_true", help="every fault at every request, not only at the worst ones")
    parser.addoption("--chaos-report", metavar="FILE", help="write down what came of it, for the documentation")


def pytest_configure(config: pytest.Config) -> None:
    """Make known the mark of tests that only ``--chaos`` asks for."""
    config.addinivalue_line("markers", "long: takes minutes, and is run with --chaos only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests of this folder for ``--chaos``."""
    if config.getoption("--chaos", default=False):
        return
    long = [item for item in items if HERE in item.path.parents and item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the report; with several processes, the one that leads them does."""
    from chaos_report import report

    path = config.getoption("--chaos-report", default=None)
    if path:
        ended = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, [])]
        struck = [value for each in ended for name, value in each.user_properties if name == "chaos"]
        Path(path).write_text(json.dumps(report(struck), indent=1) + "\n")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of less than a second, with sound."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", size="160x120", seconds=0.4)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, tuple[Path, Any]]:
    """What was prepared so far: the sandbox's files, and what to know of them."""
    return {}


@pytest.fixture
def arena(
    _fast_forward: None,
    _no_access_log: None,
    _tries_told: None,
    prepared: dict[Any, tuple[Path, Any]],
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Open]:
    """Give the world that a scenario begins in."""
    from chaos_scenario import World

    @contextmanager
    def world_in(data: Path, scenario: Scenario, given: Any = None) -> Iterator[World]:
        (folder := tmp_path / "folder").mkdir(exist_ok=True)
        with running_sandbox(data, **OPTIONS) as sandbox:
            world = World(scenario, sandbox, clip, folder, given)
            if world.service in sandbox.connections:
                connection = sandbox.connection(world.service).as_json(world.service) | scenario.connection
                monkeypatch.setenv(f"AIRFLOW_CONN_{world.service.upper()}_DEFAULT", json.dumps(connection))
            yield world

    def template(scenario: Scenario) -> tuple[Path, Any]:
        if scenario.prepare not in prepared:
            data = tmp_path_factory.mktemp("prepared") / "data"
            with world_in(data, scenario) as world:
                given = scenario.prepare(world) if scenario.prepare else None
                world.settle()
            prepared[scenario.prepare] = data, given
        return prepared[scenario.prepare]

    opened = []

    def open_(scenario: Scenario) -> World:
        data, given = template(scenario)
        shutil.copytree(data, copy := tmp_path / "data", copy_function=_copied)
        opened.append(context := world_in(copy, scenario, given))
        world = context.__enter__()
        if scenario.s3:
            world.s3, world.troubled = request.getfixturevalue("s3"), request.getfixturevalue("troubled")
        return world

    yield open_
    for context in opened:
        context.__exit__(None, None, None)


def _copied(source: str, target: str) -> None:
    """Copy what is written in place; files of media are only ever replaced, so a link to them does."""
    if "sqlite" in source:
        shutil.copy2(source, target)
    else:
        os.link(source, target)


@pytest.fixture
def silence(request: pytest.FixtureRequest) -> float:
    """Seconds after which whoever says nothing counts as lost."""
    case = getattr(request.node, "callspec", None) and request.node.callspec.params.get("case")
    return SILENCE if case and case.disturbance.startswith("stalled") else PATIENCE


@pytest.fixture
def _fast_forward(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, silence: float) -> None:
    """Pauses between tries are short, and so is patience: how long they are is decided, and tested, without a clock."""
    if request.node.get_closest_marker("long"):
        return
    from botocore import endpoint  # type: ignore[import-untyped]

    from airflow_media.http import client, reading
    from airflow_media.http.client import Timeouts
    from airflow_media.http.retry import RetryPolicy
    from airflow_media.jobs import watch
    from airflow_media.jobs.connection import Access
    from airflow_media.jobs.hook import MediaHook

    pauses = Pauses()
    for module in (client, endpoint, reading):
        monkeypatch.setattr(module, "time", Passing(time, lambda seconds: time.sleep(pauses.take(seconds))))
    monkeypatch.setattr(client, "asyncio", Passing(asyncio, lambda seconds: asyncio.sleep(pauses.take(seconds))))
    monkeypatch.setattr(client, "Exchange", partial(client.Exchange, monotonic=lambda: pauses.taken))
    access_of = MediaHook.access_of.__func__  # type: ignore[attr-defined]

    def hasty(cls: type[MediaHook], connection: Any) -> Access:
        access: Access = access_of(cls, connection)
        timeouts = Timeouts(silence, silence, silence, silence)
        return replace(access, retry=RetryPolicy(budget=BUDGET), timeouts=timeouts)

    monkeypatch.setattr(MediaHook, "access_of", classmethod(hasty))
    monkeypatch.setattr(watch, "PATIENCE", OUTAGE)


@pytest.fixture
def outcome(record_property: Callable[[str, object], None]) -> Callable[[str, Case, str], None]:
    """Keep for the report what came of a case."""
    from chaos_report import ended

    def keep(how: str, case: Case, ending: str) -> None:
        record_property("chaos", ended(how, case, ending))

    return keep


@pytest.fixture
def between_looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[World], None]:
    """Let work at the service end between two looks, so that a run asks for the same each time."""
    from airflow_media.jobs import watch
    from airflow_media.jobs.hub import Hub

    def settle(world: World) -> None:
        monkeypatch.setattr(watch, "time", Passing(time, lambda _: world.settle()))
        monkeypatch.setattr(Hub, "sleep", lambda hub, pause, interval: asyncio.to_thread(world.settle))

    return settle


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[World, Case], None]:
    """See that no temporary file and no upload in parts is left behind."""
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def check(world: World, case: Case) -> None:
        assert [path.name for path in temporary.iterdir() if not path.name.startswith("media-sandbox-")] == []
        assert world.orphans(empty=not case.forgets) == []

    return check


@pytest.fixture
def untold(logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """See that no secret is in the logs, in what a task leaves behind, and in other texts."""
    from chaos_scenarios import HELPERS

    from airflow_media.http.auth import Token, TokenCache

    tokens: set[str] = set()
    store = TokenCache.store

    def remember(cache: TokenCache, token: Token, now: float) -> None:
        tokens.add(token.value)
        store(cache, token, now)

    monkeypatch.setattr(TokenCache, "store", remember)

    def check(world: World, run: TaskRun | None, *texts: str) -> None:
        kept = (json.dumps(run.ti.xcoms), str(run.store and run.store.values)) if run else ()
        text = "".join((logged(), *kept, *texts))
        helper = HELPERS.get(world.service)
        found = helper(world.sandbox, world.clip).secrets_in(text) if helper else []
        assert found + [secret for secret in (*tokens, S3_SECRET) if secret in text] == []

    return check


class Pauses:
    """A clock that only pauses move on: how much of its budget a call has used up is not for a busy machine to say.

    :ivar taken: Seconds of all pauses so far.
    """

    def __init__(self) -> None:
        self.taken = 0.0

    def take(self, seconds: float) -> float:
        """Begin a pause; give how long it really is."""
        self.taken += seconds
        return seconds / SPEED


class Passing:
    """A module whose ``sleep`` is another one.

    :param module: ``time`` or ``asyncio``.
    :param sleep: Lets time pass.
    """

    def __init__(self, module: ModuleType, sleep: Callable[[float], Any]) -> None:
        self._module = module
        self.sleep = sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@pytest.fixture
def _tries_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell tasks in their environment which try they are, as Airflow does."""
    from support.tasks import TaskRun

    defer = TaskRun.defer

    def begin(run: TaskRun) -> Any:
        monkeypatch.setenv("AIRFLOW_CTX_TRY_NUMBER", str(run.ti.try_number))
        return defer(run)

    monkeypatch.setattr(TaskRun, "defer", begin)


@pytest.fixture
def _no_access_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The services' own log names whole URLs, as that of any server does: it is not ours to blank."""
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "disabled", True)


@pytest.fixture(scope="session")
def _s3_known() -> Iterator[None]:
    """Read the description of S3 once: each client of its library reads it anew, which takes longer than a test."""
    from botocore import loaders  # type: ignore[import-untyped]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "create_loader", cache(loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def s3_address(_s3_known: None) -> Iterator[tuple[str, int]]:
    """Host and port of an S3 of its own."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def s3(s3_address: tuple[str, int]) -> Iterator[Any]:
    """A client of it, with an empty bucket."""
    import boto3
    from chaos_scenario import BUCKET

    keys = {"aws_access_key_id": "id", "aws_secret_access_key": S3_SECRET}
    client = boto3.client("s3", endpoint_url="http://{}:{}".format(*s3_address), region_name=REGION, **keys)
    client.create_bucket(Bucket=BUCKET)
    yield client
    for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        client.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    for listed in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=listed["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def troubled(s3_address: tuple[str, int], silence: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[TroubledS3]:
    """The way by which tasks reach it: Airflow's default connection leads there."""
    from support.troubled_s3 import TroubledS3

    with TroubledS3(s3_address) as proxy:
        timeouts = {"connect_timeout": silence, "read_timeout": silence}
        place = {"endpoint_url": proxy.url, "region_name": REGION, "config_kwargs": timeouts}
        connection = {"conn_type": "aws", "login": "id", "password": S3_SECRET, "extra": place}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        yield proxy

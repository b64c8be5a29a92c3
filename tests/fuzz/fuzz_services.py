"""Every call and flow of every service, made with plain arguments, and an exchange that is answered by a test."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.service import Cielo24Auth, Cielo24Settings
from airflow_media.http.auth import Auth
from airflow_media.http.call import Answer
from airflow_media.http.errors import MediaError, NetworkFaultError
from airflow_media.http.exchange import Exchange, GetToken, Send
from airflow_media.http.origins import Origins
from airflow_media.http.retry import NO_RETRY
from airflow_media.http.service import Service
from airflow_media.jobs.states import JobKind
from airflow_media.media_storage.service import KeyAuth, StorageSettings
from airflow_media.pixop.service import PixopAuth
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.xvid.models import UploadSession
from airflow_media.xvid.service import XvidAuth, XvidSettings

ROOM = "airflow_media"
MOST_REQUESTS = 60
"""Requests of a flow after which nobody answers any more."""
ROOTS = dict.fromkeys(("", "accounts", "videos", "media"), "https://api.example.com/v1")


@dataclass(frozen=True)
class Few:
    """A small file."""

    content: bytes = b"some video"

    @property
    def size(self) -> int:
        return len(self.content)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([self.content])


@dataclass(frozen=True)
class Room:
    """What must be known of a service to run its calls.

    :param auth: How it is logged in to.
    :param settings: What a connection says.
    :param arguments: Plain arguments by name, where they are not those of all services.
    """

    name: str
    auth: Auth
    settings: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        """The service as clients see it."""
        service: Service = import_module(f"{ROOM}.{self.name}.service").SERVICE
        return service


ROOMS = (
    Room("pixop", PixopAuth("ann@example.com", "correct horse", "team-1")),
    Room("xvid", XvidAuth("client", "correct horse"), XvidSettings("p1"), {"name": "files"}),
    Room("media_storage", KeyAuth("correct horse", "https://api.example.com/login"), StorageSettings()),
    Room(
        "cielo24",
        Cielo24Auth("ann", password="correct horse"),
        Cielo24Settings(),
        {"job_id": "ab12", "job_ids": ["ab12"]},
    ),
)

USUAL: dict[str, Any] = {
    **dict.fromkeys(("name", "email", "password", "new_password", "filename", "key", "username"), "a name"),
    **dict.fromkeys(("client_id", "client_secret", "external_id", "reference_id", "requestor_id", "api_key"), "a name"),
    **dict.fromkeys(("project_id", "video_id", "processed_id", "source_id", "file_id", "job_id", "upload_id"), "id-1"),
    **dict.fromkeys(("pipeline_id", "preset_id", "resource"), "id-1"),
    **dict.fromkeys(("media_url", "token_url"), "https://api.example.com/film.mp4"),
    "caption_format": "WEB_VTT",
    "content": Few(),
    "job": {"input": {"input_name": "film.mp4"}, "outputs": [], "user_data": "mine"},
    "job_ids": [f"id-{number}" for number in range(10)],
    "kind": "original",
    "media_type": "video/mp4",
    "order": TranscriptionOrder(transcription_fidelity="PREMIUM", priority="STANDARD"),
    "password": "correct horse",
    "session": UploadSession(
        id="u1", object_key="k", form_post_url="https://store.example.com/", form_post_params={"policy": "p"}
    ),
    "settings": ProcessSettings(),
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "source": Few(),
}
"""A plain argument for each name that calls and flows use."""
UUID = "0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"
PARTS = frozenset({"every", "create_job_once", "when_complete"})
"""Flows that are given a call of the same module: they run as parts of others."""


def calls(room: Room) -> dict[str, Callable[[], Any]]:
    """Give all calls and flows of a service, by name, ready to be made."""
    found = {}
    for module in ("api", "form", "flows", "submit", "arrivals"):
        path = f"{ROOM}.{room.name}.{module}"
        if not (package() / room.name / f"{module}.py").is_file():
            continue
        for name, function in inspect.getmembers(import_module(path), inspect.isfunction):
            returns = str(inspect.signature(function).return_annotation)
            ours = function.__module__ == path and not name.startswith("_") and name not in PARTS
            if ours and returns.startswith(("Call[", "Flow[")):
                found[f"{module}.{name}"] = _with_arguments(room, function)
    return {**found, **_looks(room)}


def _looks(room: Room) -> dict[str, Callable[[], Any]]:
    """Give what is done about jobs that are waited for."""
    found: dict[str, Callable[[], Any]] = {}
    job_id = room.arguments.get("job_id", "id-1")
    kinds = import_module(f"{ROOM}.{room.name}.kinds")
    for name, kind in inspect.getmembers(kinds, lambda each: isinstance(each, JobKind)):
        asked = kind.with_options({"filters": {"priority": 1}} if name == "MATCHING" else {})
        found[f"{name}.observe"] = partial(asked.look, job_id)
        if kind.observe_many is not None:
            found[f"{name}.observe_many"] = partial(asked.look_at_all, [job_id, UUID])
        if kind.cancel is not None:
            found[f"{name}.cancel"] = partial(asked.stop, job_id)
    return found


def _with_arguments(room: Room, function: Callable[..., Any]) -> Callable[[], Any]:
    plain = {**USUAL, **room.arguments}
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    extra = {"file_id": "id-1"} if function.__name__ == "download_file" else {}
    return lambda: function(**{name: plain[name] for name in needed}, **extra)


def run(room: Room, asked: Any, answered: Callable[[Send], Answer], *, token: bool = False) -> Any:
    """Carry out a call or a flow; each request is answered by the test.

    :param room: The service.
    :param asked: The call or the flow.
    :param answered: Gives the answer to a request.
    :param token: Whether it is the login itself that is wanted.
    """
    exchange = Exchange(
        service=room.service, origins=Origins(ROOTS), auth=room.auth, retry=NO_RETRY, settings=room.settings
    )
    steps = exchange.token(GetToken(None, bulk=False), 0) if token else exchange.flow(asked)
    value: Any = None
    requests = 0
    while True:
        try:
            step = steps.throw(value) if isinstance(value, MediaError) else steps.send(value)
        except StopIteration as stop:
            return stop.value
        if isinstance(step, Send):
            requests += 1
            value = answered(step) if requests <= MOST_REQUESTS else NetworkFaultError("nobody answers")
        else:
            value = "t0ken-value" if isinstance(step, GetToken) else None


def package() -> Path:
    """Give the folder of the provider."""
    [place] = import_module(ROOM).__path__
    return Path(place)


@cache
def words(room: str) -> tuple[str, ...]:
    """Give the short texts that the modules of a service name: keys, statuses, types, codes."""
    found = {
        node.value
        for path in (package() / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= 30
    }
    return tuple(sorted(word for word in found if " " not in word))

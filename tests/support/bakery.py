"""A service that bakes loaves, made of nothing but flows: a hook, a kind of job and a trigger, with no I/O at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Flow
from airflow_media.http.service import Service
from airflow_media.jobs.connection import Access, Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.jobs.states import JobKind, JobState, Phase
from airflow_media.jobs.trigger import JobTrigger

CONN_ID = "bakery_default"
PASSWORD = "sourdough-secret"


class BakeryAuth:
    """A login that nobody needs, with a secret that nobody must see."""

    def login(self) -> Flow[Token]:
        yield from ()
        return Token(PASSWORD)

    def headers(self, token: str) -> dict[str, str]:
        return {"x-token": token}

    def params(self, token: str) -> dict[str, str]:
        return {}

    def refused(self, answer: Answer) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD,)


class BakeryHook(MediaHook):
    """The hook; it counts how often a connection was read for it."""

    conn_name_attr = "bakery_conn_id"
    default_conn_name = CONN_ID
    conn_type = "bakery"
    hook_name = "Bakery"
    read: ClassVar[list[str]] = []

    @classmethod
    def access(cls, reader: Reader) -> Access:
        cls.read.append(reader.login("name"))
        return Access(service=Service(name="Bakery"), roots={"": reader.base_url("https://x")}, auth=BakeryAuth())

    @classmethod
    def probe(cls) -> Flow[str]:
        yield from ()
        return "Warm bread"


@dataclass
class Oven:
    """What the bakery does next, and what it was asked.

    :param looks: What is seen of a loaf, in this order, the last of them again and again; an exception is raised.
    """

    looks: list[JobState | Exception] = field(default_factory=lambda: [JobState(Phase.DONE)])
    asked: list[str | Sequence[str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    cancel: Callable[[str], Flow[Any]] | None = None

    def observe(self, job_id: str) -> Flow[JobState]:
        yield from ()
        self.asked.append(job_id)
        return self._next()

    def observe_many(self, job_ids: Sequence[str]) -> Flow[Mapping[str, JobState]]:
        yield from ()
        self.asked.append(job_ids)
        state = self._next()
        return {job_id: state for job_id in job_ids if job_id != "eaten"}

    def stop(self, job_id: str) -> Flow[None]:
        if self.cancel is not None:
            yield from self.cancel(job_id)
        self.cancelled.append(job_id)

    def kind(self, *, many: bool = False, stoppable: bool = True) -> JobKind:
        return JobKind(
            name="baking",
            noun="Bakery loaf",
            observe=self.observe,
            cancel=self.stop if stoppable else None,
            observe_many=self.observe_many if many else None,
        )

    def _next(self) -> JobState:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look


class BakeryTrigger(JobTrigger):
    """The trigger, with an oven that the test puts in."""

    hook = BakeryHook
    kinds: ClassVar[dict[str, JobKind]] = {"baking": Oven().kind()}
    job_field = "loaf_id"


def connection(**fields: Any) -> str:
    """Give a connection to it as an environment variable holds it."""
    return json.dumps({"conn_type": "bakery", "login": "baker", "password": PASSWORD, **fields})

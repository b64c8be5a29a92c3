"""A driver of flows that follows a script: each call gets the next reply, and is kept to be looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from airflow_media.http.call import Answer, Call, Configured, Flow, Pause
from airflow_media.http.errors import MediaError
from airflow_media.http.service import Service

T = TypeVar("T")


def reply(document: object = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Make an answer with a JSON body."""
    return Answer(status, headers or {}, b"" if document is None else json.dumps(document).encode())


class Script:
    """Replies in order; a fault among them is raised in the flow, as the clients do. A subclass names its service.

    :param replies: Answers, and faults that stand for no answer.
    :param settings: What the connection says beyond address and credentials.
    """

    service: ClassVar[Service]

    def __init__(self, *replies: Answer | MediaError, settings: Any = None) -> None:
        self._replies = list(replies)
        self._settings = settings
        self.calls: list[Call[Any]] = []
        self.pauses: list[float] = []

    def run(self, flow: Flow[T] | Call[T]) -> T:
        """Drive a flow to its end; every reply must have been used by then."""
        steps = iter(flow)
        value: Any = None
        fault: MediaError | None = None
        while True:
            try:
                step = steps.throw(fault) if fault else steps.send(value)
            except StopIteration as stop:
                assert not self._replies, f"{len(self._replies)} replies were not asked for"
                result: T = stop.value
                return result
            value, fault = None, None
            if isinstance(step, Pause):
                self.pauses.append(step.seconds)
            elif isinstance(step, Configured):
                value = self._settings
            else:
                value, fault = self._answer(step)

    def _answer(self, call: Call[T]) -> tuple[T | None, MediaError | None]:
        self.calls.append(call)
        answer = self._replies.pop(0)
        if isinstance(answer, MediaError):
            return None, answer
        fault = self.service.fault(call, answer, 0.0)
        return (None, fault) if fault else (call.read(answer), None)

    @property
    def asked(self) -> list[str]:
        """What was asked, as ``METHOD path``."""
        return [f"{call.method} {call.url}" for call in self.calls]

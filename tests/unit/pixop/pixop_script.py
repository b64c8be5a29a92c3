"""A driver of flows that follows a script: each call gets the next reply, and is kept to be looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from airflow_media.http.call import Answer, Call, Flow, Pause
from airflow_media.http.errors import MediaError
from airflow_media.pixop.service import SERVICE

T = TypeVar("T")


def reply(document: object = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Make an answer with a JSON body."""
    return Answer(status, headers or {}, b"" if document is None else json.dumps(document).encode())


def refusal(status: int, exception: str = "SomeException", message: str = "no") -> Answer:
    """Make an answer with the service's error document."""
    return reply({"exception": exception, "errorMessage": message}, status)


def page(name: str, items: list[dict[str, Any]], following: str | None = None) -> Answer:
    """Make a page of a listing."""
    links = {"self": {"href": "https://pixop.test/self"}}
    if following:
        links["next"] = {"href": following}
    return reply({"pageSize": 100, "page": 1, "_links": links, "_embedded": {name: items}})


class Script:
    """Replies in order; a fault among them is raised in the flow, as the clients do.

    :param replies: Answers, and faults that stand for no answer.
    """

    def __init__(self, *replies: Answer | MediaError) -> None:
        self._replies = list(replies)
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
                continue
            self.calls.append(step)
            answer = self._replies.pop(0)
            fault = answer if isinstance(answer, MediaError) else SERVICE.fault(step, answer, 0.0)
            if fault is None:
                assert isinstance(answer, Answer)
                value = step.read(answer)

    @property
    def asked(self) -> list[str]:
        """What was asked, as ``METHOD path``."""
        return [f"{call.method} {call.url}" for call in self.calls]

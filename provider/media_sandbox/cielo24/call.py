"""One authenticated request, and how its parameters are read: in the order in which faults are to be told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.cielo24.errors import INVALID_QUERY, ITEM_NOT_FOUND, missing, refusal
from media_sandbox.cielo24.given import Given
from media_sandbox.cielo24.parameters import Parameter, Rank, as_text, hex_id
from media_sandbox.cielo24.records import Account, Job, Session, Task, new_id
from media_sandbox.cielo24.tree import family
from media_sandbox.cielo24.vocabulary import DONE

if TYPE_CHECKING:
    from media_sandbox.cielo24.service import Cielo24

COMMON: Final = ("v", "api_token")


@dataclass(frozen=True)
class Call:
    """One authenticated request and what its handler needs."""

    cielo24: Cielo24
    request: Request
    given: Given
    account: Account
    session: Session

    def read(self, *parameters: Parameter) -> dict[str, Any]:
        """Return the values of the parameters that were sent.

        :raises ApiError: 400 for the first fault.
        """
        self._demand(parameters)
        return self._values(parameters)

    def read_with_job(self, *parameters: Parameter) -> tuple[Job, dict[str, Any]]:
        """Return the job that ``job_id`` names, and the values of the other parameters.

        :raises ApiError: 400 for the first fault.
        """
        id_ = self._read_id("job_id", parameters)
        job = self.cielo24.records.jobs.get(id_)
        if job is None or not self.sees(job.account_id):
            raise refusal(ITEM_NOT_FOUND, f"there is no job {id_}")
        return job, self._values(parameters, "job_id")

    def read_task(self) -> Task:
        """Return the task that ``task_id`` names.

        :raises ApiError: 400 for the first fault.
        """
        id_ = self._read_id("task_id", ())
        task = self.cielo24.records.tasks.get(id_)
        if task is None or not self.sees(task.account_id):
            raise refusal(ITEM_NOT_FOUND, f"there is no task {id_}")
        self._values((), "task_id")
        return task

    def sees(self, account_id: str) -> bool:
        """Return whether the caller may see what belongs to an account."""
        return any(account.id == account_id for account in family(self.cielo24.records, self.account))

    def new_task(self, job: Job, type_: str, status: str = DONE) -> str:
        """Note what the call set going, and return the task's id."""
        now = self.cielo24.clock.now()
        completed = now if status == DONE else None
        task = Task(new_id(), job.account_id, job.id, type_, status, now, completed)
        return self.cielo24.records.tasks.add(task).id

    def _read_id(self, name: str, parameters: tuple[Parameter, ...]) -> str:
        id_ = self.given.first(name)
        if not id_:
            raise missing(name)
        self._demand(parameters)
        return hex_id(name, id_)

    def _demand(self, parameters: tuple[Parameter, ...]) -> None:
        for parameter in parameters:
            text = self.given.first(parameter.name)
            if parameter.required and (text is None or (not text and self.cielo24.options.empty_is_missing)):
                raise missing(parameter.name)

    def _values(self, parameters: tuple[Parameter, ...], *ids: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        texts = [(values, item, text) for item in parameters if (text := self._text(item)) is not None]
        for _, outer, text in [item for item in texts if item[1].inner]:
            inner = nested[outer.name] = {}
            texts += [(inner, item, item_text) for item, item_text in self._open(outer, text)]
        for rank in Rank:
            for target, item, text in texts:
                if item.kind.rank is rank:
                    target[item.name] = item.kind.read(item.name, text)
        self._refuse_contradictions(parameters, ids)
        return values | nested

    def _text(self, parameter: Parameter) -> str | None:
        texts = self._all(parameter)
        # One text in brackets is a whole list; anything else is an item of a list sent as one parameter several times.
        items = len(texts) > 1 or (texts and not texts[0].startswith(("[", "(")))
        return as_text(texts) if items and self._may_repeat(parameter) else next(iter(texts), None)

    def _all(self, parameter: Parameter) -> list[str]:
        names = (parameter.name, parameter.other_name or parameter.name)
        if parameter.kind.repeats:
            return self.given.query.get(parameter.name, [])
        return list(dict.fromkeys(text for name in names for text in self.given.all(name)))

    def _may_repeat(self, parameter: Parameter) -> bool:
        return parameter.kind.repeats and self.cielo24.options.repeated_lists

    def _open(self, outer: Parameter, text: str) -> list[tuple[Parameter, str]]:
        """Return the keys of a JSON object as parameters, whose faults rank with those of the others.

        What is no object is left to the parameter's own kind.
        """
        try:
            value = json.loads(text)
        except ValueError:
            return []
        if not isinstance(value, dict):
            return []
        keys = [item for item in outer.inner if item.name in value]
        return [(item, self._inner_text(item, value[item.name])) for item in keys]

    def _inner_text(self, item: Parameter, value: Any) -> str:
        fits = isinstance(value, item.kind.native)
        if not fits and not (isinstance(value, str) and self.cielo24.options.options_as_strings):
            raise refusal(INVALID_QUERY, f"{item.name} must be a JSON {item.kind.native.__name__}, not {value!r}")
        return as_text(value)

    def _refuse_contradictions(self, parameters: tuple[Parameter, ...], ids: tuple[str, ...]) -> None:
        several = [item.name for item in parameters if len(self._all(item)) > 1 and not self._may_repeat(item)]
        several += [name for name in (*COMMON, *ids) if len(self.given.all(name)) > 1]
        if several:
            raise refusal(INVALID_QUERY, f"{several[0]} has several values")


def task_answer(task_id: str) -> Response:
    """Answer with a task's id."""
    return JSONResponse({"TaskId": task_id})

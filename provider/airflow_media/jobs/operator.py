"""The base of the operators: one connection, clear failures, and for jobs: submit once, wait, stop, take the result."""

from __future__ import annotations

import sys
import time
from abc import abstractmethod
from collections.abc import Collection, Iterable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_media.http.client import Client
from airflow_media.http.errors import MediaError
from airflow_media.jobs.attempts import Attempt
from airflow_media.jobs.compat import (
    AirflowSkipException,
    AirflowTaskTerminated,
    AirflowTaskTimeout,
    BaseOperator,
    BaseOperatorLink,
    TaskDeferralError,
    TaskDeferralTimeout,
)
from airflow_media.jobs.deferral import BACKSTOP, JOB_ID_KEY, trigger_class
from airflow_media.jobs.failures import AGAIN, raise_for, told
from airflow_media.jobs.hook import MediaHook
from airflow_media.jobs.links import API_URL_KEY, MediaObjectLink
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, Outcome, Phase, Status
from airflow_media.jobs.watch import Watch, look, wait_here

if TYPE_CHECKING:
    from airflow.sdk import Context


class MediaOperator(BaseOperator):
    """Base of the operators of a service.

    A subclass names its hook, and has an argument of the name that the hook gives to connections.
    """

    hook_class: ClassVar[type[MediaHook]]
    operator_extra_links: Collection[BaseOperatorLink] = (MediaObjectLink(),)

    @property
    def conn_id(self) -> str:
        """The Airflow connection, rendered."""
        return str(getattr(self, self.hook_class.conn_name_attr))

    @cached_property
    def hook(self) -> MediaHook:
        """The hook of the service, with this operator's connection."""
        return self.hook_class(self.conn_id)

    @property
    def client(self) -> Client:
        """The client of the hook."""
        return self.hook.client

    @cached_property
    def progress(self) -> ProgressLog:
        """Where progress is told."""
        return ProgressLog(self.log.info)

    def push_link(self, context: Context, url: str) -> None:
        """Let the UI link to the object.

        :param context: The task's context.
        :param url: Its address at the service's API.
        """
        context["ti"].xcom_push(key=API_URL_KEY, value=url)

    def on_kill(self) -> None:
        """Stop what runs for this task at the service, then end the task, so that nothing half-done stays behind."""
        try:
            self.stop_remote()
        except MediaError as error:
            self.log.error("Could not stop what this task began: %s", error)
        # Airflow calls this in a signal handler and would let execute() run on until it kills the process, with no
        # chance to remove a half-written file. At an execution_timeout it raises its own exception afterwards.
        if not isinstance(sys.exc_info()[1], AirflowTaskTimeout):
            raise AirflowTaskTerminated(f"{self.task_id} was killed")

    def stop_remote(self) -> None:
        """Stop what runs for this task at the service; by default nothing does."""


def to_delete(given: str | Iterable[str] | None, what: str) -> list[str]:
    """Give the ids of what an operator is to delete.

    :param given: One id or several, as templates render them: those that are empty count for nothing.
    :param what: What they are, for the message.
    :raises AirflowSkipException: There is none.
    """
    wanted = [each for each in ([given] if isinstance(given, str) else given or ()) if each]
    if not wanted:
        raise AirflowSkipException(f"There is no {what} to delete")
    return wanted


class JobOperator(MediaOperator):
    """Base of the operators that have a job done: submit once, wait in one of the modes, take the result.

    Subclasses set ``deferrable``, ``poll_interval``, ``timeout`` and ``cancel_on_kill`` in their ``__init__``.
    """

    kind: ClassVar[JobKind]
    trigger_cls: ClassVar[str]
    """The trigger, as a dotted name."""
    again: ClassVar[str] = AGAIN
    """How a person has a job done again that came to nothing."""

    deferrable: bool
    poll_interval: float
    timeout: float
    cancel_on_kill: bool

    _job_id: str | None = None
    _attempt: Attempt | None = None

    # What a service says

    @abstractmethod
    def request(self) -> Any:
        """Check the arguments and give what is asked, as JSON values: tries that ask the same share a job.

        :raises MediaError: An argument is wrong.
        """

    @abstractmethod
    def submit(self, context: Context, attempt: Attempt) -> str:
        """Have the service begin, and give the id of the job. It must leave one job, whatever is lost on the way.

        :param context: The task's context.
        :param attempt: What earlier tries left.
        """

    @abstractmethod
    def object_url(self, job_id: str) -> str:
        """Give the address of the job at the service's API."""

    @property
    def options(self) -> dict[str, Any]:
        """What is asked of the kind of job beyond the id, as JSON values; it is stored in plain text."""
        return {}

    def find(self, client: Client, attempt: Attempt) -> str | None:
        """Look for a job that this task has submitted and whose id it never learned.

        :param client: The client to ask with.
        :param attempt: What earlier tries left; ``intended_at`` tells since when the job can exist.
        """
        return None

    def result(self, context: Context, job_id: str) -> Any:
        """Take the result of a job that is done; by default its id."""
        return job_id

    # The legs of the task

    def execute(self, context: Context) -> Any:
        """Submit the job once, then wait for it and take its result."""
        with told():
            attempt = self._attempt = Attempt.load(context, self.request())
            job_id = self._earlier(attempt)
            if job_id is None:
                attempt.intend()
                job_id = self.submit(context, attempt)
                attempt.submitted(job_id)
            self._job_id = job_id
            context["ti"].xcom_push(key=JOB_ID_KEY, value=job_id)
            self.push_link(context, self.object_url(job_id))
            return self._finish(context, self.wait(job_id))

    def wait(self, job_id: str) -> Outcome:
        """Wait for the job: deferred, which does not return, or here on the worker.

        :param job_id: The job.
        """
        deadline = time.time() + self.timeout
        if self.deferrable:
            self._defer(job_id, deadline)
        watch = Watch(
            kind=self._kind, job_id=job_id, interval=self.poll_interval, deadline=deadline, progress=self.progress
        )
        return wait_here(watch, self.client)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Go on after the trigger's event: raise what it calls for, or take the result.

        :param context: The task's context.
        :param event: The outcome of the wait.
        """
        outcome = Outcome.from_event(event)
        with told():
            self._attempt, self._job_id = Attempt.load(context, self.request()), outcome.job_id
            return self._finish(context, outcome)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after deferral, also where Airflow ended a wait in which the trigger could not have its say."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            job_id = self._known_job(context)
            outcome = Outcome(Status.TIMEOUT, job_id or "", "it had not ended when Airflow's time-out was reached")
            raise_for(outcome, self.kind.noun, cancelled=self._cancel(job_id), again=self.again)
            raise
        except TaskDeferralError:
            # A retry takes the job up. Where none is left, nobody would ever come for it.
            if context["ti"].try_number > context["ti"].max_tries:
                self._cancel(self._known_job(context))
            raise

    def stop_remote(self) -> None:
        """Cancel the job, also one that was being submitted when the task was killed."""
        attempt = self._attempt
        if attempt is None or not self.cancel_on_kill or self.kind.cancel is None:
            return
        with self.hook.hasty_client() as client:
            job_id = self._job_id or (self.find(client, attempt) if attempt.intended_at else None)
            if job_id is not None:
                client.run(self._kind.stop(job_id))
                self.log.info("Cancelled %s %s, because its task was killed", self.kind.noun, job_id)

    # Pieces

    @property
    def _kind(self) -> JobKind:
        return self.kind.with_options(self.options)

    def _earlier(self, attempt: Attempt) -> str | None:
        """Give the job of an earlier try that is still worth having: one that runs, or whose result nobody took."""
        job_id = attempt.job_id
        if job_id is None and attempt.intended_at is not None:
            job_id = self.find(self.client, attempt)
        if job_id is None:
            return None
        state = look(self._kind, job_id, self.client)
        if not state.phase.active and state.phase is not Phase.DONE:
            attempt.forget()
            return None
        self.log.info("Taking up %s %s, which an earlier try of this task began", self.kind.noun, job_id)
        attempt.submitted(job_id, attached=True)
        return job_id

    def _finish(self, context: Context, outcome: Outcome) -> Any:
        attempt = self._attempt
        assert attempt is not None
        if outcome.status is Status.GONE and attempt.attached:
            # Clearing a task starts the next try and cancels the job of the last one at about the same time: this try
            # took up a job that was about to go. Once: the new job is not one that was taken up.
            self.log.info("%s %s was cancelled with the try that began it: starting anew", self.kind.noun, self._job_id)
            attempt.forget()
            return self.execute(context)
        cancelled = outcome.status is Status.TIMEOUT and self._cancel(outcome.job_id)
        raise_for(outcome, self.kind.noun, cancelled=cancelled, again=self.again)
        result = self.result(context, outcome.job_id)
        attempt.taken()
        return result

    def _cancel(self, job_id: str | None) -> bool:
        if not job_id or not self.cancel_on_kill or self.kind.cancel is None:
            return False
        try:
            self.client.run(self._kind.stop(job_id))
        except MediaError as error:
            # What the wait ended in is told all the same; the job goes on, and the message says so.
            self.log.error("Could not cancel %s %s: %s", self.kind.noun, job_id, error)
            return False
        return True

    def _known_job(self, context: Context) -> str | None:
        ti = context["ti"]
        job_id: str | None = ti.xcom_pull(task_ids=self.task_id, key=JOB_ID_KEY, map_indexes=ti.map_index)
        return job_id

    def _defer(self, job_id: str, deadline: float) -> NoReturn:
        cls = trigger_class(self.trigger_cls)
        names = {self.hook_class.conn_name_attr: self.conn_id, cls.job_field: job_id}
        trigger = cls(
            kind=self.kind.name,
            poll_interval=self.poll_interval,
            deadline=deadline,
            cancel_on_kill=self.cancel_on_kill,
            options=self.options,
            **names,
        )
        backstop = timedelta(seconds=self.timeout + BACKSTOP)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=backstop)

"""The base of the sensors: wait for a job that somebody else began, deferred, poking or rescheduled, alike."""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Collection
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_media.http.errors import MediaError
from airflow_media.jobs.compat import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseOperatorLink,
    BaseSensorOperator,
    PokeReturnValue,
    triggers_render_templates,
)
from airflow_media.jobs.deferral import BACKSTOP, trigger_class
from airflow_media.jobs.failures import raise_for, told
from airflow_media.jobs.hook import MediaHook
from airflow_media.jobs.links import API_URL_KEY, MediaObjectLink
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, Outcome, Status
from airflow_media.jobs.watch import Watch

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_media.jobs.trigger import JobTrigger


class JobSensor(BaseSensorOperator):
    """Base of the sensors. A subclass names its hook, its trigger and its arguments, and chooses the kind of job.

    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait.
    """

    hook_class: ClassVar[type[MediaHook]]
    trigger_cls: ClassVar[str]
    """The trigger, as a dotted name."""
    operator_extra_links: Collection[BaseOperatorLink] = (MediaObjectLink(),)

    def __init__(
        self, *, deferrable: bool, poll_interval: float, start_from_trigger: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(poke_interval=poll_interval, **kwargs)
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.start_from_trigger = start_from_trigger

    @property
    @abstractmethod
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""

    @property
    def options(self) -> dict[str, Any]:
        """What is asked of the kind of job beyond the id, as JSON values; it is stored in plain text."""
        return {}

    @abstractmethod
    def object_url(self, job_id: str) -> str:
        """Give the address of the job at the service's API."""

    def result(self, context: Context, job_id: str) -> Any:
        """Give what the sensor returns when the job is done; by default its id."""
        return job_id

    @property
    def remote_id(self) -> str:
        """The job, rendered."""
        return str(getattr(self, trigger_class(self.trigger_cls).job_field))

    @property
    def conn_id(self) -> str:
        """The Airflow connection, rendered."""
        return str(getattr(self, self.hook_class.conn_name_attr))

    @cached_property
    def hook(self) -> MediaHook:
        """The hook of the service, with this sensor's connection."""
        return self.hook_class(self.conn_id)

    def arrange_start(self) -> None:
        """Arrange for the task to begin in the triggerer, if that was asked for; called at the end of ``__init__``."""
        self.start_from_trigger = self.start_from_trigger and self.deferrable and self._triggerer_can_render()
        if self.start_from_trigger:
            from airflow_media.jobs.compat import StartTriggerArgs

            path, trigger_kwargs = self._trigger(self.remote_id, deadline=None).serialize()
            self.start_trigger_args = StartTriggerArgs(
                trigger_cls=path,
                trigger_kwargs=trigger_kwargs,
                next_method="execute_complete",
                timeout=timedelta(seconds=self.timeout),
            )

    def execute(self, context: Context) -> Any:
        """Wait for the job, deferred or here."""
        with told():
            self._push_link(context)
            if not self.deferrable:
                return super().execute(context)
            # Often it is done by now: a look is cheaper than a trigger and another start on a worker.
            seen = self._first_look(context)
            return seen.xcom_value if isinstance(seen, PokeReturnValue) else self._defer()

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look at the job once."""
        watch = self._watch
        with told():
            try:
                outcome = watch.seen(self.hook.run(watch.kind.look(self.remote_id)))
            except MediaError as fault:
                outcome = watch.missed(fault)
            if outcome is None:
                return False
            return PokeReturnValue(True, xcom_value=self._finish(context, outcome))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Go on after the trigger's event: raise what it calls for, or give the result.

        :param context: The task's context.
        :param event: The outcome of the wait.
        """
        with told():
            if self.start_from_trigger:
                self._push_link(context)
            return self._finish(context, Outcome.from_event(event))

    def _first_look(self, context: Context) -> bool | PokeReturnValue:
        """Look before deferring; a bad end is soft where it would be after the wait."""
        try:
            return self.poke(context)
        except AirflowException as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(f"Skipped, as the sensor is soft: {error}") from error
            raise

    def _finish(self, context: Context, outcome: Outcome) -> Any:
        if outcome.status is Status.TIMEOUT:
            raise AirflowSensorTimeout(f"{self.kind.noun} {outcome.job_id} had not ended after {self.timeout:.0f} s")
        raise_for(outcome, self.kind.noun, cancelled=False)
        return self.result(context, outcome.job_id)

    def _push_link(self, context: Context) -> None:
        context["ti"].xcom_push(key=API_URL_KEY, value=self.object_url(self.remote_id))

    def _defer(self) -> NoReturn:
        # Airflow's own time-out is the backstop; the trigger's deadline comes first and gives the better message.
        trigger = self._trigger(self.remote_id, deadline=time.time() + self.timeout)
        backstop = timedelta(seconds=self.timeout + BACKSTOP)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=backstop)

    def _triggerer_can_render(self) -> bool:
        """It renders arguments by their names, not what is inside of them."""
        return not _templated(self.options) and (triggers_render_templates() or not _templated(self.remote_id))

    def _trigger(self, job_id: str, deadline: float | None) -> JobTrigger:
        cls = trigger_class(self.trigger_cls)
        names = {self.hook_class.conn_name_attr: self.conn_id, cls.job_field: job_id}
        return cls(
            kind=self.kind.name,
            poll_interval=self.poll_interval,
            deadline=deadline,
            cancel_on_kill=False,
            options=self.options,
            **names,
        )

    @cached_property
    def _watch(self) -> Watch:
        progress, kind = ProgressLog(self.log.info), self.kind.with_options(self.options)
        return Watch(kind=kind, job_id=self.remote_id, interval=self.poll_interval, deadline=None, progress=progress)


def _templated(value: Any) -> bool:
    """Tell whether there is a template in a value; the output of another task gives its template as text."""
    text = json.dumps(value, default=str)
    return "{{" in text or "{%" in text

"""Sensors: wait for jobs of the storage, or until a file is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.compat import conf
from airflow_media.jobs.failures import told
from airflow_media.jobs.sensor import JobSensor
from airflow_media.jobs.states import JobKind
from airflow_media.media_storage.api import get_job
from airflow_media.media_storage.flows import jobs_matching, look_up
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.media_storage.kinds import JOB, MATCHING, MEDIA
from airflow_media.media_storage.query import JOBS, SERVICE_NAME

if TYPE_CHECKING:
    from airflow.sdk import Context

CHANGING = frozenset({"status", "status__in", "progress"})
"""Filters that a job which ends no longer matches: waiting for it would never end."""


class MediaStorageJobSensor(JobSensor):
    """Wait until a job of the storage is done; or all jobs that match, of which there must be one at least.

    Sections 'get /jobs/{resource_id} - show' and 'get /jobs - index' of the Media API reference. All deferred waits of
    a connection for single jobs are answered together, a thousand of them by two requests. Only the status tells the
    end; which one means what, the connection or this task may say. It stops nothing when it is killed.

    Returns the attributes of the job, with its id, as a dictionary; or a list of these.

    :param job_id: The job. Or:
    :param filters: Which jobs: names and values as in :class:`~airflow_media.media_storage.query.JobFilters`, except
        for those that change when a job ends.
    :param resource: Only those that work on this resource. The service cannot filter by it: give filters too that keep
        the listing short, ``{"created_at__gte": "{{ data_interval_start }}"}`` for instance.
    :param success_statuses: Statuses of a job that ended well; default: those of the connection.
    :param failure_statuses: Statuses of a job that failed; default: those of the connection.
    :param fail_on_unknown_status: Whether another status than these, ``pending`` and ``running`` is a failure; else it
        is waited for.
    :param stall_timeout: Seconds without a change after which a running job counts as failed; default: never. The
        storage does not notice when a worker of its own dies.
    :param media_storage_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``job_id`` that is a template needs Airflow 3.3 for it, and filters must not be templates.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: A job failed.
    :raises JobGoneError: There is no such job, or not any more.
    """

    template_fields = ("job_id", "filters", "resource", "media_storage_conn_id")
    template_fields_renderers = {"filters": "json"}  # noqa: RUF012 - as Airflow declares it
    hook_class = MediaStorageHook
    trigger_cls = "airflow_media.media_storage.triggers.MediaStorageJobTrigger"
    hook: MediaStorageHook

    def __init__(
        self,
        *,
        job_id: str | None = None,
        filters: Mapping[str, Any] | None = None,
        resource: str | None = None,
        success_statuses: Sequence[str] | None = None,
        failure_statuses: Sequence[str] | None = None,
        fail_on_unknown_status: bool = False,
        stall_timeout: float | None = None,
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.job_id = job_id
        self.filters = filters
        self.resource = resource
        self.success_statuses = success_statuses
        self.failure_statuses = failure_statuses
        self.fail_on_unknown_status = fail_on_unknown_status
        self.stall_timeout = stall_timeout
        self.media_storage_conn_id = media_storage_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return MATCHING if self._several else JOB

    @property
    def options(self) -> dict[str, Any]:
        """What each status means, and which jobs."""
        rules: dict[str, Any] = {
            "success_statuses": _listed(self.success_statuses),
            "failure_statuses": _listed(self.failure_statuses),
            "fail_on_unknown": self.fail_on_unknown_status or None,
            "stall_timeout": self.stall_timeout,
        }
        given = {name: value for name, value in rules.items() if value is not None}
        if not self._several:
            return given
        resource = None if self.resource is None else str(self.resource)
        return {**given, "filters": self._filters, "resource": resource}

    @property
    def remote_id(self) -> str:
        """The job; where there are several, what a person calls them."""
        if not self._several:
            return str(self.job_id)
        named = self._filters | ({"resource": self.resource} if self.resource else {})
        return ", ".join(f"{name}={value}" for name, value in named.items())

    @property
    def _several(self) -> bool:
        return bool(self.filters or self.resource)

    @property
    def _filters(self) -> dict[str, Any]:
        if isinstance(self.filters, Mapping):
            return JOBS.plain(self.filters)
        return {"filters": str(self.filters)} if self.filters else {}  # the output of another task, before rendering

    def object_url(self, job_id: str) -> str:
        """Give the address of the job, or of all jobs, at the service's API."""
        return self.hook.job_url(None if self._several else job_id)

    def execute(self, context: Context) -> Any:
        """Check the arguments, then wait."""
        with told():
            self._check()
        return super().execute(context)

    def result(self, context: Context, job_id: str) -> Any:
        """Give the attributes of the job, or of all of them."""
        if not self._several:
            return self.hook.run(get_job(job_id)).plain()
        filters: Any = self._filters
        return [job.plain() for job in self.hook.run(jobs_matching(resource=self.resource or None, **filters))]

    def _check(self) -> None:
        if bool(self.job_id) == self._several:
            text = "both a job_id and filters are given" if self.job_id else "neither a job_id nor filters are given"
            raise InvalidRequestError(
                text, service=SERVICE_NAME, hint="Give a job_id; or filters, a resource, or both."
            )
        JOBS.check(self.filters or {})
        if changing := sorted(CHANGING & set(self.filters or ())):
            text = f"jobs cannot be waited for by {', '.join(changing)}: a job that ends no longer matches"
            raise InvalidRequestError(text, service=SERVICE_NAME, hint="Filter by what stays, created_at__gte say.")


class MediaStorageMediaSensor(JobSensor):
    """Wait until a file is in the storage.

    Section 'get /medias/info/{resource}(/{key})? - info' of the Media API reference. Returns its record as a
    dictionary; where the service tells that it is there and nothing else, resource and key only.

    :param resource: The resource.
    :param key: Which variant of it, ``"master.m3u8"`` for instance; default: the original.
    :param media_storage_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``resource`` that is a template needs Airflow 3.3 for it, and the key must not be one.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises MediaFailError: The service refuses.
    """

    template_fields = ("resource", "key", "media_storage_conn_id")
    hook_class = MediaStorageHook
    trigger_cls = "airflow_media.media_storage.triggers.MediaStorageMediaTrigger"
    hook: MediaStorageHook

    def __init__(
        self,
        *,
        resource: str,
        key: str | None = None,
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.resource = resource
        self.key = key
        self.media_storage_conn_id = media_storage_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """What is waited for."""
        return MEDIA

    @property
    def options(self) -> dict[str, Any]:
        """The key."""
        return {"key": self.key} if self.key else {}

    def object_url(self, job_id: str) -> str:
        """Give the address of the file at the service's API."""
        return self.hook.media_url(self.resource, self.key)

    def result(self, context: Context, job_id: str) -> dict[str, Any]:
        """Give the record of the file."""
        media = self.hook.run(look_up(self.resource, self.key)).media
        return media.plain() if media else {"resource": self.resource, "key": self.key or ""}


def _listed(words: Sequence[str] | None) -> list[str] | None:
    return None if words is None else [words] if isinstance(words, str) else sorted(words)

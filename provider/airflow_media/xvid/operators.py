"""Operators: upload, transcode, download and delete video at Xvid MediaHub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_media.http.client import Client
from airflow_media.http.downloads import Downloaded
from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.attempts import Attempt
from airflow_media.jobs.compat import conf
from airflow_media.jobs.failures import told
from airflow_media.jobs.operator import JobOperator, MediaOperator, to_delete
from airflow_media.jobs.states import Outcome, Phase, Status
from airflow_media.storage import Target, open_source, open_target
from airflow_media.storage.names import safe_name
from airflow_media.xvid.api import delete_file, get_job, get_upload
from airflow_media.xvid.flows import (
    find_job,
    finish_upload_once,
    known_file,
    pipeline_or_default,
    results_of,
    submit_job_once,
)
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.kinds import JOB, UPLOAD, upload_state
from airflow_media.xvid.request import job_body
from airflow_media.xvid.values import ExpiresAt, object_key

if TYPE_CHECKING:
    from airflow.sdk import Context

HOUR = 3600.0
DAY = 24 * HOUR


class XvidOperator(MediaOperator):
    """Base of the operators of Xvid MediaHub."""

    hook_class = XvidHook
    hook: XvidHook


class XvidUploadOperator(XvidOperator, JobOperator):
    """Upload a file to Xvid MediaHub, and wait until jobs can use it.

    Pages 'POST /files/uploads' and 'PUT /files/uploads' of the MediaHub API manual: a session, a form post to the
    storage behind Xvid, and the word that all has been sent. A retry goes on with a file that has arrived whole, and
    sends it anew otherwise. Clearing the task after a success sends it again under the same key. Returns the object
    key; pushes ``upload_id`` and ``file_id``.

    :param source: The file, of at most 5 GiB: a path or URI; see :func:`airflow_media.storage.open_source`.
    :param object_key: Key under which jobs and downloads name the file. Have ``{{ run_id }}`` in it, and the map index
        of a mapped task: what a second upload with the same key does is not documented; take it that it replaces the
        first one, also for a job which has not begun yet.
    :param pipeline_id: Pipeline that the key is relative to; default: that of the connection.
    :param expires_at: When the object is deleted if no job has used it: seconds since the epoch, an aware datetime (or
        its ISO 8601 text), a timedelta from now, or ``"never"``; default: after 7 days.
    :param ip: IPv4 address that the file is sent from, as a number or dotted: Xvid then names a storage near to it.
    :param source_conn_id: Airflow connection to read the source with; default: that of the scheme.
    :param xvid_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param timeout: Longest wait for the file to be usable, in seconds.
    :raises MediaFailError: The source cannot be read, the arguments are wrong, or Xvid refuses.
    :raises JobFailedError: Xvid could not complete the upload.
    :raises JobTimeoutError: The file was not usable within ``timeout``.
    """

    template_fields = (
        "source",
        "object_key",
        "pipeline_id",
        "expires_at",
        "ip",
        "source_conn_id",
        "xvid_conn_id",
    )
    kind = UPLOAD
    trigger_cls = "airflow_media.xvid.triggers.XvidUploadTrigger"
    cancel_on_kill = False  # there is no cancel: a session without a file ends by itself

    def __init__(
        self,
        *,
        source: str,
        object_key: str,
        pipeline_id: str | None = None,
        expires_at: ExpiresAt | None = None,
        ip: int | str | None = None,
        source_conn_id: str | None = None,
        xvid_conn_id: str = XvidHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 5.0,
        timeout: float = HOUR,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.object_key = object_key
        self.pipeline_id = pipeline_id
        self.expires_at = expires_at
        self.ip = ip
        self.source_conn_id = source_conn_id
        self.xvid_conn_id = xvid_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout

    def request(self) -> Any:
        """Check the key and give what is asked; the other values are checked before anything is sent."""
        return ["upload", self.source, object_key(self.object_key), self.pipeline_id, self.expires_at, self.ip]

    def submit(self, context: Context, attempt: Attempt) -> str:
        """Begin an upload and send the file."""
        source = open_source(self.source, self.source_conn_id)
        self.log.info("Uploading %s (%s bytes) to Xvid as %r", source.uri, source.size, self.object_key)
        session = self.hook.upload(
            self.object_key,
            source,
            pipeline_id=self.pipeline_id or None,
            ip=_given(self.ip),
            expires_at=_given(self.expires_at),
            progress=lambda done, total: self.progress.transfer(f"Upload of {source.uri}", done, total),
        )
        self.log.info("Uploaded %s to Xvid, upload %s", source.uri, session.id)
        return session.id

    def wait(self, job_id: str) -> Outcome:
        """Tell that the file has been sent, unless an earlier try has, and wait until it can be used."""
        upload = self.client.run(finish_upload_once(job_id))
        return Outcome(Status.DONE, job_id) if upload_state(upload).phase is Phase.DONE else super().wait(job_id)

    def result(self, context: Context, job_id: str) -> str:
        """Give the object key, and push the ids."""
        upload = self.client.run(get_upload(job_id))
        context["ti"].xcom_push(key="upload_id", value=upload.id)
        context["ti"].xcom_push(key="file_id", value=upload.file_id)
        return self.object_key

    def object_url(self, job_id: str) -> str:
        """Give the address of the upload at Xvid's API."""
        return self.hook.url("files/uploads", job_id)


class XvidJobOperator(XvidOperator, JobOperator):
    """Have Xvid MediaHub transcode a video, and wait for it.

    Page 'POST /jobs' of the MediaHub API manual. A job is paid for: a retry, a lost answer or a dead worker takes up
    the job that was submitted instead of submitting another; clearing the task after a success submits a new one. To be
    found again, the job carries a short mark of the task at the end of its user data, after what ``user_data`` says:
    see :func:`airflow_media.xvid.request.unmarked`. Cancelling never touches a job that has ended, since Xvid would
    delete its outputs. Returns the id of the job; pushes ``outputs``, a list of ``{"output_name", "file_id",
    "thumbnail_file_id"}``.

    :param input_name: Object key of the input, relative to the pipeline; or a full URI that Xvid fetches it from.
    :param outputs: What to make, with the service's own keys; :func:`airflow_media.xvid.request.job_output` makes one.
    :param pipeline_id: The pipeline; default: that of the connection.
    :param output_prefix: Put before the name of each output; ``{job_id}`` in it is replaced by the id of the job.
    :param user_data: Free text that the job keeps.
    :param job: The whole job with the service's own keys, in place of ``input_name``, ``outputs``, ``output_prefix``
        and ``user_data``: for what this operator has no argument for.
    :param xvid_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param timeout: Longest wait, in seconds; then the job is cancelled and the task fails.
    :param cancel_on_kill: Cancel the job when the task is killed or times out.
    :raises MediaFailError: The arguments are wrong, or Xvid refuses.
    :raises JobFailedError: The job failed.
    :raises JobGoneError: Somebody cancelled or deleted the job meanwhile.
    :raises JobTimeoutError: The job took longer than ``timeout``.
    """

    template_fields = (
        "input_name",
        "outputs",
        "pipeline_id",
        "output_prefix",
        "user_data",
        "job",
        "xvid_conn_id",
    )
    template_fields_renderers = {"outputs": "json", "job": "json"}  # noqa: RUF012 - as Airflow declares it
    kind = JOB
    trigger_cls = "airflow_media.xvid.triggers.XvidJobTrigger"

    def __init__(
        self,
        *,
        input_name: str | None = None,
        outputs: Sequence[Mapping[str, Any]] | None = None,
        pipeline_id: str | None = None,
        output_prefix: str | None = None,
        user_data: str | None = None,
        job: Mapping[str, Any] | None = None,
        xvid_conn_id: str = XvidHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        timeout: float = 2 * DAY,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_name = input_name
        self.outputs = outputs
        self.pipeline_id = pipeline_id
        self.output_prefix = output_prefix
        self.user_data = user_data
        self.job = job
        self.xvid_conn_id = xvid_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.cancel_on_kill = cancel_on_kill

    def request(self) -> Any:
        """Check the arguments and give what is asked."""
        return job_body(
            input_name=self.input_name,
            outputs=self.outputs,
            pipeline_id=self.pipeline_id or self.hook.settings.pipeline_id,
            output_prefix=self.output_prefix,
            user_data=self.user_data,
            job=self.job,
        )

    def submit(self, context: Context, attempt: Attempt) -> str:
        """Submit the job, once."""
        job = self.client.run(submit_job_once(self.request(), _mark(attempt)))
        self.log.info("Submitted Xvid job %s", job.id)
        return job.id

    def find(self, client: Client, attempt: Attempt) -> str | None:
        """Look for a job with the mark of this task, submitted since the intent."""
        job = client.run(find_job(self.request(), _mark(attempt), since=attempt.intended_at))
        return job.id if job else None

    def result(self, context: Context, job_id: str) -> str:
        """Give the job, and push what it has made."""
        job = self.client.run(get_job(job_id))
        context["ti"].xcom_push(key="outputs", value=[output.record() for output in job.outputs])
        return job_id

    def object_url(self, job_id: str) -> str:
        """Give the address of the job at Xvid's API."""
        return self.hook.url("jobs", job_id)


class XvidDownloadOperator(XvidOperator):
    """Download a file of Xvid MediaHub, or all that a job has made: resumed after a cut, and verified.

    Page 'GET /files/downloads' of the MediaHub API manual. Size and MD5 are compared where Xvid tells them, and a file
    appears under its name only when it is whole. Returns the URIs of the files as a list.

    :param target: Where to: a path or URI of a file; or of a folder, with a slash at its end, which takes the names
        that Xvid gives. See :func:`airflow_media.storage.open_target`.
    :param job_id: Download the outputs of this job and the archives of their thumbnails. Two with the same name are
        refused before anything is downloaded.
    :param file_id: Or one file: an output, an upload, an archive of thumbnails;
    :param object_key: or one file by its object key, of which Xvid tells neither size nor MD5 beforehand.
    :param pipeline_id: Pipeline that ``object_key`` is relative to; default: that of the connection.
    :param target_conn_id: Airflow connection to write the target with; default: that of the scheme.
    :param xvid_conn_id: Airflow connection to use.
    :raises MediaFailError: There is no such file or the job has not succeeded, or the target cannot be written.
    """

    template_fields = (
        "target",
        "job_id",
        "file_id",
        "object_key",
        "pipeline_id",
        "target_conn_id",
        "xvid_conn_id",
    )

    def __init__(
        self,
        *,
        target: str,
        job_id: str | None = None,
        file_id: str | None = None,
        object_key: str | None = None,
        pipeline_id: str | None = None,
        target_conn_id: str | None = None,
        xvid_conn_id: str = XvidHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.job_id = job_id
        self.file_id = file_id
        self.object_key = object_key
        self.pipeline_id = pipeline_id
        self.target_conn_id = target_conn_id
        self.xvid_conn_id = xvid_conn_id

    def execute(self, context: Context) -> list[str]:
        """Download the files."""
        with told():
            if sum(map(bool, (self.job_id, self.file_id, self.object_key))) != 1:
                raise InvalidRequestError(
                    "there must be one of job_id, file_id and object_key", hint="Give just one of them."
                )
            target = open_target(self.target, self.target_conn_id)
            if self.job_id:
                self.push_link(context, self.hook.url("jobs", self.job_id))
                return self._outputs(self.job_id, target)
            if self.file_id:
                self.push_link(context, self.hook.url("files", self.file_id))
                known = self.client.run(known_file(self.file_id))
                return [self._fetch(target, file_id=self.file_id, known=known)]
            pipeline_id = self.client.run(pipeline_or_default(self.pipeline_id))
            return [self._fetch(target, object_key=self.object_key, pipeline_id=pipeline_id)]

    def _outputs(self, job_id: str, target: Target) -> list[str]:
        results = self.client.run(results_of(job_id))
        places = [target.resolve(safe_name(result.name)) for result in results]
        # What one file would overwrite of another is known by now, and nothing has been downloaded.
        if doubles := [uri for uri, times in Counter(place.uri for place in places).items() if times > 1]:
            raise InvalidRequestError(
                f"job {job_id} has made several files that would all be written to {', '.join(doubles)}",
                hint="Give a folder, with a slash at its end, and names that differ; or download each by its file_id.",
            )
        return [
            self._fetch(place, file_id=result.file.id, known=result.file)
            for place, result in zip(places, results, strict=True)
        ]

    def _fetch(self, place: Target, **what: Any) -> str:
        done: Downloaded = self.hook.download(
            place,
            progress=lambda got, total: self.progress.transfer(f"Download to {place.uri}", got, total),
            **what,
        )
        self.log.info("Downloaded %s bytes to %s (resumed %s times)", done.size, done.uri, done.resumed)
        return done.uri


class XvidDeleteFileOperator(XvidOperator):
    """Delete files at Xvid MediaHub; one that is not there counts as deleted. Fit for a teardown.

    Page 'DELETE /files/ID' of the MediaHub API manual: content and all that is known of it, unless it is stored outside
    of Xvid. Jobs that have used or made the file stay.

    :param file_id: The file, or several. Nothing to delete, an empty text for instance, skips the task.
    :param xvid_conn_id: Airflow connection to use.
    :raises MediaFailError: Xvid refuses.
    """

    template_fields = ("file_id", "xvid_conn_id")
    operator_extra_links = ()  # there is nothing left to link to

    def __init__(
        self,
        *,
        file_id: str | Sequence[str],
        xvid_conn_id: str = XvidHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file_id = file_id
        self.xvid_conn_id = xvid_conn_id

    def execute(self, context: Context) -> None:
        """Delete the files."""
        wanted = to_delete(self.file_id, "file")
        with told():
            for file_id in wanted:
                was_there = self.client.run(delete_file(file_id, missing_ok=True))
                self.log.info("Deleted file %s at Xvid" if was_there else "File %s was not there", file_id)


def _mark(attempt: Attempt) -> str:
    """Give the mark of a task's job: the same for each try that asks the same, and for no other task."""
    return f"{attempt.key}-{attempt.request}"


def _given(value: Any) -> Any:
    """Take an empty text, as a template renders it, for nothing."""
    return None if value == "" else value

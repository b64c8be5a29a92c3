"""Operators: upload, process, download and delete video at Pixop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from airflow_media.http.client import Client
from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.attempts import Attempt, task_key
from airflow_media.jobs.compat import conf
from airflow_media.jobs.failures import told
from airflow_media.jobs.operator import JobOperator, MediaOperator, to_delete
from airflow_media.jobs.states import Outcome, Status
from airflow_media.pixop.api import MediaKind, UploadKind, delete_video
from airflow_media.pixop.flows import create_video_once, find_or_create_project, keyed_name
from airflow_media.pixop.hook import PixopHook
from airflow_media.pixop.kinds import INGESTION, PROCESSING
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.submit import delete_unless_uploaded, find_processing_of, start_processing
from airflow_media.storage import open_source, open_target

if TYPE_CHECKING:
    from airflow.sdk import Context

DAY = 86400.0


class PixopOperator(MediaOperator):
    """Base of the operators of Pixop."""

    hook_class = PixopHook
    hook: PixopHook

    def object_url(self, video_id: str) -> str:
        """Give the address of a video at Pixop's API."""
        return self.hook.video_url(video_id)


class PixopUploadOperator(PixopOperator, JobOperator):
    """Upload a file to Pixop: find or create the project and the video, send the file, and wait if asked.

    Sections 'Create new video' and 'Upload media relating to a video item' of the Pixop API reference. The video's name
    carries a short key of this task instance, so that each try finds the video of the one before; a file that has
    arrived whole is not sent again. Clearing the task after a success sends it again to the same video. Returns the id
    of the video.

    :param source: The file: a path or URI; see :func:`airflow_media.storage.open_source`.
    :param name: Name of the video at Pixop, to which the key is added; default: name of the file without its suffix.
    :param project_id: Project to put it into.
    :param project_name: Or the name of that project, which is created where there is none; default: the account's
        default project.
    :param ingestion: ``"light"`` takes metadata only; ``"full"`` adds thumbnails, web video, quality and scanning
        analysis.
    :param source_conn_id: Airflow connection to read the source with; default: that of the scheme.
    :param wait_for_ingest: Wait here until the video is ingested, instead of in a sensor.
    :param pixop_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param timeout: Longest wait for ingestion, in seconds.
    :param cancel_on_kill: Remove the video when the task is killed before its file has arrived.
    :raises MediaFailError: The source cannot be read, the arguments are wrong, or Pixop refuses.
    :raises JobFailedError: Ingestion failed.
    """

    template_fields = (
        "source",
        "name",
        "project_id",
        "project_name",
        "ingestion",
        "source_conn_id",
        "pixop_conn_id",
    )
    kind = INGESTION
    trigger_cls = "airflow_media.pixop.triggers.PixopTrigger"

    def __init__(
        self,
        *,
        source: str,
        name: str | None = None,
        project_id: str | None = None,
        project_name: str | None = None,
        ingestion: UploadKind = "light",
        source_conn_id: str | None = None,
        wait_for_ingest: bool = False,
        pixop_conn_id: str = PixopHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 5.0,
        timeout: float = DAY,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.name = name
        self.project_id = project_id
        self.project_name = project_name
        self.ingestion = ingestion
        self.source_conn_id = source_conn_id
        self.wait_for_ingest = wait_for_ingest
        self.pixop_conn_id = pixop_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.cancel_on_kill = cancel_on_kill

    def request(self) -> Any:
        """Check the arguments and give what is asked."""
        if self.project_id and self.project_name:
            raise InvalidRequestError("project_id and project_name are both given", hint="Give one of them.")
        if self.ingestion not in ("light", "full"):
            raise InvalidRequestError(f"ingestion={self.ingestion!r} is not allowed", hint="Use light or full.")
        return ["upload", self.source, self.name, self.project_id, self.project_name, self.ingestion]

    def submit(self, context: Context, attempt: Attempt) -> str:
        """Create the video and send the file."""
        source = open_source(self.source, self.source_conn_id)
        project_id = self.project_id or None
        if self.project_name:
            project_id = self.client.run(find_or_create_project(self.project_name)).id
        name = keyed_name(self.name or PurePosixPath(source.name).stem, task_key(context))
        video_id = self._job_id = self.client.run(create_video_once(name, project_id)).video_id
        self.log.info("Uploading %s (%s bytes) to Pixop video %s, %r", source.uri, source.size, video_id, name)
        self.hook.upload(
            video_id,
            source,
            kind=self.ingestion,
            anew=attempt.again,
            progress=lambda done, total: self.progress.transfer(f"Upload of {source.uri}", done, total),
        )
        self.log.info("Uploaded %s to Pixop video %s", source.uri, video_id)
        return video_id

    def wait(self, job_id: str) -> Outcome:
        """Wait for ingestion, if that was asked for."""
        return super().wait(job_id) if self.wait_for_ingest else Outcome(Status.DONE, job_id)

    def stop_remote(self) -> None:
        """Remove the video if its file has not arrived."""
        if self.cancel_on_kill and self._job_id:
            with self.hook.hasty_client() as client:
                client.run(delete_unless_uploaded(self._job_id))


class PixopProcessOperator(PixopOperator, JobOperator):
    """Have Pixop process a video, and wait for it.

    Section 'Trigger a request to process a video' of the Pixop API reference. Processing is paid for: a retry, a lost
    answer or a dead worker takes up the job that was begun instead of beginning another; clearing the task after a
    success begins a new one. Returns the id of the processed video.

    :param video_id: The source; its ingestion must be done.
    :param settings: What to do: :class:`~airflow_media.pixop.settings.ProcessSettings`, or the body of the request as a
        dictionary with the service's own keys. Values that are not templates are checked when the DAG is read.
    :param validate: Whether to check the settings. Without it, values that this release does not know are passed on.
    :param pixop_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param timeout: Longest wait, in seconds; then the processing is cancelled and the task fails.
    :param cancel_on_kill: Cancel the processing when the task is killed or times out.
    :raises SettingsError: When the DAG is read: the settings are not allowed.
    :raises MediaFailError: The settings are not allowed or do not suit the source, or Pixop refuses.
    :raises JobFailedError: Processing failed.
    :raises JobGoneError: Somebody deleted the processed video meanwhile.
    :raises JobTimeoutError: Processing took longer than ``timeout``.
    """

    template_fields = ("video_id", "settings", "pixop_conn_id")
    template_fields_renderers = {"settings": "json"}  # noqa: RUF012 - as Airflow declares it
    kind = PROCESSING
    trigger_cls = "airflow_media.pixop.triggers.PixopTrigger"

    def __init__(
        self,
        *,
        video_id: str,
        settings: ProcessSettings | Mapping[str, Any] | str,
        validate: bool = True,
        pixop_conn_id: str = PixopHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        timeout: float = 2 * DAY,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.video_id = video_id
        self.settings = settings
        self.validate = validate
        self.pixop_conn_id = pixop_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.cancel_on_kill = cancel_on_kill
        if validate:
            # What is wrong already now shows as an import error of the DAG, not after an upload of 10 GB.
            ProcessSettings.check(settings, templated=True)

    def request(self) -> Any:
        """Check the arguments and give what is asked."""
        if not self.video_id:
            raise InvalidRequestError("video_id is empty", hint="Give the id of an ingested video.")
        return ["process", self.video_id, self._settings().to_json()]

    def submit(self, context: Context, attempt: Attempt) -> str:
        """Send the request, once."""
        receipt = self.client.run(start_processing(self.video_id, self._settings(), check_source=self.validate))
        self.log.info("Pixop makes video %s of video %s", receipt.processed_video_id, self.video_id)
        return receipt.processed_video_id

    def find(self, client: Client, attempt: Attempt) -> str | None:
        """Look for a processed video of this source with these settings, begun since the intent."""
        video = client.run(find_processing_of(self.video_id, self._settings(), since=attempt.intended_at))
        return video.id if video else None

    def _settings(self) -> ProcessSettings:
        return ProcessSettings.parse(self.settings, validate=self.validate)


class PixopDownloadOperator(PixopOperator):
    """Download the media of a Pixop video: resumed after a cut, and under its final name only when it is whole.

    Sections 'Download original media associated with a video item' and '... processed ...' of the Pixop API reference.
    Returns the URI of the file.

    :param video_id: The processed video, or the original.
    :param target: Where to: a path or URI of a file; or of a folder, with a slash at its end, which takes the file name
        that Pixop gives. See :func:`airflow_media.storage.open_target`.
    :param rendition: Which media: ``"processed"`` or ``"original"``.
    :param target_conn_id: Airflow connection to write the target with; default: that of the scheme.
    :param pixop_conn_id: Airflow connection to use.
    :raises MediaFailError: There is no such video or it is not ready, or the target cannot be written.
    """

    template_fields = ("video_id", "target", "rendition", "target_conn_id", "pixop_conn_id")

    def __init__(
        self,
        *,
        video_id: str,
        target: str,
        rendition: MediaKind = "processed",
        target_conn_id: str | None = None,
        pixop_conn_id: str = PixopHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.video_id = video_id
        self.target = target
        self.rendition = rendition
        self.target_conn_id = target_conn_id
        self.pixop_conn_id = pixop_conn_id

    def execute(self, context: Context) -> str:
        """Download the file."""
        with told():
            target = open_target(self.target, self.target_conn_id)
            self.push_link(context, self.object_url(self.video_id))
            done = self.hook.download(
                self.video_id,
                target,
                kind=self.rendition,
                progress=lambda got, total: self.progress.transfer(f"Download to {target.uri}", got, total),
            )
        self.log.info("Downloaded %s bytes to %s (resumed %s times)", done.size, done.uri, done.resumed)
        return done.uri


class PixopDeleteOperator(PixopOperator):
    """Delete videos at Pixop; one that is not there counts as deleted. Fit for a teardown.

    Section 'Delete video and any new media generated so far' of the Pixop API reference: an original takes all videos
    that were made of it along. Returns the ids of all that was deleted.

    :param video_id: The video, or several. Nothing to delete, an empty text for instance, skips the task.
    :param pixop_conn_id: Airflow connection to use.
    :raises MediaFailError: Pixop refuses.
    """

    template_fields = ("video_id", "pixop_conn_id")
    operator_extra_links = ()  # there is nothing left to link to

    def __init__(
        self,
        *,
        video_id: str | Sequence[str],
        pixop_conn_id: str = PixopHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.video_id = video_id
        self.pixop_conn_id = pixop_conn_id

    def execute(self, context: Context) -> list[str]:
        """Delete the videos."""
        wanted = to_delete(self.video_id, "video")
        deleted: list[str] = []
        with told():
            for video_id in wanted:
                deleted.extend(self.client.run(delete_video(video_id, missing_ok=True)))
        self.log.info("Deleted %s at Pixop", ", ".join(deleted) or "nothing: none of these videos was there")
        return deleted

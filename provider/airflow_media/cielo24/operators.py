"""Operators: create a cielo24 job, add media, have them transcribed, fetch captions and transcripts, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_media.cielo24 import flows
from airflow_media.cielo24.api import authorize_job, new_job, update_metadata
from airflow_media.cielo24.base import Cielo24Operator, own_id
from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.kinds import TRANSCRIPTION
from airflow_media.cielo24.order import NewJob, TranscriptionOptions, TranscriptionOrder
from airflow_media.http.client import Client
from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.attempts import Attempt
from airflow_media.jobs.compat import conf
from airflow_media.jobs.failures import told
from airflow_media.jobs.operator import JobOperator, to_delete
from airflow_media.storage import open_source, open_target

if TYPE_CHECKING:
    from airflow.sdk import Context

DAY = 86400.0


class Cielo24CreateJobOperator(Cielo24Operator):
    """Find a cielo24 job by its external id, or create it.

    Page 'Create Job' of the cielo24 API documentation. A retry finds the job of the try before it, whatever answer was
    lost. Returns the id of the job.

    :param job_name: Its name, for people.
    :param language: Language that is spoken, as one of the service's codes.
    :param external_id: An id of yours: the job that has it is taken, whoever created it. Default: one made of this task
        instance and what it asks; clearing the task then creates another job.
    :param requestor: Who asks for the job.
    :param reference: What it is for.
    :param expected_speakers: How many people speak.
    :param username: The sub-account that the job is to belong to.
    :param is_duplicate: Tell the service that there may be several jobs with this external id.
    :param validate: Whether to check the arguments. Without it, values that this release does not know are passed on.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: The arguments are wrong, or cielo24 refuses.
    """

    template_fields = (*NewJob.names(), "external_id", "cielo24_conn_id")

    def __init__(
        self,
        *,
        job_name: str | None = None,
        language: str | None = "en",
        external_id: str | None = None,
        requestor: str | None = None,
        reference: str | None = None,
        expected_speakers: int | str | None = None,
        username: str | None = None,
        is_duplicate: bool | None = None,
        validate: bool = True,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_name = job_name
        self.language = language
        self.external_id = external_id
        self.requestor = requestor
        self.reference = reference
        self.expected_speakers = expected_speakers
        self.username = username
        self.is_duplicate = is_duplicate
        self.validate = validate
        self.cielo24_conn_id = cielo24_conn_id

    def execute(self, context: Context) -> str:
        """Find or create the job."""
        with told():
            given = {name: getattr(self, name) or None for name in NewJob.names()}
            asked = NewJob.parse(given, validate=self.validate)
            external_id = self.external_id or own_id(context, asked.values())
            create = new_job(**asked.values(), external_id=external_id)
            job_id = self.client.run(flows.create_job_once(external_id, create, username=asked.username))
            self.push_link(context, self.object_url(job_id))
        self.log.info("cielo24 job %s has the external id %s", job_id, external_id)
        return job_id


class AddMediaOperator(Cielo24Operator):
    """Add media to a cielo24 job: from a public URL, or from a file, whose bytes are streamed.

    Page 'Add Media To Job' of the cielo24 API documentation. A job takes one piece of media: after a lost answer or a
    dead worker it is looked whether it has arrived before it is sent again. Returns the id of the service's task, or
    ``None`` where that was lost or the media were there already.

    :param job_id: The job.
    :param media_url: A public URL for cielo24 to get the media from. Airflow shows it, also one that is presigned.
    :param source: Or the file, up to 10 GB: a path or URI; see :func:`airflow_media.storage.open_source`.
    :param source_conn_id: Airflow connection to read the source with; default: that of the scheme.
    :param is_duplicate: Tell the service that several jobs may have the same media.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: The source cannot be read, the job has media already, or cielo24 refuses.
    """

    template_fields = ("job_id", "media_url", "source", "source_conn_id", "cielo24_conn_id")

    def __init__(
        self,
        *,
        job_id: str,
        media_url: str | None = None,
        source: str | None = None,
        source_conn_id: str | None = None,
        is_duplicate: bool | None = None,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.media_url = media_url
        self.source = source
        self.source_conn_id = source_conn_id
        self.is_duplicate = is_duplicate
        self.cielo24_conn_id = cielo24_conn_id

    def execute(self, context: Context) -> str | None:
        """Add the media."""
        with told():
            if bool(self.media_url) == bool(self.source):
                given = "both are" if self.source else "none is"
                raise InvalidRequestError(f"one of media_url and source is needed, and {given} given")
            self.push_link(context, self.object_url(self.job_id))
            attempt = Attempt.load(context, ["add media", self.job_id, self.media_url, self.source])
            # What an earlier try of this task may have sent is ours; else media that are there are somebody else's.
            if attempt.intended_at is None and self.client.run(flows.must_have_no_media(self.job_id, self.media_url)):
                self.log.info("cielo24 job %s has these media already", self.job_id)
                return None
            content = open_source(self.source, self.source_conn_id) if self.source else self.media_url or ""
            attempt.intend()
            done = self.hook.add_media(
                self.job_id,
                content,
                is_duplicate=self.is_duplicate,
                progress=lambda sent, total: self.progress.transfer(f"Upload of {self.source}", sent, total),
            )
            attempt.taken()
        self.log.info("cielo24 job %s has its media%s", self.job_id, " of an earlier try" if done.found else "")
        return done.task_id


class Cielo24UpdateMetadataOperator(Cielo24Operator):
    """Change the metadata of a cielo24 job. Returns the id of the service's task.

    Page 'Update metadata of an existing job' of the cielo24 API documentation, which was withdrawn after its first
    draft: the service may answer with an error.

    :param job_id: The job.
    :param reference_id: An identifier of yours to group jobs by.
    :param requestor_id: Id of the user who asks for the job.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: One of the two is empty, or cielo24 refuses.
    """

    template_fields = ("job_id", "reference_id", "requestor_id", "cielo24_conn_id")

    def __init__(
        self,
        *,
        job_id: str,
        reference_id: str,
        requestor_id: str,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.reference_id = reference_id
        self.requestor_id = requestor_id
        self.cielo24_conn_id = cielo24_conn_id

    def execute(self, context: Context) -> str:
        """Change the metadata."""
        with told():
            call = update_metadata(self.job_id, reference_id=self.reference_id, requestor_id=self.requestor_id)
            self.push_link(context, self.object_url(self.job_id))
            return self.client.run(call)


class Cielo24TranscribeOperator(Cielo24Operator, JobOperator):
    """Have cielo24 transcribe the media of a job, and wait until the job is complete.

    Pages 'Perform Transcription' and 'Job Info' of the cielo24 API documentation. A transcription is paid for, and a
    job can be transcribed once: a retry, a lost answer, a dead worker or a cleared task takes up what was ordered. To
    have it done anew, clear the task that created the job, too. Returns the id of the job.

    :param job_id: The job; it has media.
    :param fidelity: ``"MECHANICAL"`` (by machine), ``"PREMIUM"`` or ``"PROFESSIONAL"`` (by people).
    :param priority: ``"STANDARD"`` (48 hours) or ``"PRIORITY"`` (24 hours).
    :param target_language: Language to translate into, or several with commas between them.
    :param turnaround_hours: Hours until it is due. Fewer than the priority has raise the priority, and the price.
    :param callback_url: Called by cielo24 when the job is complete; the wait does not need it.
    :param standard_product: Whether it is the standard product.
    :param transcription_options: :class:`~airflow_media.cielo24.order.TranscriptionOptions`, also as a dictionary.
    :param authorize: Authorize the job first, for an account whose jobs wait for that.
    :param validate: Whether to check the order. Without it, values that this release does not know are passed on.
    :param cielo24_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Shortest pause between two looks, in seconds. Pauses grow up to three hours; where the
        connection tells the service's time zone, they are short again around the time at which the job is due.
    :param timeout: Longest wait, in seconds.
    :param cancel_on_kill: Delete the job **with its media** when the task is killed or times out: cielo24 has no other
        way to stop it.
    :raises MediaFailError: The order is wrong or does not suit the job, or cielo24 refuses.
    :raises JobFailedError: cielo24 could not get or read the media.
    :raises JobGoneError: Somebody deleted the job meanwhile.
    :raises JobTimeoutError: It took longer than ``timeout``.
    """

    template_fields = (
        "job_id",
        "fidelity",
        "priority",
        "target_language",
        "turnaround_hours",
        "callback_url",
        "transcription_options",
        "cielo24_conn_id",
    )
    kind = TRANSCRIPTION
    trigger_cls = "airflow_media.cielo24.triggers.Cielo24Trigger"
    again = "To have it done again, clear the task that creates the job: a job can be transcribed once."

    def __init__(
        self,
        *,
        job_id: str,
        fidelity: str,
        priority: str = "STANDARD",
        target_language: str | None = None,
        turnaround_hours: int | str | None = None,
        callback_url: str | None = None,
        standard_product: bool | None = None,
        transcription_options: TranscriptionOptions | Mapping[str, Any] | str | None = None,
        authorize: bool = False,
        validate: bool = True,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 30.0,
        timeout: float = 7 * DAY,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.fidelity = fidelity
        self.priority = priority
        self.target_language = target_language
        self.turnaround_hours = turnaround_hours
        self.callback_url = callback_url
        self.standard_product = standard_product
        self.transcription_options = transcription_options
        self.authorize = authorize
        self.validate = validate
        self.cielo24_conn_id = cielo24_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.cancel_on_kill = cancel_on_kill
        if validate:  # what is wrong already now is an import error of the DAG, instead of a surprise after the upload
            TranscriptionOptions.check(transcription_options)
            TranscriptionOrder.check(self._terms)

    def request(self) -> Any:
        """Check the arguments and give what is asked."""
        return ["transcribe", self.job_id, self._order().values()]

    def submit(self, context: Context, attempt: Attempt) -> str:
        """Send the order, once."""
        order = self._order()
        if order.raises_priority:
            text = "%s hours are fewer than priority %s has: cielo24 raises the priority, and the price"
            self.log.warning(text, order.turnaround_hours, order.priority)
        if self.authorize:
            self.client.run(authorize_job(self.job_id))
        done = self.client.run(flows.transcribe_once(self.job_id, order))
        when = "was ordered before" if done.found else "is ordered"
        self.log.info("The transcription of cielo24 job %s %s", self.job_id, when)
        return self.job_id

    def find(self, client: Client, attempt: Attempt) -> str | None:
        """Look whether the transcription was ordered."""
        return self.job_id if client.run(flows.find_order(self.job_id)) else None

    @property
    def _terms(self) -> dict[str, Any]:
        names = ("priority", "target_language", "turnaround_hours", "callback_url", "standard_product")
        terms = {"transcription_fidelity": self.fidelity, **{name: getattr(self, name) for name in names}}
        return {name: None if value == "" else value for name, value in terms.items()}

    def _order(self) -> TranscriptionOrder:
        terms = {**self._terms, "options": self.transcription_options}
        return TranscriptionOrder.parse(terms, validate=self.validate)


class Cielo24CaptionsOperator(Cielo24Operator):
    """Fetch the captions of a cielo24 job that is complete, check that they are of their format, and write them whole.

    Page 'Get Caption' of the cielo24 API documentation. Returns the URI of the file.

    :param job_id: The job.
    :param target: Path or URI of a file, or of a folder with a slash at its end, which takes a name of job and format.
    :param caption_format: One of :data:`~airflow_media.cielo24.vocabulary.CAPTION_FORMATS`.
    :param caption_options: :class:`~airflow_media.cielo24.captions.CaptionOptions`, also as a dictionary.
    :param validate: Whether to check format and options, and the file before it is written.
    :param target_conn_id: Airflow connection to write the target with; default: that of the scheme.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: The job is not complete, the file is not of its format, or the target cannot be written.
    """

    template_fields = ("job_id", "target", "caption_format", "caption_options", "target_conn_id", "cielo24_conn_id")

    def __init__(
        self,
        *,
        job_id: str,
        target: str,
        caption_format: str = "WEB_VTT",
        caption_options: CaptionOptions | Mapping[str, Any] | str | None = None,
        validate: bool = True,
        target_conn_id: str | None = None,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.target = target
        self.caption_format = caption_format
        self.caption_options = caption_options
        self.validate = validate
        self.target_conn_id = target_conn_id
        self.cielo24_conn_id = cielo24_conn_id
        if validate:
            CaptionOptions.check(caption_options)

    def execute(self, context: Context) -> str:
        """Fetch the captions."""
        with told():
            options = CaptionOptions.parse(self.caption_options, validate=self.validate)
            target = open_target(self.target, self.target_conn_id)
            self.push_link(context, self.object_url(self.job_id))
            uri = self.hook.captions(self.job_id, target, self.caption_format, options, validate=self.validate)
        self.log.info("Wrote the captions of cielo24 job %s as %s to %s", self.job_id, self.caption_format, uri)
        return uri


class Cielo24TranscriptOperator(Cielo24Operator):
    """Fetch the transcript of a cielo24 job that is complete, and write it whole.

    Page 'Get Transcript' of the cielo24 API documentation. Returns the URI of the file.

    :param job_id: The job.
    :param target: Where to, as for captions.
    :param transcript_options: :class:`~airflow_media.cielo24.captions.TranscriptOptions`, also as a dictionary.
    :param validate: Whether to check the options, and the file before it is written.
    :param target_conn_id: Airflow connection to write the target with; default: that of the scheme.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: The job is not complete, the file is no transcript, or the target cannot be written.
    """

    template_fields = ("job_id", "target", "transcript_options", "target_conn_id", "cielo24_conn_id")

    def __init__(
        self,
        *,
        job_id: str,
        target: str,
        transcript_options: TranscriptOptions | Mapping[str, Any] | str | None = None,
        validate: bool = True,
        target_conn_id: str | None = None,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.target = target
        self.transcript_options = transcript_options
        self.validate = validate
        self.target_conn_id = target_conn_id
        self.cielo24_conn_id = cielo24_conn_id
        if validate:
            TranscriptOptions.check(transcript_options)

    def execute(self, context: Context) -> str:
        """Fetch the transcript."""
        with told():
            options = TranscriptOptions.parse(self.transcript_options, validate=self.validate)
            target = open_target(self.target, self.target_conn_id)
            self.push_link(context, self.object_url(self.job_id))
            uri = self.hook.transcript(self.job_id, target, options, validate=self.validate)
        self.log.info("Wrote the transcript of cielo24 job %s to %s", self.job_id, uri)
        return uri


class Cielo24DeleteJobOperator(Cielo24Operator):
    """Delete cielo24 jobs with their media and results; one that is not there counts as deleted. Fit for a teardown.

    Page 'Delete Job' of the cielo24 API documentation.

    :param job_id: The job, or several. Nothing to delete, an empty text for instance, skips the task.
    :param cielo24_conn_id: Airflow connection to use.
    :raises MediaFailError: cielo24 refuses.
    """

    template_fields = ("job_id", "cielo24_conn_id")
    operator_extra_links = ()  # there is nothing left to link to

    def __init__(
        self, *, job_id: str | Sequence[str], cielo24_conn_id: str = Cielo24Hook.default_conn_name, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.cielo24_conn_id = cielo24_conn_id

    def execute(self, context: Context) -> None:
        """Delete the jobs."""
        wanted = to_delete(self.job_id, "job")
        with told():
            for job_id in wanted:
                there = self.client.run(flows.delete_job_if_there(job_id))
                self.log.info("cielo24 job %s %s", job_id, "is deleted" if there else "was not there")

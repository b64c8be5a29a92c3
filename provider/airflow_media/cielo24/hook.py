"""The hook: an Airflow connection of type ``cielo24`` becomes a client that runs what is in ``api`` and ``flows``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pendulum
from msgspec.structs import replace

from airflow_media.cielo24.api import VERSION, get_caption, get_transcript, list_jobs
from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.flows import Done, add_media_once, when_complete
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.service import DEFAULT_HOST, SERVICE, Cielo24Auth, Cielo24Settings
from airflow_media.cielo24.values import Choice
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, SUFFIXES
from airflow_media.http.bodies import Observed
from airflow_media.http.call import Answer, Call, Flow
from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.connection import Access, Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.storage import Source, Target

NOBODYS_ID = "airflow-connection-test"
"""An external id that no job has: the listing of such jobs is the cheapest answer that names the user."""


class Cielo24Hook(MediaHook):
    """Talk to cielo24.

    Every call of the cielo24 API that a media workflow needs is a function in :mod:`airflow_media.cielo24.api`, and
    what takes several of them is one in :mod:`airflow_media.cielo24.flows`; :meth:`run` carries both out:

    .. code-block:: python

        hook = Cielo24Hook()
        job = hook.run(find_job("episode-7"))
        words = hook.run(get_elementlist(job.job_id))

    :param cielo24_conn_id: Airflow connection to use.
    """

    conn_name_attr = "cielo24_conn_id"
    default_conn_name = "cielo24_default"
    conn_type = "cielo24"
    hook_name = "cielo24"

    def __init__(self, cielo24_conn_id: str = default_conn_name) -> None:
        super().__init__(cielo24_conn_id)
        self.cielo24_conn_id = cielo24_conn_id

    @classmethod
    def access(cls, reader: Reader) -> Access:
        """Read the connection: host, user name and password, and ``api_key`` (instead of the password), ``timezone``,
        ``allow_http``, ``ca_file`` and ``timeout`` in extra."""
        return reader.access(
            service=SERVICE,
            roots={"": reader.base_url(DEFAULT_HOST)},
            auth=_auth(reader),
            settings=_settings(reader),
        )

    @classmethod
    def probe(cls) -> Flow[str]:
        """Log in and list the jobs with an external id that none has."""
        listing = yield from list_jobs(JobFilter(external_id=NOBODYS_ID))
        return f"Logged in to cielo24 as {listing.username or 'a user whose name it does not tell'}"

    def job_url(self, job_id: str) -> str:
        """Give the address of a job at cielo24's API (page 'Job Info'); without a token it cannot be opened."""
        return f"{self.reach.roots['']}/api/job/info?{urlencode({'v': VERSION, 'job_id': job_id}, quote_via=quote)}"

    def add_media(
        self,
        job_id: str,
        source: Source | str,
        *,
        is_duplicate: bool | None = None,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Done:
        """Add media to a job that has none, once, whatever answers are lost.

        :param job_id: The job.
        :param source: The file (see :func:`airflow_media.storage.open_source`), or a public URL for cielo24 to get it
            from.
        :param is_duplicate: Whether several jobs may have the same media.
        :param progress: Told bytes sent and bytes in all.
        :raises MediaError: The service refused, the network failed for too long, or the file changed meanwhile.
        """
        content = source if isinstance(source, str) or progress is None else Observed(source, progress)
        return self.run(add_media_once(job_id, content, is_duplicate=is_duplicate))

    def captions(
        self,
        job_id: str,
        target: Target,
        caption_format: str = "WEB_VTT",
        options: CaptionOptions | None = None,
        *,
        validate: bool = True,
    ) -> str:
        """Fetch the captions of a job that is complete, check that they are of their format, and write them whole.

        :param job_id: The job.
        :param target: Where to; a folder takes a name made of job and format. See
            :func:`airflow_media.storage.open_target`.
        :param caption_format: One of :data:`~airflow_media.cielo24.vocabulary.CAPTION_FORMATS`.
        :param options: How they are to look.
        :param validate: Whether to check format and file.
        :return: URI of the file.
        :raises MediaError: The service refused, the file is not of its format, or the target cannot take it.
        """
        if validate:
            check_format(caption_format)
        call = get_caption(job_id, caption_format, options)
        if validate:
            from airflow_media.cielo24.parsing import check_captions  # nobody who reads a DAG file needs it

            srt_format = options.srt_format if options else None
            call = _checked(call, lambda content: check_captions(content, caption_format, srt_format))
        content = self.run(when_complete(job_id, call))
        return _write(target, job_id + SUFFIXES.get(caption_format, f".{caption_format.lower()}"), content)

    def transcript(
        self, job_id: str, target: Target, options: TranscriptOptions | None = None, *, validate: bool = True
    ) -> str:
        """Fetch the transcript of a job that is complete, check that it is one, and write it whole.

        :param job_id: The job.
        :param target: Where to, as for :meth:`captions`.
        :param options: How it is to look.
        :param validate: Whether to check the file.
        :return: URI of the file.
        :raises MediaError: The service refused, the file is no transcript, or the target cannot take it.
        """
        call = get_transcript(job_id, options)
        file_format = (options.file_format if options else None) or "txt"
        if validate:
            from airflow_media.cielo24.parsing import check_transcript

            call = _checked(call, lambda content: check_transcript(content, file_format))
        content = self.run(when_complete(job_id, call))
        return _write(target, f"{job_id}.{file_format}", content)


def check_format(caption_format: str) -> None:
    """Check the name of a caption format.

    :raises InvalidRequestError: There is no such format.
    """
    try:
        Choice(CAPTION_FORMATS).convert(caption_format)
    except ValueError as error:
        raise InvalidRequestError(f"caption_format: {error}", service="cielo24") from None


def _checked(call: Call[bytes], check: Callable[[bytes], None]) -> Call[bytes]:
    """Make the check of a file a part of reading it, so that its error says what was asked for."""

    def read(answer: Answer) -> bytes:
        content = call.read(answer)
        check(content)
        return content

    return replace(call, read=read)


def _write(target: Target, name: str, content: bytes) -> str:
    place = target.resolve(name)
    with place.writer(len(content)) as writer:
        writer.write(content)
    return place.uri


def _auth(reader: Reader) -> Cielo24Auth:
    user, key = reader.login("user name"), reader.secret("api_key")
    password = None if key else reader.password("password, or api_key in extra")
    for name, value in (("login", user), ("password", password), ("api_key", key)):
        if value and not value.isascii():
            hint = "They travel in header fields, which carry no others. An API key, as api_key in extra, has none."
            raise reader.fault(name, "has other than ASCII characters in it", hint)
    return Cielo24Auth(user, password=password, securekey=key)


def _settings(reader: Reader) -> Cielo24Settings:
    name = reader.text("timezone")
    if name is None:
        return Cielo24Settings()
    try:
        return Cielo24Settings(pendulum.timezone(name))
    except (ValueError, LookupError, OSError):
        hint = "Write it as in the IANA database: Europe/Berlin, America/Los_Angeles, UTC."
        raise reader.fault("timezone", f"is {name!r}, which is no time zone", hint) from None

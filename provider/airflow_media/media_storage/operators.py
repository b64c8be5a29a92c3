"""Operators: upload, download and list media, list and delete jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_media.http.errors import ConflictError, InvalidRequestError
from airflow_media.jobs.attempts import Attempt
from airflow_media.jobs.failures import told
from airflow_media.jobs.operator import MediaOperator, to_delete
from airflow_media.media_storage.api import delete_job, media_path
from airflow_media.media_storage.flows import IfExists, every_job, every_media
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.media_storage.query import COLLECTIONS, SERVICE_NAME
from airflow_media.storage import open_source, open_target

if TYPE_CHECKING:
    from airflow.sdk import Context


class MediaStorageOperator(MediaOperator):
    """Base of the operators of a media storage."""

    hook_class = MediaStorageHook
    hook: MediaStorageHook


class MediaStorageUploadOperator(MediaStorageOperator):
    """Upload a file to a media storage.

    Section 'post /medias/files/{resource}(/{key})? - upload' of the Media API reference. The service replaces nothing,
    so resource and key name one file for good. A retry, also after a lost answer or a dead worker, takes a file of the
    same size that is there for its own; so does clearing the task after a success. Returns the id of the media.

    :param source: The file: a path or URI; see :func:`airflow_media.storage.open_source`.
    :param resource: The resource: a name of your own choice, one segment of a path.
    :param key: Which variant of it; default: the original.
    :param if_exists: What to do about a file that is there and not of this task: ``"fail"``, or ``"skip"``, which
        leaves it and succeeds.
    :param source_conn_id: Airflow connection to read the source with; default: that of the scheme.
    :param media_storage_conn_id: Airflow connection to use.
    :raises MediaFailError: There is another file, the source cannot be read, or the service refuses.
    """

    template_fields = ("source", "resource", "key", "if_exists", "source_conn_id", "media_storage_conn_id")

    def __init__(
        self,
        *,
        source: str,
        resource: str,
        key: str | None = None,
        if_exists: IfExists = "fail",
        source_conn_id: str | None = None,
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.resource = resource
        self.key = key
        self.if_exists = if_exists
        self.source_conn_id = source_conn_id
        self.media_storage_conn_id = media_storage_conn_id

    def execute(self, context: Context) -> str | None:
        """Upload the file."""
        with told():
            self._check()
            source = open_source(self.source, self.source_conn_id)
            attempt = Attempt.load(context, ["upload", self.source, self.resource, self.key])
            ours = attempt.again or attempt.intended_at is not None
            attempt.intend()
            self.log.info("Uploading %s (%s bytes) as %s", source.uri, source.size, media_path(self.resource, self.key))
            try:
                media = self.hook.upload(
                    self.resource,
                    source,
                    key=self.key,
                    if_exists=self.if_exists,
                    ours=ours,
                    progress=lambda done, total: self.progress.transfer(f"Upload of {source.uri}", done, total),
                )
            except ConflictError:
                attempt.forget()  # what is there is somebody else's, also when this task is cleared
                raise
            attempt.taken()
            self.push_link(context, self.hook.media_url(self.resource, self.key))
        if media is None or media.size not in (None, source.size):
            self.log.warning("Another file was there and is left as it is, for if_exists is %r", self.if_exists)
        return media.id if media else None

    def _check(self) -> None:
        media_path(self.resource, self.key)
        if self.if_exists not in ("fail", "skip"):
            text = f"if_exists={self.if_exists!r} is not allowed"
            raise InvalidRequestError(text, service=SERVICE_NAME, hint="Use fail or skip.")


class MediaStorageDownloadOperator(MediaStorageOperator):
    """Download a file from a media storage: of the size that its record tells, and under its final name when whole.

    Section 'get /medias/files/{resource}(/{key})? - download' of the Media API reference. Returns the URI of the file.

    :param resource: The resource.
    :param target: Where to: a path or URI of a file; or of a folder, with a slash at its end, which takes the file name
        that the record tells. See :func:`airflow_media.storage.open_target`.
    :param key: Which variant of it; default: the original.
    :param target_conn_id: Airflow connection to write the target with; default: that of the scheme.
    :param media_storage_conn_id: Airflow connection to use.
    :raises MediaFailError: There is no such file, or the target cannot be written.
    """

    template_fields = ("resource", "target", "key", "target_conn_id", "media_storage_conn_id")

    def __init__(
        self,
        *,
        resource: str,
        target: str,
        key: str | None = None,
        target_conn_id: str | None = None,
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.resource = resource
        self.target = target
        self.key = key
        self.target_conn_id = target_conn_id
        self.media_storage_conn_id = media_storage_conn_id

    def execute(self, context: Context) -> str:
        """Download the file."""
        with told():
            target = open_target(self.target, self.target_conn_id)
            self.push_link(context, self.hook.media_url(self.resource, self.key))
            done = self.hook.download(
                self.resource,
                target,
                key=self.key,
                progress=lambda got, total: self.progress.transfer(f"Download to {target.uri}", got, total),
            )
        self.log.info("Downloaded %s bytes to %s (resumed %s times)", done.size, done.uri, done.resumed)
        return done.uri


class MediaStorageListOperator(MediaStorageOperator):
    """List media or jobs, all pages of them, for dynamic task mapping.

    Sections 'get /medias - index' and 'get /jobs - index' of the Media API reference. Returns a list of dictionaries:
    the id and the attributes, times as text.

    :param collection: ``"medias"`` or ``"jobs"``.
    :param filters: Names and values as in :class:`~airflow_media.media_storage.query.MediaFilters` and
        :class:`~airflow_media.media_storage.query.JobFilters`. Another name is refused: the service would list
        everything.
    :param sort: Field to sort by; a minus before it turns it round.
    :param limit: Give this many at most; default: all.
    :param fields: Attributes to give; default: all. Fewer make a smaller XCom.
    :param media_storage_conn_id: Airflow connection to use.
    :raises MediaFailError: Something of it cannot be asked, or the service refuses.
    """

    template_fields = ("collection", "filters", "sort", "limit", "fields", "media_storage_conn_id")
    template_fields_renderers = {"filters": "json"}  # noqa: RUF012 - as Airflow declares it
    operator_extra_links = ()  # there is no one object to link to

    def __init__(
        self,
        *,
        collection: Literal["medias", "jobs"] = "medias",
        filters: Mapping[str, Any] | None = None,
        sort: str = "id",
        limit: int | str | None = None,
        fields: Sequence[str] = (),
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection = collection
        self.filters = filters
        self.sort = sort
        self.limit = limit
        self.fields = fields
        self.media_storage_conn_id = media_storage_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """List them."""
        with told():
            filters, limit = self._checked()
            every: Any = every_job if self.collection == "jobs" else every_media
            fields = tuple(self.fields)
            items = self.hook.run(every(sort=self.sort or "id", limit=limit, fields=fields, **filters))
        self.log.info("Found %s %s", len(items), self.collection)
        records: list[dict[str, Any]] = [item.plain() for item in items]
        return [{name: record[name] for name in ("id", *fields)} if fields else record for record in records]

    def _checked(self) -> tuple[dict[str, Any], int | None]:
        if self.collection not in COLLECTIONS:
            text = f"collection={self.collection!r} is not allowed"
            raise InvalidRequestError(text, service=SERVICE_NAME, hint="Use medias or jobs.")
        filters = self.filters or {}
        COLLECTIONS[self.collection].check(filters)
        try:
            return dict(filters), None if self.limit in (None, "") else int(self.limit)
        except ValueError:
            raise InvalidRequestError(f"limit={self.limit!r} is not a whole number", service=SERVICE_NAME) from None


class MediaStorageDeleteJobOperator(MediaStorageOperator):
    """Delete the records of jobs; one that is not there counts as deleted. Fit for a teardown.

    Section 'delete /jobs/{resource_id} - delete' of the Media API reference. Whoever works on a job is not told, and
    what it has made stays. Only administrators may delete.

    :param job_id: The job, or several. Nothing to delete, an empty text for instance, skips the task.
    :param media_storage_conn_id: Airflow connection to use.
    :raises MediaFailError: The service refuses.
    """

    template_fields = ("job_id", "media_storage_conn_id")
    operator_extra_links = ()  # there is nothing left to link to

    def __init__(
        self,
        *,
        job_id: str | Sequence[str],
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.media_storage_conn_id = media_storage_conn_id

    def execute(self, context: Context) -> None:
        """Delete the jobs."""
        wanted = to_delete(self.job_id, "job")
        with told():
            for job_id in wanted:
                self.client.run(delete_job(job_id))
        self.log.info("Deleted %s", ", ".join(wanted))

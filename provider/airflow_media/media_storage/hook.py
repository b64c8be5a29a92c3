"""The hook: an Airflow connection of type ``media_storage`` becomes a client for all of ``api`` and ``flows``."""

from __future__ import annotations

from collections.abc import Callable

from airflow_media.http.bodies import Observed
from airflow_media.http.call import Flow
from airflow_media.http.downloads import Downloaded, download
from airflow_media.jobs.connection import Access, Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.media_storage.api import download_media, job_path, list_medias, media_path
from airflow_media.media_storage.flows import IfExists, look_up, upload_once
from airflow_media.media_storage.models import Media
from airflow_media.media_storage.query import JOBS
from airflow_media.media_storage.service import SERVICE, KeyAuth, StorageSettings, TokenAuth
from airflow_media.storage import Source, Target

Progress = Callable[[int, int | None], None]


class MediaStorageHook(MediaHook):
    """Talk to a media storage service.

    Every operation of the Media API reference is a function in :mod:`airflow_media.media_storage.api`, and what takes
    several of them is one in :mod:`airflow_media.media_storage.flows`; :meth:`run` carries both out:

    .. code-block:: python

        hook = MediaStorageHook()
        failed = hook.run(every_job(status="errored", created_at__gte="2026-01-01T00:00:00Z"))
        originals = hook.run(every_media(project_id="p1", key=""))

    :param media_storage_conn_id: Airflow connection to use.
    """

    conn_name_attr = "media_storage_conn_id"
    default_conn_name = "media_storage_default"
    conn_type = "media_storage"
    hook_name = "Media storage"

    def __init__(self, media_storage_conn_id: str = default_conn_name) -> None:
        super().__init__(media_storage_conn_id)
        self.media_storage_conn_id = media_storage_conn_id

    @classmethod
    def access(cls, reader: Reader) -> Access:
        """Read the connection: host, and the token as password; or ``api_key`` and ``token_url`` in extra, which holds
        also ``upload_field``, ``upload_fields``, ``success_statuses``, ``failure_statuses``, ``ids_per_request``,
        ``empty_downloads``, ``allow_http``, ``ca_file`` and ``timeout``."""
        token_url = reader.url("token_url", "")
        return reader.access(
            service=SERVICE,
            # Where the key is exchanged is configured, too: nobody sends us there.
            roots={"": reader.base_url()} | ({"token": token_url} if token_url else {}),
            auth=_auth(reader),
            settings=_settings(reader),
        )

    @classmethod
    def probe(cls) -> Flow[str]:
        """List one media (section 'get /medias - index')."""
        page = yield from list_medias(page_size=1)
        seen = "some media" if page.items else "no media"
        return f"The media storage accepts the token; it shows {seen}"

    def job_url(self, job_id: str | None = None) -> str:
        """Give the address of a job at the service's API, or of all jobs."""
        return self.reach.roots[""] + (job_path(job_id) if job_id else JOBS.path)

    def media_url(self, resource: str, key: str | None = None) -> str:
        """Give the address of a file at the service's API (section 'get /medias/files/{resource}(/{key})?')."""
        return f"{self.reach.roots['']}/medias/files{media_path(resource, key)}"

    def upload(
        self,
        resource: str,
        source: Source,
        *,
        key: str | None = None,
        if_exists: IfExists = "fail",
        ours: bool = False,
        progress: Progress | None = None,
    ) -> Media | None:
        """Upload a file, unless it is there.

        :param resource: The resource.
        :param source: The file; see :func:`airflow_media.storage.open_source`.
        :param key: Which variant of it; default: the original.
        :param if_exists: What to do about another file that is there: fail, or leave it and succeed.
        :param ours: Whether an upload of the same may have been made before; a file of its size is then taken for it.
        :param progress: Told bytes sent and bytes in all.
        :return: The record; ``None`` where there was a file of which the service tells nothing.
        :raises MediaError: There is another file, the service refused, or the network failed for too long.
        """
        return self.run(
            upload_once(
                resource,
                key,
                Observed(source, progress) if progress else source,
                filename=source.name,
                media_type=source.media_type,
                if_exists=if_exists,
                ours=ours,
            )
        )

    def download(
        self, resource: str, target: Target, *, key: str | None = None, progress: Progress | None = None
    ) -> Downloaded:
        """Download a file, of the size that its record tells, under its final name only when it is whole.

        :param resource: The resource.
        :param target: Where to; a folder takes the file name that the record tells. See
            :func:`airflow_media.storage.open_target`.
        :param key: Which variant of it; default: the original.
        :param progress: Told bytes received and bytes in all.
        :raises MediaError: The service refused, the network failed for too long, or the target cannot take the file.
        """
        known = self.run(look_up(resource, key))
        settings: StorageSettings = self.reach.settings
        empty = known.size == 0 or (known.size is None and settings.empty_downloads)
        name = (known.media.filename if known.media else None) or key or resource
        call = download_media(resource, key, empty=empty)
        return download(self.client, call, target, name=name, size=known.size, progress=progress)


def _auth(reader: Reader) -> TokenAuth:
    api_key, token_url = reader.secret("api_key"), reader.url("token_url", "")
    if api_key is None:
        return TokenAuth(reader.password("token, or api_key and token_url in extra"))
    if not token_url:
        raise reader.fault("token_url", "is empty", "Fill in where the api_key is exchanged for a token.")
    return KeyAuth(api_key, token_url)


def _settings(reader: Reader) -> StorageSettings:
    usual = StorageSettings()
    named_success, named_failure = (
        frozenset(reader.words("success_statuses")),
        frozenset(reader.words("failure_statuses")),
    )
    if both := named_success & named_failure:
        wrong = f"shares {', '.join(sorted(both))} with success_statuses"
        raise reader.fault("failure_statuses", wrong, "Name each status once.")
    return StorageSettings(
        upload_field=reader.text("upload_field") or usual.upload_field,
        upload_fields=reader.mapping("upload_fields"),
        # A status that is named for one of the two is not taken for the other by default.
        success_statuses=named_success or usual.success_statuses - named_failure,
        failure_statuses=named_failure or usual.failure_statuses - named_success,
        ids_per_request=reader.integer("ids_per_request", usual.ids_per_request),
        empty_downloads=reader.flag("empty_downloads", default=usual.empty_downloads),
    )

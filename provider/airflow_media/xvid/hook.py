"""The hook: an Airflow connection of type ``xvid`` becomes a client that runs everything in ``api`` and ``flows``."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow_media.http.bodies import Observed, Progress
from airflow_media.http.call import Configured, Flow
from airflow_media.http.downloads import Downloaded, download
from airflow_media.jobs.connection import Access, Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.storage import Source, Target
from airflow_media.storage.names import safe_name
from airflow_media.xvid.api import download_file, get_pipeline, list_pipelines
from airflow_media.xvid.flows import send_file
from airflow_media.xvid.models import File, UploadSession
from airflow_media.xvid.service import DEFAULT_HOST, SERVICE, XvidAuth, XvidSettings
from airflow_media.xvid.values import ExpiresAt


class XvidHook(MediaHook):
    """Talk to Xvid MediaHub.

    Each endpoint is a function in :mod:`airflow_media.xvid.api`, and what takes several of them is one in
    :mod:`airflow_media.xvid.flows`; :meth:`run` carries both out:

    .. code-block:: python

        hook = XvidHook()
        presets = hook.run(all_presets("system"))
        job = hook.run(get_job("53a1ac4914eaa8ffa4fce91b"))

    :param xvid_conn_id: Airflow connection to use.
    """

    conn_name_attr = "xvid_conn_id"
    default_conn_name = "xvid_default"
    conn_type = "xvid"
    hook_name = "Xvid MediaHub"

    def __init__(self, xvid_conn_id: str = default_conn_name) -> None:
        super().__init__(xvid_conn_id)
        self.xvid_conn_id = xvid_conn_id

    @classmethod
    def access(cls, reader: Reader) -> Access:
        """Read the connection: host, client id and secret as login and password, and ``pipeline_id``, ``scope``,
        ``allow_http``, ``ca_file`` and ``timeout`` in extra. A host without a path means version 1 of the API."""
        root = reader.base_url(DEFAULT_HOST)
        return reader.access(
            service=SERVICE,
            roots={"": root if urlsplit(root).path else f"{root}/v1"},
            auth=XvidAuth(reader.login("client id"), reader.password("client secret"), reader.text("scope")),
            settings=XvidSettings(reader.text("pipeline_id")),
        )

    @classmethod
    def probe(cls) -> Flow[str]:
        """Log in and get the pipeline of the connection, or a list of one where it names none."""
        settings: XvidSettings = yield from Configured()
        if not settings.pipeline_id:
            yield from list_pipelines(limit=1)
            return "Logged in to Xvid MediaHub; the connection names no default pipeline"
        pipeline = yield from get_pipeline(settings.pipeline_id)
        return f"Logged in to Xvid MediaHub; the default pipeline is {pipeline.name or pipeline.id}"

    @property
    def settings(self) -> XvidSettings:
        """What the connection says beyond address and credentials."""
        settings: XvidSettings = self.reach.settings
        return settings

    def url(self, folder: str, item_id: str) -> str:
        """Give the address of an object at Xvid's API.

        :param folder: ``"files"``, ``"files/uploads"`` or ``"jobs"``.
        :param item_id: Its id.
        """
        return f"{self.reach.roots['']}/{folder}/{quote(item_id, safe='')}"

    def upload(
        self,
        object_key: str,
        source: Source,
        *,
        pipeline_id: str | None = None,
        ip: int | str | None = None,
        expires_at: ExpiresAt | None = None,
        progress: Progress | None = None,
    ) -> UploadSession:
        """Send a file; :func:`airflow_media.xvid.flows.finish_upload_once` tells Xvid that it has arrived.

        :param object_key: Key under which jobs and downloads name the file.
        :param source: The file, of at most 5 GiB; see :func:`airflow_media.storage.open_source`.
        :param pipeline_id: Pipeline that the key is relative to; default: that of the connection.
        :param ip: IPv4 address of the uploader, as a number or dotted: Xvid then names a storage near to it.
        :param expires_at: When the object is deleted if no job has used it; default: after 7 days.
        :param progress: Told bytes sent and bytes in all.
        :raises MediaError: Xvid or its storage refused, the network failed for too long, or the file changed meanwhile.
        """
        content = Observed(source, progress) if progress else source
        return self.run(
            send_file(
                object_key,
                content,
                pipeline_id=pipeline_id,
                media_type=source.media_type,
                ip=ip,
                expires_at=expires_at,
            )
        )

    def download(
        self,
        target: Target,
        *,
        file_id: str | None = None,
        object_key: str | None = None,
        pipeline_id: str | None = None,
        known: File | None = None,
        progress: Progress | None = None,
    ) -> Downloaded:
        """Download a file, resumed after a cut, under its final name only when it is whole.

        :param target: Where to; see :func:`airflow_media.storage.open_target`.
        :param file_id: The file;
        :param object_key: or its object key,
        :param pipeline_id: and the pipeline that the key is relative to.
        :param known: What is known of the file: its size and MD5 are compared.
        :param progress: Told bytes received and bytes in all.
        :raises MediaError: Xvid refused, the network failed for too long, or the target cannot take the file.
        """
        name = (known and known.name) or object_key or file_id or ""
        return download(
            self.client,
            download_file(file_id=file_id, key=object_key, pipeline_id=pipeline_id),
            target,
            name=safe_name(name),
            size=known.size if known else None,
            md5=known.md5_checksum if known else None,
            progress=progress,
            presigned=True,
        )

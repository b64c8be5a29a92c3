"""The hook: an Airflow connection of type ``pixop`` becomes a client that runs everything in ``api`` and ``flows``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from airflow_media.http.bodies import Observed
from airflow_media.http.call import Flow
from airflow_media.http.downloads import Downloaded, download
from airflow_media.http.errors import InvalidRequestError
from airflow_media.jobs.connection import Access, Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.pixop.api import MediaKind, UploadKind, download_media, get_account
from airflow_media.pixop.service import DEFAULT_HOST, ROOTS, SERVICE, PixopAuth, default_roots
from airflow_media.pixop.submit import upload_once
from airflow_media.pixop.video import Video
from airflow_media.storage import Source, Target


class PixopHook(MediaHook):
    """Talk to Pixop.

    Every operation of the Pixop API reference is a function in :mod:`airflow_media.pixop.api`, and what takes several
    of them is one in :mod:`airflow_media.pixop.flows`; :meth:`run` carries both out:

    .. code-block:: python

        hook = PixopHook()
        project = hook.run(find_or_create_project("archive"))
        videos = hook.run(all_videos(project_id=project.id))

    :param pixop_conn_id: Airflow connection to use.
    """

    conn_name_attr = "pixop_conn_id"
    default_conn_name = "pixop_default"
    conn_type = "pixop"
    hook_name = "Pixop"

    def __init__(self, pixop_conn_id: str = default_conn_name) -> None:
        super().__init__(pixop_conn_id)
        self.pixop_conn_id = pixop_conn_id

    @classmethod
    def access(cls, reader: Reader) -> Access:
        """Read the connection: host, e-mail and password, and ``team_id``, ``accounts_url``, ``videos_url``,
        ``media_url``, ``allow_http``, ``ca_file`` and ``timeout`` in extra."""
        defaults = default_roots(reader.base_url(DEFAULT_HOST))
        return reader.access(
            service=SERVICE,
            roots={root: reader.url(f"{root}_url", defaults[root]) for root in ROOTS},
            auth=PixopAuth(reader.login("e-mail"), reader.password("password"), reader.text("team_id")),
        )

    @classmethod
    def probe(cls) -> Flow[str]:
        """Log in and get the account (section 'Retrieve account details')."""
        identity = yield from get_account()
        team = f", team {identity.team.name or identity.team.id}" if identity.team else ""
        return f"Logged in to Pixop as {identity.user.name or identity.user.email or identity.user.id}{team}"

    def video_url(self, video_id: str) -> str:
        """Give the address of a video at Pixop's API (section 'Retrieve video item details')."""
        return f"{self.reach.roots['videos']}/v1/video/{quote(video_id, safe='')}"

    def upload(
        self,
        video_id: str,
        source: Source,
        *,
        kind: UploadKind = "light",
        anew: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Video:
        """Upload a file to a video that has been created, unless just that has arrived there already.

        :param video_id: The original, as created.
        :param source: The file; see :func:`airflow_media.storage.open_source`.
        :param kind: ``"light"`` takes metadata only; ``"full"`` adds thumbnails, web video, quality and scanning
            analysis.
        :param anew: Upload in any case, replacing what is there.
        :param progress: Told bytes sent and bytes in all.
        :return: The video, its upload complete.
        :raises MediaError: The service refused, the network failed for too long, or the file changed meanwhile.
        """
        content = Observed(source, progress) if progress else source
        return self.run(
            upload_once(video_id, content, filename=source.name, media_type=source.media_type, kind=kind, anew=anew)
        )

    def download(
        self,
        video_id: str,
        target: Target,
        *,
        kind: MediaKind = "processed",
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Downloaded:
        """Download the media of a video, resumed after a cut, under its final name only when it is whole.

        :param video_id: The original or the processed video.
        :param target: Where to; a folder takes the file name that Pixop gives. See
            :func:`airflow_media.storage.open_target`.
        :param kind: Which media: ``"processed"`` or ``"original"``.
        :param progress: Told bytes received and bytes in all.
        :raises MediaError: The service refused, the network failed for too long, or the target cannot take the file.
        """
        if kind not in ("processed", "original"):
            raise InvalidRequestError(f"{kind!r} is no rendition", service="Pixop", hint="Use processed or original.")
        return download(self.client, download_media(video_id, kind), target, name=video_id, progress=progress)

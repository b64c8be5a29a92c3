"""What contract tests have done in the sandbox, and what they ask it afterwards."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from airflow_media.pixop.api import get_video
from airflow_media.pixop.flows import all_projects, all_videos, create_video_once
from airflow_media.pixop.hook import PixopHook
from airflow_media.pixop.models import Phase, Project, VideoListItem
from airflow_media.pixop.video import Video
from airflow_media.storage import open_source
from media_sandbox.pixop.fixtures import Account
from media_sandbox.testing import AdminClient, RunningSandbox

SETTINGS = {
    "mediaContainerCodec": {"container": "mp4", "codec": "h264"},
    "scaler": "scale",
    "resolution": {"width": 320, "height": 240},
}
"""A processing that takes a moment."""
PATIENCE = 20.0
"""Seconds after which something that has not come to be will not."""
TOKEN_BEGINS = b64encode(b'{"alg').decode()[:6]
"""How each token begins, since each is a signed JSON document."""


def login(account: Account) -> dict[str, str]:
    """Give the fields of a connection that say who one is."""
    return {"login": account.email, "password": account.password}


@dataclass
class Studio:
    """A sandbox, seen by somebody with an Airflow connection to it.

    :param sandbox: The sandbox.
    :param clip: A small video.
    """

    sandbox: RunningSandbox
    clip: Path

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.sandbox.admin

    @cached_property
    def hook(self) -> PixopHook:
        """A hook with the connection."""
        return PixopHook()

    def created(self, name: str = "a film") -> str:
        """Create a video without media; give its id."""
        return self.hook.run(create_video_once(name)).video_id

    def uploaded(self, path: Path | None = None, name: str = "a film") -> str:
        """Upload a video, whose ingestion then begins; give its id."""
        video_id = self.created(name)
        self.hook.upload(video_id, open_source(str(path or self.clip)))
        return video_id

    def ingested(self) -> str:
        """Upload a video and wait until it is ingested; give its id."""
        video_id = self.uploaded()
        self.until(video_id, lambda video: video.ingestion is not None and video.ingestion.state.phase is Phase.DONE)
        return video_id

    def release(self, video_id: str | None = None) -> None:
        """Let a job go on that is stuck in its middle, once it has come that far.

        :param video_id: Its video; default: the one processed video that there is.
        """
        [stuck] = [video_id] if video_id else self.processed
        self.come_to_its_middle(stuck)
        self.admin.release()

    def come_to_its_middle(self, video_id: str) -> None:
        """Wait until a job is where those get stuck that are to."""

        def in_its_middle(video: Video) -> bool:
            job = video.processing or video.ingestion
            return job is not None and job.state.percent == 50.0

        self.until(video_id, in_its_middle)

    def until(self, video_id: str, so: Callable[[Video], bool]) -> Video:
        """Look at a video until it is as wanted.

        :raises TimeoutError: It does not come to be; the reason is with what the service knows.
        """
        end = time.monotonic() + PATIENCE
        while not so(video := self.hook.run(get_video(video_id))):
            if time.monotonic() > end:
                raise TimeoutError(self.record(video_id))
        return video

    @property
    def projects(self) -> list[Project]:
        """All projects that there are."""
        return self.hook.run(all_projects())

    @property
    def videos(self) -> list[VideoListItem]:
        """All videos that there are, processed ones too."""
        return self.hook.run(all_videos())

    @property
    def processed(self) -> list[str]:
        """Ids of the processed videos that there are, active ones too."""
        return [video.id for video in self.videos if video.parent_id]

    def count(self, operation: str) -> int:
        """Tell how many requests of an operation came."""
        return len(self.admin.requests(f"pixop.{operation}"))

    def record(self, video_id: str) -> dict[str, Any]:
        """Give all that the service knows of a video."""
        return self.admin.video(video_id)

    def metadata(self, video_id: str) -> dict[str, Any]:
        """Give the metadata of a video."""
        metadata = self.hook.run(get_video(video_id)).metadata
        return to_builtins(metadata) if metadata else {}

    def secrets_in(self, text: str) -> list[str]:
        """Give what is in a text that nobody must ever see: the password, a Basic login, the beginning of a token."""
        email, password = self.sandbox.pixop.auth
        basic = b64encode(f"{email}:{password}".encode()).decode()
        return [secret for secret in (password, basic, TOKEN_BEGINS) if secret in text]

"""What a matrix of faults is made of: scenarios, one for each way in which a task talks to a service."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from media_sandbox.testing import AdminClient, RunningSandbox
from support.tasks import TaskRun
from support.troubled_s3 import TroubledS3

BUCKET = "films"

PATIENCE = 30.0
"""Seconds after which work at the service that has not ended will not."""


@dataclass
class World:
    """A sandbox in which a task is going to run, and what is there already.

    :param scenario: What is going to happen in it.
    :param sandbox: The sandbox.
    :param clip: A small video.
    :param folder: An empty folder of the test's own, for what the task writes.
    :param given: What was prepared: ids, as JSON values.
    :param s3: A client of an S3 with an empty bucket, where the scenario asks for one,
    :param troubled: and the way by which the task reaches that S3.
    """

    scenario: Scenario
    sandbox: RunningSandbox
    clip: Path
    folder: Path
    given: Any = None
    s3: Any = None
    troubled: TroubledS3 | None = None
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    """What others do while the task waits, once."""

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.sandbox.admin

    @property
    def service(self) -> str:
        """The service of the sandbox that the task talks to."""
        return self.scenario.partner or self.scenario.service

    @property
    def line(self) -> AdminClient | TroubledS3:
        """What is told of requests and sets faults between the task and whom the scenario is about."""
        return self.troubled if self.troubled is not None and self.scenario.service == "s3" else self.admin

    def settle(self) -> None:
        """Let all work end that goes on at the service: what a pause between two looks is for."""
        while self.meanwhile:
            self.meanwhile.pop()()
        end = time.monotonic() + PATIENCE
        while self.admin.jobs():
            assert time.monotonic() < end, self.admin.jobs()
            self.admin.release(self.service)
            time.sleep(0.005)

    def requests(self) -> list[str]:
        """Give the operations of the service that were asked for, without its name, in their order."""
        return [str(entry["operation"]).partition(".")[2] for entry in self.line.requests()]

    def files(self) -> dict[str, bytes]:
        """Give all that is in the folder, hidden files too."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def objects(self) -> dict[str, bytes]:
        """Give all that is in the bucket."""
        keys = [listed["Key"] for listed in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        return {key: self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def orphans(self, *, empty: bool) -> list[str]:
        """Give the keys of uploads to the bucket that became no object and were not given up.

        :param empty: Those without parts, too, which nobody pays for.
        """
        uploads = self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) if self.s3 else []
        places = [{"Bucket": BUCKET, "Key": upload["Key"], "UploadId": upload["UploadId"]} for upload in uploads]
        return [place["Key"] for place in places if empty or self.s3.list_parts(**place).get("Parts")]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way in which a task talks to a service.

    :param task: Class of the operator or sensor.
    :param how: In which way, where there are several.
    :param service: The service whose requests are struck; ``s3``, too.
    :param requests: What it is asked for in a clean run, in this order; compared with a recorded run.
    :param begin: Makes the task, and what others did just before it.
    :param check: Tells what must be there when it has succeeded: one object, one job, the right bytes.
    :param prepare: Makes what must be there before; it is made once and copied. Gives what to know of it.
    :param s3: Whether it takes an S3.
    :param partner: The service that the task talks to besides, where the requests are those to S3.
    :param trigger: Class of the trigger that the task waits by; compared with that of a clean run.
    :param unread: Numbers of the requests, from 0, in whose answers no field is looked at.
    :param connection: Fields of the connection that are others than the usual ones.
    :param half: Bytes of a file that is downloaded after which it is cut; the file has more.
    """

    task: str
    service: str
    requests: Sequence[str]
    begin: Callable[[World], TaskRun]
    check: Callable[[World, TaskRun, Any], None]
    how: str = ""
    prepare: Callable[[World], Any] | None = None
    s3: bool = False
    partner: str | None = None
    trigger: str = ""
    unread: Collection[int] = ()
    connection: Mapping[str, Any] = field(default_factory=dict)
    half: int = 5000

    @property
    def logs_in(self) -> bool:
        """Whether it asks for a token."""
        return "login" in self.requests or "get_token" in self.requests

    @property
    def name(self) -> str:
        """What it is called in the names of tests."""
        return f"{self.task} {self.how}".rstrip()

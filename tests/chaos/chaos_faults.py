"""The faults of the matrix, what each kind of request is, and how a task is to end whose fault does not pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos_scenario import Scenario

DOWN = 0.05
"""Seconds for which a service that goes down refuses connections; the budget of a call is longer."""
UNLIKE = ("reset", "lost", "truncated", "429-after", "expired", "malformed")
"""Faults each of which ends a task in its own way when it stays; the others end it like one of these."""


@dataclass(frozen=True)
class Disturbance:
    """One fault that can strike one request.

    :param text: What it is, for people.
    :param spec: What the sandbox is told: see :mod:`media_sandbox.faults`.
    :param works: Whether the service does what was asked all the same.
    :param lasting: How a task ends when it strikes each time: ``"retry"`` by its retries, ``"fail"`` at once.
    :param inside: Whether it strikes in the answer, which then must have a document in it.
    :param body: Whether it strikes in the body of the request, which then must have one.
    """

    text: str
    spec: str
    works: bool = False
    lasting: str = "retry"
    inside: bool = False
    body: bool = False


DISTURBANCES = {
    "refused": Disturbance("connection refused", f"refuse seconds={DOWN}"),
    "reset": Disturbance("reset before the answer", "reset"),
    "lost": Disturbance("answer lost after the work was done", "lost_answer", works=True),
    "reset-body": Disturbance("reset inside the body of the request", "reset_upload bytes=1", body=True),
    "truncated": Disturbance("truncated answer", "truncate bytes={half}", works=True),
    "429": Disturbance("429", "429"),
    "429-after": Disturbance("429 with Retry-After", "429 retry_after=1"),
    "500": Disturbance("500", "500"),
    "502": Disturbance("502 with a page of HTML", "502"),
    "503": Disturbance("503", "503"),
    "stalled": Disturbance("a stall", "stall"),
    "stalled-answer": Disturbance("a stall inside the answer", "stall bytes={half}", works=True, inside=True),
    "expired": Disturbance("the token expired right now", "expire_token", lasting="fail"),
    "malformed": Disturbance("malformed JSON", "malformed", works=True, lasting="fail", inside=True),
    "missing": Disturbance("a field missing", "missing field={field}", works=True, lasting="fail", inside=True),
}

KINDS = {
    **dict.fromkeys(("pixop.get_token", "xvid.get_token", "media_storage.login", "cielo24.login"), "login"),
    **dict.fromkeys(("pixop.process_video", "xvid.create_job", "cielo24.perform_transcription"), "order"),
    **dict.fromkeys(("pixop.upload_light", "xvid.post_object", "media_storage.upload"), "upload"),
    **dict.fromkeys(("s3.put_object", "s3.upload_part"), "upload"),
    **dict.fromkeys(("cielo24.add_media_file", "cielo24.add_media"), "upload"),
    **dict.fromkeys(("pixop.create_project", "pixop.create_video", "xvid.start_upload"), "create"),
    **dict.fromkeys(("xvid.finish_upload", "cielo24.new_job", "cielo24.update_metadata"), "create"),
    **dict.fromkeys(("pixop.download_processed", "xvid.get_object", "media_storage.download"), "download"),
    **dict.fromkeys(("cielo24.get_caption", "cielo24.get_transcript"), "download"),
    **dict.fromkeys(("s3.create_multipart_upload", "s3.complete_multipart_upload"), "create"),
    **dict.fromkeys(("pixop.delete_video", "xvid.delete_file", "media_storage.delete_job", "cielo24.delete"), "delete"),
    "s3.delete_object": "delete",
}
"""What an operation is; all others read."""
DANGER = ("order", "upload", "create", "download", "delete", "read")
"""What it is worst to lose or to do twice comes first."""
BODIES = frozenset(
    {
        *("pixop.create_project", "pixop.create_video", "pixop.process_video", "pixop.upload_light"),
        *("xvid.get_token", "xvid.post_object", "xvid.finish_upload", "xvid.create_job"),
        *("media_storage.upload", "media_storage.login", "cielo24.add_media_file"),
        *("s3.put_object", "s3.upload_part", "s3.complete_multipart_upload"),
    }
)
"""Operations whose requests have a body."""
EMPTY = frozenset({"media_storage.delete_job", "s3.put_object", "s3.upload_part", "s3.head_object", "s3.delete_object"})
"""Operations whose answers have no body."""
NO_DOCUMENT = frozenset({"xvid.post_object", "xvid.get_download", "xvid.delete_file", "media_storage.delete_job"})
"""Operations whose answers are no JSON document that anything is read from; nor are downloads."""
FIELDS = {
    "pixop.get_token": "jwtToken",
    "pixop.create_video": "videoId",
    "pixop.process_video": "processedVideoId",
    "pixop.check_process_progress": "videoId",
    "pixop.check_ingest_progress": "videoId",
    "pixop.upload_light": "videoId",
    "pixop.delete_video": "deletedVideos",
    "xvid.get_token": "access_token",
    "media_storage.login": "token",
    "cielo24.login": "ApiToken",
    "cielo24.new_job": "JobId",
    "cielo24.info": "JobId",
    "cielo24.list_jobs": "ActiveJobs",
    "cielo24.get_media": "MediaUrl",
    **dict.fromkeys(("cielo24.delete", "cielo24.update_metadata", "cielo24.perform_transcription"), "TaskId"),
    **dict.fromkeys(("cielo24.add_media", "cielo24.add_media_file"), "TaskId"),
    **dict.fromkeys(("s3.list_objects", "s3.get_object", "s3.head_object"), "ETag"),
    **dict.fromkeys(("s3.put_object", "s3.upload_part"), "ETag"),
    "s3.create_multipart_upload": "UploadId",
}
"""The field that is left out of the answer to an operation, where it is not ``id``."""

# What becomes of a task where a fault strikes each time.

TOKENLESS = frozenset({"xvid.post_object", "xvid.get_object"})
"""Operations that no token is told to: that it expires does not matter."""
LOOKED_FOR = frozenset(
    {
        *("pixop.create_project", "pixop.create_video", "pixop.process_video", "pixop.upload_light"),
        *("xvid.finish_upload", "xvid.create_job", "media_storage.upload", "cielo24.new_job"),
        *("cielo24.add_media", "cielo24.add_media_file", "cielo24.perform_transcription"),
    }
)
"""Operations whose work is looked for by another one before they are sent again: that no answer arrives is borne."""
RESUMED = frozenset({"pixop.download_processed", "xvid.get_object", "s3.get_object"})
"""Downloads that are taken up where they broke, each time a little further."""
GONE = {"pixop.delete_video": ("malformed", "missing"), "cielo24.delete": ("missing",)}
"""Deletions that the second answer confirms, in which the fault finds nothing to strike: there is nothing to delete."""


@dataclass(frozen=True)
class Case:
    """One fault at one request of one scenario.

    :param scenario: The scenario.
    :param number: Which of its requests, from 0.
    :param disturbance: Name of the fault.
    """

    scenario: Scenario
    number: int
    disturbance: str

    @property
    def fault(self) -> Disturbance:
        """The fault."""
        return DISTURBANCES[self.disturbance]

    @property
    def operation(self) -> str:
        """The request."""
        return f"{self.scenario.service}.{self.scenario.requests[self.number]}"

    @property
    def kind(self) -> str:
        """What the request is."""
        if self.operation == "s3.get_object" and self.scenario.partner:
            return "download"  # of a film; the others read documents
        return kind_of(self.operation)

    @property
    def applies(self) -> bool:
        """Whether there is something of the request or its answer that the fault can strike."""
        s3 = self.scenario.service == "s3"
        match self.disturbance:
            case "reset-body":
                return self.operation in BODIES
            case "truncated":
                return self.operation not in EMPTY
            case "stalled-answer":
                return self.operation not in EMPTY | NO_DOCUMENT
            case "malformed" if s3:
                return self.operation not in EMPTY
            case "malformed":
                # What comes as a whole file cannot be told from a file.
                return self.kind != "download" and self.operation not in NO_DOCUMENT
            case "missing":
                named = self.kind != "download" and self.operation not in NO_DOCUMENT
                return named and self.number not in self.scenario.unread
            case "429-after":
                return not s3  # its library knows no Retry-After
            case "expired":
                return s3 or self.scenario.logs_in  # a token that was given and not asked for cannot be renewed
        return True

    @property
    def spec(self) -> str:
        """What the sandbox is told of the fault, without how often."""
        half = self.scenario.half if self.kind == "download" else 1
        text = self.fault.spec.format(half=half, field=FIELDS.get(self.operation, "id"))
        return f"{text} on={self.operation}"

    @property
    def ending(self) -> str:
        """How the task ends when the fault stays: by its retries, failed at once, or well."""
        borne = (
            (self.disturbance == "expired" and self.operation in TOKENLESS)
            or (self.fault.works and self.operation in LOOKED_FOR)
            or (self.disturbance == "truncated" and self.resumes)
            # The library of S3 gives out whole pieces, and keeps none when the rest of one does not come.
            or (self.disturbance == "stalled-answer" and self.resumes and self.scenario.service != "s3")
            or self.disturbance in GONE.get(self.operation, ())
        )
        if borne:
            return "done"
        # S3 does not say whether what cannot be read, or a token that has expired, will stay so.
        return "retry" if self.scenario.service == "s3" else self.fault.lasting

    @property
    def forgets(self) -> bool:
        """Whether an upload to S3 is begun of which nobody is told, so that nobody can give it up."""
        return self.fault.works and self.operation == "s3.create_multipart_upload"

    @property
    def resumes(self) -> bool:
        """Whether what was downloaded so far is kept when the connection breaks."""
        return self.kind == "download" and self.operation in RESUMED

    @property
    def skip(self) -> int:
        """Requests of the same operation that come before in a clean run."""
        return self.scenario.requests[: self.number].count(self.scenario.requests[self.number])

    @property
    def name(self) -> str:
        """What it is called among the tests."""
        return f"{self.scenario.name}: {self.disturbance} at {self.number + 1} {self.operation.partition('.')[2]}"


def kind_of(operation: str) -> str:
    """Tell what an operation is."""
    return KINDS.get(operation, "read")


def cases(scenarios: Sequence[Scenario]) -> Iterator[Case]:
    """Give the whole matrix."""
    for scenario in scenarios:
        for number in range(len(scenario.requests)):
            for disturbance in DISTURBANCES:
                case = Case(scenario, number, disturbance)
                if case.applies:
                    yield case


def dangerous(scenarios: Sequence[Scenario]) -> Iterator[Case]:
    """Give a part of the matrix: each fault once for each operator and sensor, and each whom it talks to, at the worst
    request that it can strike.

    Where that is the same in several ways of running the task, it is taken in the first of them.
    """
    worst: dict[tuple[str, str, str], Case] = {}
    for case in cases(scenarios):
        place = (case.scenario.task, case.scenario.service, case.disturbance)
        known = worst.get(place)
        if case.kind != "login" and (known is None or DANGER.index(case.kind) < DANGER.index(known.kind)):
            worst[place] = case
    return iter(worst.values())

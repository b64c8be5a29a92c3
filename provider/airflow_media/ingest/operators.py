"""Operators: what is missing of an interval, the record of what was made, and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pendulum
from msgspec.structs import replace

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.arrivals import DATE_PATTERN, VIDEO_SUFFIXES, Arrivals, arrived, dated_by_name, dated_by_time
from airflow_media.ingest.claims import Claim
from airflow_media.ingest.interval import Interval
from airflow_media.ingest.manifest import Manifest, Video
from airflow_media.ingest.plan import STEPS, Order, Work, conclude, plan
from airflow_media.ingest.run import MANIFESTS, UNSUCCESSFUL, holder_of, interval_of, task_states
from airflow_media.ingest.shelf import ABSENT, Shelf, StoredObject
from airflow_media.jobs.compat import AirflowSkipException, BaseOperator
from airflow_media.jobs.failures import MediaFailError, told

if TYPE_CHECKING:
    from airflow.sdk import Context

WORKS_KEY = "works"
"""XCom under which the plan keeps what the record needs to know."""
SHOWN = 5
"""How many of many keys a log line names."""


class IngestOperator(BaseOperator):
    """Base of the operators of the ingest. A subclass assigns the four attributes in its ``__init__``."""

    template_fields: Sequence[str] = ("target", "day", "timezone", "aws_conn_id")

    target: str
    day: str | None
    timezone: str
    aws_conn_id: str | None

    def interval(self, context: Context) -> Interval:
        """Give the interval that this run is about."""
        return interval_of(context, self.day, self.timezone)

    def shelf(self) -> Shelf:
        """Give what is below the target."""
        return Shelf(self.target, self.aws_conn_id)

    def results(self, interval: Interval, shelf: Shelf) -> dict[str, StoredObject]:
        """List the results of an interval, by URI."""
        return {stored.uri: stored for stored in shelf.list(f"{interval.label}/")}


class IngestPlanOperator(IngestOperator):
    """Find the videos that arrived in the interval, and decide what is missing of each.

    The manifest of the interval is read first: a video is left alone if its ETag is the same and all that is wanted of
    it is there, as it was recorded. Results that a run made which was killed before it could record them count, too.
    Returns a list of the arguments of :func:`airflow_media.ingest.pipeline.video`, for ``expand_kwargs``; nothing to
    do gives an empty one.

    :param source: Prefix of the sources: ``s3://bucket/folder/``.
    :param target: Prefix of results and manifests, likewise.
    :param steps: What is wanted of each video: some of ``enhance``, ``transcode``, ``caption`` and ``keep``.
    :param suffixes: How the names of the files end that the steps make, by step; default: as that of the source.
    :param dated: What tells when a video arrived: ``"name"``, the date in its key, or ``"modified"``, the time at which
        it was written.
    :param date_pattern: With ``"name"``: regular expression with the groups ``year``, ``month`` and ``day``, perhaps
        also ``hour``, ``minute`` and ``second``.
    :param video_suffixes: How the names of videos end; other objects are left alone.
    :param force: Have everything done anew, under other names.
    :param day: A day as ``2026-01-31``; default: the data interval of the run, and the day before for a run without.
    :param timezone: Time zone whose days count, and of the dates in keys.
    :param aws_conn_id: Airflow connection of type Amazon Web Services.
    :raises MediaFailError: An argument is wrong, or S3 refuses.
    """

    template_fields = (
        *IngestOperator.template_fields,
        "source",
        "steps",
        "suffixes",
        "dated",
        "date_pattern",
        "force",
    )

    def __init__(
        self,
        *,
        source: str,
        target: str,
        steps: Sequence[str] = STEPS,
        suffixes: Mapping[str, str] | None = None,
        dated: Literal["name", "modified"] | str = "name",
        date_pattern: str = DATE_PATTERN,
        video_suffixes: Sequence[str] = VIDEO_SUFFIXES,
        force: bool | str = False,
        day: str | None = None,
        timezone: str = "UTC",
        aws_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.day = day
        self.timezone = timezone
        self.aws_conn_id = aws_conn_id
        self.source = source
        self.steps = steps
        self.suffixes = suffixes
        self.dated = dated
        self.date_pattern = date_pattern
        self.video_suffixes = video_suffixes
        self.force = force

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Decide what is to be done."""
        with told():
            interval, shelf = self.interval(context), self.shelf()
            found = self._arrivals(interval)
            document = shelf.read(_manifest_name(interval))
            now = pendulum.now("UTC").isoformat()
            works = plan(
                found.videos,
                Manifest.from_json(document.value) if document else None,
                self.results(interval, shelf),
                self._order(interval),
                planned_at=now,
                salt=now if str(self.force).lower() == "true" else None,
            )
        self._tell(interval, found, works)
        context["ti"].xcom_push(key=WORKS_KEY, value=[work.to_json() for work in works])
        return [work.arguments() for work in works if work.todo]

    def _order(self, interval: Interval) -> Order:
        if unknown := [step for step in self.steps if step not in STEPS]:
            raise InvalidRequestError(f"steps={unknown!r} are unknown", hint=f"There are {', '.join(STEPS)}.")
        return Order(f"{self.target}{interval.label}/", self.steps, self.suffixes or {})

    def _arrivals(self, interval: Interval) -> Arrivals:
        if self.dated not in ("name", "modified"):
            raise InvalidRequestError(f"dated={self.dated!r} is not allowed", hint="Use name or modified.")
        dating = dated_by_name(self.date_pattern, self.timezone) if self.dated == "name" else dated_by_time
        objects = Shelf(self.source, self.aws_conn_id).list()
        return arrived(objects, interval, dating, suffixes=self.video_suffixes, without=self.target)

    def _tell(self, interval: Interval, found: Arrivals, works: Sequence[Work]) -> None:
        for group, trouble in ((found.empty, "have no bytes"), (found.undated, "have no date in their keys")):
            if group:
                names = ", ".join(stored.key for stored in group[:SHOWN])
                self.log.warning("%s videos %s and are left alone: %s", len(group), trouble, names)
        todo = [work for work in works if work.todo]
        if not todo:
            self.log.info("Nothing to do: of the %s videos of %s nothing is missing", len(found.videos), interval)
        for work in todo:
            self.log.info("%s (%s bytes): %s", work.source, work.size, ", ".join(work.todo))


class IngestManifestOperator(IngestOperator):
    """Record what became of the videos of the interval: in a JSON document in S3, and as an event of each outlet asset.

    Use it as a teardown of the claim: it runs when all else is over, well or not. The document is replaced on condition
    that nobody else has written it since it was read. The task is skipped where nothing was done and nothing is new, so
    that the assets are not updated, and who waits for them is not woken. Returns a summary: ``manifest`` (URI),
    ``label``, ``videos`` (how many), ``bytes`` (of what was made), ``done`` (names) and ``failed`` (tasks by name).

    :param target: Prefix of results and manifests: ``s3://bucket/folder/``.
    :param plan_task_id: The task that made the plan.
    :param group_id: The task group that was mapped over it.
    :param ids: Which XComs of the group are ids, by the name that they are recorded under: a task, or a task and a key.
    :param day: A day as ``2026-01-31``; default: the data interval of the run, and the day before for a run without.
    :param timezone: Time zone whose days count.
    :param aws_conn_id: Airflow connection of type Amazon Web Services.
    :raises MediaFailError: There is no plan, or S3 refuses.
    """

    template_fields = (*IngestOperator.template_fields, "plan_task_id", "group_id")

    def __init__(
        self,
        *,
        target: str,
        plan_task_id: str = "plan",
        group_id: str = "video",
        ids: Mapping[str, str | tuple[str, str]] | None = None,
        day: str | None = None,
        timezone: str = "UTC",
        aws_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.day = day
        self.timezone = timezone
        self.aws_conn_id = aws_conn_id
        self.plan_task_id = plan_task_id
        self.group_id = group_id
        self.ids = ids

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the manifest."""
        planned = context["ti"].xcom_pull(task_ids=self.plan_task_id, key=WORKS_KEY)
        if planned is None:
            raise MediaFailError(f"There is nothing to record, since task {self.plan_task_id} made no plan.")
        works = [Work.from_json(value) for value in planned]
        with told():
            interval, shelf = self.interval(context), self.shelf()
            name = _manifest_name(interval)
            document = shelf.read(name)
            if document and not works:
                raise AirflowSkipException(f"Nothing was done, and {shelf.uri}{name} is as it was")
            before = Manifest.from_json(document.value) if document else Manifest.of(interval)
            videos = self._videos(context, works, before, self.results(interval, shelf), shelf)
            manifest = replace(
                before.with_videos(videos),
                dag_id=context["ti"].dag_id,
                run_id=context["ti"].run_id,
                written_at=pendulum.now("UTC").isoformat(),
            )
            shelf.write(name, manifest.to_json(), seen=document.etag if document else ABSENT)
        summary = _summary(shelf.uri + name, manifest, videos)
        self.log.info("Wrote %s: %s videos, %s done now", summary["manifest"], summary["videos"], len(summary["done"]))
        for asset in self.outlets:
            context["outlet_events"][asset].extra.update(summary)
        return summary

    def _videos(
        self,
        context: Context,
        works: Sequence[Work],
        before: Manifest,
        stored: Mapping[str, StoredObject],
        shelf: Shelf,
    ) -> list[Video]:
        states = task_states(context)
        made = [uri for work in works for uri in work.outputs.values() if uri in stored]
        checksums = {uri: shelf.checksum(uri) for uri in made}
        now = pendulum.now("UTC").isoformat()
        return [
            conclude(
                work,
                before.find(work.source),
                stored,
                checksums,
                etag=shelf.etag(work.source),
                ids=self._ids(context, states, index) if work.todo else {},
                failed=self._failed(states, index) if work.todo else (),
                ended_at=now,
            )
            for index, work in enumerate(works)
        ]

    def _ids(self, context: Context, states: Mapping[str, str], index: int) -> dict[str, str]:
        found = {}
        for name, place in (self.ids or {}).items():
            task, key = (place, "return_value") if isinstance(place, str) else place
            task_id = f"{self.group_id}.{task}"
            # The others have nothing to give, and asking is a request each.
            if states.get(f"{task_id}_{index}") == "success":
                found[name] = context["ti"].xcom_pull(task_ids=task_id, key=key, map_indexes=index)
        return {name: str(value) for name, value in found.items() if value is not None}

    def _failed(self, states: Mapping[str, str], index: int) -> tuple[str, ...]:
        """Give the tasks that failed themselves; those behind them only follow."""
        begin, end = f"{self.group_id}.", f"_{index}"
        mine = {task: state for task, state in states.items() if task.startswith(begin) and task.endswith(end)}
        failed = [task for task, state in mine.items() if state == "failed"]
        failed = failed or [task for task, state in mine.items() if state in UNSUCCESSFUL]
        return tuple(sorted(task.removeprefix(begin).removesuffix(end) for task in failed))


class IngestReleaseOperator(IngestOperator):
    """Give back the claim of the interval. Use it as the last teardown of the claim.

    :param target: Prefix of results and manifests: ``s3://bucket/folder/``.
    :param day: A day as ``2026-01-31``; default: the data interval of the run, and the day before for a run without.
    :param timezone: Time zone whose days count.
    :param aws_conn_id: Airflow connection of type Amazon Web Services.
    :raises MediaFailError: S3 refuses.
    """

    def __init__(
        self,
        *,
        target: str,
        day: str | None = None,
        timezone: str = "UTC",
        aws_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.day = day
        self.timezone = timezone
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> None:
        """Give it back."""
        with told():
            interval = self.interval(context)
            given = Claim(self.shelf(), f"{MANIFESTS}{interval.label}.claim").give_back(holder_of(context))
        self.log.info("The claim of %s %s", interval.label, "is given back" if given else "is not held by this run")


def _manifest_name(interval: Interval) -> str:
    return f"{MANIFESTS}{interval.label}.json"


def _summary(uri: str, manifest: Manifest, videos: Sequence[Video]) -> dict[str, Any]:
    """What the next task, and whoever is started by the asset, wants to know."""
    return {
        "manifest": uri,
        "label": manifest.label,
        "videos": len(manifest.videos),
        "bytes": sum(output.size for video in videos for output in video.outputs.values()),
        "done": [video.name for video in videos if video.state == "done"],
        "failed": {video.name: list(video.failed) for video in videos if video.state == "failed"},
    }

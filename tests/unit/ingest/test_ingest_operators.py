"""The tasks of an ingest, one after another, against a real S3 server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from ingest_s3 import BUCKET

from airflow_media.ingest import verdict
from airflow_media.ingest.operators import (
    WORKS_KEY,
    IngestManifestOperator,
    IngestPlanOperator,
    IngestReleaseOperator,
)
from airflow_media.ingest.plan import STEPS
from airflow_media.ingest.sensors import IngestClaimSensor
from airflow_media.ingest.verdict import pass_verdict
from airflow_media.jobs.compat import AirflowSkipException
from airflow_media.jobs.failures import MediaFailError

pytestmark = pytest.mark.airflow

SOURCE, TARGET = f"s3://{BUCKET}/in/", f"s3://{BUCKET}/out/"
SUFFIXES = {"enhance": ".mp4", "transcode": ".avi", "caption": ".vtt"}
STEPS_OF_S3 = ("enhance", "transcode", "caption")


@dataclass
class Instance:
    """A task instance as these operators see it."""

    dag_id: str = "daily"
    run_id: str = "scheduled__1"
    xcoms: dict[tuple[str, str, int], Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms["plan", key, -1] = json.loads(json.dumps(value))

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int = -1) -> Any:
        return self.xcoms.get((task_ids, key, map_indexes))

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        return {self.run_id: self.states}

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        return self.runs[run_id]


@dataclass
class Run:
    """A run of a day."""

    run_after: datetime = datetime(2026, 2, 1, tzinfo=UTC)


def context_of(instance: Instance, **more: Any) -> Any:
    interval = {
        "data_interval_start": pendulum.datetime(2026, 1, 31),
        "data_interval_end": pendulum.datetime(2026, 2, 1),
    }
    return {"ti": instance, "dag_run": Run(), **interval, **more}


@pytest.fixture
def instance() -> Instance:
    return Instance()


@pytest.fixture
def clip(ingest_s3: Any) -> str:
    ingest_s3.put_object(Bucket=BUCKET, Key="in/2026-01-31/clip.mov", Body=b"film")
    return f"{SOURCE}2026-01-31/clip.mov"


def plan(**more: Any) -> IngestPlanOperator:
    arguments: dict[str, Any] = {"source": SOURCE, "target": TARGET, "steps": STEPS_OF_S3, "suffixes": SUFFIXES}
    return IngestPlanOperator(task_id="plan", **{**arguments, **more})


def manifest(**more: Any) -> IngestManifestOperator:
    return IngestManifestOperator(task_id="manifest", target=TARGET, ids={"pixop_video": "enhance.upload"}, **more)


def make_results(s3: Any, arguments: dict[str, str]) -> None:
    for name in ("enhanced", "transcoded", "captions"):
        s3.put_object(Bucket=BUCKET, Key=arguments[name].removeprefix(f"s3://{BUCKET}/"), Body=b"result")


def read(s3: Any, key: str) -> Any:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_a_day_from_its_plan_to_the_verdict_and_again(ingest_s3: Any, clip: str, instance: Instance) -> None:
    context = context_of(instance)
    [arguments] = plan().execute(context)
    assert arguments["enhance_source"] == clip
    make_results(ingest_s3, arguments)
    instance.states = {"video.enhance.upload_0": "success", "plan": "success"}
    instance.xcoms["video.enhance.upload", "return_value", 0] = "v1"

    summary = manifest().execute(context)

    assert summary == {
        "manifest": f"{TARGET}manifests/2026-01-31.json",
        "label": "2026-01-31",
        "videos": 1,
        "bytes": 18,
        "done": [arguments["name"]],
        "failed": {},
    }
    [video] = read(ingest_s3, "out/manifests/2026-01-31.json")["videos"]
    assert (video["state"], video["ids"], video["size"]) == ("done", {"pixop_video": "v1"}, 4)
    assert set(video["outputs"]) == set(STEPS_OF_S3)
    pass_verdict(summary)

    assert plan().execute(context) == []
    with pytest.raises(AirflowSkipException, match="Nothing was done"):
        manifest().execute(context)


def test_a_video_that_failed_is_recorded_told_and_planned_again(ingest_s3: Any, clip: str, instance: Instance) -> None:
    context = context_of(instance)
    [arguments] = plan().execute(context)
    instance.states = {
        "video.enhance.upload_0": "success",
        "video.enhance.process_0": "failed",
        "video.enhance.download_0": "upstream_failed",
        "video.enhance.process_1": "failed",
    }

    summary = manifest().execute(context)

    assert summary["failed"] == {arguments["name"]: ["enhance.process"]}
    with pytest.raises(MediaFailError, match=r"1 of 1 videos of 2026-01-31 failed: clip-\w{8} \(enhance.process\)"):
        pass_verdict(summary)
    assert [again["name"] for again in plan().execute(context)] == [arguments["name"]]


def test_a_day_without_videos_has_a_manifest_that_says_so(ingest_s3: Any, instance: Instance) -> None:
    context = context_of(instance)

    assert plan().execute(context) == []
    assert manifest().execute(context)["videos"] == 0
    assert read(ingest_s3, "out/manifests/2026-01-31.json")["videos"] == []


def test_the_assets_are_told_what_was_made(ingest_s3: Any, clip: str, instance: Instance) -> None:
    from airflow.sdk import Asset

    @dataclass
    class Events:
        """The events of one asset, which older Airflows cannot hash."""

        asset: Any
        extra: dict[str, Any] = field(default_factory=dict)

        def __getitem__(self, asset: Any) -> Events:
            assert asset is self.asset
            return self

    asset = Asset("day")
    event = Events(asset)
    context = context_of(instance, outlet_events=event)
    plan().execute(context)

    manifest(outlets=[asset]).execute(context)

    assert event.extra["manifest"] == f"{TARGET}manifests/2026-01-31.json"
    assert len(event.extra["failed"]) == 1


def test_a_manifest_that_changed_meanwhile_is_not_overwritten(ingest_s3: Any, clip: str, instance: Instance) -> None:
    context = context_of(instance)
    plan().execute(context)
    operator = manifest()
    shelf = operator.shelf()
    write, shelf_write = shelf.write, []

    def race(name: str, value: Any, *, seen: str) -> str:
        shelf_write.append(write(name, {"somebody": "else"}, seen=seen))
        return write(name, value, seen=seen)

    shelf.write = race  # type: ignore[method-assign]
    operator.shelf = lambda: shelf  # type: ignore[method-assign]
    with pytest.raises(Exception, match="somebody else has written it meanwhile"):
        operator.execute(context)
    assert read(ingest_s3, "out/manifests/2026-01-31.json") == {"somebody": "else"}


@pytest.mark.parametrize("state", ["failed", "upstream_failed", None])
def test_without_a_manifest_the_verdict_is_a_failure(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    instance.states = {"manifest": state} if state else {}
    monkeypatch.setattr(verdict, "get_current_context", lambda: context_of(instance))

    with pytest.raises(MediaFailError, match=f"task manifest is {state}"):
        pass_verdict(None)


def test_a_manifest_that_was_skipped_means_that_nothing_is_missing(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.states = {"manifest": "skipped"}
    monkeypatch.setattr(verdict, "get_current_context", lambda: context_of(instance))

    pass_verdict(None)


def test_without_a_plan_there_is_nothing_to_record(instance: Instance) -> None:
    with pytest.raises(MediaFailError, match="task plan made no plan"):
        manifest().execute(context_of(instance))


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ({"steps": ["enlarge"]}, "There are enhance, transcode, caption, keep"),
        ({"dated": "guess"}, "Use name or modified"),
        ({"date_pattern": "("}, "is not a regular expression"),
        ({"day": "tomorrow"}, "is not a date"),
        ({"target": f"s3://{BUCKET}/out"}, "is not a prefix in S3"),
        ({"source": f"s3://{BUCKET}"}, "is not a prefix in S3"),
        ({"source": "s3://no-such-bucket/in/"}, "there is no such bucket"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    ingest_s3: Any, instance: Instance, argument: dict[str, Any], told: str
) -> None:
    with pytest.raises(MediaFailError, match=told):
        plan(**argument).execute(context_of(instance))


def test_a_day_that_is_asked_for_comes_before_the_interval_of_the_run(
    ingest_s3: Any, clip: str, instance: Instance
) -> None:
    assert plan(day="2026-01-30").execute(context_of(instance)) == []


def test_a_run_without_an_interval_is_about_the_day_before(ingest_s3: Any, clip: str, instance: Instance) -> None:
    context = {"ti": instance, "dag_run": Run()}

    assert len(plan().execute(context)) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(("force", "number"), [("True", 1), (True, 1), ("False", 0), (False, 0)])
def test_force_counts_also_as_a_rendered_template(
    ingest_s3: Any, clip: str, instance: Instance, force: bool | str, number: int
) -> None:
    context = context_of(instance)
    [arguments] = plan().execute(context)
    make_results(ingest_s3, arguments)
    manifest().execute(context)

    assert len(plan(force=force).execute(context)) == number


def test_by_time_what_was_written_in_the_interval_is_taken(ingest_s3: Any, clip: str, instance: Instance) -> None:
    today = pendulum.now("UTC").to_date_string()

    assert plan(dated="modified").execute(context_of(instance)) == []
    assert len(plan(dated="modified", day=today).execute(context_of(instance))) == 1


def test_what_the_plan_keeps_for_the_record_is_small(ingest_s3: Any, clip: str, instance: Instance) -> None:
    plan(steps=STEPS).execute(context_of(instance))

    [work] = instance.xcoms["plan", WORKS_KEY, -1]
    assert len(json.dumps(work)) < 1000


def test_the_claim_is_waited_for_and_given_back(ingest_s3: Any, instance: Instance) -> None:
    mine = IngestClaimSensor(task_id="claim", target=TARGET)
    other = Instance(run_id="manual__2", runs={"scheduled__1": "running"})

    taken = mine.poke(context_of(instance))
    assert getattr(taken, "xcom_value", None) == "2026-01-31"
    assert mine.poke(context_of(other)) is False

    release = IngestReleaseOperator(task_id="release", target=TARGET)
    release.execute(context_of(other))
    assert mine.poke(context_of(other)) is False
    release.execute(context_of(instance))
    assert mine.poke(context_of(other))


def test_the_claim_of_a_run_that_failed_or_is_unknown_is_taken_over(ingest_s3: Any, instance: Instance) -> None:
    sensor = IngestClaimSensor(task_id="claim", target=TARGET)
    sensor.poke(context_of(instance))

    assert sensor.poke(context_of(Instance(run_id="manual__2", runs={"scheduled__1": "failed"})))
    assert sensor.poke(context_of(Forgetful(run_id="manual__3")))


class Forgetful(Instance):
    """In an Airflow whose older runs were removed."""

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404}))


def test_a_day_that_has_just_ended_is_left_to_settle(ingest_s3: Any, instance: Instance) -> None:
    day = pendulum.now("UTC").subtract(days=1).to_date_string()

    assert IngestClaimSensor(task_id="c", target=TARGET, day=day, settle=86400).poke(context_of(instance)) is False
    assert IngestClaimSensor(task_id="c", target=TARGET, day=day).poke(context_of(instance))

"""When a job is looked at again and when a wait ends: by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from airflow_media.http.call import Flow
from airflow_media.http.errors import (
    AuthenticationError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, JobState, Outcome, Phase, Status
from airflow_media.jobs.watch import FARTHEST, ODD_ANSWERS, PATIENCE, SOONEST, TICK, Watch, together

INTERVAL = 10.0
START = 1_000.0


def unused(job_id: str) -> Flow[JobState]:
    raise AssertionError("a watch never asks itself")


KIND = JobKind(name="baking", noun="Bakery loaf", observe=unused)


def middle(low: float, high: float) -> float:
    return (low + high) / 2


@dataclass
class Scene:
    """A watch, its clock, and the lines that it wrote."""

    deadline: float | None = None
    jitter: Callable[[float, float], float] = middle
    kind: JobKind = KIND
    interval: float = INTERVAL
    now: float = START
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(
            kind=self.kind,
            job_id="7",
            interval=self.interval,
            deadline=self.deadline,
            progress=ProgressLog(self.lines.append, clock=lambda: self.now),
            wall=lambda: self.now,
            jitter=self.jitter,
        )

    def sleep(self) -> float:
        """Let the pause pass, and tell how long it was."""
        pause = self.watch.pause()
        self.now += pause
        return pause

    def at(self, percent: float | None, phase: Phase = Phase.RUNNING) -> Outcome | None:
        return self.watch.seen(JobState(phase, percent))


def test_the_first_look_comes_after_a_random_part_of_the_interval() -> None:
    asked: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    scene = Scene(jitter=jitter)
    assert scene.sleep() == 0.0
    assert asked[-1] == (0.0, INTERVAL)
    assert Scene(jitter=lambda low, high: high).sleep() == INTERVAL


@given(st.floats(0.0, 1.0))
def test_later_looks_vary_by_a_tenth(part: float) -> None:
    scene = Scene(jitter=lambda low, high: low + part * (high - low))
    scene.sleep()
    scene.at(None)
    assert 0.9 * INTERVAL <= scene.sleep() <= 1.1 * INTERVAL


def test_waits_that_begin_together_do_not_stay_in_phase() -> None:
    import random

    dice = random.Random(4)
    scenes = [Scene(jitter=dice.uniform) for _ in range(100)]
    for _ in range(5):
        for scene in scenes:
            scene.sleep()
            assert scene.at(None) is None
        moments = sorted(scene.now - START for scene in scenes)
        assert moments[-1] - moments[0] > INTERVAL / 2
        assert len({round(moment, 3) for moment in moments}) > 95


@pytest.mark.parametrize(
    ("moment", "interval", "expected"),
    [(100.6, 10.0, 102.0), (101.2, 10.0, 102.0), (101.2, 3600.0, 102.0), (102.0, 10.0, 102.0), (100.26, 1.0, 100.4)],
)
def test_looks_are_put_off_to_moments_that_waits_share(moment: float, interval: float, expected: float) -> None:
    assert together(moment, interval) == pytest.approx(expected)


@given(st.floats(0.0, 1e9), st.floats(0.01, 86400.0))
def test_a_look_is_put_off_by_less_than_pauses_vary_anyway(moment: float, interval: float) -> None:
    assert -1e-6 < together(moment, interval) - moment < min(TICK, interval / 5) + 1e-6


def test_without_an_interval_nothing_is_put_off() -> None:
    assert together(100.2, 0.0) == 100.2


def test_a_finish_that_can_be_foreseen_is_looked_for_when_it_is_due() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(10.0)
    scene.now = START + 5.0 + 40.0
    scene.at(90.0)  # 2 percent a second: done in 5 s
    assert scene.sleep() == pytest.approx(5.0)


def test_a_finish_is_foreseen_from_the_last_looks_not_from_a_slow_beginning() -> None:
    scene = Scene()
    scene.sleep()
    for _ in range(10):
        scene.at(1.0)
        scene.now += INTERVAL
    for percent in (30.0, 40.0, 50.0, 60.0, 70.0):
        scene.now += 4.0
        scene.at(percent)  # 2.5 percent a second by now
    assert scene.sleep() == pytest.approx(12.0)


def test_a_bad_guess_costs_no_more_than_four_intervals() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(1.0)
    scene.now += 1.0
    scene.at(1.001)
    assert scene.sleep() == pytest.approx(FARTHEST * INTERVAL)


def test_a_finish_that_is_far_is_guessed_anew_halfway() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(10.0)
    scene.now += 10.0
    scene.at(20.0)  # done in 80 s, then in 40 s, then in 20 s
    assert scene.sleep() == pytest.approx(40.0)
    scene.at(60.0)
    assert scene.sleep() == pytest.approx(20.0)
    scene.at(80.0)
    assert scene.sleep() == pytest.approx(20.0)


def test_of_two_paces_the_faster_counts() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(10.0)
    scene.now += 40.0
    scene.at(20.0)
    scene.now += 10.0
    scene.at(70.0)  # 5 percent a second of late, 1.2 on the whole
    assert scene.sleep() == pytest.approx(6.0)


def test_a_job_that_stalls_is_looked_at_in_the_usual_interval() -> None:
    scene = Scene()
    scene.sleep()
    for percent in (20.0, 40.0, 40.0):
        scene.now += INTERVAL
        scene.at(percent)
    assert scene.sleep() == INTERVAL


def test_a_job_that_tells_nothing_is_looked_at_more_rarely_when_it_is_old() -> None:
    scene = Scene()
    pauses = []
    while scene.now < START + 100 * INTERVAL:
        pauses.append(scene.sleep())
        scene.at(None)
    assert pauses[1:10] == [INTERVAL] * 9
    assert sorted(pauses) == pauses
    assert pauses[-1] == 2 * INTERVAL


def test_a_finish_in_a_thousand_years_is_no_foresight() -> None:
    scene = Scene()
    scene.sleep()
    assert scene.at(1e-300) is None
    assert scene.sleep() == INTERVAL
    assert scene.lines == ["Bakery loaf 7: running, 0 %"]


def test_a_finish_that_is_overdue_is_looked_for_soon_but_not_at_once() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(10.0)
    scene.now += 40.0
    scene.at(99.9)
    scene.now += 60.0
    assert scene.sleep() == SOONEST


@pytest.mark.parametrize("percents", [(50.0, 50.0), (60.0, 40.0)])
def test_a_job_that_does_not_move_is_looked_at_in_the_usual_interval(percents: tuple[float, float]) -> None:
    scene = Scene()
    scene.sleep()
    for percent in percents:
        scene.at(percent)
        scene.now += 5.0
    assert scene.sleep() == INTERVAL


def test_retry_after_is_obeyed_where_it_is_longer_than_the_interval() -> None:
    scene = Scene()
    scene.sleep()
    assert scene.watch.missed(RateLimitedError("slow down", retry_after=45.0)) is None
    assert scene.sleep() == 45.0
    assert scene.at(None) is None
    assert scene.sleep() == INTERVAL, "a good answer ends it"


def test_a_short_retry_after_does_not_hasten_anything() -> None:
    scene = Scene()
    scene.sleep()
    scene.watch.missed(RateLimitedError("slow down", retry_after=1.0))
    assert scene.sleep() == INTERVAL


def test_the_deadline_gets_one_final_look_at_its_very_moment() -> None:
    scene = Scene(deadline=START + 12.0)
    scene.sleep()
    assert scene.now == START + 5.0
    assert scene.at(10.0) is None
    scene.sleep()
    assert scene.now == START + 12.0
    assert scene.at(100.0, Phase.DONE) == Outcome(Status.DONE, "7")


def test_a_job_that_has_not_ended_at_the_deadline_is_a_timeout() -> None:
    scene = Scene(deadline=START + 12.0)
    scene.sleep()
    scene.sleep()
    outcome = scene.at(50.0)
    assert outcome is not None
    assert outcome.status is Status.TIMEOUT
    assert "time-out of the task" in outcome.reason


def test_a_deadline_that_has_passed_already_is_looked_at_once() -> None:
    scene = Scene(deadline=START - 100.0)
    assert scene.sleep() == 0.0
    outcome = scene.at(50.0)
    assert outcome is not None
    assert outcome.status is Status.TIMEOUT


def test_retry_after_does_not_carry_a_wait_past_its_deadline() -> None:
    scene = Scene(deadline=START + 20.0)
    scene.sleep()
    scene.watch.missed(RateLimitedError("slow down", retry_after=3600.0))
    scene.sleep()
    assert scene.now == START + 20.0


def test_a_service_that_cannot_be_reached_at_the_deadline_is_a_timeout() -> None:
    scene = Scene(deadline=START)
    scene.sleep()
    outcome = scene.watch.missed(NetworkFaultError("the connection was lost"))
    assert outcome is not None
    assert outcome.status is Status.TIMEOUT


@pytest.mark.parametrize(
    "fault",
    [NetworkFaultError("no answer"), ServerFaultError("down", status=503), RateLimitedError("slow", status=429)],
)
def test_patience_is_counted_in_time_from_the_first_miss(fault: MediaError) -> None:
    scene = Scene()
    scene.sleep()
    for _ in range(int(PATIENCE / INTERVAL)):
        assert scene.watch.missed(fault) is None
        scene.now += INTERVAL
    outcome = scene.watch.missed(fault)
    assert outcome is not None
    assert (outcome.status, outcome.retryable) == (Status.ERROR, True)


def test_one_good_answer_renews_the_patience() -> None:
    scene = Scene()
    scene.sleep()
    scene.watch.missed(NetworkFaultError("no answer"))
    scene.now += PATIENCE - 1
    assert scene.at(5.0) is None
    scene.now += 2
    assert scene.watch.missed(NetworkFaultError("no answer")) is None


def test_odd_answers_are_borne_a_few_times_in_a_row_only() -> None:
    scene = Scene()
    scene.sleep()
    odd = ProtocolError("the answer is a web page", status=200)
    for _ in range(ODD_ANSWERS - 1):
        assert scene.watch.missed(odd) is None
    assert scene.at(3.0) is None, "a good one begins the count anew"
    for _ in range(ODD_ANSWERS - 1):
        assert scene.watch.missed(odd) is None
    outcome = scene.watch.missed(odd)
    assert outcome is not None
    assert (outcome.status, outcome.retryable) == (Status.ERROR, False)
    assert "web page" in outcome.reason


@pytest.mark.parametrize("fault", [AuthenticationError("no"), PermissionDeniedError("suspended")])
def test_a_refusal_ends_the_wait_at_once(fault: MediaError) -> None:
    scene = Scene()
    scene.sleep()
    outcome = scene.watch.missed(fault)
    assert outcome is not None
    assert (outcome.status, outcome.retryable) == (Status.ERROR, False)


def test_what_is_not_found_is_gone() -> None:
    scene = Scene()
    scene.sleep()
    outcome = scene.watch.missed(NotFoundError("there is no such loaf"))
    assert outcome is not None
    assert outcome.status is Status.GONE
    assert "no such loaf" in outcome.reason


@pytest.mark.parametrize(
    ("phase", "status"), [(Phase.DONE, Status.DONE), (Phase.FAILED, Status.FAILED), (Phase.GONE, Status.GONE)]
)
def test_the_end_of_the_job_is_the_end_of_the_wait(phase: Phase, status: Status) -> None:
    scene = Scene()
    scene.sleep()
    outcome = scene.watch.seen(JobState(phase, reason="burnt"))
    assert outcome is not None
    assert outcome.status is status
    assert outcome.reason == ("" if status is Status.DONE else "burnt")


def test_a_miss_is_told_once_not_at_each_look() -> None:
    scene = Scene()
    scene.sleep()
    for _ in range(20):
        scene.watch.missed(NetworkFaultError("no answer came"))
        scene.now += INTERVAL
    assert len(scene.lines) == 1
    assert "Bakery loaf 7" in scene.lines[0]
    assert "no answer came" in scene.lines[0]


def test_progress_is_told_with_percent_and_time_left() -> None:
    scene = Scene()
    scene.sleep()
    scene.at(10.0)
    scene.now += 20.0
    scene.at(30.0)
    assert scene.lines[-1] == "Bakery loaf 7: running, 30 %, about 1 min 10 s left"


@given(
    st.lists(
        st.one_of(
            st.floats(0, 100).map(lambda percent: JobState(Phase.RUNNING, percent)),
            st.just(JobState(Phase.WAITING)),
            st.builds(RateLimitedError, st.just("slow"), retry_after=st.one_of(st.none(), st.floats(0, 1e9))),
            st.just(NetworkFaultError("no answer")),
        ),
        max_size=30,
    ),
    st.floats(0, 5_000),
    st.floats(0.0, 1.0),
)
def test_whatever_comes_a_pause_is_never_negative_and_the_deadline_is_kept(
    looks: list[JobState | MediaError], wait: float, part: float
) -> None:
    scene = Scene(deadline=START + wait, jitter=lambda low, high: low + part * (high - low))
    for look in looks:
        assert scene.sleep() >= 0.0
        assert scene.now <= START + wait + 1e-6
        outcome = scene.watch.seen(look) if isinstance(look, JobState) else scene.watch.missed(look)
        if outcome is not None:
            return


# Jobs of hours or days

HOUR = 3600.0
SLOW = replace(KIND, spread=2 * HOUR)


def looks_until(scene: Scene, end: float, due: float | None = None) -> list[float]:
    """Give the pauses between the looks at a job that runs until ``end``, whose service expects that at ``due``."""
    pauses = []
    while scene.now < START + end:
        pauses.append(scene.sleep())
        due_in = None if due is None else START + due - scene.now
        assert scene.watch.seen(JobState(Phase.RUNNING, due_in=due_in)) is None
    return pauses


@pytest.mark.parametrize("due", [None, 72 * HOUR, 48 * HOUR])
def test_a_wait_of_three_days_costs_tens_of_requests(due: float | None) -> None:
    pauses = looks_until(Scene(kind=SLOW, interval=60.0), 72 * HOUR, due)
    assert 36 <= len(pauses) < 90
    assert max(pauses) <= 2 * HOUR


def test_a_job_that_is_done_soon_is_noticed_soon() -> None:
    pauses = looks_until(Scene(kind=SLOW), 600.0, due=72 * HOUR)
    assert max(pauses) <= 600.0 / 3 + INTERVAL


def test_looks_are_frequent_again_when_the_job_is_due() -> None:
    scene = Scene(kind=SLOW)
    looks_until(scene, 24 * HOUR, due=24 * HOUR + 60.0)
    assert scene.sleep() <= 60.0


def test_a_slow_job_is_left_alone_for_as_long_as_the_service_asks() -> None:
    scene = Scene(kind=SLOW)
    scene.sleep()
    scene.watch.missed(RateLimitedError("slow down", retry_after=HOUR))
    assert scene.sleep() == HOUR


def test_a_slow_job_is_looked_at_once_more_at_the_deadline() -> None:
    scene = Scene(kind=SLOW, deadline=START + 24 * HOUR)
    while scene.now < START + 24 * HOUR:
        scene.sleep()
        outcome = scene.at(None)
    assert scene.now == START + 24 * HOUR
    assert outcome is not None
    assert outcome.status is Status.TIMEOUT

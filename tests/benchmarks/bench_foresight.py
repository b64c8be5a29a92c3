"""How soon the end of a job is noticed for how many requests: the rules of waiting against fixed polling.

A simulation, by a clock of its own: 500 jobs of 10 seconds to 2 hours, made by the same random numbers each time, whose
progress is linear, stalls, comes in bursts, or is not told at all.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from measure import report

from airflow_media.http.call import Flow
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, JobState, Phase
from airflow_media.jobs.watch import FARTHEST, Watch, together

JOBS = 500
SHORTEST, LONGEST = 10.0, 7200.0
FIXED = (5.0, 10.0, 30.0, 60.0)
PEER = 30.0

Percent = Callable[[float], float | None]


@dataclass(frozen=True)
class Job:
    """One job.

    :param shape: How its progress goes.
    :param seconds: How long it takes.
    :param percent: What is told of it, by its age in seconds.
    """

    shape: str
    seconds: float
    percent: Percent


def curve(points: list[tuple[float, float]]) -> Percent:
    """Give what lies on the straight lines between points (age, percent)."""

    def percent(age: float) -> float:
        for (begin, low), (end, high) in pairwise(points):
            if age < end:
                return low + (high - low) * (age - begin) / (end - begin)
        return 100.0

    return percent


def linear(dice: random.Random, seconds: float) -> Percent:
    return curve([(0.0, 0.0), (seconds, 100.0)])


def stalling(dice: random.Random, seconds: float) -> Percent:
    begin = dice.uniform(0.1, 0.6) * seconds
    end = begin + dice.uniform(0.1, 0.35) * seconds
    reached = 100 * begin / (seconds - end + begin)
    return curve([(0.0, 0.0), (begin, reached), (end, reached), (seconds, 100.0)])


def bursty(dice: random.Random, seconds: float) -> Percent:
    """The work goes on evenly, and is told in jumps: after each piece of it."""
    told = sorted(dice.uniform(0, seconds) for _ in range(dice.randint(5, 25)))
    return lambda age: 100 * max((each for each in told if each <= age), default=0.0) / seconds


def silent(dice: random.Random, seconds: float) -> Percent:
    return lambda age: None


def recorded() -> Iterator[Job]:
    """Give the jobs, the same each time."""
    dice = random.Random(7)
    shapes = (linear, stalling, bursty, silent)
    for number in range(JOBS):
        shape = shapes[number % len(shapes)]
        seconds = SHORTEST * (LONGEST / SHORTEST) ** dice.random()  # as many of minutes as of hours
        yield Job(shape.__name__, seconds, shape(dice, seconds))


def fixed(interval: float, dice: random.Random) -> Callable[[Job], tuple[int, float]]:
    """Look in a fixed interval, the first time after a random part of it."""

    def wait(job: Job) -> tuple[int, float]:
        age, looks = dice.uniform(0, interval), 1
        while age < job.seconds:
            age, looks = age + interval, looks + 1
        return looks, age - job.seconds

    return wait


def _unused(job_id: str) -> Flow[JobState]:
    raise AssertionError("a watch never asks itself")


def foreseeing(interval: float, dice: random.Random) -> Callable[[Job], tuple[int, float]]:
    """Look as the provider does."""
    kind = JobKind(name="job", noun="job", observe=_unused)

    def wait(job: Job) -> tuple[int, float]:
        now = 0.0
        watch = Watch(
            kind=kind,
            job_id="1",
            interval=interval,
            deadline=None,
            progress=ProgressLog(lambda line: None, clock=lambda: now),
            wall=lambda: now,
            jitter=dice.uniform,
        )
        looks = 0
        while True:
            now, looks = together(now + watch.pause(), interval), looks + 1
            if now >= job.seconds:
                return looks, now - job.seconds
            watch.seen(JobState(Phase.RUNNING, job.percent(now)))

    return wait


def tried(jobs: list[Job], wait: Callable[[Job], tuple[int, float]], longest: float) -> dict[str, float]:
    """Wait for all jobs and give the figures.

    :param longest: The pause that is never exceeded, in seconds.
    """
    ends = [(job.shape, *wait(job)) for job in jobs]
    delays = sorted(delay for _, _, delay in ends)
    figures = {
        "requests": float(sum(looks for _, looks, _ in ends)),
        "mean_delay": statistics.mean(delays),
        "median_delay": statistics.median(delays),
        "longest_delay": delays[-1],
        "allowed_delay": longest,
    }
    for shape in dict.fromkeys(job.shape for job in jobs):
        figures[f"mean_delay_{shape}"] = statistics.mean(delay for own, _, delay in ends if own == shape)
    return figures


def at_the_cost_of(requests: float, jobs: list[Job]) -> float:
    """Find the interval at which the provider sends so many requests at most."""
    low, high = 1.0, 120.0
    for _ in range(30):
        middle = (low + high) / 2
        costs = tried(jobs, foreseeing(middle, random.Random(1)), 0.0)["requests"]
        low, high = (middle, high) if costs > requests else (low, middle)
    return high


def main() -> None:
    jobs = list(recorded())
    rows = {f"fixed, {interval:.0f} s": tried(jobs, fixed(interval, random.Random(1)), interval) for interval in FIXED}
    peer = f"fixed, {PEER:.0f} s"
    interval = at_the_cost_of(rows[peer]["requests"], jobs)
    same = f"foreseen, {interval:.1f} s, as many requests as {peer}"
    for name, each in ((same, interval), *((f"foreseen, {each:.0f} s", each) for each in FIXED)):
        rows[name] = tried(jobs, foreseeing(each, random.Random(1)), together(1.1 * FARTHEST * each, each))
    for row in rows.values():
        row["requests_ratio"] = row["requests"] / rows[peer]["requests"]
        row["mean_delay_ratio"] = row["mean_delay"] / rows[peer]["mean_delay"]
    note = f"{JOBS} simulated jobs of {SHORTEST:.0f} s to {LONGEST / 3600:.0f} h; delays in seconds; ratios to {peer}"
    report("foresight", rows, note)


if __name__ == "__main__":
    main()

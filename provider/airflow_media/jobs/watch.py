"""When to look at a job again, and when to stop: the rules of waiting, without I/O and without Airflow."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

from msgspec import Struct

from airflow_media.http.client import Client
from airflow_media.http.errors import MediaError, NotFoundError, ProtocolError
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, JobState, Outcome, Phase, Status

PATIENCE = 3600.0
"""Seconds for which a service may be unreachable before a wait gives up. The job goes on all the same, and a retry of
the task attaches to it."""
ODD_ANSWERS = 3
"""Answers in a row that are not what the service promises (a proxy's page, say) before a wait gives up."""
SOONEST = 1.0
"""Shortest pause between two looks, in seconds."""
FARTHEST = 4
"""Longest pause, in intervals, while the finish that is foreseen is farther off than twice that."""
AGING = 10
"""How many looks fit into the age of a wait whose finish cannot be foreseen, once it has grown old."""
RARITY = 3
"""For jobs of hours or days: how many looks fit into the age of a wait, or into the time until the job is due."""
TICK = 1.5
"""Longest time between the moments at which the waits of an event loop look, in seconds."""
FORESEEABLE = 30 * 86400.0
"""A finish further off than this, in seconds, is no guess at all."""


class Watch(Struct, kw_only=True):
    """One wait for one job.

    :param kind: The kind of job.
    :param job_id: Its id.
    :param interval: Usual pause between two looks, in seconds. The first comes after a random part of it, so that
        tasks which start together do not ask together; later ones vary by a tenth. It becomes twice as long when the
        wait grows old, and at most four times as long while progress tells that the end is far.
    :param deadline: Wall-clock time in seconds after which the wait ends; ``None``: never.
    :param progress: Where progress is told.
    :param wall: Wall clock, in seconds.
    :param jitter: Gives a number between its two arguments; for tests.
    """

    kind: JobKind
    job_id: str
    interval: float
    deadline: float | None
    progress: ProgressLog
    wall: Callable[[], float] = time.time
    jitter: Callable[[float, float], float] = random.uniform
    _started_at: float | None = None
    _unreachable_since: float | None = None
    _odd: int = 0
    _asked_to_wait: float = 0.0
    _due_at: float | None = None
    _seen: tuple[tuple[float, float], ...] = ()

    def pause(self) -> float:
        """Tell how long to wait before the next look, in seconds."""
        usual = self.jitter(0.9, 1.1) * self.interval
        if self._started_at is None:
            self._started_at = self.wall()
            return self._bounded(self.jitter(0.0, self.interval))
        if self.kind.spread is not None:
            return self._bounded(max(self._rare(self._started_at, self.kind.spread, usual), self._asked_to_wait))
        due = self._time_left()
        pause = self._unforeseen(self._started_at, usual) if due is None else _foreseen(due, usual)
        return self._bounded(max(pause, self._asked_to_wait))

    def seen(self, state: JobState) -> Outcome | None:
        """Take in a look at the job.

        :param state: What was seen.
        :return: The outcome, once the wait is over.
        """
        self._unreachable_since, self._odd, self._asked_to_wait = None, 0, 0.0
        if state.phase is Phase.DONE:
            return self._end(Status.DONE)
        if state.phase is Phase.FAILED:
            return self._end(Status.FAILED, state.reason)
        if state.phase is Phase.GONE:
            return self._end(Status.GONE, state.reason)
        self._due_at = None if state.due_in is None else self.wall() + state.due_in
        if state.percent is not None:
            self._seen = (*self._seen[-4:], (self.wall(), state.percent))
        self.progress.job(f"{self.kind.noun} {self.job_id}", state, self._time_left())
        return self._overdue()

    def missed(self, fault: MediaError) -> Outcome | None:
        """Take in a look that failed.

        :param fault: Why.
        :return: The outcome, when waiting on makes no sense; ``None`` while the fault may pass.
        """
        if isinstance(fault, NotFoundError):
            return self._end(Status.GONE, str(fault))
        now = self.wall()
        self._unreachable_since = now if self._unreachable_since is None else self._unreachable_since
        self._asked_to_wait = fault.retry_after or 0.0
        if isinstance(fault, ProtocolError):
            self._odd += 1
            passing = self._odd < ODD_ANSWERS
        else:
            passing = fault.retryable and now - self._unreachable_since < PATIENCE
        if not passing:
            return self._end(Status.ERROR, str(fault), fault.retryable)
        self.progress.say(f"Still waiting for {self.kind.noun} {self.job_id}; this look failed: {fault}")
        return self._overdue()

    def _rare(self, started_at: float, spread: float, usual: float) -> float:
        """The pause for a job of hours or days: a third of its age, or of the time to or from when it is due."""
        age = self.wall() - started_at
        nearest = age if self._due_at is None else min(age, abs(self._due_at - self.wall()))
        return max(usual, min(nearest / RARITY, self.jitter(0.9, 1.1) * spread))

    def _unforeseen(self, started_at: float, usual: float) -> float:
        """The pause for a job that does not tell: longer with its age, for it counts less then."""
        return min(max((self.wall() - started_at) / AGING, usual), 2 * usual)

    def _overdue(self) -> Outcome | None:
        if self.deadline is None or self.wall() < self.deadline:
            return None
        return self._end(Status.TIMEOUT, "it had not ended when the time-out of the task was reached")

    def _end(self, status: Status, reason: str = "", retryable: bool = False) -> Outcome:
        return Outcome(status, self.job_id, reason, retryable)

    def _bounded(self, pause: float) -> float:
        """Look once more at the deadline itself, not an interval after it."""
        if self.deadline is None:
            return pause
        return max(0.0, min(pause, self.deadline - self.wall()))

    def _time_left(self) -> float | None:
        """Seconds until 100 percent at the pace of the last looks; ``None`` where it cannot be told."""
        if not self._seen or self._started_at is None:
            return None
        # After a single look, take the wait to have begun with the job: a guess that errs on the early side.
        looks = self._seen if len(self._seen) > 1 else ((self._started_at, 0.0), *self._seen)
        lately, now = _pace(looks[0], looks[-1]), _pace(looks[-2], looks[-1])
        if min(lately, now) <= 0:
            return None
        last, percent = looks[-1]
        left = (100.0 - percent) / max(lately, now) - (self.wall() - last)
        return max(0.0, left) if left < FORESEEABLE else None


def together(moment: float, interval: float) -> float:
    """Put a look off to the next moment at which others look, too.

    A process that sleeps is woken at some cost, and writes and reads the sockets once for all who are due: the looks of
    a thousand waits, each at a moment of its own, took three times the CPU time.

    :param moment: When the look is due, in seconds of any clock.
    :param interval: Usual pause between two looks, in seconds. A fifth of it is added at most: pauses vary by as much.
    """
    tick = min(TICK, interval / 5)
    return math.ceil(moment / tick) * tick if tick > 0 else moment


def _foreseen(due: float, usual: float) -> float:
    """The pause for a job that is due: all of the time until then, or the half while it is far, to guess anew."""
    if due <= 2 * usual:
        return max(due, min(SOONEST, usual))
    return min(max(due / 2, usual), FARTHEST * usual)


def _pace(earlier: tuple[float, float], later: tuple[float, float]) -> float:
    """Percent per second between two looks."""
    seconds = later[0] - earlier[0]
    return (later[1] - earlier[1]) / seconds if seconds > 0 else 0.0


def look(kind: JobKind, job_id: str, client: Client) -> JobState:
    """Look at a job once, from a worker; one that is not found is gone.

    :param kind: The kind of job.
    :param job_id: Its id.
    :param client: The client to ask with.
    :raises MediaError: What the service refused, or what went wrong on the way.
    """
    try:
        return client.run(kind.look(job_id))
    except NotFoundError as fault:
        return JobState(Phase.GONE, reason=str(fault))


def wait_here(watch: Watch, client: Client) -> Outcome:
    """Wait on a worker until the job ends or the deadline is reached.

    :param watch: The wait.
    :param client: The client to ask with.
    """
    while True:
        time.sleep(watch.pause())
        try:
            outcome = watch.seen(client.run(watch.kind.look(watch.job_id)))
        except MediaError as fault:
            outcome = watch.missed(fault)
        if outcome is not None:
            return outcome

"""Outcomes that tests choose for pieces of work: failing, getting stuck, being slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = ("fail", "stuck", "slow")
UNFINISHED: Final = 99.9
"""The highest percentage shown before the end, however far the work is."""


class ChosenFailureError(Exception):
    """The work fails because a test wants it to."""


@dataclass
class Outcome:
    """What is to become of the next matching work.

    ``fail`` ends it with an error at ``percent``; ``stuck`` holds it at ``percent`` until it is released; ``slow``
    stretches it to last at least ``seconds``.

    :param stage: which kind of work; each service names its own.
    :param on: the id of what is worked on, or of what it is made from; ``*`` for any.
    :param times: how many pieces of work it is for; ``None`` for all until it is deleted.
    """

    stage: str
    kind: str
    on: str = "*"
    percent: float = 50.0
    seconds: float = 5.0
    reason: str = "a failure chosen in the sandbox"
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if not 0 <= self.percent < UNFINISHED:
            raise ValueError(f"percent must be at least 0 and less than {UNFINISHED}")


class Outcomes:
    """The outcomes that are set, oldest first, and the gate at which stuck work waits.

    :param stages: the kinds of work that the service does.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self.stages = stages
        self.all: list[Outcome] = []
        self._released = asyncio.Event()

    def add(self, outcome: Outcome) -> None:
        """Set an outcome.

        :raises ValueError: the service does no such work.
        """
        if outcome.stage not in self.stages:
            raise ValueError(f"stage must be one of {', '.join(self.stages)}")
        self.all.append(outcome)

    def take(self, stage: str, ids: Iterable[str | None]) -> Outcome | None:
        """Return the outcome for a piece of work on these objects, counting it."""
        for outcome in self.all:
            if outcome.stage == stage and outcome.on in ("*", *ids):
                if outcome.times is not None:
                    outcome.times -= 1
                    if outcome.times <= 0:
                        self.all.remove(outcome)
                return outcome
        return None

    def release(self) -> None:
        """Let all work go on that is stuck."""
        self._released.set()
        self._released = asyncio.Event()

    async def wait_for_release(self) -> None:
        """Wait for the next release."""
        await self._released.wait()


class Progress:
    """Tells how far a piece of work is, never falling and never finished, and makes its outcome happen.

    :param show: called with each new percentage.
    :param start: the percentage shown already, by the run that a restart cut short.
    """

    def __init__(self, show: Callable[[float], Any], start: float, outcomes: Outcomes, outcome: Outcome | None) -> None:
        self._show = show
        self._percent = start
        self._outcomes = outcomes
        self._outcome = outcome

    async def reach(self, percent: float) -> None:
        """Tell that the work has come to ``percent``.

        :raises ChosenFailureError: when it is to fail here.
        """
        outcome = self._outcome
        if outcome and outcome.kind == "slow":
            await self._stretch(percent, outcome.seconds)
        elif outcome and percent >= outcome.percent:
            self._tell(outcome.percent)
            if outcome.kind == "fail":
                raise ChosenFailureError(outcome.reason)
            self._outcome = None
            await self._outcomes.wait_for_release()
        self._tell(percent)

    async def _stretch(self, percent: float, seconds: float) -> None:
        while self._percent < min(percent, UNFINISHED):
            await asyncio.sleep(seconds / 100)
            self._tell(self._percent + 1)

    def _tell(self, percent: float) -> None:
        percent = round(min(percent, UNFINISHED), 1)
        if percent > self._percent:
            self._percent = percent
            self._show(percent)

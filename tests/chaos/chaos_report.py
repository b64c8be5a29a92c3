"""What came of the matrix, as the documentation shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chaos_faults import DISTURBANCES, UNLIKE, Case, cases, dangerous
from chaos_scenarios import SCENARIOS, WATCHERS

KINDS = ("login", "read", "create", "order", "upload", "download", "delete")
ENDINGS = ("done", "retry", "fail", "waits")


def ended(how: str, case: Case, ending: str) -> list[str]:
    """Give what is kept of a case that came out as it should.

    :param how: Whether the fault ``passes`` or ``stays``.
    :param case: The case.
    :param ending: How the task ended.
    """
    return [how, case.scenario.name, case.kind, case.disturbance, ending]


def report(struck: Iterable[Sequence[str]]) -> dict[str, Any]:
    """Sum up cases that came out as they should.

    :param struck: What was kept of each.
    """
    found = list(struck)
    passing = [case for case in found if case[0] == "passes"]
    by_task = Counter(name for _, name, _, _, _ in passing)
    by_kind = Counter((fault, kind) for _, _, kind, fault, _ in passing)
    endings = Counter((fault, ending) for how, _, _, fault, ending in found if how == "stays")
    return {
        "tasks": [
            {
                "task": scenario.task,
                "how": scenario.how,
                "service": scenario.service,
                "requests": list(scenario.requests),
                "survived": by_task[scenario.name],
            }
            for scenario in (*SCENARIOS, *WATCHERS)
        ],
        "faults": [
            {
                "fault": fault.text,
                "survived": {kind: by_kind[name, kind] for kind in KINDS},
                "stays": {ending: endings[name, ending] for ending in ENDINGS},
            }
            for name, fault in DISTURBANCES.items()
        ],
    }


def expected() -> Iterator[list[str]]:
    """Give what a run of the whole matrix keeps when nothing falls."""
    yield from (ended("passes", case, "done") for case in (*cases(SCENARIOS), *watched()))
    yield from (ended("stays", case, case.ending) for case in dangerous(SCENARIOS))
    yield from (ended("stays", case, "waits") for case in watched())


def watched(*, whole: bool = True, unlike: bool = False) -> list[Case]:
    """Give the cases of the watchers.

    :param whole: All of them, and not only the dangerous ones.
    :param unlike: Only faults that end a task each in its own way.
    """
    chosen = list(cases(WATCHERS) if whole else dangerous(WATCHERS))
    # A token that is given at the moment at which all expire is a good one: nothing is asked for again.
    chosen = [case for case in chosen if (case.kind, case.disturbance) != ("login", "expired")]
    return [case for case in chosen if case.disturbance in UNLIKE] if unlike else chosen

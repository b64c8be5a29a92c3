"""Directives that show what ``make chaos`` found: docs/faults.json, which it writes.

``faults-by-kind``
    How many cases of each fault are survived at each kind of request, and how a task ends when it stays.
``faults-by-task``
    Which requests each operator, sensor and trigger makes, and how many faults at them are survived.

They write reStructuredText and have it parsed: on a Markdown page they belong into an ``eval-rst`` block.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from media_tables import Generated, literal, table
from sphinx.application import Sphinx

FOUND = Path(__file__).parents[1] / "faults.json"
ENDINGS = {
    "done": "succeeds all the same",
    "retry": "goes by its retries",
    "fail": "fails at once",
    "waits": "waits on",
}


class FromReport(Generated):
    """A directive that shows a part of the report; the page is made anew when that changes."""

    @property
    def report(self) -> Any:
        """The report."""
        self.env.note_dependency(str(FOUND))
        return json.loads(FOUND.read_text())


class FaultsByKind(FromReport):
    """``faults-by-kind``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each fault."""
        faults = self.report["faults"]
        kinds = list(faults[0]["survived"])
        rows = [(each["fault"], *_counts(each["survived"]), "; ".join(_endings(each["stays"]))) for each in faults]
        return table(("Fault", *kinds, "When it stays, the task"), rows, widths=(26, *(7 for _ in kinds), 25))


class FaultsByTask(FromReport):
    """``faults-by-task``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each way of running a task."""
        rows = [
            (
                f"{literal(row['task'])} {row['how']}".rstrip(),
                ", ".join(_in_short(row["requests"])),
                str(row["survived"]),
            )
            for row in self.report["tasks"]
        ]
        return table(("Task", "Requests", "Faults"), rows, widths=(35, 55, 10))


def _counts(survived: dict[str, int]) -> Iterable[str]:
    return (str(times or "") for times in survived.values())


def _endings(stays: dict[str, int]) -> Iterable[str]:
    return (f"{ENDINGS[ending]} ({times})" for ending, times in stays.items() if times)


def _in_short(requests: Iterable[str]) -> Iterable[str]:
    for name, group in groupby(requests):
        times = len(list(group))
        yield name if times == 1 else f"{name} ({times} times)"


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_directive("faults-by-kind", FaultsByKind)
    app.add_directive("faults-by-task", FaultsByTask)
    return {"version": "1", "parallel_read_safe": True}

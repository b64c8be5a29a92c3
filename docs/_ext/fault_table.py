"""Directives that show what ``make chaos`` found: docs/faults.json, which it writes.

``faults-by-task``
    How many requests each operator and sensor makes, and how many faults at them it has survived.
``faults-by-kind``
    What each fault does to a task, when it passes and when it stays.

They write reStructuredText and have it parsed: on a Markdown page they belong into an ``eval-rst`` block.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from media_tables import Generated, literal, table
from sphinx.application import Sphinx

FOUND = Path(__file__).parents[1] / "faults.json"
ENDINGS = {
    "retry": "the task goes by its retries",
    "fail": "the task fails at once",
    "done": "the task succeeds all the same",
}


class FromReport(Generated):
    """A directive that shows a part of the report; the page is made anew when that changes."""

    @property
    def report(self) -> Any:
        """The report."""
        self.env.note_dependency(str(FOUND))
        return json.loads(FOUND.read_text())


class FaultsByTask(FromReport):
    """``faults-by-task``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each way of running a task."""
        rows = [
            (
                f"{literal(row['task'])} {row['how']}".rstrip(),
                ", ".join(row["requests"]),
                str(row["survived"]),
            )
            for row in self.report["tasks"]
        ]
        return table(("Task", "Requests of a clean run", "Faults survived"), rows, widths=(35, 50, 15))


class FaultsByKind(FromReport):
    """``faults-by-kind``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each fault."""
        rows = [
            (row["fault"], str(row["survived"]), "; ".join(_endings(row["stays"]))) for row in self.report["faults"]
        ]
        return table(("Fault", "Times survived when it passes", "When it stays"), rows, widths=(30, 20, 50))


def _endings(stays: dict[str, int]) -> Iterable[str]:
    return (f"{ENDINGS[ending]} ({times})" for ending, times in stays.items() if times)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_directive("faults-by-task", FaultsByTask)
    app.add_directive("faults-by-kind", FaultsByKind)
    return {"version": "1", "parallel_read_safe": True}

"""A directive that makes tables out of what the benchmarks wrote, so that text and numbers cannot drift apart.

``benchmark`` NAME, with a line ``header | figure | format`` for each column as its content
    The cases of ``_static/bench/NAME.json``, a row each. A format is one of Python's (``.2f``). ``:rows:`` is a regular
    expression that the name of a case must match to be shown, from its beginning.

On a Markdown page it belongs into an ``eval-rst`` block.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils.parsers.rst import directives
from media_tables import Generated, table
from sphinx.application import Sphinx

RESULTS = Path(__file__).parents[1] / "_static" / "bench"


class Benchmark(Generated):
    """``benchmark``."""

    required_arguments = 1
    has_content = True
    option_spec = {"rows": directives.unchanged}  # noqa: RUF012 - declared by docutils

    def lines(self) -> Iterator[str]:
        """Give a table with a row for each case, and what was measured below it."""
        path = RESULTS / f"{self.arguments[0]}.json"
        self.env.note_dependency(str(path))
        if not path.exists():
            yield f"No figures are kept here yet: ``make bench BENCH={self.arguments[0]}`` takes them."
            return
        document = json.loads(path.read_text())
        columns = [[part.strip() for part in line.split("|")] for line in self.content]
        chosen = re.compile(self.options.get("rows", ""))
        rows = [
            (case, *(_written(figures.get(figure), form) for _, figure, form in columns))
            for case, figures in document["cases"].items()
            if chosen.match(case)
        ]
        if not rows:
            raise self.error(f"{path.name} has no case that matches {chosen.pattern!r}")
        widths = (40, *(60 // len(columns) for _ in columns))
        yield from table(("Case", *(header for header, _, _ in columns)), rows, widths)
        yield f"{document['note'][:1].upper()}{document['note'][1:]}."


def _written(figure: float | None, form: str) -> str:
    return "-" if figure is None or math.isnan(figure) else f"{figure:{form}}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directive."""
    app.add_directive("benchmark", Benchmark)
    return {"version": "1", "parallel_read_safe": True}

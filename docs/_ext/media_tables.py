"""Directives that make tables out of the code, so that the pages cannot fall behind it.

``task-parameters`` CLASS
    The parameters of an operator or sensor: default, whether it is a template, meaning.
``pixop-settings``
    Every setting of a processing request, with its permitted values.
``pixop-equivalents``
    Which part of ffmpeg stands for which setting in the sandbox.
``sandbox-accounts``, ``sandbox-operations``
    The accounts of the sandbox's Pixop, and the names of its operations.
``error-tree`` CLASS, with modules to import as its content
    A class of errors and all that derive from it.

They write reStructuredText and have it parsed: on a Markdown page they belong into an ``eval-rst`` block.

Besides, a reference by a bare name (``MediaError``, ``Status.ERROR``) finds the one object of this project that is
called so: docstrings are read in the source too, where full paths would be noise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import groupby
from textwrap import indent
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from airflow_media.http.errors import MediaError
from airflow_media.pixop.field import Field
from airflow_media.pixop.vocabulary import FIELDS
from media_sandbox.pixop.equivalents import EQUIVALENTS
from media_sandbox.pixop.fixtures import ACCOUNTS
from media_sandbox.pixop.service import TABLE

_PARAM = re.compile(r"^:param (\w+): (.*?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)


class Generated(SphinxDirective):
    """A directive whose content is reStructuredText that it writes itself."""

    def lines(self) -> Iterable[str]:
        """Give the text."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the text."""
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


class TaskParameters(Generated):
    """``task-parameters``."""

    required_arguments = 1

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each parameter of the class's own."""
        cls = load(self.arguments[0])
        told = dict(_PARAM.findall(inspect.getdoc(cls) or ""))
        yield from table(
            ("Parameter", "Default", "Template", "Meaning"),
            [
                (
                    literal(parameter.name),
                    "*required*" if parameter.default is parameter.empty else literal(repr(parameter.default)),
                    "yes" if parameter.name in cls.template_fields else "",
                    " ".join(told[parameter.name].split()),
                )
                for parameter in inspect.signature(cls.__init__).parameters.values()
                if parameter.kind is parameter.KEYWORD_ONLY
            ],
            widths=(20, 20, 10, 50),
        )


class PixopSettings(Generated):
    """``pixop-settings``."""

    def lines(self) -> Iterable[str]:
        """Give a table for each part of the form."""
        for section, fields in groupby(FIELDS, lambda field: field.section):
            yield from (f".. rubric:: {section}", "")
            rows = [(f"{literal(field.name)}\n\n{literal(field.path)}", _values(field), field.help) for field in fields]
            yield from table(("Keyword, and key in the request", "Values", "What it does"), rows, widths=(30, 40, 30))


class PixopEquivalents(Generated):
    """``pixop-equivalents``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each value of each setting."""
        rows = [
            (literal(row.key), literal(row.value), literal(row.ffmpeg) if row.ffmpeg else "nothing", row.note)
            for row in EQUIVALENTS
        ]
        return table(("Setting", "Value", "ffmpeg", "How near it comes"), rows, widths=(18, 17, 40, 25))


class SandboxAccounts(Generated):
    """``sandbox-accounts``."""

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each account."""
        rows = [
            (f":data:`~media_sandbox.pixop.fixtures.{account.key.upper()}`", literal(account.email),
             literal(account.password), "\n\n".join(map(literal, account.team_ids)))
            for account in ACCOUNTS
        ]  # fmt: skip
        return table(("Account", "Login", "Password", "Teams, the default one first"), rows, widths=(15, 25, 20, 40))


class SandboxOperations(Generated):
    """``sandbox-operations``."""

    def lines(self) -> Iterable[str]:
        """Give the names, each once."""
        names = dict.fromkeys(handler.__name__ for handler, *_ in TABLE)
        yield ", ".join(map(literal, names)) + "."


class ErrorTree(Generated):
    """``error-tree``."""

    required_arguments = 1
    has_content = True

    def lines(self) -> Iterable[str]:
        """Give nested lists with what each class says of itself."""
        for module in self.content:
            import_module(module)
        return _branch(load(self.arguments[0]), 0)


def _branch(cls: type[Exception], depth: int) -> Iterator[str]:
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    if issubclass(cls, MediaError) and cls.default_retryable:
        text += " **May pass**: the task goes by its retries."
    yield indent(f"- :class:`~{cls.__module__}.{cls.__qualname__}`: {text}\n", "  " * depth)
    for child in cls.__subclasses__():
        yield from _branch(child, depth + 1)


def _values(field: Field) -> str:
    if field.choices is None:
        return field.allowed
    told = (
        literal(value) if text == str(value) else f"{literal(value)}: {text}" for value, text in field.choices.items()
    )
    return "\n".join(f"- {line}" for line in told)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Write a ``list-table``; a cell may hold several paragraphs or a list."""
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", "")
    for row in (header, *rows):
        for number, cell in enumerate(row):
            lead = "   * - " if number == 0 else "     - "
            yield lead + indent(cell, " " * 7).strip()
    yield ""


def literal(value: object) -> str:
    """Write something as code."""
    return f"``{value}``"


def load(path: str) -> Any:
    """Give what a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def find_by_bare_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a reference to the only object whose path ends in its text."""
    if node.get("refdomain") != "py":
        return None
    objects = env.domains.python_domain.objects
    found = [name for name in objects if name.endswith(f".{node['reftarget']}") and not objects[name].aliased]
    if len(found) != 1:
        return None
    place = objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, content, found[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_directive("task-parameters", TaskParameters)
    app.add_directive("pixop-settings", PixopSettings)
    app.add_directive("pixop-equivalents", PixopEquivalents)
    app.add_directive("sandbox-accounts", SandboxAccounts)
    app.add_directive("sandbox-operations", SandboxOperations)
    app.add_directive("error-tree", ErrorTree)
    app.connect("missing-reference", find_by_bare_name)
    return {"version": "1", "parallel_read_safe": True}

"""Directives that make tables out of the code, so that the pages cannot fall behind it.

``task-parameters`` CLASS
    The parameters of an operator, sensor or trigger: default, whether it is a template, meaning.
``pixop-settings``
    Every setting of a processing request of Pixop, with its permitted values.
``cielo24-options`` CLASS
    Every option of a group of cielo24's, with its permitted values.
``media-storage-filters`` COLLECTION
    What a listing of the media storage can be filtered by.
``records`` PATH, with a line ``header | attribute | width`` for each column as its content
    The records of a sequence, one a row; those of a mapping have the attributes ``key`` and ``value``. An attribute is
    a path with dots, and shown as code where it stands in double backquotes.
``sandbox-operations`` SERVICE
    The names of the operations of a stand-in.
``error-tree`` CLASS, with modules to import as its content
    A class of errors and all that derive from it.

They write reStructuredText and have it parsed: on a Markdown page they belong into an ``eval-rst`` block.

Besides, a reference by a bare name (``MediaError``, ``Status.ERROR``) finds the one object of this project that is
called so: docstrings are read in the source too, where full paths would be noise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from importlib import import_module
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from types import SimpleNamespace
from typing import Annotated, Any, get_origin

from docutils import nodes
from msgspec import Struct
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

from airflow_media.cielo24 import values
from airflow_media.cielo24.options import options_of
from airflow_media.http.errors import MediaError
from airflow_media.pixop.field import Field
from airflow_media.pixop.vocabulary import FIELDS
from media_sandbox.server import Sandbox

_PARAM = re.compile(r"^:param (\w+): (.*?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)

CIELO24_VALUES: Mapping[type[values.Kind], Callable[[Any], str]] = {
    values.Flag: lambda kind: "true or false",
    values.Whole: lambda kind: f"whole number from {kind.least}",
    values.Text: lambda kind: "text" if kind.most is None else f"text of at most {kind.most} characters",
    values.Choice: lambda kind: literals(kind.words),
    values.Choices: lambda kind: "list of: " + literals(kind.words),
    values.Boundaries: lambda kind: "two characters",
    values.Moment: lambda kind: "date or time in ISO 8601",
    values.FlatObject: lambda kind: "object of one level",
    values.WebAddress: lambda kind: "http or https URL",
    values.Element: lambda kind: "XML element " + literal(f"<{kind.name}>"),
    values.Clock: lambda kind: "text with " + literals(("%H", "%M", "%S", "%f")),
    values.Template: lambda kind: "Python format of " + literals(kind.sample),
}
"""What the page says of each kind of value. A kind that is missing here ends the build."""


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
        templates = getattr(cls, "template_fields", ())
        yield from table(
            ("Parameter", "Default", "Template", "Meaning"),
            [
                (
                    literal(parameter.name),
                    "*required*" if parameter.default is parameter.empty else literal(repr(parameter.default)),
                    "yes" if parameter.name in templates else "",
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


class Cielo24Options(Generated):
    """``cielo24-options``."""

    required_arguments = 1

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each option that has a kind of value of its own."""
        group = load(self.arguments[0])
        rows = [
            (literal(name), CIELO24_VALUES[type(kind)](kind), told)
            for name, (kind, told) in options_of(group).items()
            if type(kind).__module__ == values.__name__
        ]
        return table(("Option", "Values", "What it does"), rows, widths=(28, 36, 36))


class MediaStorageFilters(Generated):
    """``media-storage-filters``."""

    required_arguments = 1

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each attribute that can be filtered by, and its operators."""
        collection = load(self.arguments[0])
        rows = []
        for name, convert in collection.attributes.items():
            operators = [each for each in collection.filters if each.startswith(f"{name}__")]
            rows.append((literals([name, *operators]), _wanted(convert)))
        return table(("Filters", "Value"), rows, widths=(50, 50))


def _wanted(convert: Callable[[object], str]) -> str:
    """Give the words with which a filter refuses a value that is nothing like it."""
    try:
        return convert(object())
    except ValueError as refusal:
        return str(refusal)


class Records(Generated):
    """``records``."""

    required_arguments = 1
    has_content = True

    def lines(self) -> Iterable[str]:
        """Give a table with a row for each record."""
        header, paths, widths = zip(*(map(str.strip, line.split("|")) for line in self.content if line), strict=True)
        found = load(self.arguments[0])
        if isinstance(found, Mapping):
            found = [SimpleNamespace(key=key, value=value) for key, value in found.items()]
        rows = [[_cell(record, path) for path in paths] for record in found]
        return table(header, rows, widths=[int(width) for width in widths])


def _cell(record: object, path: str) -> str:
    found = reduce(lambda each, name: getattr(each, name, None), path.strip("`").split("."), record)
    if found is None or found == "" or found == ():
        return ""
    if isinstance(found, set | frozenset):
        found = sorted(found)
    many = found if isinstance(found, list | tuple) else [found]
    return literals(many) if path.startswith("`") else ", ".join(map(str, many))


class SandboxOperations(Generated):
    """``sandbox-operations``."""

    required_arguments = 1

    def lines(self) -> Iterable[str]:
        """Give the names, each once."""
        with TemporaryDirectory() as folder:
            sandbox = Sandbox(Path(folder))
            [service] = [each for each in sandbox.services if each.name == self.arguments[0]]
            names = dict.fromkeys(operation.name for operation in service.operations)
            sandbox.store.close()
        yield literals(names) + "."


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
    """Write something as code; an empty text is told by its quotation marks."""
    return f"``{value if value != '' else repr(value)}``"


def literals(things: Iterable[object]) -> str:
    """Write several things as code."""
    return ", ".join(map(literal, things))


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


class _MadeAnew:
    """How a default is written that is made anew for each record."""

    def __repr__(self) -> str:
        return "..."


MADE_ANEW = _MadeAnew()


def signature_of_record(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Write the signature of a record so that Sphinx can read it.

    Defaults that are made anew become ``...``, and annotations lose what :class:`Cielo24Options` has a table for.
    """
    if not (isinstance(obj, type) and issubclass(obj, Struct)):
        return None
    plain = inspect.signature(obj)
    parameters = [
        each.replace(
            default=MADE_ANEW if str(each.default) == "<factory>" else each.default,
            annotation=each.annotation.__origin__ if get_origin(each.annotation) is Annotated else each.annotation,
        )
        for each in plain.parameters.values()
    ]
    return stringify_signature(plain.replace(parameters=parameters), unqualified_typehints=True), returns


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_directive("task-parameters", TaskParameters)
    app.add_directive("pixop-settings", PixopSettings)
    app.add_directive("cielo24-options", Cielo24Options)
    app.add_directive("media-storage-filters", MediaStorageFilters)
    app.add_directive("records", Records)
    app.add_directive("sandbox-operations", SandboxOperations)
    app.add_directive("error-tree", ErrorTree)
    app.connect("missing-reference", find_by_bare_name)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", signature_of_record)
    return {"version": "1", "parallel_read_safe": True}

"""Answers in JSON or XML, plain or for people, with or without nulls, their references expanded on demand.

The form of the XML is not documented. Here the envelope is the root, keys are elements, and the items of a list are
elements named by the singular of its key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from starlette.datastructures import Headers
from starlette.responses import Response

from media_sandbox.xvid.query import Query

JSON: Final = "json"
XML: Final = "xml"
MIME_TYPES: Final = {JSON: "application/json", XML: "application/xml"}
INDENT: Final = 4
NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Reference:
    """Another object, told by its id.

    :param kind: its envelope, such as ``file``.
    :param link: whether its address is told as well.
    """

    kind: str
    id: str
    link: bool = True


@dataclass(frozen=True)
class Presentation:
    """How a request wants its answer.

    :param expand: the kinds of references to replace by their objects; ``None`` for all.
    """

    format: str = JSON
    human: bool = False
    show_null: bool = False
    expand: frozenset[str] | None = frozenset()

    def wants(self, kind: str) -> bool:
        """Return whether references of a kind are to be replaced."""
        return self.expand is None or kind in self.expand


def presentation(query: Query, headers: Headers) -> Presentation:
    """Return how a request wants its answer.

    :raises ApiError: 400 for a parameter that makes no sense.
    """
    chosen = query.choice("format", MIME_TYPES)
    names = frozenset((query.text("expand") or "").split(",")) - {""}
    return Presentation(
        format=chosen or preferred_format(headers.get("accept", "")),
        human=bool(query.flag("human")),
        show_null=bool(query.flag("show_null")),
        expand=None if query.flag("expand_all") else names,
    )


def preferred_format(accept: str) -> str:
    """Return the format that the ``Accept`` header names first; JSON where it names none."""
    for part in accept.split(","):
        for name, mime_type in MIME_TYPES.items():
            if part.partition(";")[0].strip().lower() == mime_type:
                return name
    return JSON


Link = Callable[[Reference], str]
Find = Callable[[Reference], dict[str, Any] | None]


def resolved(value: Any, wanted: Presentation, link: Link, find: Find, trail: frozenset[Reference]) -> Any:
    """Return an answer with its references as the request wants them, and nulls gone unless it wants these, too.

    :param link: makes the address of a reference.
    :param find: returns the object of a reference, ``None`` when there is none to show.
    :param trail: the objects around this one, which are not shown inside themselves.
    """
    if isinstance(value, Reference):
        if wanted.wants(value.kind) and value not in trail and (found := find(value)) is not None:
            return resolved(found, wanted, link, find, trail | {value})
        return {"id": value.id, "href": link(value)} if value.link else {"id": value.id}
    if isinstance(value, Mapping):
        kept = ((key, item) for key, item in value.items() if wanted.show_null or item is not None)
        return {key: resolved(item, wanted, link, find, trail) for key, item in kept}
    if isinstance(value, list):
        return [resolved(item, wanted, link, find, trail) for item in value]
    return value


def rendered(
    body: dict[str, Any], wanted: Presentation, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a body that holds JSON values only.

    :param body: its first key is the envelope.
    """
    text = _xml(body, human=wanted.human) if wanted.format == XML else _json(body, human=wanted.human)
    return Response(text, status, headers, media_type=MIME_TYPES[wanted.format])


def xml_text(text: str) -> str:
    """Return a text with the characters replaced that XML has no way to write."""
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _json(body: dict[str, Any], *, human: bool) -> bytes:
    separators = None if human else (",", ":")
    return json.dumps(body, indent=INDENT if human else None, separators=separators).encode()


def _xml(body: dict[str, Any], *, human: bool) -> bytes:
    (envelope, content), *others = body.items()
    root = ElementTree.Element(envelope)
    _fill(root, content)
    # A listing tells its paging beside the items.
    _fill(root, dict(others))
    if human:
        ElementTree.indent(root, " " * INDENT)
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _fill(element: ElementTree.Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _fill(ElementTree.SubElement(element, key), item)
    elif isinstance(value, list):
        for item in value:
            _fill(ElementTree.SubElement(element, element.tag.removesuffix("s")), item)
    elif value is not None:
        element.text = xml_text(str(value).lower() if isinstance(value, bool) else str(value))

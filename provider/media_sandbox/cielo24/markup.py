"""Caption files that are XML or HTML: DFXP, SAMI and timed words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from media_sandbox.cielo24.captions import Caption
from media_sandbox.cielo24.clocktimes import full
from media_sandbox.cielo24.elements import ElementList
from media_sandbox.cielo24.errors import INVALID_QUERY, refusal

NAMESPACE: Final = "http://www.w3.org/ns/ttml"
OLD_NAMESPACE: Final = "http://www.w3.org/2006/10/ttaf1"
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def dfxp(captions: Sequence[Caption], language: str, head_: str, *, namespace: str = NAMESPACE) -> str:
    """Return captions as timed text.

    :param head_: the element ``head``.
    """
    paragraphs = "".join(
        f'      <p begin="{full(item.start)}" end="{full(item.end)}">{"<br/>".join(map(escape, item.lines))}</p>\n'
        for item in captions
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"{_root(namespace, language)}\n  {head_}\n  <body>\n    <div>\n{paragraphs}    </div>\n  </body>\n</tt>\n"
    )


def head(title: tuple[str, str] | None, language: str) -> str:
    """Return an element ``head``.

    :param title: name and id of the job, which are told with the language; nothing is told without it.
    """
    if title is None:
        return "<head/>"
    name, job_id = map(escape, title)
    about = f"Job {job_id}, language {escape(language)}"
    return f"<head>\n    <ttm:title>{name}</ttm:title>\n    <ttm:desc>{about}</ttm:desc>\n  </head>"


def check_header(text: str) -> None:
    """Refuse a header that is not one well-formed element ``head``.

    :raises ApiError: 400.
    """
    try:
        # Declarations could make a reader of the file load or repeat things.
        children = [] if "<!" in text or "<?" in text else list(ElementTree.fromstring(_tested(text)))
    except ElementTree.ParseError as error:
        raise refusal(INVALID_QUERY, f"dfxp_header is not well-formed XML: {error}") from error
    if [child.tag for child in children] != [f"{{{NAMESPACE}}}head"]:
        raise refusal(INVALID_QUERY, "dfxp_header must be one element <head>")


def filled_header(text: str, values: Mapping[str, str]) -> str:
    """Return a header with the values of the job's metadata in place of ``{names}``."""
    return PLACEHOLDER.sub(lambda match: escape(values.get(match[1], match[0]), {'"': "&quot;"}), text)


def sami(captions: Sequence[Caption], language: str, title: str) -> str:
    """Return captions as SAMI; a gap is a moment at which nothing is shown."""
    moments = []
    for number, caption in enumerate(captions):
        moments.append(
            f"<SYNC Start={caption.start}><P Class=CC>{'<br>'.join(map(escape, caption.lines))}</P></SYNC>\n"
        )
        following = captions[number + 1 : number + 2]
        if not following or following[0].start > caption.end:
            moments.append(f"<SYNC Start={caption.end}><P Class=CC>&nbsp;</P></SYNC>\n")
    style = f"P {{ text-align: center; }}\n.CC {{ Name: Captions; lang: {language}; SAMIType: CC; }}"
    return (
        f'<SAMI>\n<HEAD>\n<TITLE>{escape(title)}</TITLE>\n<STYLE TYPE="text/css">\n<!--\n{style}\n-->\n</STYLE>\n'
        f"</HEAD>\n<BODY>\n{''.join(moments)}</BODY>\n</SAMI>\n"
    )


def timed_words(elements: ElementList) -> str:
    """Return each word with its times."""
    words = "".join(
        f'  <word begin="{full(token.start)}" end="{full(token.end)}" type="{token.type}">{escape(token.text)}</word>\n'
        for segment in elements.segments
        for token in segment.tokens
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<transcript language={quoteattr(elements.language)}>\n{words}</transcript>\n"
    )


def _root(namespace: str, language: str) -> str:
    return (
        f'<tt xmlns="{namespace}" xmlns:ttm="{namespace}#metadata" xmlns:tts="{namespace}#styling" '
        f'xmlns:ttp="{namespace}#parameter" xml:lang={quoteattr(language)}>'
    )


def _tested(header: str) -> str:
    return f"{_root(NAMESPACE, 'en')}{header}</tt>"

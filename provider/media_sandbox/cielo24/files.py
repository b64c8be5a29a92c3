"""Caption files in every format that the service offers.

SRT, SBV, WebVTT, DFXP, SAMI, QuickTime text and Scenarist SCC are public formats. What the service's own TWX, TPM and
ECHO look like is told nowhere: here they are timed words in XML, lines with a time before each, and a DFXP of the older
namespace.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from media_sandbox.cielo24 import markup
from media_sandbox.cielo24.captions import Caption, CaptionSettings, make_captions
from media_sandbox.cielo24.clocktimes import Parts, full, short
from media_sandbox.cielo24.elements import ElementList
from media_sandbox.cielo24.errors import INVALID_QUERY, refusal
from media_sandbox.cielo24.scc import COLUMNS, ROWS, scc_file
from media_sandbox.cielo24.vocabulary import LINE_ENDINGS

PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::0?(\d{0,2})[ds]?)?\}")
QUICKTIME_HEADER: Final = (
    "{QTtext}{font:Arial}{plain}{size:14}{textColor:65535,65535,65535}{backColor:0,0,0}"
    "{justify:center}{timeScale:1000}{timestamps:absolute}{language:0}\n"
)
BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True)
class Origin:
    """Of which job a caption file is, for the formats that tell."""

    job_id: str
    job_name: str
    metadata: Mapping[str, str]
    """What is put into the custom header of a DFXP, by name."""


Bend = Callable[[list[Caption]], list[Caption]]


def caption_file(
    elements: ElementList, settings: CaptionSettings, origin: Origin, bend: Bend = lambda captions: captions
) -> str:
    """Return a caption file.

    :param bend: changes the captions before they are written.
    :raises ApiError: 400 for a template or a header that cannot be used.
    """
    check_settings(settings)
    captions = bend(make_captions(elements, _as_the_format_allows(settings)))
    text = _write(captions, elements, settings, origin).replace("\n", LINE_ENDINGS[settings.line_ending_format])
    return (BYTE_ORDER_MARK if settings.utf8_mark else "") + text


def check_settings(settings: CaptionSettings) -> None:
    """Refuse templates and headers that cannot be used.

    :raises ApiError: 400.
    """
    if settings.caption_format == "SRT":
        _srt_block(_unescaped(settings.srt_format), 1, Caption(0, 1, [""]))
    if settings.caption_format == "DFXP" and settings.dfxp_header:
        markup.check_header(settings.dfxp_header)


def _write(captions: list[Caption], elements: ElementList, settings: CaptionSettings, origin: Origin) -> str:
    match settings.caption_format:
        case "SRT":
            template = _unescaped(settings.srt_format)
            return "".join(_srt_block(template, number, caption) for number, caption in enumerate(captions, 1))
        case "DFXP":
            head = settings.dfxp_header and markup.filled_header(settings.dfxp_header, origin.metadata)
            title = (origin.job_name, origin.job_id) if settings.include_dfxp_metadata else None
            return markup.dfxp(captions, elements.language, head or markup.head(title, elements.language))
        case "ECHO":
            return markup.dfxp(captions, elements.language, markup.head(None, ""), namespace=markup.OLD_NAMESPACE)
        case "SAMI":
            return markup.sami(captions, elements.language, origin.job_name)
        case "TWX":
            return markup.timed_words(elements)
        case "QT":
            return _quicktime(captions, seamless=settings.qt_seamless)
        case "SCC":
            return scc_file([(caption.start, caption.end, caption.lines) for caption in captions])
        case other:
            return PLAIN_FORMATS[other](captions)


def _as_the_format_allows(settings: CaptionSettings) -> CaptionSettings:
    if settings.caption_format != "SCC":
        return settings
    return dataclasses.replace(
        settings,
        characters_per_caption_line=min(settings.characters_per_caption_line, COLUMNS),
        lines_per_caption=min(settings.lines_per_caption, ROWS),
        disallow_dangling=False,
    )


def _web_vtt(captions: Sequence[Caption]) -> str:
    cues = [
        f"\n{number}\n{full(caption.start)} --> {full(caption.end)}\n{escape(_text(caption), quote=False)}\n"
        for number, caption in enumerate(captions, 1)
    ]
    return "WEBVTT\n" + "".join(cues)


def _sbv(captions: Sequence[Caption]) -> str:
    return "".join(f"{short(item.start)},{short(item.end)}\n{_text(item)}\n\n" for item in captions)


def _tpm(captions: Sequence[Caption]) -> str:
    return "".join(f"[{full(item.start)}] {' '.join(item.lines)}\n" for item in captions)


def _transcript(captions: Sequence[Caption]) -> str:
    return "".join(f"{_text(item)}\n" for item in captions)


PLAIN_FORMATS: Final[Mapping[str, Callable[[Sequence[Caption]], str]]] = {
    "WEB_VTT": _web_vtt,
    "SBV": _sbv,
    "TPM": _tpm,
    "TRANSCRIPT": _transcript,
}


def _quicktime(captions: Sequence[Caption], *, seamless: bool) -> str:
    """Write QuickTime text: each stamp shows what follows it until the next, so that a gap is a stamp with nothing."""
    text = QUICKTIME_HEADER
    end = 0
    for caption in captions:
        if caption.start > end and not seamless:
            text += f"[{full(end)}]\n\n"
        text += f"[{full(caption.start)}]\n{_text(caption)}\n"
        end = caption.end
    return text + f"[{full(end)}]\n"


def _srt_block(template: str, number: int, caption: Caption) -> str:
    values: dict[str, int | str] = {"caption_number": number, "caption_text": _text(caption)}
    for name, milliseconds in (("start", caption.start), ("end", caption.end)):
        values |= {f"{name}_{unit}": value for unit, value in Parts.of(milliseconds)._asdict().items()}

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise refusal(INVALID_QUERY, f"srt_format: there is no {match[0]}")
        found = values[match[1]]
        return found if isinstance(found, str) else f"{found:0{match[2] or 1}d}"

    # Read by hand: Python's own format() would let a request reach into objects and ask for endless padding.
    return PLACEHOLDER.sub(value, template)


def _unescaped(template: str) -> str:
    return template.replace("\\n", "\n")


def _text(caption: Caption) -> str:
    return "\n".join(caption.lines)

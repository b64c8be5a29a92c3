"""Whether a file is what it is called: one short check for each caption format, and for transcripts.

They look at structure, not at style: that a header is there, that every time can be read, that no caption ends before
it begins. What cielo24 does not describe (``TWX``, ``TPM``, ``ECHO``) is checked for being XML, JSON or timed text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import Formatter
from xml.etree import ElementTree

from airflow_media.http.errors import ProtocolError

_VTT_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_VTT_CUE = re.compile(rf"{_VTT_TIME}[ \t]+-->[ \t]+{_VTT_TIME}(?:[ \t].*)?", re.ASCII)
_SRT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"
_SRT_CUE = re.compile(rf"{_SRT_TIME}[ \t]*-->[ \t]*{_SRT_TIME}(?:[ \t].*)?", re.ASCII)
_SRT_NUMBER = re.compile(r"\d+:?", re.ASCII)
_SBV_TIME = r"(\d+):([0-5]\d):([0-5]\d)\.(\d{3})"
_SBV_CUE = re.compile(rf"{_SBV_TIME},{_SBV_TIME}", re.ASCII)
_DFXP_TIME = re.compile(r"\d+:[0-5]\d:[0-5]\d(?:[.:,]\d+)*|\d+(?:\.\d+)?(?:h|m|s|ms|f|t)", re.ASCII)
_XML_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)(?:[.,](\d+))?$", re.ASCII)
_SAMI_SYNC = re.compile(r"<SYNC\b([^>]*)>", re.IGNORECASE)
_SAMI_START = re.compile(r"\bStart\s*=\s*[\"']?(\d+)", re.IGNORECASE | re.ASCII)
_QT_TIME = re.compile(r"\[(\d+):([0-5]\d):([0-5]\d)(?:\.(\d+))?\]", re.ASCII)
_SCC_LINE = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)[:;](\d\d)[ \t]+[0-9A-Fa-f]{4}(?: [0-9A-Fa-f]{4})*\s*", re.ASCII)
_ANY_TIME = re.compile(r"\d+[:.]\d+", re.ASCII)
_MARKUP = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body)\b", re.IGNORECASE)


class NotTheFormatError(ProtocolError):
    """A file is not of the format that was asked for."""

    default_hint = "Nothing was written. With validate=False the file is taken as it is."


def check_captions(content: bytes, caption_format: str, srt_format: str | None = None) -> None:
    """Check that captions are of their format.

    :param content: The file.
    :param caption_format: One of :data:`~airflow_media.cielo24.vocabulary.CAPTION_FORMATS`.
    :param srt_format: The template, where the captions were asked for with one of one's own.
    :raises NotTheFormatError: They are not; it tells what is wrong.
    """
    if caption_format == "SRT" and srt_format:
        _checked(content, "SRT in the srt_format that was given", lambda text: _templated(text, srt_format))
    else:
        _checked(content, caption_format, CHECKS[caption_format])


def check_transcript(content: bytes, file_format: str = "txt") -> None:
    """Check that a transcript is of its format.

    :param content: The file.
    :param file_format: ``"txt"`` or ``"html"``.
    :raises NotTheFormatError: It is not; it tells what is wrong.
    """
    _checked(content, f"a transcript in {file_format}", _html if file_format == "html" else _plain)


def _checked(content: bytes, what: str, check: Callable[[str], None]) -> None:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        if not text.strip():
            raise ValueError("it is empty")
        if "\0" in text:
            raise ValueError("it is binary")
        check(text)
    except ValueError as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise NotTheFormatError(f"the file is not {what}: {why}") from None


def _web_vtt(text: str) -> None:
    header, *blocks = _blocks(text)
    if not re.match(r"WEBVTT(?:[ \t].*)?$", header[0]):
        raise ValueError(f"it begins with {header[0][:40]!r}, not with WEBVTT")
    for block in blocks:
        if re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)", block[0]):
            continue
        timing = block[0] if "-->" in block[0] or len(block) == 1 else block[1]
        _in_order(_match(_VTT_CUE, timing))


def _srt(text: str) -> None:
    for block in _blocks(text):
        _match(_SRT_NUMBER, block[0])
        _in_order(_match(_SRT_CUE, block[1] if len(block) > 1 else ""))


def _sbv(text: str) -> None:
    for block in _blocks(text):
        _in_order(_match(_SBV_CUE, block[0]))


def _dfxp(text: str) -> None:
    root = _xml(text)
    namespace, _, name = root.tag.rpartition("}")
    if name != "tt" or not re.search(r"/ns/ttml|/ttaf1", namespace):
        raise ValueError(f"its root is <{name}>, not <tt> of timed text")
    if root.find(f"{namespace}}}body") is None:
        raise ValueError("it has no <body>")
    for element in root.iter():
        for attribute in ("begin", "end", "dur"):
            if attribute in element.attrib:
                _match(_DFXP_TIME, element.attrib[attribute])
    _spans_in_order(root)


def _sami(text: str) -> None:
    shape = text.strip().upper()
    if not shape.startswith("<SAMI") or not shape.endswith("</SAMI>"):
        raise ValueError("it does not go from <SAMI> to </SAMI>")
    if "<BODY" not in shape:
        raise ValueError("it has no <BODY>")
    starts = []
    for sync in _SAMI_SYNC.finditer(text):
        start = _SAMI_START.search(sync[1])
        if start is None:
            raise ValueError(f"{sync[0][:40]!r} has no Start in milliseconds")
        starts.append(int(start[1]))
    _ascending(starts)


def _qt(text: str) -> None:
    if not text.lstrip().startswith("{QTtext}"):
        raise ValueError("it does not begin with {QTtext}")
    _ascending(
        _seconds(_match(_QT_TIME, line.partition("]")[0] + "]").groups("0"))
        for line in text.splitlines()
        if re.match(r"\[\d", line)
    )


def _scc(text: str) -> None:
    header, *lines = [line for line in text.splitlines() if line.strip()]
    if header.strip() != "Scenarist_SCC V1.0":
        raise ValueError(f"it begins with {header[:40]!r}, not with Scenarist_SCC V1.0")
    _ascending(tuple(map(int, _match(_SCC_LINE, line).groups())) for line in lines)


def _plain(text: str) -> None:
    if _MARKUP.match(text):
        raise ValueError("it is markup, not text")


def _html(text: str) -> None:
    shape = text.strip()
    if not re.match(r"<(?:!doctype|[a-z])", shape, re.IGNORECASE) or not shape.endswith(">"):
        raise ValueError("it is not markup")


def _timed(text: str) -> None:
    """The formats that cielo24 does not describe."""
    shape = text.lstrip()
    if re.match(r"<(?:!doctype\s+)?html\b", shape, re.IGNORECASE):
        raise ValueError("it is a web page")
    if shape.startswith("<"):
        _spans_in_order(_xml(text))
    elif shape.startswith(("{", "[{")):
        json.loads(text)
    elif not _ANY_TIME.search(text):
        raise ValueError("there is not a single time in it")


def _templated(text: str, srt_format: str) -> None:
    """Whether a file begins as the template says."""
    pattern = "".join(
        re.escape(literal) + ("" if name is None else r".*?" if name == "caption_text" else r"\s*\d+")
        for literal, name, _, _ in Formatter().parse(srt_format.rstrip())
    )
    if not re.match(pattern, text.lstrip(), re.DOTALL):
        raise ValueError(f"it begins with {text.lstrip()[:40]!r}")


CHECKS: Mapping[str, Callable[[str], None]] = {
    "DFXP": _dfxp,
    "ECHO": _timed,
    "QT": _qt,
    "SAMI": _sami,
    "SBV": _sbv,
    "SCC": _scc,
    "SRT": _srt,
    "TPM": _timed,
    "TRANSCRIPT": _plain,
    "TWX": _timed,
    "WEB_VTT": _web_vtt,
}


def _blocks(text: str) -> Iterator[list[str]]:
    """Give the lines of each part between blank lines."""
    for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip("\n")):
        if part.strip():
            yield part.split("\n")


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:80]!r} stands where a number or a time is due")
    return match


def _in_order(cue: re.Match[str]) -> None:
    parts = cue.groups("0")
    if _seconds(parts[:4]) > _seconds(parts[4:]):
        raise ValueError(f"{cue[0]!r} ends before it begins")


def _spans_in_order(root: ElementTree.Element) -> None:
    """See that no element ends before it begins, where both are told as clock times."""
    for element in root.iter():
        begin, end = (_XML_CLOCK.match(element.get(name, "")) for name in ("begin", "end"))
        if begin and end and _seconds(begin.groups("0")) > _seconds(end.groups("0")):
            raise ValueError(f"what begins at {begin[0]} ends at {end[0]}")


def _seconds(parts: Iterable[str]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction}")


def _ascending(times: Iterable[object]) -> None:
    listed = list(times)
    if listed != sorted(listed):  # type: ignore[type-var]
        raise ValueError("its times go back")


def _xml(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text[:1000]:
        raise ValueError("it has a document type, which captions have no need of")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is not XML ({error})") from None

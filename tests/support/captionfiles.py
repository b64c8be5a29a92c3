"""Caption files as they are read by parsers that are not ours: pysubs2, webvtt-py, ffmpeg and those for XML."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.dom import minidom

import pysubs2
import webvtt

from media_sandbox.media.ffmpeg import executable


@dataclass(frozen=True)
class Shown:
    """A caption.

    :param start: When it appears, in seconds.
    :param end: When it goes.
    """

    start: float
    end: float
    text: str


def read_captions(path: str | Path, caption_format: str) -> list[Shown]:
    """Read a caption file, each format by a parser for it."""
    return READERS[caption_format](Path(path))


def _pysubs2(name: str) -> Callable[[Path], list[Shown]]:
    def read(path: Path) -> list[Shown]:
        events = pysubs2.SSAFile.from_string(path.read_text("utf-8-sig"), format_=name)
        return [Shown(each.start / 1000, each.end / 1000, each.plaintext) for each in events if each.plaintext.strip()]

    return read


def _webvtt(name: str) -> Callable[[Path], list[Shown]]:
    def read(path: Path) -> list[Shown]:
        captions = webvtt.from_buffer(io.StringIO(path.read_text("utf-8-sig")), format=name)
        return [Shown(each.start_in_seconds, each.end_in_seconds, each.text) for each in captions]

    return read


def _ffmpeg(path: Path) -> list[Shown]:
    command = [executable(), "-v", "error", "-f", "scc", "-i", str(path), "-f", "srt", "-"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    events = pysubs2.SSAFile.from_string(made, format_="srt")
    return [Shown(event.start / 1000, event.end / 1000, event.plaintext) for event in events]


def _words(path: Path) -> list[Shown]:
    words = minidom.parse(str(path)).getElementsByTagName("word")
    return [Shown(_clock(each, "begin"), _clock(each, "end"), each.firstChild.data) for each in words]  # type: ignore[union-attr]


def _clock(element: minidom.Element, name: str) -> float:
    hours, minutes, seconds = element.getAttribute(name).split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


READERS: dict[str, Callable[[Path], list[Shown]]] = {
    "DFXP": _pysubs2("ttml"),
    "SAMI": _pysubs2("sami"),
    "SBV": _webvtt("sbv"),
    "SCC": _ffmpeg,
    "SRT": _pysubs2("srt"),
    "TWX": _words,
    "WEB_VTT": _webvtt("vtt"),
}
"""The formats for which there are such parsers. ``ECHO`` is timed text of an older kind; ``QT``, ``TPM`` and
``TRANSCRIPT`` are read by nothing but people and the programs that they were made for."""

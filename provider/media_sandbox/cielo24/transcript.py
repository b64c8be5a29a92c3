"""Transcripts: all words in a row, in paragraphs with time codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from media_sandbox.cielo24.clocktimes import Parts
from media_sandbox.cielo24.elements import ElementList
from media_sandbox.cielo24.parameters import BOOLEAN, TEXT, integer, one_of, setting
from media_sandbox.cielo24.vocabulary import TRANSCRIPT_FORMATS
from media_sandbox.cielo24.words import TextSettings, Word, read_words


@dataclass(frozen=True)
class TranscriptSettings(TextSettings):
    """The options of transcripts."""

    create_paragraphs: bool = setting(BOOLEAN, True)
    newlines_after_paragraph: int = setting(integer(0), 2)
    newlines_after_sentence: int = setting(integer(0), 0)
    timecode_every_paragraph: bool = setting(BOOLEAN, True)
    timecode_format: str = setting(TEXT, "[%H:%M:%S.%f]")
    timecode_interval: int = setting(integer(0), 0)
    timecode_offset: int = setting(integer(), 0)
    file_format: str = setting(one_of(TRANSCRIPT_FORMATS), "txt")


def make_transcript(elements: ElementList, settings: TranscriptSettings) -> str:
    """Return the transcript of an element list; a paragraph is what one speaker says."""
    words = read_words(elements, settings)
    text = "".join(_paragraph(words, settings) for words in _paragraphs(words, settings))
    return _page(text, elements.language) if settings.file_format == "html" else text


def _paragraphs(words: list[Word], settings: TranscriptSettings) -> Iterator[list[Word]]:
    paragraph: list[Word] = []
    for word in words:
        if paragraph and word.speaker_change and settings.create_paragraphs:
            yield paragraph
            paragraph = []
        paragraph.append(word)
    if paragraph:
        yield paragraph


def _paragraph(words: list[Word], settings: TranscriptSettings) -> str:
    text = ""
    if settings.create_paragraphs and settings.timecode_every_paragraph:
        text = timecode(words[0].start, settings) + "\n"
    next_code = settings.timecode_interval
    for word in words:
        if settings.timecode_interval and word.start >= next_code:
            text = _spaced(text) + timecode(word.start, settings)
            next_code = (word.start // settings.timecode_interval + 1) * settings.timecode_interval
        change = settings.emit_speaker_change_tokens_as if word.speaker_change else ""
        text = _spaced(text) + _spaced(change) + word.text
        if word.ends_sentence:
            text += "\n" * settings.newlines_after_sentence
    return text + ("\n" * settings.newlines_after_paragraph if settings.create_paragraphs else "")


def _spaced(text: str) -> str:
    return text if not text or text.endswith("\n") else text + " "


def timecode(milliseconds: int, settings: TranscriptSettings) -> str:
    """Return a time in the form that the settings ask for."""
    parts = Parts.of(max(milliseconds + settings.timecode_offset, 0))
    values = {"%H": f"{parts.hour:02d}", "%M": f"{parts.minute:02d}", "%S": f"{parts.second:02d}"}
    text = settings.timecode_format.replace("%f", f"{parts.millisecond:03d}")
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _page(text: str, language: str) -> str:
    paragraphs = [escape(part).replace("\n", "<br>\n") for part in text.split("\n\n") if part.strip()]
    body = "".join(f"<p>{part.strip()}</p>\n" for part in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8"><title>Transcript</title>'
        f"</head>\n<body>\n{body}</body>\n</html>\n"
    )

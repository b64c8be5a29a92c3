"""Laying words out as captions: which go together, where lines break, and when each caption is shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from media_sandbox.cielo24.elements import EFFECTS_ID, ElementList
from media_sandbox.cielo24.parameters import BOOLEAN, TEXT, integer, list_of, one_of, setting
from media_sandbox.cielo24.vocabulary import CAPTION_FORMATS, CASES, LINE_ENDINGS, SOUND_TAGS, SPEAKER_DISPLAYS
from media_sandbox.cielo24.words import TextSettings, Word, read_words

SRT_BLOCK: Final = (
    "{caption_number:d}\n"
    "{start_hour:02d}:{start_minute:02d}:{start_second:02d},{start_millisecond:03d} --> "
    "{end_hour:02d}:{end_minute:02d}:{end_second:02d},{end_millisecond:03d}\n"
    "{caption_text}\n\n"
)
OWN_PLACE: Final = ("BLANK_AUDIO", "MUSIC")


@dataclass(frozen=True)
class CaptionSettings(TextSettings):
    """The options of captions."""

    caption_format: str = setting(one_of(CAPTION_FORMATS), "")
    build_url: bool = setting(BOOLEAN, False)
    caption_words_min: int = setting(integer(1), 1)
    caption_by_sentence: bool = setting(BOOLEAN, True)
    characters_per_caption_line: int = setting(integer(1), 42)
    dfxp_header: str = setting(TEXT, "")
    include_dfxp_metadata: bool = setting(BOOLEAN, True)
    disallow_dangling: bool = setting(BOOLEAN, False)
    display_effects_speaker_as: str = setting(TEXT, "Effects")
    display_speaker_id: str = setting(one_of(SPEAKER_DISPLAYS), "name")
    force_case: str = setting(one_of(CASES), "")
    layout_target_caption_length_ms: int = setting(integer(1), 5000)
    line_break_on_sentence: bool = setting(BOOLEAN, False)
    line_ending_format: str = setting(one_of(LINE_ENDINGS), "UNIX")
    lines_per_caption: int = setting(integer(1), 2)
    maximum_caption_duration: int | None = setting(integer(1), None)
    merge_gap_interval: int = setting(integer(0), 1000)
    minimum_caption_length_ms: int | None = setting(integer(0), None)
    minimum_gap_between_captions_ms: int | None = setting(integer(0), None)
    qt_seamless: bool = setting(BOOLEAN, False)
    silence_max_ms: int = setting(integer(0), 2000)
    single_speaker_per_caption: bool = setting(BOOLEAN, False)
    sound_threshold: int | None = setting(integer(0), None)
    sound_tokens_by_caption: bool = setting(BOOLEAN, False)
    sound_tokens_by_line: bool = setting(BOOLEAN, False)
    sound_tokens_by_caption_list: tuple[str, ...] = setting(list_of(SOUND_TAGS), OWN_PLACE)
    sound_tokens_by_line_list: tuple[str, ...] = setting(list_of(SOUND_TAGS), OWN_PLACE)
    speaker_on_new_line: bool = setting(BOOLEAN, True)
    srt_format: str = setting(TEXT, SRT_BLOCK)
    strip_square_brackets: bool = setting(BOOLEAN, False)
    utf8_mark: bool = setting(BOOLEAN, False)


@dataclass
class Caption:
    """Lines of text and when they are shown, in milliseconds."""

    start: int
    end: int
    lines: list[str]


def make_captions(elements: ElementList, settings: CaptionSettings) -> list[Caption]:
    """Return the captions of an element list."""
    words = read_words(elements, settings)
    for word in words:
        word.text = _displayed(word, elements, settings)
    captions = [
        Caption(group[0].start, group[-1].end, [_joined(line) for line in _lines(group, settings)])
        for group in _groups(words, settings)
    ]
    _adjust_times(captions, settings, elements.length_ms)
    return captions


def _displayed(word: Word, elements: ElementList, settings: CaptionSettings) -> str:
    parts = []
    if word.speaker_change and settings.emit_speaker_change_tokens_as:
        parts.append(settings.emit_speaker_change_tokens_as)
    if settings.display_speaker_id != "no" and (word.speaker_change or word.sound):
        parts.append(_speaker(word, elements, settings) + ":")
    text = " ".join([*parts, word.text])
    if settings.strip_square_brackets:
        text = text.replace("[", "").replace("]", "")
    return {"upper": text.upper(), "lower": text.lower(), "": text}[settings.force_case]


def _speaker(word: Word, elements: ElementList, settings: CaptionSettings) -> str:
    if word.speaker_id == EFFECTS_ID:
        return settings.display_effects_speaker_as
    name = elements.names.get(word.speaker_id) if settings.display_speaker_id == "name" else None
    return name or f"Speaker {word.speaker_id}"


def _groups(words: list[Word], settings: CaptionSettings) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in words:
        if groups and not _ends(groups[-1], word, settings):
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _ends(group: list[Word], word: Word, settings: CaptionSettings) -> bool:
    """Return whether a caption ends before a word."""
    last = group[-1]
    if _has_own_caption(word, settings) or _has_own_caption(last, settings):
        return True
    if word.speaker_change and (settings.speaker_on_new_line or settings.single_speaker_per_caption):
        return True
    if not last.ends_sentence and word.start - last.end > settings.silence_max_ms:
        return True
    longest = settings.maximum_caption_duration
    if longest is not None and word.end - group[0].start > longest:
        return True
    if len(_lines([*group, word], settings)) > settings.lines_per_caption:
        return True
    if len(group) < settings.caption_words_min:
        return False
    if settings.caption_by_sentence and last.ends_sentence:
        return True
    return last.end - group[0].start >= settings.layout_target_caption_length_ms and not _dangles(word, last, settings)


def _lines(group: list[Word], settings: CaptionSettings) -> list[list[Word]]:
    lines = [group[:1]]
    for last, word in pairwise(group):
        if _begins_line(lines[-1], last, word, settings):
            lines.append([word])
        else:
            lines[-1].append(word)
    return lines


def _begins_line(line: list[Word], last: Word, word: Word, settings: CaptionSettings) -> bool:
    if _dangles(word, last, settings):
        return False
    if _has_own_line(word, settings) or _has_own_line(last, settings):
        return True
    if settings.line_break_on_sentence and last.ends_sentence:
        return True
    return len(_joined([*line, word])) > settings.characters_per_caption_line


def _dangles(word: Word, last: Word, settings: CaptionSettings) -> bool:
    return settings.disallow_dangling and word.ends_sentence and not last.ends_sentence and last.sound is None


def _has_own_caption(word: Word, settings: CaptionSettings) -> bool:
    if word.sound is None:
        return False
    is_long = settings.sound_threshold is not None and word.end - word.start > settings.sound_threshold
    return is_long or settings.sound_tokens_by_caption or word.sound in settings.sound_tokens_by_caption_list


def _has_own_line(word: Word, settings: CaptionSettings) -> bool:
    return word.sound is not None and (
        settings.sound_tokens_by_line or word.sound in settings.sound_tokens_by_line_list
    )


def _joined(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def _adjust_times(captions: list[Caption], settings: CaptionSettings, length_ms: int) -> None:
    if settings.minimum_caption_length_ms:
        _lengthen(captions, settings.minimum_caption_length_ms, length_ms)
    for caption, following in pairwise(captions):
        if following.start - caption.end < settings.merge_gap_interval:
            caption.end = following.start
    for caption in captions:
        if settings.maximum_caption_duration is not None:
            caption.end = min(caption.end, caption.start + settings.maximum_caption_duration)
    for caption, following in pairwise(captions):
        latest = following.start - (settings.minimum_gap_between_captions_ms or 0)
        caption.end = max(caption.start + 1, min(caption.end, latest))


def _lengthen(captions: list[Caption], least: int, length_ms: int) -> None:
    """Give short captions more time, which is taken from those after them, each of which keeps some."""
    begin = 0
    for number, caption in enumerate(captions, 1):
        caption.start = max(caption.start, begin)
        latest = length_ms - (len(captions) - number)
        caption.end = min(max(caption.end, caption.start + least), latest)
        begin = caption.end

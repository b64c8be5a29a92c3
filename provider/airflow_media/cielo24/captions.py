"""The options of captions and transcripts: pages 'Get Caption' and 'Get Transcript' of the cielo24 API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_media.cielo24.options import Options, option
from airflow_media.cielo24.values import (
    Boundaries,
    Choice,
    Choices,
    Clock,
    Element,
    Flag,
    Moment,
    Template,
    Text,
    Whole,
)
from airflow_media.cielo24.vocabulary import (
    CASES,
    IWPS,
    LINE_ENDINGS,
    SOUND_TAGS,
    SPEAKER_IDS,
    SPELLINGS,
    TRANSCRIPT_FILES,
)

CAPTION_FIELDS: Mapping[str, int | str] = {
    "caption_number": 1,
    "start_hour": 0,
    "start_minute": 0,
    "start_second": 1,
    "start_millisecond": 0,
    "end_hour": 0,
    "end_minute": 0,
    "end_second": 2,
    "end_millisecond": 0,
    "caption_text": "text",
}
"""The fields of ``srt_format``, each with an example."""


@dataclass(frozen=True, kw_only=True)
class CaptionOptions(Options):
    """Everything that captions can be asked for with, beyond their format. What is unset is left to the service.

    Options of another format than the one that is asked for are ignored by the service.
    """

    audio_description: bool | None = option(Flag(), "With audio description. Default: no.")
    mixed: bool | None = option(Flag(), "Audio description mixed with the captions. Default: no.")
    caption_words_min: int | None = option(Whole(), "Fewest words of a caption. Default: 1.")
    caption_by_sentence: bool | None = option(Flag(), "Each sentence in a caption of its own. Default: yes.")
    characters_per_caption_line: int | None = option(Whole(1), "Most characters of a line. Default: 42.")
    dfxp_header: str | None = option(Element("head"), "DFXP: the header, from <head> to </head>.")
    include_dfxp_metadata: bool | None = option(Flag(), "DFXP: with metadata in the header. Default: yes.")
    disallow_dangling: bool | None = option(Flag(), "Keep the last word of a sentence on its line. Default: no.")
    display_effects_speaker_as: str | None = option(Text(), "Name of the speaker of sounds. Default: Effects.")
    display_speaker_id: str | None = option(Choice(SPEAKER_IDS), "How speakers are shown. Default: name.")
    iwp_name: str | None = option(Choice(IWPS), "Version of the transcript by its name. Default: the newest.")
    elementlist_version: str | None = option(Moment(), "Version of the element list. Default: the newest.")
    emit_speaker_change_tokens_as: str | None = option(Text(), "What marks a change of speaker. Default: >>.")
    force_case: str | None = option(Choice(CASES), "All letters in one case. Default: as they are.")
    layout_target_caption_length_ms: int | None = option(Whole(), "Usual length, in milliseconds. Default: 5000.")
    line_break_on_sentence: bool | None = option(Flag(), "Each sentence on a line of its own. Default: no.")
    line_ending_format: str | None = option(Choice(LINE_ENDINGS), "How lines end. Default: UNIX.")
    lines_per_caption: int | None = option(Whole(1), "Lines of a caption. Default: 2.")
    mask_profanity: bool | None = option(Flag(), "Replace profanity by asterisks. Default: no.")
    maximum_caption_duration: int | None = option(Whole(), "Longest caption, in milliseconds. Default: any.")
    merge_gap_interval: int | None = option(
        Whole(), "Captions closer than this are joined, in milliseconds. Default: 1000."
    )
    minimum_caption_length_ms: int | None = option(Whole(), "Shortest caption, in milliseconds. Default: any.")
    minimum_gap_between_captions_ms: int | None = option(Whole(), "Shortest gap, in milliseconds. Default: any.")
    qt_seamless: bool | None = option(Flag(), "QT: no gaps between captions. Default: no.")
    remove_disfluencies: bool | None = option(Flag(), "Without ers and ums. Default: yes.")
    remove_sounds_list: Sequence[str] | None = option(Choices(SOUND_TAGS), "Sounds to leave out. Default: none.")
    remove_sound_references: bool | None = option(Flag(), "Without any sounds. Default: yes.")
    replace_slang: bool | None = option(Flag(), "Standard words for slang. Default: no.")
    silence_max_ms: int | None = option(Whole(), "Longest silence in a caption, in milliseconds. Default: 2000.")
    single_speaker_per_caption: bool | None = option(Flag(), "One speaker per caption. Default: no.")
    sound_boundaries: Sequence[str] | None = option(Boundaries(), "The characters around a sound. Default: [ and ].")
    sound_threshold: int | None = option(Whole(), "Shortest sound to show, in milliseconds. Default: any.")
    sound_tokens_by_caption: bool | None = option(Flag(), "Sounds in captions of their own. Default: no.")
    sound_tokens_by_line: bool | None = option(Flag(), "Sounds on lines of their own. Default: no.")
    sound_tokens_by_caption_list: Sequence[str] | None = option(
        Choices(SOUND_TAGS), "Which sounds stand in captions of their own. Default: BLANK_AUDIO, MUSIC."
    )
    sound_tokens_by_line_list: Sequence[str] | None = option(
        Choices(SOUND_TAGS), "Which sounds stand on lines of their own. Default: BLANK_AUDIO, MUSIC."
    )
    speaker_on_new_line: bool | None = option(Flag(), "Each speaker on a new line. Default: yes.")
    srt_format: str | None = option(
        Template(CAPTION_FIELDS),
        "SRT: a caption as a Python format; Airflow drops a newline from the end of a templated text.",
    )
    strip_square_brackets: bool | None = option(Flag(), "Without square brackets. Default: no.")
    utf8_mark: bool | None = option(Flag(), "With a byte order mark. Default: no.")
    replace_english_spelling: str | None = option(Choice(SPELLINGS), "Spelling of English. Default: A, American.")


@dataclass(frozen=True, kw_only=True)
class TranscriptOptions(Options):
    """Everything that a transcript can be asked for with. What is unset is left to the service."""

    create_paragraphs: bool | None = option(Flag(), "In paragraphs. Default: yes.")
    newlines_after_paragraph: int | None = option(Whole(), "Newlines after a paragraph. Default: 2.")
    newlines_after_sentence: int | None = option(Whole(), "Newlines after a sentence. Default: 0.")
    timecode_every_paragraph: bool | None = option(Flag(), "A time code before each paragraph. Default: yes.")
    timecode_format: str | None = option(Clock(), "How time codes are written. Default: [%H:%M:%S.%f].")
    timecode_interval: int | None = option(Whole(), "Milliseconds between time codes. Default: 0.")
    timecode_offset: int | None = option(Whole(), "Milliseconds added to each time code. Default: 0.")
    emit_speaker_change_tokens_as: str | None = option(Text(), "What marks a change of speaker. Default: >>.")
    remove_disfluencies: bool | None = option(Flag(), "Without ers and ums. Default: yes.")
    mask_profanity: bool | None = option(Flag(), "Replace profanity by asterisks. Default: no.")
    replace_slang: bool | None = option(Flag(), "Standard words for slang. Default: no.")
    remove_sound_references: bool | None = option(Flag(), "Without any sounds. Default: yes.")
    remove_sounds_list: Sequence[str] | None = option(
        Choices(SOUND_TAGS), "Sounds to leave out, where not all are. Default: none."
    )
    sound_boundaries: Sequence[str] | None = option(Boundaries(), "The characters around a sound. Default: [ and ].")
    elementlist_version: str | None = option(Moment(), "Version of the element list. Default: the newest.")
    iwp_name: str | None = option(Text(), "Version of the transcript by its name. Default: the newest.")
    audio_description: bool | None = option(Flag(), "With audio description. Default: no.")
    mixed: bool | None = option(Flag(), "Audio description mixed with the transcript. Default: no.")
    file_format: str | None = option(Choice(TRANSCRIPT_FILES), "txt or html. Default: txt.")
    replace_english_spelling: str | None = option(Choice(SPELLINGS), "Spelling of English. Default: A, American.")

    @classmethod
    def broken_rules(cls, values: Mapping[str, Any]) -> Iterator[str]:
        """Find what the page says of options together."""
        if values.get("mixed") and not values.get("audio_description"):
            yield "mixed: needs audio_description"
        if values.get("remove_sounds_list") and values.get("remove_sound_references", True):
            yield "remove_sounds_list: is ignored unless remove_sound_references is false"

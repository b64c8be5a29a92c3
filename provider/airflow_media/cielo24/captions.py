"""The options of captions and transcripts: pages 'Get Caption' and 'Get Transcript' of the cielo24 API."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from airflow_media.cielo24.options import Options
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


class CaptionOptions(Options, frozen=True, kw_only=True):
    """Everything that captions can be asked for with, beyond their format. What is unset is left to the service.

    Options of another format than the one that is asked for are ignored by the service.
    """

    audio_description: Annotated[bool | None, Flag(), "With audio description. Default: no."] = None
    mixed: Annotated[bool | None, Flag(), "Audio description mixed with the captions. Default: no."] = None
    caption_words_min: Annotated[int | None, Whole(), "Fewest words of a caption. Default: 1."] = None
    caption_by_sentence: Annotated[bool | None, Flag(), "Each sentence in a caption of its own. Default: yes."] = None
    characters_per_caption_line: Annotated[int | None, Whole(1), "Most characters of a line. Default: 42."] = None
    dfxp_header: Annotated[str | None, Element("head"), "DFXP: the header, from <head> to </head>."] = None
    include_dfxp_metadata: Annotated[bool | None, Flag(), "DFXP: with metadata in the header. Default: yes."] = None
    disallow_dangling: Annotated[bool | None, Flag(), "Last word of a sentence stays on its line. Default: no."] = None
    display_effects_speaker_as: Annotated[str | None, Text(), "Name of the speaker of sounds. Default: Effects."] = None
    display_speaker_id: Annotated[str | None, Choice(SPEAKER_IDS), "How speakers are shown. Default: name."] = None
    iwp_name: Annotated[str | None, Choice(IWPS), "Version of the transcript by its name. Default: the newest."] = None
    elementlist_version: Annotated[str | None, Moment(), "Version of the element list. Default: the newest."] = None
    emit_speaker_change_tokens_as: Annotated[str | None, Text(), "What marks a change of speaker. Default: >>."] = None
    force_case: Annotated[str | None, Choice(CASES), "All letters in one case. Default: as they are."] = None
    layout_target_caption_length_ms: Annotated[
        int | None, Whole(), "Usual milliseconds of a caption. Default: 5000."
    ] = None
    line_break_on_sentence: Annotated[bool | None, Flag(), "Each sentence on a line of its own. Default: no."] = None
    line_ending_format: Annotated[str | None, Choice(LINE_ENDINGS), "How lines end. Default: UNIX."] = None
    lines_per_caption: Annotated[int | None, Whole(1), "Lines of a caption. Default: 2."] = None
    mask_profanity: Annotated[bool | None, Flag(), "Replace profanity by asterisks. Default: no."] = None
    maximum_caption_duration: Annotated[int | None, Whole(), "Longest caption, in milliseconds. Default: any."] = None
    merge_gap_interval: Annotated[
        int | None, Whole(), "Captions closer than this are joined, in milliseconds. Default: 1000."
    ] = None
    minimum_caption_length_ms: Annotated[int | None, Whole(), "Shortest caption, in milliseconds. Default: any."] = None
    minimum_gap_between_captions_ms: Annotated[int | None, Whole(), "Shortest gap, milliseconds. Default: any."] = None
    qt_seamless: Annotated[bool | None, Flag(), "QT: no gaps between captions. Default: no."] = None
    remove_disfluencies: Annotated[bool | None, Flag(), "Without ers and ums. Default: yes."] = None
    remove_sounds_list: Annotated[Sequence[str] | None, Choices(SOUND_TAGS), "Sounds left out. Default: none."] = None
    remove_sound_references: Annotated[bool | None, Flag(), "Without any sounds. Default: yes."] = None
    replace_slang: Annotated[bool | None, Flag(), "Standard words for slang. Default: no."] = None
    silence_max_ms: Annotated[int | None, Whole(), "Longest silence, in milliseconds. Default: 2000."] = None
    single_speaker_per_caption: Annotated[bool | None, Flag(), "One speaker per caption. Default: no."] = None
    sound_boundaries: Annotated[
        Sequence[str] | None, Boundaries(), "The characters around a sound. Default: [ and ]."
    ] = None
    sound_threshold: Annotated[int | None, Whole(), "Shortest sound to show, in milliseconds. Default: any."] = None
    sound_tokens_by_caption: Annotated[bool | None, Flag(), "Sounds in captions of their own. Default: no."] = None
    sound_tokens_by_line: Annotated[bool | None, Flag(), "Sounds on lines of their own. Default: no."] = None
    sound_tokens_by_caption_list: Annotated[
        Sequence[str] | None,
        Choices(SOUND_TAGS),
        "Which sounds stand in captions of their own. Default: BLANK_AUDIO, MUSIC.",
    ] = None
    sound_tokens_by_line_list: Annotated[
        Sequence[str] | None,
        Choices(SOUND_TAGS),
        "Which sounds stand on lines of their own. Default: BLANK_AUDIO, MUSIC.",
    ] = None
    speaker_on_new_line: Annotated[bool | None, Flag(), "Each speaker on a new line. Default: yes."] = None
    srt_format: Annotated[
        str | None,
        Template(CAPTION_FIELDS),
        "SRT: a caption as a Python format; Airflow drops a newline from the end of a templated text.",
    ] = None
    strip_square_brackets: Annotated[bool | None, Flag(), "Without square brackets. Default: no."] = None
    utf8_mark: Annotated[bool | None, Flag(), "With a byte order mark. Default: no."] = None
    replace_english_spelling: Annotated[str | None, Choice(SPELLINGS), "English spelling. Default: A, American."] = None


class TranscriptOptions(Options, frozen=True, kw_only=True):
    """Everything that a transcript can be asked for with. What is unset is left to the service."""

    create_paragraphs: Annotated[bool | None, Flag(), "In paragraphs. Default: yes."] = None
    newlines_after_paragraph: Annotated[int | None, Whole(), "Newlines after a paragraph. Default: 2."] = None
    newlines_after_sentence: Annotated[int | None, Whole(), "Newlines after a sentence. Default: 0."] = None
    timecode_every_paragraph: Annotated[bool | None, Flag(), "A time code before each paragraph. Default: yes."] = None
    timecode_format: Annotated[str | None, Clock(), "How time codes are written. Default: [%H:%M:%S.%f]."] = None
    timecode_interval: Annotated[int | None, Whole(), "Milliseconds between time codes. Default: 0."] = None
    timecode_offset: Annotated[int | None, Whole(), "Milliseconds added to each time code. Default: 0."] = None
    emit_speaker_change_tokens_as: Annotated[str | None, Text(), "What marks a change of speaker. Default: >>."] = None
    remove_disfluencies: Annotated[bool | None, Flag(), "Without ers and ums. Default: yes."] = None
    mask_profanity: Annotated[bool | None, Flag(), "Replace profanity by asterisks. Default: no."] = None
    replace_slang: Annotated[bool | None, Flag(), "Standard words for slang. Default: no."] = None
    remove_sound_references: Annotated[bool | None, Flag(), "Without any sounds. Default: yes."] = None
    remove_sounds_list: Annotated[
        Sequence[str] | None, Choices(SOUND_TAGS), "Sounds to leave out, where not all are. Default: none."
    ] = None
    sound_boundaries: Annotated[
        Sequence[str] | None, Boundaries(), "The characters around a sound. Default: [ and ]."
    ] = None
    elementlist_version: Annotated[str | None, Moment(), "Version of the element list. Default: the newest."] = None
    iwp_name: Annotated[str | None, Text(), "Version of the transcript by its name. Default: the newest."] = None
    audio_description: Annotated[bool | None, Flag(), "With audio description. Default: no."] = None
    mixed: Annotated[bool | None, Flag(), "Audio description mixed with the transcript. Default: no."] = None
    file_format: Annotated[str | None, Choice(TRANSCRIPT_FILES), "txt or html. Default: txt."] = None
    replace_english_spelling: Annotated[str | None, Choice(SPELLINGS), "English spelling. Default: A, American."] = None

    @classmethod
    def broken_rules(cls, values: Mapping[str, Any]) -> Iterator[str]:
        """Find what the page says of options together."""
        if values.get("mixed") and not values.get("audio_description"):
            yield "mixed: needs audio_description"
        if values.get("remove_sounds_list") and values.get("remove_sound_references", True):
            yield "remove_sounds_list: is ignored unless remove_sound_references is false"

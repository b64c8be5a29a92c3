"""From element lists to the words that are read, as the text options of captions and transcripts want them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media_sandbox.cielo24.elements import PUNCTUATION, SOUND, ElementList, Segment, Token
from media_sandbox.cielo24.parameters import BOOLEAN, BOUNDARY_PAIR, MOMENT, TEXT, Moment, list_of, one_of, setting
from media_sandbox.cielo24.vocabulary import SOUND_TAGS, SPELLINGS

DISFLUENCIES: Final = frozenset(("um", "uh", "ah", "er"))
PROFANITIES: Final = frozenset(("damn",))
SLANG: Final = {"gonna": "going to", "wanna": "want to"}
SPELLED: Final = {
    "color": {"B": "colour", "Z": "colour", "U": "colour", "C": "colour"},
    "center": {"B": "centre", "Z": "centre", "U": "centre", "C": "centre"},
    "realize": {"B": "realise", "U": "realise"},
}
"""How American words are spelled elsewhere."""


@dataclass(frozen=True)
class TextSettings:
    """The options that captions and transcripts have in common."""

    elementlist_version: Moment | None = setting(MOMENT, None)  # noqa: RUF009 - it is a field
    iwp_name: str | None = setting(TEXT, None)
    audio_description: bool = setting(BOOLEAN, False)
    mixed: bool = setting(BOOLEAN, False)
    emit_speaker_change_tokens_as: str = setting(TEXT, ">>")
    remove_disfluencies: bool = setting(BOOLEAN, True)
    mask_profanity: bool = setting(BOOLEAN, False)
    replace_slang: bool = setting(BOOLEAN, False)
    remove_sound_references: bool = setting(BOOLEAN, True)
    remove_sounds_list: tuple[str, ...] = setting(list_of(SOUND_TAGS), ())
    sound_boundaries: tuple[str, str] = setting(BOUNDARY_PAIR, ("[", "]"))
    replace_english_spelling: str = setting(one_of(SPELLINGS), "A")


@dataclass
class Word:
    """A word with the punctuation after it, or a sound; times in milliseconds."""

    text: str
    start: int
    end: int
    speaker_id: int
    speaker_change: bool = False
    ends_sentence: bool = False
    sound: str | None = None


def read_words(elements: ElementList, settings: TextSettings) -> list[Word]:
    """Return the words of an element list."""
    return [word for segment in elements.segments for word in _segment_words(segment, elements.language, settings)]


def _segment_words(segment: Segment, language: str, settings: TextSettings) -> list[Word]:
    words: list[Word] = []
    for token in _kept(segment, settings):
        if token.type == PUNCTUATION and words:
            words[-1].text += token.text
            words[-1].end = token.end
        else:
            sound = token.tags[0] if token.type == SOUND else None
            text = _sound(token, settings) if sound else _word(token.text, language, settings)
            words.append(Word(text, token.start, token.end, segment.speaker_id, sound=sound))
    if words:
        words[0].speaker_change = segment.speaker_change
        words[-1].ends_sentence = words[-1].sound is None
    return words


def _kept(segment: Segment, settings: TextSettings) -> Iterator[Token]:
    dropped = False
    for token in segment.tokens:
        # The comma after a disfluency goes with it.
        follows = dropped and token.type == PUNCTUATION
        dropped = _is_dropped(token, settings)
        if not (dropped or follows):
            yield token


def _is_dropped(token: Token, settings: TextSettings) -> bool:
    if token.type == SOUND:
        return settings.remove_sound_references or token.tags[0] in settings.remove_sounds_list
    return settings.remove_disfluencies and token.text.lower() in DISFLUENCIES


def _sound(token: Token, settings: TextSettings) -> str:
    before, after = settings.sound_boundaries
    return f"{before}{token.text}{after}"


def _word(text: str, language: str, settings: TextSettings) -> str:
    if settings.mask_profanity and text in PROFANITIES:
        return "*" * len(text)
    if settings.replace_slang:
        text = SLANG.get(text, text)
    if language.startswith("en"):
        text = SPELLED.get(text, {}).get(settings.replace_english_spelling, text)
    return text

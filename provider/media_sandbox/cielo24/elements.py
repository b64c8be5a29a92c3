"""Element lists: sentences that nobody said, laid out over the real length of the media.

Every sentence says that it is of the sandbox, and in which language the captions of a real job would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

WORD: Final = "word"
PUNCTUATION: Final = "punctuation"
SOUND: Final = "sound"
ENDS_SENTENCE: Final = "ENDS_SENTENCE"

SPEECH: Final = (
    "Sandbox sentence {n} in {language}, version {version}.",
    "Sandbox sentence {n} in {language}: um, nobody said this.",
    "[MUSIC]",
    "Sandbox sentence {n} in {language}: we are gonna realize the color of the center.",
    "Sandbox sentence {n} in {language}: this damn text pauses <pause> and goes on, to fill more than one caption.",
    "[LAUGH]",
)
"""What is said, again and again; the words are chosen to make each text option show."""
DESCRIPTION: Final = ("Sandbox description {n} in {language}: there is something to be seen.",)
TOKENS: Final = re.compile(r"\[\w+\]|<pause>|[\w-]+|[.,:]")

CHARACTER_MS: Final = 65
"""How long a character is spoken."""
PAUSE_CHARACTERS: Final = 40
SOUND_CHARACTERS: Final = 20
GAP_CHARACTERS: Final = 4
"""How many characters could be spoken meanwhile."""
HURRY: Final = 0.7
"""How much faster than usual everything may be spoken to get one more sentence in."""

NAMES: Final = ("Ada", "Ben", "Cleo", "Dan")
EFFECTS_ID: Final = 0


@dataclass(frozen=True)
class Token:
    """A word, a punctuation mark or a sound, with its times in milliseconds from the start of the media."""

    text: str
    type: str
    start: int = 0
    end: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A sentence of one speaker, or a sound."""

    speaker_id: int
    speaker_change: bool
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        """Its beginning in milliseconds."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Its end in milliseconds."""
        return self.tokens[-1].end


@dataclass(frozen=True)
class ElementList:
    """A version of all that is heard.

    :param length_ms: the length of the media.
    :param names: the speakers' names by their ids, if the order asked for them.
    """

    language: str
    length_ms: int
    segments: tuple[Segment, ...]
    names: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """What an element list is made from.

    :param version: the name of the work product.
    :param speakers: how many people take turns.
    :param named: whether their names are known.
    :param spoken: whether what is said is in it.
    :param described: whether descriptions of the picture are in it.
    """

    language: str
    version: str
    speakers: int = 2
    named: bool = False
    spoken: bool = True
    described: bool = False


def make_elements(script: Script, length_ms: int) -> ElementList:
    """Return the element list of media of that length."""
    sentences = _sentences(script, length_ms)
    total = sum(_characters(sentence) for sentence in sentences) - GAP_CHARACTERS
    segments = []
    position = 0
    last_speaker = EFFECTS_ID
    for number, sentence in enumerate(sentences):
        tokens = _placed(sentence, position, total, length_ms)
        position += _characters(sentence)
        sounds = tokens[0].type == SOUND
        speaker = EFFECTS_ID if sounds else number // 3 % script.speakers + 1
        segments.append(Segment(speaker, not sounds and speaker != last_speaker, tokens))
        last_speaker = last_speaker if sounds else speaker
    speakers = {segment.speaker_id for segment in segments} - {EFFECTS_ID}
    names = {id_: NAMES[(id_ - 1) % len(NAMES)] for id_ in sorted(speakers)} if script.named else {}
    return ElementList(script.language, length_ms, tuple(segments), names)


def _sentences(script: Script, length_ms: int) -> list[list[str]]:
    """Return as many sentences, cut into tokens, as can be spoken in the time; at least one."""
    templates = (SPEECH if script.spoken else ()) + (DESCRIPTION if script.described else ())
    sentences: list[list[str]] = []
    left = length_ms / CHARACTER_MS / HURRY
    number = 0
    while True:
        template = templates[len(sentences) % len(templates)]
        number += not template.startswith("[")
        text = template.format(n=number, language=script.language, version=script.version)
        sentence = TOKENS.findall(text)
        left -= _characters(sentence)
        if sentences and left < 0:
            return sentences
        sentences.append(sentence)


def _characters(sentence: list[str]) -> int:
    return sum(map(_weight, sentence)) + GAP_CHARACTERS


def _weight(token: str) -> int:
    if token == "<pause>":
        return PAUSE_CHARACTERS
    return SOUND_CHARACTERS if token.startswith("[") else len(token)


def _placed(sentence: list[str], position: int, total: int, length_ms: int) -> tuple[Token, ...]:
    tokens = []
    for number, text in enumerate(sentence):
        start = position * length_ms // total
        position += _weight(text)
        end = min(position * length_ms // total, length_ms)
        if text.startswith("["):
            tokens.append(Token(text.strip("[]"), SOUND, start, end, (text.strip("[]"),)))
        elif text != "<pause>":
            type_ = WORD if text[0].isalnum() else PUNCTUATION
            ends = (ENDS_SENTENCE,) if number == len(sentence) - 1 else ()
            tokens.append(Token(text, type_, start, end, ends))
    return tuple(tokens)


def element_list_view(elements: ElementList, *, intelligence: bool) -> dict[str, Any]:
    """Return an element list as the API shows it, format version 2.

    :param intelligence: whether keywords, topics and entities were ordered.
    """
    view: dict[str, Any] = {
        "version": 2,
        "start_time": 0,
        "end_time": elements.length_ms,
        "language": elements.language,
        "speakers": [
            {"name": name, "id": id_, "gender": "UNKNOWN"}
            for id_, name in {EFFECTS_ID: "Effects", **elements.names}.items()
        ],
        "segments": [_segment_view(segment) for segment in elements.segments],
    }
    if intelligence:
        view |= {"keywords": {"sandbox": _keyword(elements)}, "topics": {}, "entities": {}}
    return view


def _segment_view(segment: Segment) -> dict[str, Any]:
    span = {"interpolated": False, "start_time": segment.start, "end_time": segment.end}
    sequence = {**span, "confidence_score": 1.0, "tokens": [_token_view(token) for token in segment.tokens]}
    return {
        "speaker_change": segment.speaker_change,
        "speaker_id": segment.speaker_id,
        **span,
        "sequences": [sequence],
    }


def _token_view(token: Token) -> dict[str, Any]:
    return {
        "interpolated": False,
        "start_time": token.start,
        "end_time": token.end,
        "value": token.text.lower(),
        "type": token.type,
        "display_as": token.text,
        "tags": list(token.tags),
    }


def _keyword(elements: ElementList) -> dict[str, Any]:
    found = _find(elements, "Sandbox")
    ranges = [{"start_time": token.start, "end_time": token.end} for token in found]
    return {"display_name": "Sandbox", "url": "", "time_ranges": ranges}


def _find(elements: ElementList, text: str) -> Iterator[Token]:
    return (token for segment in elements.segments for token in segment.tokens if token.text == text)

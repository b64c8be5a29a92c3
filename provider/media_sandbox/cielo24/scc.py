"""Scenarist SCC: captions as the byte pairs of CEA-608 line 21, with odd parity, in drop-frame time.

Every caption is popped on: it is loaded into the hidden memory while the one before is shown, and then swapped in. A
frame carries one pair of bytes, so a caption is sent ahead of its time by as many frames as it has pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

COLUMNS: Final = 32
ROWS: Final = 4

RESUME_LOADING: Final = (0x14, 0x20)
ERASE_HIDDEN: Final = (0x14, 0x2E)
ERASE_SHOWN: Final = (0x14, 0x2C)
SWAP: Final = (0x14, 0x2F)
BOTTOM_ROWS: Final = ((0x13, 0x40), (0x13, 0x60), (0x14, 0x40), (0x14, 0x60))
"""The commands that go to the first column of the rows 12 to 15, in white."""

FOREIGN: Final = {
    **dict.fromkeys("*", (0x12, 0x28)),
    "{": (0x13, 0x29),
    "}": (0x13, 0x2A),
    "\\": (0x13, 0x2B),
    "^": (0x13, 0x2C),
    "_": (0x13, 0x2D),
    "|": (0x13, 0x2E),
    "~": (0x13, 0x2F),
}
"""Characters of ASCII whose place another one has in CEA-608; each replaces the character sent before it."""
STAND_IN: Final = " "
"""What is sent before such a character, and in place of one that does not exist."""
UNUSABLE: Final = frozenset("`")

Pair = tuple[int, int]


def scc_file(captions: Sequence[tuple[int, int, list[str]]]) -> str:
    """Return a file of captions, each with its start and end in milliseconds and its lines."""
    lines = []
    free = 0
    """The first frame that carries nothing yet."""
    for number, (start, end, text) in enumerate(captions):
        pairs = _popped_on(text)
        # The first of the two swaps at the end is the one that shows the caption.
        frame = max(free, _frame(start) - len(pairs) + 2)
        lines.append(_line(frame, pairs))
        free = frame + len(pairs)
        following = captions[number + 1][0] if number + 1 < len(captions) else None
        if following is None or following > end:
            erased = max(free, _frame(end))
            lines.append(_line(erased, [ERASE_SHOWN, ERASE_SHOWN]))
            free = erased + 2
    return "Scenarist_SCC V1.0\n\n" + "\n\n".join(lines) + "\n"


def _popped_on(lines: Sequence[str]) -> list[Pair]:
    pairs = [ERASE_HIDDEN, ERASE_HIDDEN, RESUME_LOADING, RESUME_LOADING]
    shown = [line[:COLUMNS] for line in lines[:ROWS]]
    for row, line in zip(BOTTOM_ROWS[-len(shown) :], shown, strict=True):
        pairs += [row, row, *_characters(line)]
    return [*pairs, SWAP, SWAP]


def _characters(line: str) -> Iterator[Pair]:
    """Give the characters in pairs; commands and the characters that need one begin a pair of their own."""
    waiting: int | None = None
    for character in line:
        plain, command = _code(character)
        if waiting is None:
            waiting = plain
        else:
            yield waiting, plain
            waiting = None
        if command:
            if waiting is not None:
                yield waiting, 0
                waiting = None
            # Sent twice like every command; a reader takes the repetition for the safeguard that it is.
            yield command
            yield command
    if waiting is not None:
        yield waiting, 0


def _code(character: str) -> tuple[int, Pair | None]:
    if character in FOREIGN:
        return ord(STAND_IN), FOREIGN[character]
    if character in UNUSABLE or not " " <= character <= "z":
        return ord(STAND_IN), None
    return ord(character), None


def _line(frame: int, pairs: Sequence[Pair]) -> str:
    return f"{timecode(frame)}\t" + " ".join(f"{_odd(first):02x}{_odd(second):02x}" for first, second in pairs)


def _odd(value: int) -> int:
    """Return a byte with its highest bit set such that the number of its ones is odd."""
    return value if value.bit_count() % 2 else value | 0x80


def _frame(milliseconds: int) -> int:
    """Return the number of the frame at a time, at 30000/1001 frames a second."""
    return milliseconds * 30 // 1001


def timecode(frame: int) -> str:
    """Return the drop-frame time code of a frame: no minute but every tenth begins with the numbers 0 and 1."""
    tens, rest = divmod(frame, 17982)
    frame += 18 * tens + (2 * ((rest - 2) // 1798) if rest > 1 else 0)
    seconds, number = divmod(frame, 30)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d};{number:02d}"

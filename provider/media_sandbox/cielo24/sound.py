"""What a media file must have for a transcription: sound that can be decoded, and a length."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av

SHORTEST_MS: Final = 100
"""Anything shorter holds no word."""


class NoSoundError(Exception):
    """The file cannot be transcribed; the text says why."""


def sound_length_ms(path: Path) -> int:
    """Return how long a media file is, in milliseconds; blocking.

    :raises NoSoundError: when it is no media file, has no sound that can be decoded, or is too short.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise NoSoundError("the media has no audio")
            sound = container.streams.audio[0]
            next(container.decode(sound))
            length = _length_ms(container, sound)
    except (av.FFmpegError, StopIteration) as error:
        raise NoSoundError(f"the media cannot be decoded: {error or 'no audio in it'}") from error
    if length < SHORTEST_MS:
        raise NoSoundError(f"the media is {length} ms long, which is too short for a word")
    return length


def _length_ms(container: av.container.InputContainer, sound: av.AudioStream) -> int:
    if container.duration:
        return round(Fraction(container.duration, av.time_base) * 1000)
    if sound.duration and sound.time_base:
        return round(sound.duration * sound.time_base * 1000)
    raise NoSoundError("the media does not tell its length")

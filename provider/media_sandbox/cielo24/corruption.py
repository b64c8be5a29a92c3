"""Damage to caption files that tests ask for, so that a client's checks have something to find."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from media_sandbox.cielo24.captions import Caption

GARBAGE: Final = "<html><head><title>Service</title></head><body>This is not a caption file.</body></html>\n"
TIME: Final = re.compile(r"\d:\d\d")
KINDS: Final = ("garbage", "cut", "empty", "backwards")


@dataclass
class Corruption:
    """What is to become of the next caption files.

    ``garbage`` is a page in place of the file; ``cut`` ends it in the middle of its last time or, where there is none,
    in the middle; ``empty`` has no byte; ``backwards`` lets every caption end before it starts, in the formats that
    tell both times.

    :param on: the job's id; ``*`` for any.
    :param times: how many files it is for; ``None`` for all until it is deleted.
    """

    kind: str
    on: str = "*"
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")

    def bend(self, captions: list[Caption]) -> list[Caption]:
        """Return captions with the damage that is done before the file is written."""
        if self.kind != "backwards":
            return captions
        return [Caption(item.end, item.start, item.lines) for item in captions]

    def spoil(self, text: str) -> str:
        """Return a file with the damage that is done after it is written."""
        match self.kind:
            case "garbage":
                return GARBAGE
            case "cut":
                times = list(TIME.finditer(text))
                return text[: times[-1].start() + 2 if times else len(text) // 2]
            case "empty":
                return ""
        return text


class Corruptions:
    """The corruptions that are set, oldest first."""

    def __init__(self) -> None:
        self.all: list[Corruption] = []

    def take(self, job_id: str) -> Corruption | None:
        """Return the corruption for a caption file of a job, counting it."""
        for corruption in self.all:
            if corruption.on in ("*", job_id):
                if corruption.times is not None:
                    corruption.times -= 1
                    if corruption.times <= 0:
                        self.all.remove(corruption)
                return corruption
        return None

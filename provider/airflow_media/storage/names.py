"""File names that come from outside."""

from __future__ import annotations

import os.path
import re
import unicodedata

FALLBACK = "media"
LONGEST = 255
"""Bytes of a file name that common file systems take."""
LONGEST_SUFFIX = 32

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that have no place in a name: control and direction marks, lone surrogates, line ends."""
_EDGES = re.compile(r"\A[\s.]+|[\s.]+\Z")


def safe_name(name: str, fallback: str = FALLBACK) -> str:
    """Make a plain file name of what somebody else calls a file.

    :param name: Untrusted name, perhaps with the folders of either kind of system before it.
    :param fallback: What to call it when nothing is left of the name.
    :return: A base name: no separators, control characters, leading dots, nor dots and spaces at its end; at most
        255 bytes, the suffix being kept.
    """
    base = re.split(r"[/\\]", name)[-1]
    base = "".join(char for char in base if unicodedata.category(char) not in _UNPRINTABLE)
    base = _EDGES.sub("", base)
    stem, suffix = os.path.splitext(base)
    if len(suffix.encode()) > LONGEST_SUFFIX:
        stem, suffix = base, ""
    room = LONGEST - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    return _EDGES.sub("", stem) + suffix or fallback

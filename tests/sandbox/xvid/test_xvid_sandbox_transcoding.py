"""Transcoding, checked by probing what came of it."""

from __future__ import annotations

import hashlib
import io
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import av
import pytest
from PIL import Image
from xvid_client import XvidClient

from media_sandbox.media.probe import MediaInfo, probe
from media_sandbox.testing import RunningSandbox, make_pal_video, make_video
from media_sandbox.xvid.command import frame_size
from media_sandbox.xvid.presets import BY_NAME, PRESETS
from media_sandbox.xvid.tracks import describe

ORDER = "films/clip.mp4"

MADE: dict[str, dict[str, Any]] = {
    "H.264 MP4": {"codec_name": "h264", "brand": "isom", "audio_codecs": ("aac",)},
    "HEVC MP4": {"codec_name": "hevc", "brand": "isom", "audio_codecs": ("aac",)},
    "Xvid AVI": {"codec_name": "mpeg4", "container_name": "avi", "audio_codecs": ("mp3float",)},
    "MPEG-4 ASP MP4": {"codec_name": "mpeg4", "brand": "isom", "audio_codecs": ("aac",)},
}
TAGS = {"H.264 MP4": "avc1", "HEVC MP4": "hvc1", "Xvid AVI": "XVID", "MPEG-4 ASP MP4": "mp4v"}


@pytest.fixture(scope="module")
def films(shared_xvid: XvidClient, clip: Path) -> XvidClient:
    """The plain client, with a clip uploaded."""
    shared_xvid.uploaded(clip, ORDER)
    return shared_xvid


def fetched(client: XvidClient, job: dict[str, Any], path: Path, number: int = 0) -> Path:
    """Fetch an output and hold it against what its file tells."""
    id_ = job["outputs"][number]["file"]["id"]
    file, content = client.one(f"/files/{id_}", "file"), client.content(id_)
    assert len(content) == file["size"]
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == file["md5_checksum"]
    path.write_bytes(content)
    return path


def with_settings(preset: str = "H.264 MP4", **settings: Any) -> list[dict[str, Any]]:
    return [{"output_name": "film", "preset": {"id": BY_NAME[preset].id}, "settings": settings}]


@pytest.mark.parametrize("preset", MADE)
def test_a_preset_makes_what_it_is_called(films: XvidClient, tmp_path: Path, preset: str) -> None:
    path = fetched(films, films.done(preset, input_name=ORDER), tmp_path / "film")
    media = probe(path)
    expected = {"width": 320, "height": 240, "total_frames": 25, "frame_rate": 25, **MADE[preset]}
    assert {name: getattr(media, name) for name in expected} == expected
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == TAGS[preset]


@pytest.mark.parametrize("preset", ["Xvid AVI", "MPEG-4 ASP MP4"])
def test_xvid_is_the_advanced_simple_profile(films: XvidClient, tmp_path: Path, preset: str) -> None:
    with av.open(str(fetched(films, films.done(preset, input_name=ORDER), tmp_path / "film"))) as container:
        assert container.streams.video[0].profile == "Advanced Simple Profile"


@pytest.mark.parametrize(("preset", "codec"), [("AAC M4A", "aac"), ("MP3", "mp3float")])
def test_the_sound_alone_can_be_had(films: XvidClient, tmp_path: Path, preset: str, codec: str) -> None:
    with av.open(str(fetched(films, films.done(preset, input_name=ORDER), tmp_path / "sound"))) as container:
        assert (len(container.streams.video), len(container.streams.audio)) == (0, 1)
        assert container.streams.audio[0].codec_context.name == codec


def pictures(content: bytes) -> dict[str, tuple[int, int]]:
    with ZipFile(io.BytesIO(content)) as archive:
        return {name: Image.open(archive.open(name)).size for name in archive.namelist()}


def test_pictures_come_in_an_archive(films: XvidClient) -> None:
    job = films.done("Thumbnails ZIP", input_name=ORDER)
    id_ = job["outputs"][0]["file"]["id"]
    file = films.one(f"/files/{id_}", "file")
    assert (file["name"], file["mime_type"], file["subtype"]) == ("out0.zip", "application/zip", "zip")
    names = [f"thumb_640x480_{number:03}.jpg" for number in range(1, 6)]
    assert pictures(films.content(id_)) == dict.fromkeys(names, (640, 480))


def test_an_output_may_have_pictures_too(films: XvidClient) -> None:
    thumbnails = [
        {"thumbnail_names": "small_{resolution}", "thumbnail_preset": "thumbnails_small"},
        {"thumbnail_names": "large", "thumbnail_preset": "thumbnails_large"},
    ]
    job = films.done(outputs=[{**with_settings()[0], "thumbnails": thumbnails}], input_name=ORDER)
    output = job["outputs"][0]
    found = pictures(films.content(output["thumbnail_zip"]["file"]["id"]))
    assert found == {
        **{f"small_160x120_{number:03}.jpg": (160, 120) for number in range(1, 6)},
        **{f"large_{number:03}.jpg": (640, 480) for number in range(1, 6)},
    }
    assert films.one(f"/files/{output['file']['id']}", "file")["mime_type"] == "video/mp4"


def test_several_outputs_are_made_in_one_job(films: XvidClient, tmp_path: Path) -> None:
    job = films.done(*MADE, input_name=ORDER, output_prefix="{job_id}/")
    assert [output["percentage_completed"] for output in job["outputs"]] == [100] * 4
    codecs = [probe(fetched(films, job, tmp_path / str(number), number)).codec_name for number in range(4)]
    assert codecs == ["h264", "hevc", "mpeg4", "mpeg4"]


@pytest.mark.parametrize(
    ("settings", "width", "height"),
    [
        ({"width": "100%", "height": "100%", "bitrate": "90%"}, 320, 240),
        ({"width": "50%"}, 160, 120),
        ({"height": "150%"}, 480, 360),
        ({"width": 200, "height": 100}, 200, 100),
        ({"width": "33.4%", "height": "10%"}, 106, 24),
    ],
)
def test_the_size_can_be_chosen(
    films: XvidClient, tmp_path: Path, settings: dict[str, Any], width: int, height: int
) -> None:
    job = films.done(outputs=with_settings(video=settings), input_name=ORDER)
    media = probe(fetched(films, job, tmp_path / "film"))
    assert (media.width, media.height) == (width, height)


def test_the_bit_rate_can_be_chosen(shared_xvid: XvidClient, tmp_path: Path) -> None:
    source = make_video(tmp_path / "busy.mp4", size="640x480", seconds=4, arguments=("-b:v", "4M"))
    shared_xvid.uploaded(source, "films/busy.mp4")
    whole = probe(source).video_bit_rate

    def rate(bitrate: Any) -> float:
        job = shared_xvid.done(outputs=with_settings(video={"bitrate": bitrate}), input_name="films/busy.mp4")
        return probe(fetched(shared_xvid, job, tmp_path / "film")).video_bit_rate

    assert rate("50%") == pytest.approx(whole / 2, rel=0.25)
    assert rate(300_000) == pytest.approx(300_000, rel=0.25)


def test_the_bit_rate_of_the_sound_can_be_chosen(films: XvidClient, tmp_path: Path) -> None:
    job = films.done(outputs=with_settings("MP3", audio={"bitrate": 64000}), input_name=ORDER)
    media = describe(fetched(films, job, tmp_path / "sound"))
    assert media is not None
    assert media["audio_tracks"][0]["audio_bitrate"] == 64000


def test_a_preset_has_settings_of_its_own_that_a_job_can_replace(films: XvidClient, tmp_path: Path) -> None:
    half = probe(fetched(films, films.done("Half size H.264 MP4", input_name=ORDER), tmp_path / "half"))
    assert (half.width, half.height) == (160, 120)
    outputs = with_settings("Half size H.264 MP4", video={"width": "100%"})
    job = films.done(outputs=outputs, input_name=ORDER)
    assert probe(fetched(films, job, tmp_path / "wide")).width == 320


@pytest.mark.parametrize(
    ("forced", "expected"),
    [
        ({"start_time": 0.6}, {"total_frames": 10}),
        ({"force_framerate": 50}, {"frame_rate": 50}),
        ({"framerate": 50}, {"frame_rate": 50}),
        ({"force_container": "mov"}, {"total_frames": 25}),
        ({"force_aspect_ratio": "16:9"}, {"sample_aspect_ratio": Fraction(4, 3)}),
    ],
)
def test_an_input_can_be_taken_for_something_else(
    films: XvidClient, tmp_path: Path, forced: dict[str, Any], expected: dict[str, Any]
) -> None:
    job = films.done("H.264 MP4", input={"input_name": ORDER, **forced})
    media = probe(fetched(films, job, tmp_path / "film"))
    assert {name: getattr(media, name) for name in expected} == expected


def test_interlaced_video_is_made_progressive(shared_xvid: XvidClient, tmp_path: Path) -> None:
    shared_xvid.uploaded(make_pal_video(tmp_path / "pal.mp4", seconds=0.48), "films/pal.mp4")
    job = shared_xvid.done("H.264 MP4", input={"input_name": "films/pal.mp4", "force_interlaced": True})
    media: MediaInfo = probe(fetched(shared_xvid, job, tmp_path / "film"))
    assert (media.field_order, media.width, media.height) == (None, 720, 576)


def failure(client: XvidClient, *presets: str, **job: Any) -> tuple[str, str]:
    ended = client.ended(client.ordered(*presets, **job))
    assert ended["status"] == "FAILURE"
    return ended["error_code"], ended["error_msg"]


def test_what_the_input_does_not_have_cannot_be_made(shared_xvid: XvidClient, audio_file: Path, tmp_path: Path) -> None:
    shared_xvid.uploaded(audio_file, "sound.wav")
    shared_xvid.uploaded(make_video(tmp_path / "mute.mp4", audio=False), "mute.mp4")
    for preset in ("H.264 MP4", "Thumbnails ZIP"):
        assert failure(shared_xvid, preset, input_name="sound.wav") == ("0x0050103", "the input has no video")
    assert failure(shared_xvid, "MP3", input_name="mute.mp4") == ("0x0050103", "the input has no sound")
    assert shared_xvid.done("MP3", input_name="sound.wav")["status"] == "SUCCESS"
    assert shared_xvid.done("H.264 MP4", input_name="mute.mp4")["status"] == "SUCCESS"


def test_what_ffmpeg_cannot_do_fails_the_job(films: XvidClient) -> None:
    code, message = failure(films, "H.264 MP4", input={"input_name": ORDER, "force_container": "avi"})
    assert code == "0x0050104"
    assert message.startswith("ffmpeg: ")


def test_an_output_can_be_the_next_input(films: XvidClient, tmp_path: Path) -> None:
    films.done("Xvid AVI", input_name=ORDER, output_prefix="step/")
    job = films.done("HEVC MP4", input_name="step/out0")
    assert probe(fetched(films, job, tmp_path / "film")).codec_name == "hevc"


def test_the_same_job_makes_the_same_file(films: XvidClient) -> None:
    presets = [preset.name for preset in PRESETS]
    made = [
        [
            films.one(f"/files/{output['file']['id']}", "file")["md5_checksum"]
            for output in films.done(*presets, input_name=ORDER)["outputs"]
        ]
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_names_get_their_extension_or_not(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    xvid.uploaded(clip)

    def name(output_name: str) -> str:
        job = xvid.done(outputs=[{"output_name": output_name, "preset": {"id": BY_NAME["MP3"].id}}])
        return str(xvid.one(f"/files/{job['outputs'][0]['file']['id']}", "file")["name"])

    assert (name("a/song"), name("b/song.MP3")) == ("song.mp3", "song.MP3")
    sandbox.admin.options("xvid", name_extension=False)
    assert name("c/song") == "song"


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, (352, 288)),
        ({"width": 101}, (100, 82)),
        ({"height": 100}, (122, 100)),
        ({"width": "0.1%", "height": 1}, (2, 2)),
    ],
)
def test_sizes_are_even_and_keep_their_shape(settings: dict[str, Any], size: tuple[int, int]) -> None:
    assert frame_size(settings, {"width": 352, "height": 288}) == size

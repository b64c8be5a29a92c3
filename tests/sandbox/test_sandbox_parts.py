"""Parts of the sandbox that are best looked at by themselves."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.jobs import JobQueue
from media_sandbox.media.ffmpeg import FfmpegError, run
from media_sandbox.pixop.equivalents import EQUIVALENTS, equivalent
from media_sandbox.pixop.target import as_fraction
from media_sandbox.store import Collection, Store
from media_sandbox.testing import make_video
from media_sandbox.web import ApiError, Operation, Router

SETTINGS = {
    "deinterlacer": {"deint", "yadif", "bwdif", "weston3f"},
    "denoiser": {"denoise", "hqdn3d"},
    "stabilizer": {"dejit"},
    "scaler": {"pabsr1", "dvres", "dvres2", "scale"},
    "clarityBoost": {"none", "marginal", "very_low", "low", "medium", "high", "very_high"},
    "frameRateConverter": {"fps", "fblend", "mcinterpolate", "vfi"},
    "postProcessor": {"filmgrain"},
    "container": {"mov", "mxf", "mp4", "mts"},
    "codec": {"h264", "prores", "dnxhd", "xdcam", "hevc", "mpeg2", "ffv1"},
    "appleProresProfile": {"proxy", "lt", "standard", "hq", "4444", "4444xq"},
    "dnxhdHrProfile": {
        f"{family}_{kind}" for family in ("dnxhd", "dnxhr") for kind in ("lb", "sq", "hq", "hqx", "444")
    },
}
FILL = {
    "each": "frame",
    "parity": "tff",
    "width": 64,
    "height": 48,
    "interlaced": 0,
    "fps": 30,
    "field_rate": 50,
}
FILTER_KEYS = [*list(SETTINGS)[:7], "scanning", "fieldOrder"]


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_has_its_equivalent(key: str) -> None:
    assert {row.value for row in EQUIVALENTS if row.key == key} == SETTINGS[key]


@pytest.fixture(scope="session")
def still(clips: Path) -> Path:
    return make_video(clips / "still.mp4", size="32x32", seconds=0.2, audio=False)


@pytest.mark.parametrize(
    ("key", "value"), [(row.key, row.value) for row in EQUIVALENTS if row.key in FILTER_KEYS and row.ffmpeg]
)
def test_every_filter_exists_and_takes_its_settings(still: Path, key: str, value: str) -> None:
    chain = equivalent(key, value, **FILL)
    asyncio.run(run(["-i", str(still), "-vf", chain, "-fps_mode", "passthrough", "-f", "null", "-"]))


def test_ffmpeg_says_what_was_wrong() -> None:
    with pytest.raises(FfmpegError, match=r"no-such-file.*No such file or directory"):
        asyncio.run(run(["-i", "no-such-file", "-f", "null", "-"]))


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (23.976, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (24, Fraction(24)),
        (1, Fraction(1)),
        (0.001, Fraction(1, 1000)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_frame_rates_are_exact(fps: float, exact: Fraction) -> None:
    assert as_fraction(fps) == exact


@dataclass
class Note:
    id: str
    text: str
    folder: str = "a"


def test_records_are_kept_in_order_and_change_only_while_they_exist(tmp_path: Path) -> None:
    store = Store(tmp_path / "notes.sqlite")
    notes = Collection(store, "notes", Note)
    others = Collection(store, "others", Note)
    for number in range(3):
        notes.add(Note(str(number), f"note {number}", "ab"[number % 2]))
    others.add(Note("0", "another collection"))
    assert [note.id for note in notes.find()] == ["0", "1", "2"]
    assert [note.id for note in notes.find(folder="a")] == ["0", "2"]
    assert [note.id for note in notes.find(limit=1, offset=1)] == ["1"]
    assert (notes.count(), notes.count(folder="b")) == (3, 1)
    assert notes.change("1", text="new") == Note("1", "new", "b")
    notes.delete("1")
    assert notes.change("1", text="newer") is None
    assert notes.get("1") is None
    store.close()
    again = Store(tmp_path / "notes.sqlite")
    assert [note.id for note in Collection(again, "notes", Note).find()] == ["0", "2"]
    again.close()


def test_jobs_wait_for_a_slot_and_can_be_cancelled() -> None:
    async def scenario() -> list[str]:
        queue, gate, seen = JobQueue(slots=1), asyncio.Event(), []

        async def work(name: str) -> None:
            seen.append(name)
            await gate.wait()

        for name in ("first", "second", "third"):
            queue.submit(name, partial(work, name))
        with pytest.raises(ValueError, match="already"):
            queue.submit("first", partial(work, "first"))
        await asyncio.sleep(0)
        await queue.cancel("second")
        await queue.cancel("unknown")
        assert queue.keys == ["first", "third"]
        gate.set()
        while queue.keys:
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(scenario()) == ["first", "third"]


def test_a_job_that_breaks_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        queue = JobQueue(slots=1)

        async def work() -> None:
            raise KeyError("oops")

        queue.submit("broken", work)
        while queue.keys:
            await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert "job broken ended with an unexpected error" in caplog.text


async def no_answer(_: Request) -> Response:
    """Stand for a handler that is not called."""
    raise NotImplementedError


def test_the_path_added_first_is_taken() -> None:
    paths = {"light": "/upload/light/{id}", "full": "/upload/{id}"}
    router = Router()
    router.add([Operation(name, "POST", path, no_answer) for name, path in paths.items()])
    assert router.match("POST", "/upload/light/1")[0].name == "light"
    operation, parameters = router.match("POST", "/upload/light")
    assert (operation.name, parameters) == ("full", {"id": "light"})
    with pytest.raises(ApiError):
        router.match("POST", "/upload/")

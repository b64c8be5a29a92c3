"""What the demo of the ingest shows at its end: each video, what was made of it, and whether that is as ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from media_sandbox.demo.orders import Order
from media_sandbox.demo.report import Delivery, cells, print_path
from media_sandbox.media.probe import MediaInfo, NotAVideoError, probe
from media_sandbox.xvid.presets import Preset

CUE: Final = " --> "
KEPT: Final = ("media_storage_enhanced", "media_storage_transcoded", "media_storage_captions")


@dataclass(frozen=True)
class Package:
    """What came of one video.

    :param delivery: The enhanced video and how it differs from the order.
    :param transcoded: What the transcoded video is; ``None`` if it is no video.
    :param files: The files, by step.
    :param cues: How many captions there are.
    :param manifest: The manifest of its day.
    :param problems: What else is not as ordered.
    """

    delivery: Delivery
    transcoded: MediaInfo | None
    files: Mapping[str, Path]
    cues: int
    manifest: Path
    problems: tuple[str, ...]

    @classmethod
    def of(
        cls, order: Order, preset: Preset, manifest: Path, files: Mapping[str, Path], ids: Mapping[str, str]
    ) -> Package:
        """Look at the files of a video.

        :param order: What was asked for.
        :param preset: How it was to be transcoded.
        :param manifest: The manifest of its day.
        :param files: What was made, by step.
        :param ids: Ids at the services.
        """
        delivery = Delivery.of(order, files["enhance"])
        captions = files["caption"].read_text()
        try:
            transcoded = probe(files["transcode"])
        except NotAVideoError:
            transcoded = None
        problems = [f"no id of {name}" for name in KEPT if not ids.get(name)]
        if not captions.startswith("WEBVTT") or CUE not in captions:
            problems.append("the captions have no cues")
        problems += _differences(preset, delivery.media, transcoded)
        return cls(delivery, transcoded, files, captions.count(CUE), manifest, tuple(problems))


def _differences(preset: Preset, enhanced: MediaInfo | None, transcoded: MediaInfo | None) -> list[str]:
    if transcoded is None or enhanced is None:
        return ["the transcoded file is no video"]
    found = []
    if transcoded.container_name != preset.container.id:
        found.append(f"transcoded: asked for {preset.container.id}, got {transcoded.container_name}")
    if (transcoded.width, transcoded.height) != (enhanced.width, enhanced.height):
        found.append(f"transcoded: its frame is {transcoded.width}x{transcoded.height}")
    return found


def show_packages(console: Console, packages: Sequence[Package]) -> bool:
    """Print a table and the paths of each video, and what is not as ordered; make the pictures.

    :return: Whether all is as ordered.
    """
    for package in packages:
        delivery = package.delivery
        console.print(_table(package))
        print_path(console, "captions", package.files["caption"])
        if delivery.media:
            delivery.make_still()
            print_path(console, "picture", delivery.still)
        for problem in (*delivery.problems, *package.problems):
            console.print(Text(f"Not what was asked for: {problem}", style="bold red"))
    for manifest in dict.fromkeys(package.manifest for package in packages):
        print_path(console, "manifest", manifest)
    return not any(package.problems or package.delivery.problems for package in packages)


def _table(package: Package) -> Table:
    order, media = package.delivery.order, package.delivery.media
    title = f"{package.manifest.parent.name}: {order.path.name}, {package.cues} captions"
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD)
    for heading in ("", "frame", "scan", "fps", "codec", "duration", "size"):
        table.add_column(heading, justify="right" if heading in {"fps", "duration", "size"} else "left")
    table.add_row("source", *cells(order.source))
    table.add_row("Pixop", *(cells(media) if media else ("no video",)))
    table.add_row("Xvid", *(cells(package.transcoded) if package.transcoded else ("no video",)))
    return table

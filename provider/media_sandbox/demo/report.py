"""What the demo shows at its end: sources and results in a table, whether they are as ordered, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from media_sandbox.demo.orders import Order, fps, scan
from media_sandbox.demo.still import side_by_side
from media_sandbox.media.probe import MediaInfo, NotAVideoError, probe


@dataclass(frozen=True)
class Delivery:
    """What came of an order.

    :param order: What was asked for.
    :param path: The result.
    :param media: What the result is; ``None`` if it is no video.
    :param problems: How it differs from what was asked for.
    """

    order: Order
    path: Path
    media: MediaInfo | None
    problems: tuple[str, ...]

    @classmethod
    def of(cls, order: Order, path: Path) -> Delivery:
        """Look at a result."""
        try:
            media = probe(path)
        except NotAVideoError as error:
            return cls(order, path, None, (str(error),))
        return cls(order, path, media, tuple(order.deviations(media)))

    @property
    def still(self) -> Path:
        """Where the picture of source and result goes."""
        return self.path.with_name(f"{self.path.stem}-before-after.png")

    def make_still(self) -> None:
        """Make the picture of source and result, at the middle."""
        source, result = self.order.source, self.media
        assert result is not None, "what is no video has no picture"
        labels = (
            f"Source: {source.width}x{source.height}, {scan(source)}",
            f"Result: {result.width}x{result.height}, {scan(result)}",
        )
        side_by_side(self.order.path, self.path, self.still, seconds=result.duration_ms / 2000, labels=labels)


def show_report(console: Console, deliveries: Sequence[Delivery]) -> bool:
    """Print the table, the paths and what is not as ordered; make the pictures.

    :return: Whether all is as ordered.
    """
    for delivery in deliveries:
        console.print(_table(delivery))
        print_path(console, "source", delivery.order.path)
        print_path(console, "result", delivery.path)
        if delivery.media:
            delivery.make_still()
            print_path(console, "picture", delivery.still)
        for problem in delivery.problems:
            console.print(Text(f"Not what was asked for: {problem}", style="bold red"))
    return not any(delivery.problems for delivery in deliveries)


def _table(delivery: Delivery) -> Table:
    table = Table(title=Text(delivery.order.path.name), title_justify="left", box=SIMPLE_HEAD)
    for heading in ("", "frame", "scan", "fps", "codec", "duration", "size"):
        table.add_column(heading, justify="right" if heading in {"fps", "duration", "size"} else "left")
    table.add_row("source", *cells(delivery.order.source))
    table.add_row("result", *(cells(delivery.media) if delivery.media else ("no video",)))
    return table


def print_path(console: Console, what: str, path: Path) -> None:
    """Print a path so that it can be copied.

    :param what: What it is, in a word.
    """
    # Wrapped, a path could not be copied.
    console.print(f"{what:<8} {path}", soft_wrap=True, markup=False, highlight=False)


def cells(media: MediaInfo) -> tuple[str, ...]:
    """Give what a table says about a video."""
    return (
        f"{media.width}x{media.height}",
        scan(media),
        fps(media.frame_rate),
        media.codec_name,
        f"{media.duration_ms / 1000:.2f} s",
        f"{media.size / 1e6:.1f} MB",
    )

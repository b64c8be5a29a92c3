"""How good a video looks, from a few of its frames: noise, details and colours.

=========  ==============================================================================================  ============
metric     measure, as the mean of the sampled frames                                                      best
=========  ==============================================================================================  ============
noise      standard deviation of the luma's noise, by Immerkaer's method (8-bit steps)                     0
details    mean gradient of the luma (Sobel, 8-bit steps)                                                  high
colors     colourfulness by Hasler and Suesstrunk                                                          high
=========  ==============================================================================================  ============

A measure becomes a score from 0 to 5 on a straight line between the two anchors of :data:`WORST_AND_BEST`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SAMPLES: Final = 8
WORST_AND_BEST: Final = {"noise": (20.0, 0.0), "details": (0.0, 40.0), "colors": (0.0, 109.0)}
"""The measures that score 0 and 5: 109 is extremely colourful to Hasler and Suesstrunk, the rest is judgement."""
LABELS: Final = ("bad", "poor", "fair", "good", "excellent")


@dataclass(frozen=True)
class Metric:
    """One measure of a video."""

    name: str
    mean: float

    @property
    def score(self) -> float:
        """The measure as a score from 0 to 5."""
        worst, best = WORST_AND_BEST[self.name]
        return round(5 * min(max((self.mean - worst) / (best - worst), 0.0), 1.0), 2)

    @property
    def label(self) -> str:
        """The word for the score."""
        return LABELS[min(int(self.score), len(LABELS) - 1)]


def assess(path: Path, duration_ms: int) -> list[Metric]:
    """Measure frames spread evenly over the video; blocking."""
    pictures = list(_sample(path, duration_ms))
    measures = {"noise": _noise, "details": _details, "colors": _colors}
    return [
        Metric(name, float(np.mean([measure(picture) for picture in pictures]))) for name, measure in measures.items()
    ]


def _sample(path: Path, duration_ms: int) -> Iterator[Plane]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for number in range(SAMPLES):
            container.seek(number * duration_ms * av.time_base // 1000 // SAMPLES)
            frame = next(container.decode(stream), None)
            if frame is not None:
                yield frame.to_ndarray(format="rgb24").astype(np.float32)


def _luma(picture: Plane) -> Plane:
    return picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _convolve(plane: Plane, kernel: list[list[float]]) -> Plane:
    height, width = plane.shape[0] - 2, plane.shape[1] - 2
    total = np.zeros((height, width), dtype=np.float32)
    for y, row in enumerate(kernel):
        for x, weight in enumerate(row):
            if weight:
                total += weight * plane[y : y + height, x : x + width]
    return total


def _noise(picture: Plane) -> float:
    differences = _convolve(_luma(picture), [[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    return float(np.sqrt(np.pi / 2) * np.abs(differences).mean() / 6)


def _details(picture: Plane) -> float:
    luma = _luma(picture)
    across = _convolve(luma, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    down = _convolve(luma, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    return float(np.hypot(across, down).mean())


def _colors(picture: Plane) -> float:
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))

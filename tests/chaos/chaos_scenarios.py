"""All scenarios, and who looks into the sandbox for each service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import chaos_cielo24
import chaos_media_storage
import chaos_pixop
import chaos_s3
import chaos_xvid

from support.captioning import CaptionHouse
from support.mediahub import MediaHub
from support.storeroom import Storeroom
from support.studio import Studio

SCENARIOS = (
    *chaos_cielo24.SCENARIOS,
    *chaos_media_storage.SCENARIOS,
    *chaos_pixop.SCENARIOS,
    *chaos_s3.SCENARIOS,
    *chaos_xvid.SCENARIOS,
)
WATCHERS = chaos_media_storage.WATCHERS
HELPERS: Mapping[str, Callable[..., Any]] = {
    "cielo24": CaptionHouse,
    "media_storage": Storeroom,
    "pixop": Studio,
    "xvid": MediaHub,
}

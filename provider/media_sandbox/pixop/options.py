"""The switches of the Pixop stand-in: one for each point on which the API reference leaves room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PixopOptions:
    """Change them with the admin endpoint or :func:`media_sandbox.testing.running_sandbox`."""

    token_life: float = 900.0
    """Seconds for which a token is valid; the reference says 15 minutes."""
    strict_headers: bool = True
    """Whether ``Accept`` and ``Content-Type`` are demanded wherever the reference calls them required."""
    default_page_size: int = 10
    """How many items a listing shows when the request does not say."""
    max_page_size: int = 100
    """How many items a listing shows at most."""
    previous_link: str = "previous"
    """The name of the link to the page before."""
    send_nulls: bool = False
    """Whether keys without a value are sent as null instead of left out."""
    token_in_identity: bool = False
    """Whether the answer to a token check repeats the token as ``jwtToken``."""
    failure_word: str = "ERROR"
    """The status of an upload, ingestion or processing that failed."""
    check_pairs: bool = False
    """Whether containers refuse codecs that are not usual in them."""
    newer_values: bool = False
    """Whether values that came after the reference are taken."""

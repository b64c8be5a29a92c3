"""The switches of the cielo24 stand-in: one for each point on which its documentation leaves room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Cielo24Options:
    """Change them with the admin endpoint or :func:`media_sandbox.testing.running_sandbox`."""

    token_life: float = 3600.0
    """Seconds for which a token lives without being used."""
    turnaround_hour_seconds: float = 0.02
    """Seconds that an hour of a job's turnaround lasts: the due date comes as many hours after the start as were
    ordered (48 by default, 24 with priority), each of this length. With 3600 it is the real thing."""
    due_share: float = 1.0
    """When a job is complete: the share of its turnaround that has passed then. With 0.5 it is early."""
    zone: str = "UTC"
    """The time zone of the dates in answers, which name none."""
    null_for_unset: bool = False
    """Whether dates and lengths that are not known yet are null instead of an empty string."""
    tolerate_media_type: bool = False
    """Whether an upload may carry a Content-Type of video, audio or application/octet-stream."""
    largest_media: int = 10_737_418_239
    """Bytes that a media file may have at most: one less than 10 GiB."""
    allow_loopback_media: bool = False
    """Whether media are fetched from addresses of this machine; from others they never are."""
    refuse_unreachable_media: bool = False
    """Whether a media URL that cannot be reached is refused at once, instead of letting the task fail."""
    refuse_duplicates: bool = False
    """Whether a second job with an external id, or with a media URL, needs ``is_duplicate``."""
    refuse_deletion: bool = False
    """Whether a job is deleted only while it is Authorizing or Pending."""
    check_languages: bool = True
    """Whether an order is refused when its fidelity is not offered for its languages."""
    sample_results: bool = False
    """Whether jobs without a result give a sample instead of an error, as the vendor's sandbox does."""
    options_as_strings: bool = True
    """Whether the values in the JSON object ``options`` may be strings of themselves."""
    repeated_lists: bool = True
    """Whether a list may be sent as one parameter several times."""
    version_in_body: bool = True
    """Whether modify takes ``v`` from the body as well."""
    empty_is_missing: bool = True
    """Whether a required parameter without a value counts as missing."""
    filter_by_ordered_fidelity: bool = True
    """Whether a listing may be filtered by the names under which fidelities are ordered, too."""

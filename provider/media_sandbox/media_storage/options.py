"""The switches of the media storage stand-in: judgements, ways of real deployments, and changes of later versions.

Every switch is off, or has the documented value, until it is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class MediaStorageOptions:
    """Change them with the admin endpoint or :func:`media_sandbox.testing.running_sandbox`."""

    # Judgements
    token_life: float = 3600.0
    """Seconds for which a token is valid when the exchange of an API key does not say."""
    opaque_tokens: bool = False
    """Whether tokens are random text instead of JWTs."""
    jobs_from_uploads: bool = True
    """Whether an original that is uploaded is processed; upstream, another service asks for that."""
    job_retries: int = 0
    """How often a failed job is tried again."""
    completed_word: str = "completed"
    """The status of a job that succeeded."""
    errored_word: str = "errored"
    """The status of a job that failed for good."""
    duplicate_status: int = 422
    """The HTTP status for an upload to a resource and key that exist."""
    info_no_content: bool = False
    """Whether info answers 204 without a document, as the reference page says."""
    download_no_content: bool = False
    """Whether download answers 204 without bytes, as the reference page says."""
    ranges: bool = False
    """Whether downloads honour ``Range`` and carry an entity tag."""
    lenient_lists: bool = False
    """Whether an ``__in`` filter takes a single value or a comma list besides the bracket array."""

    # Ways of real deployments
    plain_json: bool = False
    """Whether documents are ``application/json``, except those that answer an upload."""
    flat_errors: bool = False
    """Whether errors of downloads, unknown paths and unreadable requests are one flat object instead of JSON:API."""
    html_bad_multipart: bool = False
    """Whether a broken multipart body is answered in HTML."""
    refuse_content_type: bool = False
    """Whether a GET or DELETE that declares a JSON body, and has none, is answered with 400."""
    number_status: bool = False
    """Whether the ``status`` of a 422 error is a number."""
    type_errors_500: bool = False
    """Whether ill-typed filters, single values for ``__in`` and unknown sort fields are answered with 500."""
    media_updated_at_500: bool = False
    """Whether filtering or sorting media by ``updated_at`` is answered with 500."""
    backtraces: bool = False
    """Whether errors carry a backtrace in ``meta``."""
    ignore_unknown_filters: bool = False
    """Whether unknown filters are dropped, so that everything is listed."""
    last_sort_only: bool = False
    """Whether only the last sort field counts, without a tie-breaker."""
    capped_count: bool = False
    """Whether counting stops after 1,000 rows from the page's first one."""
    bracket_fields_only: bool = False
    """Whether ``fields`` takes bracket arrays only, no comma lists."""
    ignore_offsets: bool = False
    """Whether the offset of a time in a filter is dropped instead of applied."""
    stored_fractions: bool = False
    """Whether filters compare times down to the microsecond, although whole seconds are shown."""
    spaced_times: bool = False
    """Whether times are shown as ``2026-01-01 00:00:00 +0000``."""
    named_zone: bool = False
    """Whether times are shown as ``2026-01-01 00:00:00 UTC``."""
    misroute_slashes: bool = False
    """Whether an encoded slash in a resource separates resource and key, and backslashes are dropped."""
    null_error: bool = False
    """Whether a job that failed for good has no error text."""
    upload_field: str = "media"
    """The name of the file part; deployments ask for ``file``."""
    require_project_id: bool = False
    """Whether an upload needs a text part ``project_id``."""

    # Later versions
    collection_answers: bool = False
    """Whether an upload is answered with a collection."""
    skip_over_bytes: int = 0
    """Size over which a file is skipped, with 200 and ``meta.skipped``; 0 for none."""
    errored_uploads: bool = False
    """Whether every upload is refused with 200 and ``meta.errored``."""
    media_meta: bool = False
    """Whether media have an attribute ``meta``."""
    fractional_times: bool = False
    """Whether times are shown with microseconds."""

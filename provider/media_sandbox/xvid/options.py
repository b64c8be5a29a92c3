"""The switches of the Xvid MediaHub stand-in: one for each point on which the documentation leaves room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class XvidOptions:
    """Change them with the admin endpoint or :func:`media_sandbox.testing.running_sandbox`."""

    token_life: float = 3600.0
    """Seconds for which a token is valid that was not asked for with ``expires_in``."""
    expires_in_as_string: bool = False
    """Whether the token answer has ``expires_in`` as text, as an older example shows it."""
    token_type: str = "Bearer"
    """``token_type`` of the token answer; empty to leave it out."""
    plural_grant_type: bool = False
    """Whether OAuth's own ``client_credentials`` is taken as well."""
    wrong_client_code: str = "0x0000002"
    """``error_code`` for a wrong client id or secret."""
    scope_code: str = "0x0000003"
    """``error_code`` for a token whose scope does not allow the call."""
    bare_codes: bool = False
    """Whether error codes come without their ``0x``."""
    strict_slashes: bool = True
    """Whether collections answer with a slash at the end only; ``/files/uploads`` answers either way."""
    default_limit: int = 1000
    """How many items a listing shows when the request does not say."""
    largest_limit: int = 5000
    """How many items may be asked for."""

    policy_life: float = 1800.0
    """Seconds for which the policy of an upload session is valid."""
    length_condition: bool = False
    """Whether the policy limits the size of the file by a ``content-length-range``."""
    largest_object: int = 5 * 1024**3
    """Bytes that one form post may bring."""
    object_life: float = 7 * 86400.0
    """Seconds after which an object is deleted that no job used, when the request does not say."""
    largest_epoch: int = 10**11
    """Times above are refused, as milliseconds taken for seconds."""
    unknown_pipeline_status: int = 404
    """Status for an upload session in an unknown pipeline: 404 or 400."""
    one_session_per_key: bool = False
    """Whether a second session is refused while one for the same object key is open."""
    session_type_key: str = "type"
    """How a new session calls what all other upload answers call ``storage_type``."""

    finish_seconds: float = 0.0
    """Seconds that the finishing of an upload takes at least."""
    refuse_bad_finish: bool = False
    """Whether finishing without an object, or with a wrong ``nb_chunks``, is refused instead of failing later."""
    refuse_second_finish: bool = False
    """Whether an upload can be finished only once."""
    uploading_word: str = "UPLOADING"
    """The status of an upload that has not been finished."""
    completing_word: str = "COMPLETING"
    """The status of an upload that is being finished."""
    completed_word: str = "COMPLETED"
    """The status of an upload whose file can be used."""
    failed_word: str = "FAILED"
    """The status of an upload that could not be finished."""

    download_life: float = 180.0
    """Seconds for which a download URL is valid when the request does not say."""
    download_key: str = "uri"
    """The name of the URL in a download answer that is not a redirect."""
    name_extension: bool = True
    """Whether the name of an output's file gets its preset's extension; its object key never does."""

    job_created_status: int = 201
    """Status of the answer to a new job."""
    pipeline_id_in_job: bool = False
    """Whether a job may name its pipeline by ``pipeline_id`` as well."""
    strict_job_keys: bool = True
    """Whether unknown keys in a job are refused instead of ignored."""
    early_input_check: bool = False
    """Whether a job is refused at once when there is no such input, instead of failing later."""
    early_output_files: bool = True
    """Whether outputs show the ids of their files before the job has succeeded."""
    processing_word: str = "PROCESSING"
    """The status of a job that is being worked on."""
    status_after_cancel: str = ""
    """The status a cancelled job keeps; empty to have it gone."""

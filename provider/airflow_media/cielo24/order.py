"""What a job is created with and a transcription ordered with: pages 'Create Job' and 'Perform Transcription' of the
cielo24 API documentation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from airflow_media.cielo24.options import Options, OptionsError
from airflow_media.cielo24.values import Choice, Choices, Flag, FlatObject, Text, WebAddress, Whole
from airflow_media.cielo24.vocabulary import (
    APPROVAL_STEPS,
    APPROVAL_TOOLS,
    FIDELITIES,
    FIRST_PASSES,
    IWPS,
    LANGUAGES,
    PRIORITIES,
    SOURCE_LANGUAGES,
    TARGET_LANGUAGES,
    TURNAROUND_HOURS,
)
from airflow_media.http.errors import did_you_mean


class NewJob(Options, frozen=True, kw_only=True):
    """What a job is created with, beyond its external id: page 'Create Job'."""

    job_name: Annotated[str | None, Text(), "Its name, for people."] = None
    language: Annotated[str | None, Choice(sorted(SOURCE_LANGUAGES)), "Language that is spoken. Default: en."] = None
    requestor: Annotated[str | None, Text(), "Who asks for it."] = None
    reference: Annotated[str | None, Text(), "What it is for."] = None
    expected_speakers: Annotated[int | None, Whole(1), "How many people speak."] = None
    username: Annotated[str | None, Text(), "The sub-account that it is to belong to."] = None
    is_duplicate: Annotated[
        bool | None, Flag(), "Whether there may be several jobs with its external id. Default: no."
    ] = None


class TranscriptionOptions(Options, frozen=True, kw_only=True):
    """The keys of the parameter ``options``. What is unset is left to the service."""

    notes: Annotated[str | None, Text(1000), "For those who transcribe; at most 1000 characters."] = None
    speaker_id: Annotated[bool | None, Flag(), "Name the speakers. Default: no."] = None
    return_iwp: Annotated[
        Sequence[str] | None,
        Choices(IWPS),
        "Interim versions that the callback URL is called for as well. Default: none.",
    ] = None
    generate_media_intelligence_iwp: Annotated[
        Sequence[str] | None,
        Choices(IWPS),
        "Versions whose element list gets keywords, topics and entities. Default: none.",
    ] = None
    custom_metadata: Annotated[
        Mapping[str, Any] | None, FlatObject(), "Values for placeholders in the callback URL and the DFXP header."
    ] = None
    customer_approval_steps: Annotated[
        Sequence[str] | None,
        Choices(APPROVAL_STEPS),
        "What somebody of yours must approve at cielo24. Default: nothing.",
    ] = None
    customer_approval_tool: Annotated[str | None, Choice(APPROVAL_TOOLS), "Where they do so. Default: CIELO24."] = None
    enable_true_verbatim: Annotated[bool | None, Flag(), "Every utterance as it was spoken. Default: no."] = None
    first_pass_campaign: Annotated[str | None, Choice(FIRST_PASSES), "Style of the first pass. Default: NORMAL."] = None
    audio_description: Annotated[bool | None, Flag(), "Also an audio description. Default: no."] = None
    on_screen_text: Annotated[bool | None, Flag(), "Also text on the screen. Default: no."] = None
    music_lyrics: Annotated[bool | None, Flag(), "Also lyrics of music. Default: no."] = None
    custom_special_handling: Annotated[
        bool | None, Flag(), "Required with custom guidelines that were added to the job. Default: no."
    ] = None


class _Nested:
    """The options of a transcription inside of its order."""

    def convert(self, value: Any) -> dict[str, Any] | None:
        try:
            return TranscriptionOptions.parse(value).values() or None
        except OptionsError as error:
            raise ValueError("; ".join(error.problems)) from None


class TranscriptionOrder(Options, frozen=True, kw_only=True):
    """One order of a transcription. Fidelity and priority are required."""

    transcription_fidelity: Annotated[str | None, Choice(FIDELITIES), "How good: by machine, or by people."] = None
    priority: Annotated[str | None, Choice(PRIORITIES), "How soon."] = None
    callback_url: Annotated[str | None, WebAddress(), "Called by the service when the job is complete."] = None
    target_language: Annotated[
        str | None, Text(), "Language to translate into, or several with commas between them."
    ] = None
    turnaround_hours: Annotated[int | None, Whole(1), "Hours until it is due. Default: as the priority says."] = None
    standard_product: Annotated[bool | None, Flag(), "Whether it is the standard product."] = None
    options: Annotated[TranscriptionOptions | None, _Nested(), "What else is wanted."] = None

    @classmethod
    def broken_rules(cls, values: Mapping[str, Any]) -> Iterator[str]:
        """Find what the page says of parameters together."""
        for name in ("transcription_fidelity", "priority"):
            if name not in values:
                yield f"{name}: is required"
        fidelity = values.get("transcription_fidelity", "")
        offered = TARGET_LANGUAGES.get(fidelity)
        for code in map(str.strip, values.get("target_language", "").split(",")):
            if code and offered is not None and code not in offered:
                yield f"target_language: {fidelity} is not offered in {code!r}{did_you_mean(code, offered)}"

    @property
    def raises_priority(self) -> bool:
        """Whether its turnaround is shorter than its priority promises: the service then raises the priority, and the
        price, without a word."""
        usual = TURNAROUND_HOURS.get(self.priority or "")
        return usual is not None and isinstance(self.turnaround_hours, int) and self.turnaround_hours < usual

    def check_language(self, language: str | None, job_id: str) -> None:
        """Check that the fidelity is offered in the language of a job.

        :param language: The language that the job tells; ``None`` where it tells none.
        :param job_id: The job, for the message.
        :raises OptionsError: It is not.
        """
        offered = LANGUAGES.get(self.transcription_fidelity or "")
        if language and offered and language not in offered:
            text = f"{self.transcription_fidelity} is not offered in {language!r}, the language of job {job_id}"
            raise OptionsError([f"transcription_fidelity: {text}"])

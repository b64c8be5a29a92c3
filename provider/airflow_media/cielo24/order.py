"""What a job is created with and a transcription ordered with: pages 'Create Job' and 'Perform Transcription' of the
cielo24 API documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_media.cielo24.options import Options, OptionsError, option
from airflow_media.cielo24.values import Choice, Choices, Flag, FlatObject, Text, WebAddress, Whole, did_you_mean
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


@dataclass(frozen=True, kw_only=True)
class NewJob(Options):
    """What a job is created with, beyond its external id: page 'Create Job'."""

    job_name: str | None = option(Text(), "Its name, for people.")
    language: str | None = option(Choice(sorted(SOURCE_LANGUAGES)), "Language that is spoken. Default: en.")
    requestor: str | None = option(Text(), "Who asks for it.")
    reference: str | None = option(Text(), "What it is for.")
    expected_speakers: int | None = option(Whole(1), "How many people speak.")
    username: str | None = option(Text(), "The sub-account that it is to belong to.")
    is_duplicate: bool | None = option(Flag(), "Whether there may be several jobs with its external id. Default: no.")


@dataclass(frozen=True, kw_only=True)
class TranscriptionOptions(Options):
    """The keys of the parameter ``options``. What is unset is left to the service."""

    notes: str | None = option(Text(1000), "For those who transcribe; at most 1000 characters.")
    speaker_id: bool | None = option(Flag(), "Name the speakers. Default: no.")
    return_iwp: Sequence[str] | None = option(
        Choices(IWPS), "Interim versions that the callback URL is called for as well. Default: none."
    )
    generate_media_intelligence_iwp: Sequence[str] | None = option(
        Choices(IWPS), "Versions whose element list gets keywords, topics and entities. Default: none."
    )
    custom_metadata: Mapping[str, Any] | None = option(
        FlatObject(), "Values for placeholders in the callback URL and the DFXP header."
    )
    customer_approval_steps: Sequence[str] | None = option(
        Choices(APPROVAL_STEPS), "What somebody of yours must approve at cielo24. Default: nothing."
    )
    customer_approval_tool: str | None = option(Choice(APPROVAL_TOOLS), "Where they do so. Default: CIELO24.")
    enable_true_verbatim: bool | None = option(Flag(), "Every utterance as it was spoken. Default: no.")
    first_pass_campaign: str | None = option(Choice(FIRST_PASSES), "Style of the first pass. Default: NORMAL.")
    audio_description: bool | None = option(Flag(), "Also an audio description. Default: no.")
    on_screen_text: bool | None = option(Flag(), "Also text on the screen. Default: no.")
    music_lyrics: bool | None = option(Flag(), "Also lyrics of music. Default: no.")
    custom_special_handling: bool | None = option(
        Flag(), "Required with custom guidelines that were added to the job. Default: no."
    )


class _Nested:
    """The options of a transcription inside of its order."""

    def convert(self, value: Any) -> dict[str, Any] | None:
        try:
            return TranscriptionOptions.parse(value).values() or None
        except OptionsError as error:
            raise ValueError("; ".join(error.problems)) from None


@dataclass(frozen=True, kw_only=True)
class TranscriptionOrder(Options):
    """One order of a transcription. Fidelity and priority are required."""

    transcription_fidelity: str | None = option(Choice(FIDELITIES), "How good: by machine, or by people.")
    priority: str | None = option(Choice(PRIORITIES), "How soon.")
    callback_url: str | None = option(WebAddress(), "Called by the service when the job is complete.")
    target_language: str | None = option(Text(), "Language to translate into, or several with commas between them.")
    turnaround_hours: int | None = option(Whole(1), "Hours until it is due. Default: as the priority says.")
    standard_product: bool | None = option(Flag(), "Whether it is the standard product.")
    options: TranscriptionOptions | None = option(_Nested(), "What else is wanted.")  # noqa: RUF009 - it is a field

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

"""What the stand-in does in the place of people and machines that listen, in one table for the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Equivalent:
    """One thing that the service does.

    :param subject: a call, or the parameter that this is about.
    :param value: the value of the parameter; empty for a call.
    :param stand_in: what is done here.
    :param note: how near it comes.
    """

    subject: str
    value: str
    stand_in: str
    note: str = ""


EQUIVALENTS: Final = (
    Equivalent("add_media", "", "ffmpeg opens the file, decodes its first sound and tells its length", "real"),
    Equivalent("perform_transcription", "", "sentences of the sandbox, spread over the length", "nobody listens"),
    Equivalent("transcription_fidelity", "MECHANICAL", "the versions MECHANICAL and FINAL, one after the other"),
    Equivalent("transcription_fidelity", "PREMIUM", "PREMIUM before the final version as well"),
    Equivalent("transcription_fidelity", "PROFESSIONAL", "INTERIM_PROFESSIONAL and PROFESSIONAL as well"),
    Equivalent("target_language", "", "the same sentences, which name the first of the languages", "not translated"),
    Equivalent("callback_url", "", "shown among the return targets", "nothing is ever called"),
    Equivalent("caption_format", "SRT", "SubRip, or what srt_format says", "public format"),
    Equivalent("caption_format", "WEB_VTT", "WebVTT with numbered cues", "public format"),
    Equivalent("caption_format", "SBV", "SubViewer as YouTube writes it", "public format"),
    Equivalent("caption_format", "DFXP", "timed text of the namespace http://www.w3.org/ns/ttml", "public format"),
    Equivalent("caption_format", "SAMI", "SAMI with one class", "public format"),
    Equivalent("caption_format", "QT", "QuickTime text with absolute times in milliseconds", "public format"),
    Equivalent("caption_format", "SCC", "Scenarist SCC, pop-on, drop-frame, 32 columns at most", "public format"),
    Equivalent("caption_format", "ECHO", "timed text of the older namespace", "the service's own form is not public"),
    Equivalent("caption_format", "TWX", "timed words in XML", "the service's own form is not public"),
    Equivalent("caption_format", "TPM", "lines with a time before each", "the service's own form is not public"),
    Equivalent("caption_format", "TRANSCRIPT", "the lines of the captions without times"),
)

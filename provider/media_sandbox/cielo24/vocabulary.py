"""The words of the cielo24 API: the values its parameters take and its answers hold."""

from __future__ import annotations

from typing import Final

AUTHORIZING: Final = "Authorizing"
PENDING: Final = "Pending"
IN_PROCESS: Final = "In Process"
REVIEWING: Final = "Reviewing"
COMPLETE: Final = "Complete"
MEDIA_FAILURE: Final = "Media Failure"
JOB_STATUSES: Final = (AUTHORIZING, PENDING, IN_PROCESS, COMPLETE, MEDIA_FAILURE, REVIEWING)

FIDELITIES: Final = ("MECHANICAL", "PREMIUM", "PROFESSIONAL")
RETURNED_FIDELITIES: Final = {"MECHANICAL": "MECHANICAL", "PREMIUM": "STANDARD", "PROFESSIONAL": "HIGH"}
"""By the name under which a fidelity is ordered, the one under which it is told."""

TURNAROUND_HOURS: Final = {"STANDARD": 48, "PRIORITY": 24}
"""How long a job of each priority may take."""
PRIORITIES: Final = tuple(TURNAROUND_HOURS)

DIFFICULTIES: Final = ("Good", "Bad", "Unknown")

MECHANICAL_WORK: Final = ("MECHANICAL",)
INTERIM_WORK: Final = {
    "MECHANICAL": MECHANICAL_WORK,
    "PREMIUM": (*MECHANICAL_WORK, "PREMIUM"),
    "PROFESSIONAL": (*MECHANICAL_WORK, "PREMIUM", "INTERIM_PROFESSIONAL", "PROFESSIONAL"),
}
"""The interim work products on the way to each fidelity."""
SPEAKER_WORK: Final = "SPEAKER_ID"
FINAL_WORK: Final = "FINAL"
APPROVED_WORK: Final = {"TRANSLATION": "CUSTOMER_APPROVED_TRANSLATION", "RETURN": "CUSTOMER_APPROVED_RETURN"}
"""What each approval by the customer gives."""
WORK_PRODUCTS: Final = (*INTERIM_WORK["PROFESSIONAL"], SPEAKER_WORK, FINAL_WORK, *APPROVED_WORK.values())

APPROVAL_STEPS: Final = tuple(APPROVED_WORK)
APPROVAL_TOOLS: Final = ("AMARA", "CIELO24")
CAMPAIGNS: Final = ("NORMAL", "GENERAL_CONTENT", "TRUE_VERBATIM")

CAPTION_FORMATS: Final = (
    *("DFXP", "ECHO", "QT", "SAMI", "SBV", "SCC", "SRT"),
    *("TPM", "TRANSCRIPT", "TWX", "WEB_VTT"),
)
LINE_ENDINGS: Final = {"UNIX": "\n", "WINDOWS": "\r\n", "OSX": "\r"}
CASES: Final = ("upper", "lower", "")
SPEAKER_DISPLAYS: Final = ("no", "number", "name")
SPELLINGS: Final = ("A", "B", "Z", "U", "C")
"""American, British, British with -ize, Australian, Canadian."""
SOUND_TAGS: Final = (
    *("UNKNOWN", "INAUDIBLE", "CROSSTALK", "MUSIC", "NOISE", "LAUGH", "COUGH", "FOREIGN"),
    *("BLANK_AUDIO", "APPLAUSE", "BLEEP", "ENDS_SENTENCE"),
)
TRANSCRIPT_FORMATS: Final = ("txt", "html")

IN_PROGRESS: Final = "INPROGRESS"
DONE: Final = "COMPLETE"
FAILED: Final = "FAILED"

CREATED: Final = "JOB_CREATED"
DELETED: Final = "JOB_DELETED"
MEDIA_ADDED: Final = "JOB_ADD_MEDIA"
TRANSCRIPTION: Final = "JOB_PERFORM_TRANSCRIPTION"
METADATA_UPDATED: Final = "JOB_UPDATE_METADATA"
"""The types of tasks; the last one is the stand-in's own, since the call is younger than the list of types."""

TRUE_WORDS: Final = ("true", "t", "yes", "y")
FALSE_WORDS: Final = ("false", "f", "no", "n")


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PROFESSIONAL: Final = _codes("ar zh-cmn zh-tw nl en fr de he id it ko pt pt-pt ru es es-es tr uk vn")
_TARGETS_ONLY: Final = _codes("cz dk gr hi ja ms no pl se")
_PREMIUM: Final = _codes("en fr de es")
_MECHANICAL: Final = _codes(
    "af sq am ar hy az eu bn bs bg my ca zh-yue zh-cmn zh-tw hr cz dk nl en et fil fi fr fr-ca gl ka de gr gu he hi hu "
    "is id it ja jv kn kk km ko lo lv lt mk ms ml mr mn ne no fa pl pt pt-pt pa ro ru sr si sk sl es es-es su sw se tl "
    "ta te th tr uk ur uz vn xh zu"
)

SOURCE_LANGUAGES: Final = {"MECHANICAL": _MECHANICAL, "PREMIUM": _PREMIUM, "PROFESSIONAL": _PROFESSIONAL}
"""The languages that media may be in, for each fidelity."""
TARGET_LANGUAGES: Final = {**SOURCE_LANGUAGES, "PROFESSIONAL": _PROFESSIONAL | _TARGETS_ONLY}
"""The languages that captions may be in, for each fidelity."""
LANGUAGES: Final = _MECHANICAL | _PROFESSIONAL | _TARGETS_ONLY | _PREMIUM
"""All codes of the service; several are its own and in no standard."""

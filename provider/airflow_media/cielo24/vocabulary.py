"""The words of the cielo24 API: statuses, fidelities, priorities, formats, languages, and what is permitted where.

Source: the pages 'Enumeration Types', 'Create Job' and 'Perform Transcription' of the cielo24 API documentation (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

AUTHORIZING = "Authorizing"
PENDING = "Pending"
IN_PROCESS = "In Process"
REVIEWING = "Reviewing"
COMPLETE = "Complete"
MEDIA_FAILURE = "Media Failure"
JOB_STATUSES = (AUTHORIZING, PENDING, IN_PROCESS, COMPLETE, MEDIA_FAILURE, REVIEWING)

FIDELITIES = ("MECHANICAL", "PREMIUM", "PROFESSIONAL")
RETURNED_FIDELITIES: Mapping[str, str] = MappingProxyType({"STANDARD": "PREMIUM", "HIGH": "PROFESSIONAL"})
"""The names by which a job tells its fidelity, where they differ from those by which it is ordered."""
PRIORITIES = ("STANDARD", "PRIORITY")
TURNAROUND_HOURS: Mapping[str, int] = MappingProxyType({"STANDARD": 48, "PRIORITY": 24})
"""The turnaround of each priority, in hours."""
DIFFICULTIES = ("Good", "Bad", "Unknown")

CAPTION_FORMATS = ("DFXP", "ECHO", "QT", "SAMI", "SBV", "SCC", "SRT", "TPM", "TRANSCRIPT", "TWX", "WEB_VTT")
SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "DFXP": ".dfxp",
        "ECHO": ".echo",
        "QT": ".qt.txt",
        "SAMI": ".smi",
        "SBV": ".sbv",
        "SCC": ".scc",
        "SRT": ".srt",
        "TPM": ".tpm",
        "TRANSCRIPT": ".captions.txt",
        "TWX": ".twx",
        "WEB_VTT": ".vtt",
    }
)
"""How the name of a caption file ends; no two alike, so that all formats of a job fit into one folder."""

IWPS = (
    "PREMIUM",
    "INTERIM_PROFESSIONAL",
    "PROFESSIONAL",
    "SPEAKER_ID",
    "FINAL",
    "MECHANICAL",
    "CUSTOMER_APPROVED_RETURN",
    "CUSTOMER_APPROVED_TRANSLATION",
)
"""Interim work products: the versions that a transcript passes through."""
SOUND_TAGS = (
    "UNKNOWN",
    "INAUDIBLE",
    "CROSSTALK",
    "MUSIC",
    "NOISE",
    "LAUGH",
    "COUGH",
    "FOREIGN",
    "BLANK_AUDIO",
    "APPLAUSE",
    "BLEEP",
    "ENDS_SENTENCE",
)
SPEAKER_IDS = ("no", "number", "name")
LINE_ENDINGS = ("UNIX", "WINDOWS", "OSX")
CASES = ("upper", "lower", "")
SPELLINGS = ("A", "B", "Z", "U", "C")
"""American, British, British with -ize, Australian, Canadian."""
APPROVAL_STEPS = ("TRANSLATION", "RETURN")
APPROVAL_TOOLS = ("AMARA", "CIELO24")
FIRST_PASSES = ("NORMAL", "GENERAL_CONTENT", "TRUE_VERBATIM")
TRANSCRIPT_FILES = ("txt", "html")

_PROFESSIONAL = "ar zh-cmn zh-tw nl en fr de he id it ko pt pt-pt ru es es-es tr uk vn"
_PROFESSIONAL_TARGETS = "cz dk gr hi ja ms no pl se"
_MECHANICAL = (
    "af sq am ar hy az eu bn bs bg my ca zh-yue zh-cmn zh-tw hr cz dk nl en et fil fi fr fr-ca gl ka de gr gu he hi hu "
    "is id it ja jv kn kk km ko lo lv lt mk ms ml mr mn ne no fa pl pt pt-pt pa ro ru sr si sk sl es es-es su sw se tl "
    "ta te th tr uk ur uz vn xh zu"
)
LANGUAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "PROFESSIONAL": frozenset(_PROFESSIONAL.split()),
        "PREMIUM": frozenset({"en", "fr", "de", "es"}),
        "MECHANICAL": frozenset(_MECHANICAL.split()),
    }
)
"""The languages that media may be in, by fidelity. The codes are the service's own; several are not ISO 639."""
TARGET_LANGUAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {**LANGUAGES, "PROFESSIONAL": LANGUAGES["PROFESSIONAL"] | frozenset(_PROFESSIONAL_TARGETS.split())}
)
"""The languages that a transcript may be translated into, by fidelity."""
SOURCE_LANGUAGES = frozenset[str]().union(*LANGUAGES.values())
"""The languages that media may be in with any fidelity."""

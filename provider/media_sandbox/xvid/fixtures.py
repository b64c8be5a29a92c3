"""What every sandbox has: clients, pipelines and the bucket with its key, the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CREATED_AT: Final = 1_700_000_000_000
"""When the fixtures were made, in milliseconds since the epoch."""

BUCKET: Final = "sandbox-mediahub-store"
ACCESS_KEY_ID: Final = "AKIASANDBOXMEDIAHUB0"
SECRET_ACCESS_KEY: Final = "sandbox/secret+access/key+of/the+store00"


def fixed_id(kind: str, name: str) -> str:
    """Return the id of a fixture."""
    digest = hashlib.sha256(f"media-sandbox:xvid:{kind}:{name}".encode()).hexdigest()
    return f"{CREATED_AT // 1000:08x}{digest[:16]}"


@dataclass(frozen=True)
class Client:
    """An application that may ask for tokens.

    :param secret: base64 text with the characters that a form must encode.
    :param scopes: what its tokens can be for.
    """

    key: str
    id: str
    secret: str
    user: str
    scopes: tuple[str, ...]

    @property
    def user_id(self) -> str:
        """The account it belongs to."""
        return fixed_id("user", self.user)

    @property
    def application_id(self) -> str:
        """Its own id as an object of the API."""
        return fixed_id("application", self.key)


PLAIN: Final = Client(
    "plain", "sandbox-plain", "+/+/c2FuZGJveCBwbGFpbiBrZXkg//s=", "first", ("me", "mediahub", "autograph")
)
"""May do everything: what most tests want."""
NARROW: Final = Client(
    "narrow", "sandbox-narrow", "9/+ubmFycm93IHNhbmRib3gga2V5++//MQ==", "first", ("me", "mediahub_read")
)
"""The same account, which it may only read."""
OTHER: Final = Client("other", "sandbox-other", "+3++b3RoZXIgc2FuZGJveCBrZXkg+++/MQ==", "second", ("mediahub",))
"""Somebody else, whose ids must not be found by the others."""

CLIENTS: Final = (PLAIN, NARROW, OTHER)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline of an account: the root of object keys, and the defaults of what passes through it."""

    name: str
    description: str
    user: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id."""
        return fixed_id("pipeline", self.name)

    @property
    def user_id(self) -> str:
        """The account it belongs to."""
        return fixed_id("user", self.user)

    @property
    def object_life(self) -> int | None:
        """Seconds for which its objects are kept; ``None`` where it does not say."""
        life: int | None = self.settings.get("default_object_timeout")
        return life


MAIN: Final = Pipeline("Main", "Keeps what comes in and what goes out in the internal store", "first")
VAULT: Final = Pipeline(
    "Vault",
    "Knows the keys of outside stores; a client must not let them out",
    "first",
    {
        "cancel_timeout": 0,
        "default_object_timeout": 86400,
        "enable_backtrace_pings": False,
        "input_download_dir": "s3://AKIAVAULTSANDBOX0000:vault-input-secret@eu-west-1/vault-input/",
        "image_download_dir": "sftp://vault:vault-image-secret@images.sandbox.example/images/",
        "download_options": {"auto_convert_input": "on", "https_certificate_check": True},
        "output_upload_dir": "s3://AKIAVAULTSANDBOX0000:vault-output-secret@eu-west-1/vault-output/",
        "image_upload_dir": "ftp://vault:vault-upload-secret@images.sandbox.example/thumbnails/",
        "upload_options": {"s3_allow_read": False, "s3_reduced_redundancy": False},
        "store_options": {"mode": "temporary"},
        "ping_urls": {"finished": "https://vault:vault-ping-secret@pings.sandbox.example/finished"},
    },
)
"""Has every key that a pipeline can have, secrets among them; the stand-in never goes to these places."""
FOREIGN: Final = Pipeline("Foreign", "Belongs to somebody else", "second")

PIPELINES: Final = (MAIN, VAULT, FOREIGN)

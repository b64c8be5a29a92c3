"""The accounts of the media storage stand-in, the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ADMINISTRATOR: Final = "administrator"
WRITER: Final = "writer"
READER: Final = "reader"


@dataclass(frozen=True)
class Account:
    """Somebody who may use the service.

    :param key: its name on the admin endpoint.
    :param user_id: who ``created_by`` says it is.
    :param role: what it may do: a reader lists and downloads, a writer uploads as well, an administrator also deletes
        jobs and sees all projects.
    :param project_id: the project whose rows it sees, and to which its uploads belong.
    :param api_key: what it exchanges for tokens; administrators have none, they log in elsewhere.
    :param token: a token of its own that is valid until all are made to expire.
    """

    key: str
    user_id: int
    role: str
    project_id: str
    token: str
    api_key: str | None = None


PROJECT: Final = "p1"
OTHER_PROJECT: Final = "p2"

PLAIN: Final = Account("plain", 7, WRITER, PROJECT, "plain-static-token", "SANDBOX_plain-api-key")
"""May read and upload: what most tests want."""
VIEWER: Final = Account("viewer", 8, READER, PROJECT, "viewer-static-token", "SANDBOX_viewer-api-key")
"""May read only."""
OTHER: Final = Account("other", 9, WRITER, OTHER_PROJECT, "other-static-token", "SANDBOX_other-api-key")
"""Somebody in another project, whose rows the others must not see."""
ADMIN: Final = Account("admin", 1, ADMINISTRATOR, PROJECT, "admin-static-token")
"""May do everything, and is the only one that may delete jobs."""

ACCOUNTS: Final = {account.key: account for account in (PLAIN, VIEWER, OTHER, ADMIN)}

"""The accounts a new sandbox has, with the same secure keys every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from media_sandbox.cielo24.records import Account, Records


@dataclass(frozen=True)
class Credentials:
    """How to log in to a fixture account."""

    username: str
    password: str
    parent: str | None = None
    authorization: bool = False

    @property
    def secure_key(self) -> str:
        """Its secure key, which the service also calls API key."""
        return uuid5(NAMESPACE_URL, f"media-sandbox:cielo24:key:{self.username}").hex


PLAIN: Final = Credentials("plain", "plain-password")
"""What most tests want."""
TEAM: Final = Credentials("plain-team", "team-password", parent="plain")
"""Below the plain account, which sees its jobs."""
OTHER: Final = Credentials("other", "other-password")
"""Somebody else, whose jobs must not be found by the others."""
CAREFUL: Final = Credentials("careful", "careful-password", authorization=True)
"""Its jobs wait for the customer's authorization."""

ACCOUNTS: Final = (PLAIN, TEAM, OTHER, CAREFUL)


def create_fixtures(records: Records) -> None:
    """Fill an empty sandbox."""
    for item in ACCOUNTS:
        records.accounts.add(
            Account(item.username, item.password, item.parent, [item.secure_key], authorization=item.authorization)
        )

"""The accounts a new sandbox has, with the same ids every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from media_sandbox.clock import Clock
from media_sandbox.pixop.records import DEFAULT_PROJECT, INITIAL, Project, Records, State, Team, User, Video


@dataclass(frozen=True)
class Account:
    """Credentials of a fixture account."""

    key: str
    email: str
    password: str
    teams: tuple[str, ...]

    @property
    def team_ids(self) -> list[str]:
        """The ids of its teams, the default one first."""
        return [fixed_id("team", name) for name in self.teams]


PLAIN: Final = Account("plain", "plain@sandbox.example", "plain-password", ("Plain Team",))
"""One team, no secret, nothing uploaded: what most tests want."""
FULL: Final = Account("full", "full@sandbox.example", "full-password", ("Full Team", "Second Team", "Third Team"))
"""Three teams, a request-signing secret and twelve videos: every key of the API has a value."""
OTHER: Final = Account("other", "other@sandbox.example", "other-password", ("Other Team",))
"""Somebody else, whose ids must not be found by the others."""
BANNED: Final = Account("banned", "banned@sandbox.example", "banned-password", ("Banned Team",))
"""Suspended."""

ACCOUNTS: Final = (PLAIN, FULL, OTHER, BANNED)
FULL_VIDEOS: Final = 12


def fixed_id(kind: str, name: str) -> str:
    """Return the id of a fixture."""
    return str(uuid5(NAMESPACE_URL, f"media-sandbox:pixop:{kind}:{name}"))


def create_fixtures(records: Records, clock: Clock) -> None:
    """Fill an empty sandbox."""
    now = clock.stamp()
    for account in ACCOUNTS:
        for name, id_ in zip(account.teams, account.team_ids, strict=True):
            records.teams.add(Team(id_, name, now, now))
            records.projects.add(Project(fixed_id("project", name), id_, DEFAULT_PROJECT, now, now))
        records.users.add(_user(account, now))
    team = FULL.teams[0]
    for number in range(1, FULL_VIDEOS + 1):
        records.videos.add(
            Video(
                id=fixed_id("video", f"{team} {number}"),
                team_id=fixed_id("team", team),
                user_id=fixed_id("user", FULL.key),
                project_id=fixed_id("project", team),
                name=f"Video {number}",
                created=now,
                updated=now,
                upload=State(INITIAL, now),
            )
        )


def _user(account: Account, now: str) -> User:
    banned = account is BANNED
    return User(
        id=fixed_id("user", account.key),
        name=f"{account.key.title()} User",
        email=account.email,
        password=account.password,
        team_ids=account.team_ids,
        created=now,
        updated=now,
        signing_key_id=fixed_id("key", account.key),
        signing_secret=fixed_id("secret", account.key) * 2,
        request_secret=fixed_id("request secret", account.key) if account is FULL else None,
        banned=banned,
        banned_reason="fixture account" if banned else None,
        banned_date=now if banned else None,
    )

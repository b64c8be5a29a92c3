"""The accounts service: tokens, account details, secrets and the password."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from media_sandbox.pixop.auth import SIGNING_ALGORITHM, issue_token
from media_sandbox.pixop.records import Team, User, new_id
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call

REQUEST_SIGNING_ALGORITHM: Final = "HmacSHA256"


async def get_token(call: Call) -> Response:
    """Authenticate account credentials and generate a token."""
    user, team_id = call.identity.user, call.request.query_params.get("team-id", call.identity.team_id)
    if team_id not in user.team_ids:
        raise ApiError(403, "ForbiddenException", f"{user.email} is not in a team {team_id}")
    token = issue_token(user, team_id, call.pixop.clock.now(), call.pixop.options.token_life)
    call.pixop.tokens.issued(token)
    return call.answer({"userId": user.id, "teamId": team_id, "jwtToken": token})


async def check_token(call: Call) -> Response:
    """Authenticate a token and return the account and team it stands for."""
    user = _user(call.identity.user)
    # The reference spells this key so, in this answer only.
    user["apiRequestSignatureSethod"] = user.pop("apiRequestSignatureMethod")
    others = [id_ for id_ in call.identity.user.team_ids if id_ != call.identity.team_id]
    return call.answer(
        {
            "user": user,
            "team": _team(call, call.identity.team_id),
            "otherTeams": [_team(call, id_) for id_ in others] or None,
            **({"jwtToken": call.identity.token} if call.pixop.options.token_in_identity else {}),
        }
    )


async def get_account(call: Call) -> Response:
    """Return the account's details."""
    return call.answer({"user": _user(call.identity.user), "team": _team(call, call.identity.team_id)})


async def generate_auth_secret(call: Call) -> Response:
    """Make a new secret for signing tokens; the tokens signed with the old one are void from now on."""
    return _changed(call, signing_key_id=new_id(), signing_secret=secrets.token_hex(32))


async def generate_signature_secret(call: Call) -> Response:
    """Make a new secret for signing requests."""
    return _changed(call, request_secret=secrets.token_hex(32))


async def update_password(call: Call) -> Response:
    """Set a new password; live tokens stay valid."""
    body = await call.json()
    password = body.get("newPassword")
    if set(body) != {"newPassword"} or not isinstance(password, str) or not password:
        raise ApiError(400, "BadRequestException", 'the body must be {"newPassword": <text>} and no more')
    return _changed(call, password=password)


def _changed(call: Call, **fields: Any) -> Response:
    user = call.pixop.records.users.change(call.identity.user.id, updated=call.pixop.clock.stamp(), **fields)
    assert user is not None
    return call.answer({"user": _user(user)})


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "emailConfirmed": True,
        "authSignatureMethod": SIGNING_ALGORITHM,
        # Tokens are signed with a shared secret, so there is no public key: this only tells secrets apart.
        "authSignaturePublicKey": hashlib.sha256(user.signing_secret.encode()).hexdigest(),
        "authSignaturePublicKeyId": user.signing_key_id,
        "banned": user.banned,
        "bannedReason": user.banned_reason,
        "bannedDate": user.banned_date,
        "apiRequestSignatureSecret": user.request_secret,
        "apiRequestSignatureMethod": REQUEST_SIGNING_ALGORITHM if user.request_secret else None,
        "dateCreated": user.created,
        "timeLastUpdated": user.updated,
    }


def _team(call: Call, id_: str) -> dict[str, Any]:
    team: Team | None = call.pixop.records.teams.get(id_)
    assert team is not None
    return {"id": team.id, "name": team.name, "dateCreated": team.created, "timeLastUpdated": team.updated}

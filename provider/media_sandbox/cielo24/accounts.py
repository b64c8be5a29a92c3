"""Access control: logging in and out, secure keys, and who may see whose jobs."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.cielo24.errors import (
    ACCOUNT_UNPRIVILEGED,
    BAD_API_TOKEN,
    INVALID_QUERY,
    ITEM_NOT_FOUND,
    LOGIN_INVALID,
    missing,
    refusal,
)
from media_sandbox.cielo24.given import Given
from media_sandbox.cielo24.parameters import BOOLEAN, HEX, TEXT, Parameter
from media_sandbox.cielo24.records import Account, Records, Session, new_id
from media_sandbox.cielo24.tree import family

if TYPE_CHECKING:
    from media_sandbox.cielo24.call import Call
    from media_sandbox.cielo24.service import Cielo24

BY_HEADER: Final = ("x-auth-user", "x-auth-password", "x-auth-securekey")
BY_PARAMETER: Final = ("username", "password", "securekey")


async def login(cielo24: Cielo24, request: Request, given: Given) -> Response:
    """Give a token for a user name with a password or a secure key, all in headers or all in parameters."""
    by_header = [request.headers.get(name) for name in BY_HEADER]
    by_parameter = [given.first(name) for name in BY_PARAMETER]
    names, values = (BY_HEADER, by_header) if any(by_header) else (BY_PARAMETER, by_parameter)
    username, password, key = values
    if not username:
        raise missing(names[0])
    if any(by_header) and any(by_parameter):
        raise refusal(INVALID_QUERY, "credentials are in headers and in parameters; one of the two is enough")
    if password and key:
        raise refusal(INVALID_QUERY, f"{names[1]} and {names[2]} exclude each other")
    if not (password or key):
        raise missing(f"{names[1]} or {names[2]}")
    for name in BY_PARAMETER:
        if len(given.all(name)) > 1:
            raise refusal(INVALID_QUERY, f"{name} has several values")
    account = _check(cielo24.records.accounts.get(username), password, key)
    session = cielo24.records.sessions.add(Session(new_id(), account.id, cielo24.clock.now()))
    return JSONResponse({"ApiToken": session.id})


def _check(account: Account | None, password: str | None, key: str | None) -> Account:
    if account is not None:
        right = [account.password] if password else account.keys
        if any(hmac.compare_digest(item.encode(), (password or key or "").encode()) for item in right):
            return account
    raise refusal(LOGIN_INVALID, "the user name or the password or key is wrong")


def take_up(records: Records, token: str, now: float, life: float) -> tuple[Account, Session]:
    """Return who is calling, and note that the token was used.

    :param life: seconds for which a token lives without being used.
    :raises ApiError: 400 when there is no such token any more.
    """
    session = records.sessions.get(token)
    account = records.accounts.get(session.account_id) if session else None
    if session is None or account is None:
        raise refusal(BAD_API_TOKEN, "the api_token is unknown, logged out or expired")
    if now - session.used > life:
        records.sessions.delete(token)
        raise refusal(BAD_API_TOKEN, "the api_token has expired")
    records.sessions.change(token, used=now)
    return account, session


async def logout(call: Call) -> Response:
    """End the session."""
    call.cielo24.records.sessions.delete(call.session.id)
    return Response(status_code=204)


async def generate_api_key(call: Call) -> Response:
    """Return the secure key of an account, a new one if it has none or if that is asked for."""
    values = call.read(Parameter("account_id", TEXT), Parameter("force_new", BOOLEAN))
    account = find_account(call, values.get("account_id"))
    if not account.keys or values.get("force_new"):
        account.keys.append(new_id())
        call.cielo24.records.accounts.change(account.id, keys=account.keys)
    return JSONResponse({"ApiKey": account.keys[-1]})


async def remove_api_key(call: Call) -> Response:
    """Make a secure key useless."""
    key: str = call.read(Parameter("api_securekey", HEX, required=True))["api_securekey"]
    for account in family(call.cielo24.records, call.account):
        if key in account.keys:
            account.keys.remove(key)
            call.cielo24.records.accounts.change(account.id, keys=account.keys)
            return Response(status_code=204)
    raise refusal(ITEM_NOT_FOUND, "there is no such secure key")


def find_account(call: Call, username: str | None) -> Account:
    """Return the account of that name, or the caller's own without a name.

    :raises ApiError: 400 when it is neither the caller's own nor below it.
    """
    if username is None:
        return call.account
    for account in family(call.cielo24.records, call.account):
        if account.id == username:
            return account
    raise refusal(ACCOUNT_UNPRIVILEGED, f"{username} is neither your account nor below it")

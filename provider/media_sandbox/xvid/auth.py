"""Who is calling: tokens for client credentials in the service's own dialect, and what their scopes allow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.web import ApiError
from media_sandbox.xvid.answers import XML, rendered
from media_sandbox.xvid.errors import because, forbidden
from media_sandbox.xvid.fixtures import CLIENTS, Client
from media_sandbox.xvid.query import Query
from media_sandbox.xvid.records import Token

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call, Xvid

READ: Final = "read"
WRITE: Final = "write"
SUBMIT: Final = "submit"
DOWNLOAD: Final = "download"

ALLOWED: Final = {
    "me": frozenset[str](),
    "mediahub": frozenset({READ, WRITE, SUBMIT, DOWNLOAD}),
    "mediahub_read": frozenset({READ, DOWNLOAD}),
    "mediahub_write": frozenset({WRITE, SUBMIT}),
    "mediahub_submit_jobs": frozenset({SUBMIT}),
    "mediahub_download_files": frozenset({DOWNLOAD}),
    "autograph": frozenset[str](),
}
"""What each scope allows; ``me`` and ``autograph`` are for calls that the stand-in does not have."""

GRANT_TYPE: Final = "client_credential"
PLURAL_GRANT_TYPE: Final = "client_credentials"
FORM: Final = "application/x-www-form-urlencoded"
LARGEST_LIFE: Final = 10**9
"""The most seconds that a token may be asked for."""


@dataclass(frozen=True)
class Identity:
    """A client and what it may do."""

    client: Client
    permissions: frozenset[str]


async def get_token(call: Call) -> Response:
    """Give a token for the credentials in the body, and in the body only."""
    form = Query(await _form(call), call.area)
    client = _client(call, form)
    options = call.xvid.options
    scopes = _scopes(call, form, client)
    life = form.integer("expires_in", 1, LARGEST_LIFE) or call.query.integer("expires_in", 1, LARGEST_LIFE)
    seconds = life or options.token_life
    token = Token(secrets.token_hex(20), client.id, scopes, call.xvid.clock.now() + seconds)
    call.xvid.records.tokens.add(token)
    told = int(seconds)
    body: dict[str, Any] = {
        "access_token": token.id,
        "expires_in": str(told) if options.expires_in_as_string else told,
        **({"token_type": options.token_type} if options.token_type else {}),
    }
    # The one answer without an envelope; XML cannot do without a root.
    return rendered({"token": body} if call.wanted.format == XML else body, call.wanted)


def authenticate(xvid: Xvid, request: Request, permission: str) -> Identity:
    """Return who is calling.

    :param permission: what the call takes.
    :raises ApiError: 403 for a token that is absent, wrong, expired or not enough.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = xvid.records.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise forbidden("the header Authorization has no bearer token, or one that was not issued here")
    if token.expires <= xvid.clock.now():
        raise forbidden("the token has expired")
    client = next(client for client in CLIENTS if client.id == token.client_id)
    return _permitted(xvid, Identity(client, _permissions(token.scopes)), permission)


def authenticate_by_signature(xvid: Xvid, request: Request) -> Identity:
    """Return who has signed a download URL with the client secret.

    The signature is over the path below the service and the query before ``&signature=``.

    :raises ApiError: 403 when it is wrong or has expired.
    """
    raw_path: bytes = request.scope["raw_path"]
    text, _, signature = request.scope["query_string"].decode("latin-1").partition("&signature=")
    client = next((client for client in CLIENTS if client.id == request.query_params.get("client_id")), None)
    if client is None:
        raise forbidden("the parameter client_id names no client")
    signed = f"{raw_path.decode('ascii').removeprefix(xvid.prefix)}?{text}"
    expected = hmac.new(base64.b64decode(client.secret), signed.encode("latin-1"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
        raise forbidden(f"the signature is not the one over {signed}")
    expiry = request.query_params.get("expiry_time", "")
    if not (expiry.isascii() and expiry.isdigit()) or int(expiry) <= xvid.clock.now():
        raise forbidden("the parameter expiry_time is absent or past")
    return _permitted(xvid, Identity(client, _permissions(client.scopes)), DOWNLOAD)


def _permitted(xvid: Xvid, identity: Identity, permission: str) -> Identity:
    if permission not in identity.permissions:
        refusal = forbidden(f"the token's scope does not allow this call, which needs to {permission}")
        raise ApiError(refusal.status, xvid.options.scope_code, refusal.message, refusal.headers)
    return identity


def _permissions(scopes: list[str] | tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(ALLOWED[scope] for scope in scopes))


async def _form(call: Call) -> list[tuple[str, str]]:
    content_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM:
        raise call.area.refuse(f"the body must be {FORM}, not {content_type!r}")
    body = (await call.request.body()).decode("utf-8", "replace")
    return parse_qsl(body, keep_blank_values=True)


def _client(call: Call, form: Query) -> Client:
    grant_types = [GRANT_TYPE, *([PLURAL_GRANT_TYPE] if call.xvid.options.plural_grant_type else [])]
    form.required("grant_type")
    form.choice("grant_type", grant_types)
    id_, secret = form.required("client_id"), form.required("client_secret")
    client = next((client for client in CLIENTS if client.id == id_), None)
    if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
        code = call.xvid.options.wrong_client_code
        reason = "the client id or the secret is wrong; a form must encode the characters + / ="
        raise ApiError(403, code, "Invalid client credentials", because(reason))
    return client


def _scopes(call: Call, form: Query, client: Client) -> list[str]:
    text = form.text("scope")
    if not text:
        return list(client.scopes)
    scopes = text.split(",")
    if unknown := sorted(set(scopes) - set(ALLOWED)):
        raise form.wrong("scope", f"takes scopes with commas between them, not {', '.join(map(repr, unknown))}")
    own = _permissions(client.scopes)
    beyond = [
        scope for scope in scopes if scope not in client.scopes and not (ALLOWED[scope] and ALLOWED[scope] <= own)
    ]
    if beyond:
        reason = f"the client may not have the scope {', '.join(beyond)}"
        raise ApiError(403, call.xvid.options.scope_code, forbidden(reason).message, because(reason))
    return scopes

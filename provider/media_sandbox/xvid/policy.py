"""POST policies of S3: made, signed with Signature Version 2, read and held against a form.

As Amazon's developer guide has them under browser-based uploads; the answers are those of the real S3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from media_sandbox.xvid.errors import S3Error

EXPIRATION: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
LENGTH_RANGE: Final = "content-length-range"
NEED_NO_CONDITION: Final = ("policy", "signature", "awsaccesskeyid", "file")
IGNORED: Final = "x-ignore-"


def make_policy(bucket: str, prefix: str, expiration: float, largest: int | None = None) -> str:
    """Return the policy of an upload session, in base64.

    :param prefix: how the object's key must begin.
    :param expiration: seconds since the epoch.
    :param largest: bytes that the file may have, when that is to be a condition.
    """
    moment = datetime.fromtimestamp(expiration, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    conditions: list[Any] = [
        {"bucket": bucket},
        ["starts-with", "$name", ""],
        ["starts-with", "$key", prefix],
        ["starts-with", "$filename", ""],
        ["starts-with", "$chunk", ""],
        ["starts-with", "$chunks", ""],
        {"acl": "private"},
        {"success_action_status": "201"},
    ]
    if largest is not None:
        conditions.append([LENGTH_RANGE, 0, largest])
    document = {"expiration": moment, "conditions": conditions}
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def sign(text: str, secret: str) -> str:
    """Return the signature of a text, such as a policy in base64."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass(frozen=True)
class Condition:
    """One condition on a field of the form.

    :param operator: ``eq`` or ``starts-with``.
    :param name: the field's name, in lower case.
    """

    operator: str
    name: str
    value: str

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Return whether the form fulfils it; a field that is absent fulfils nothing."""
        actual = fields.get(self.name)
        if actual is None:
            return False
        return actual == self.value if self.operator == "eq" else actual.startswith(self.value)

    def __str__(self) -> str:
        return json.dumps([self.operator, f"${self.name}", self.value])


@dataclass(frozen=True)
class Policy:
    """A policy that was read.

    :param expiration: seconds since the epoch.
    :param lengths: the smallest and the largest file, in bytes.
    """

    expiration: float
    conditions: tuple[Condition, ...]
    lengths: tuple[int, int] | None = None

    def check(self, fields: Mapping[str, str], bucket: str, now: float) -> None:
        """Hold a form against the policy.

        :param fields: the form's fields by their names in lower case.
        :param bucket: the bucket of the URL.
        :raises S3Error: 403 with the first thing that is wrong.
        """
        if now >= self.expiration:
            raise _denied("Policy expired.")
        present = {**fields, "bucket": bucket}
        for condition in self.conditions:
            if not condition.holds(present):
                raise _denied(f"Policy Condition failed: {condition}")
        covered = {condition.name for condition in self.conditions}.union(NEED_NO_CONDITION)
        if extra := [name for name in fields if name not in covered and not name.startswith(IGNORED)]:
            raise _denied(f"Extra input fields: {', '.join(extra)}")

    def check_length(self, size: int) -> None:
        """Hold the size of the file against the policy.

        :raises S3Error: 400 when it is outside the limits.
        """
        least, most = self.lengths or (0, size)
        if size < least:
            details = {"ProposedSize": str(size), "MinSizeAllowed": str(least)}
            message = "Your proposed upload is smaller than the minimum allowed size"
            raise S3Error(400, "EntityTooSmall", message, details)
        if size > most:
            raise too_large(size, most)


def too_large(size: int, most: int) -> S3Error:
    """Return the refusal of a file of more than ``most`` bytes."""
    details = {"ProposedSize": str(size), "MaxSizeAllowed": str(most)}
    return S3Error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", details)


def read_policy(text: str) -> Policy:
    """Read a policy in base64.

    :raises S3Error: 400 when it is none.
    """
    try:
        document = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise _invalid("Invalid Policy: Invalid JSON.") from error
    if not isinstance(document, dict):
        raise _invalid("Invalid Policy: Invalid JSON.")
    conditions, lengths = [], None
    for item in _conditions(document):
        if isinstance(item, list) and len(item) == 3 and item[0] == LENGTH_RANGE:
            lengths = _lengths(item)
        else:
            conditions.append(_condition(item))
    return Policy(_expiration(document), tuple(conditions), lengths)


def _conditions(document: Mapping[str, Any]) -> list[Any]:
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        raise _invalid("Invalid Policy: Policy missing conditions.")
    return conditions


def _expiration(document: Mapping[str, Any]) -> float:
    expiration = document.get("expiration")
    if expiration is None:
        raise _invalid("Invalid Policy: Policy missing expiration.")
    try:
        if not EXPIRATION.fullmatch(str(expiration)):
            raise ValueError("not of the form of a time in UTC")
        return datetime.fromisoformat(str(expiration)).timestamp()
    except ValueError as error:
        raise _invalid(f"Invalid Policy: Invalid 'expiration' value: '{expiration}'") from error


def _condition(item: Any) -> Condition:
    if isinstance(item, dict):
        if len(item) != 1:
            raise _invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
        operator, (name, value) = "eq", next(iter(item.items()))
    elif isinstance(item, list) and len(item) == 3 and item[0] in ("eq", "starts-with"):
        operator, name, value = item
        if not (isinstance(name, str) and name.startswith("$")):
            raise _invalid(f"Invalid Condition: the field name must begin with '$': {json.dumps(item)}")
    else:
        raise _invalid(f"Invalid Condition: {json.dumps(item)}")
    if not isinstance(value, str):
        raise _invalid(f"Invalid Condition: the value must be a string: {json.dumps(item)}")
    return Condition(operator, name.removeprefix("$").lower(), value)


def _lengths(item: list[Any]) -> tuple[int, int]:
    _, least, most = item
    if not (type(least) is int and type(most) is int):
        raise _invalid(f"Invalid Condition: {json.dumps(item)}")
    return least, most


def _denied(what: str) -> S3Error:
    return S3Error(403, "AccessDenied", f"Invalid according to Policy: {what}")


def _invalid(message: str) -> S3Error:
    return S3Error(400, "InvalidPolicyDocument", message)

"""POST policies by themselves: what is made, signed, read and refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from media_sandbox.xvid.errors import S3Error
from media_sandbox.xvid.policy import make_policy, read_policy, sign

PREFIX = "tmp/53a1ac4914eaa8ffa4fce91b/"
START_OF_2030 = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
GOOD = {"expiration": "2030-01-01T00:00:00.000Z", "conditions": [{"acl": "private"}]}
FIELDS = {"acl": "private", "policy": "...", "signature": "...", "awsaccesskeyid": "..."}


def encoded(document: Any) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def with_conditions(*conditions: Any) -> str:
    return encoded({**GOOD, "conditions": list(conditions)})


def test_the_policy_and_its_signature_are_those_of_the_known_example() -> None:
    policy = make_policy("xvid-store", PREFIX, START_OF_2030)
    assert json.loads(base64.b64decode(policy)) == {
        "expiration": "2030-01-01T00:00:00.000Z",
        "conditions": [
            {"bucket": "xvid-store"},
            ["starts-with", "$name", ""],
            ["starts-with", "$key", PREFIX],
            ["starts-with", "$filename", ""],
            ["starts-with", "$chunk", ""],
            ["starts-with", "$chunks", ""],
            {"acl": "private"},
            {"success_action_status": "201"},
        ],
    }
    assert sign(policy, "secretkey") == "OBt/7scNzJMQazZVdCKiYatweq4="


def test_the_policy_can_limit_the_size() -> None:
    policy = read_policy(make_policy("b", PREFIX, START_OF_2030, largest=5))
    assert policy.lengths == (0, 5)
    policy.check_length(5)
    with pytest.raises(S3Error) as refusal:
        policy.check_length(6)
    assert (refusal.value.name, refusal.value.details) == (
        "EntityTooLarge",
        {"ProposedSize": "6", "MaxSizeAllowed": "5"},
    )


def test_a_file_can_be_too_small() -> None:
    policy = read_policy(with_conditions(["content-length-range", 10, 20]))
    with pytest.raises(S3Error) as refusal:
        policy.check_length(9)
    assert (refusal.value.status, refusal.value.name) == (400, "EntityTooSmall")
    assert refusal.value.details == {"ProposedSize": "9", "MinSizeAllowed": "10"}


@pytest.mark.parametrize("moment", ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00.123456Z"])
def test_the_time_may_have_a_fraction(moment: str) -> None:
    assert int(read_policy(encoded({**GOOD, "expiration": moment})).expiration) == START_OF_2030


@pytest.mark.parametrize(
    "policy",
    [
        "no base64!",
        base64.b64encode(b"no JSON").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        encoded([GOOD]),
        encoded({"conditions": []}),
        encoded({"expiration": GOOD["expiration"]}),
        encoded({**GOOD, "conditions": {"acl": "private"}}),
        encoded({**GOOD, "expiration": "2030-01-01T00:00:00+00:00"}),
        encoded({**GOOD, "expiration": "2030-13-01T00:00:00Z"}),
        encoded({**GOOD, "expiration": 1893456000}),
        with_conditions({"acl": "private", "bucket": "b"}),
        with_conditions({}),
        with_conditions({"acl": 1}),
        with_conditions(["eq", "$acl"]),
        with_conditions(["eq", "acl", "private"]),
        with_conditions(["eq", "$acl", 1]),
        with_conditions(["ends-with", "$key", ".mp4"]),
        with_conditions(["content-length-range", "0", "5"]),
        with_conditions("acl"),
    ],
)
def test_what_is_no_policy_is_refused(policy: str) -> None:
    with pytest.raises(S3Error) as refusal:
        read_policy(policy)
    assert (refusal.value.status, refusal.value.name) == (400, "InvalidPolicyDocument")


@pytest.mark.parametrize(
    ("conditions", "fields"),
    [
        ([{"acl": "private"}], {}),
        ([["eq", "$acl", "private"]], {}),
        ([["starts-with", "$acl", "priv"]], {}),
        ([["starts-with", "$acl", ""]], {}),
        ([{"ACL": "private"}, ["eq", "$Acl", "private"]], {}),
        ([{"acl": "private"}, {"bucket": "b"}], {}),
        ([{"acl": "private"}], {"x-ignore-me": "whatever"}),
    ],
)
def test_a_form_that_fits_is_let_through(conditions: list[Any], fields: dict[str, str]) -> None:
    read_policy(with_conditions(*conditions)).check({**FIELDS, **fields}, "b", START_OF_2030 - 1)


@pytest.mark.parametrize(
    ("conditions", "fields", "message"),
    [
        ([{"acl": "public-read"}], {}, 'Policy Condition failed: ["eq", "$acl", "public-read"]'),
        ([{"acl": "Private"}], {}, 'Policy Condition failed: ["eq", "$acl", "Private"]'),
        ([["starts-with", "$acl", "pub"]], {}, 'Policy Condition failed: ["starts-with", "$acl", "pub"]'),
        ([["starts-with", "$name", ""]], {}, 'Policy Condition failed: ["starts-with", "$name", ""]'),
        ([{"bucket": "other"}], {}, 'Policy Condition failed: ["eq", "$bucket", "other"]'),
        ([{"acl": "private"}], {"chunk": "0"}, "Extra input fields: chunk"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(conditions: list[Any], fields: dict[str, str], message: str) -> None:
    with pytest.raises(S3Error) as refusal:
        read_policy(with_conditions(*conditions)).check({**FIELDS, **fields}, "b", START_OF_2030 - 1)
    assert (refusal.value.status, refusal.value.name) == (403, "AccessDenied")
    assert refusal.value.message == f"Invalid according to Policy: {message}"


def test_a_policy_expires_before_its_conditions_are_looked_at() -> None:
    with pytest.raises(S3Error) as refusal:
        read_policy(with_conditions({"acl": "public-read"})).check(FIELDS, "b", START_OF_2030)
    assert refusal.value.message == "Invalid according to Policy: Policy expired."

"""The tree of accounts: each sees its own jobs and those of the accounts below it."""

from __future__ import annotations

from media_sandbox.cielo24.records import Account, Records


def family(records: Records, account: Account) -> list[Account]:
    """Return an account and those below it."""
    below = [child for item in records.accounts.find(parent=account.id) for child in family(records, item)]
    return [account, *below]

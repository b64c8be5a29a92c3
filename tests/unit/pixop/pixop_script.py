"""What Pixop replies in a scripted flow."""

from __future__ import annotations

from typing import Any

from airflow_media.http.call import Answer
from airflow_media.pixop.service import SERVICE
from support import script
from support.script import reply

__all__ = ["Script", "page", "refusal", "reply"]


class Script(script.Script):
    """Replies of Pixop."""

    service = SERVICE


def refusal(status: int, exception: str = "SomeException", message: str = "no") -> Answer:
    """Make an answer with the service's error document."""
    return reply({"exception": exception, "errorMessage": message}, status)


def page(name: str, items: list[dict[str, Any]], following: str | None = None) -> Answer:
    """Make a page of a listing."""
    links = {"self": {"href": "https://pixop.test/self"}}
    if following:
        links["next"] = {"href": following}
    return reply({"pageSize": 100, "page": 1, "_links": links, "_embedded": {name: items}})

"""What Airflow is told about this provider: connection types with their forms, modules, links."""

from __future__ import annotations

from typing import Any

from airflow_media import __version__


def get_provider_info() -> dict[str, Any]:
    """Give the provider's metadata, as the entry point ``apache_airflow_provider`` must."""
    return {
        "package-name": "airflow-provider-media",
        "name": "Media",
        "description": "Move video through media services: upload, ingest, process, download.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": "Pixop",
                "external-doc-url": "https://www.pixop.com/",
                "tags": ["service"],
            }
        ],
        "hooks": [_modules("Pixop", "airflow_media.pixop.hook")],
        "operators": [_modules("Pixop", "airflow_media.pixop.operators")],
        "sensors": [_modules("Pixop", "airflow_media.pixop.sensors")],
        "triggers": [_modules("Pixop", "airflow_media.pixop.triggers")],
        "extra-links": ["airflow_media.jobs.links.MediaObjectLink"],
        "connection-types": [
            {
                "connection-type": "pixop",
                "hook-class-name": "airflow_media.pixop.hook.PixopHook",
                "hook-name": "Pixop",
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {"login": "E-mail", "schema": "Scheme (https or http)"},
                    "placeholders": {
                        "host": "https://staging-api.pixop.com",
                        "login": "you@example.com",
                        "schema": "https",
                    },
                },
                "conn-fields": {
                    "team_id": _text("Team", "Team of the account to act for. Empty: the account's own default team."),
                    "accounts_url": _url("Accounts URL", "Root of the accounts service, if not below the host."),
                    "videos_url": _url("Videos URL", "Root of the videos service, if not below the host."),
                    "media_url": _url("Media URL", "Root of the media service, if not below the host."),
                    **_common_fields(),
                },
            }
        ],
    }


def _modules(integration: str, *modules: str) -> dict[str, Any]:
    return {"integration-name": integration, "python-modules": list(modules)}


def _common_fields() -> dict[str, Any]:
    """The fields that every connection of this provider has."""
    return {
        "timeout": {
            "label": "Time-out (s)",
            "description": "How long to wait for the next bytes of an answer, in seconds.",
            "schema": {"type": ["number", "null"], "exclusiveMinimum": 0, "default": 60},
        },
        "allow_http": {
            "label": "Allow plain http",
            "description": "Send the login over plain http to another machine. Anyone on the way can read it.",
            "schema": {"type": ["boolean", "null"], "default": False},
        },
    }


def _text(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}


def _url(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], "format": "url"}}

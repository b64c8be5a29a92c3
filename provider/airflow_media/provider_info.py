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
            _integration("Pixop", "https://www.pixop.com/"),
            _integration("Xvid MediaHub", "https://mediahub.xvid.com/"),
            _integration("cielo24", "https://cielo24.com/"),
            _integration("Media storage", "https://jsonapi.org/"),
            _integration("Daily ingest", "https://aws.amazon.com/s3/"),
        ],
        "hooks": [
            _modules("Pixop", "airflow_media.pixop.hook"),
            _modules("Xvid MediaHub", "airflow_media.xvid.hook"),
            _modules("cielo24", "airflow_media.cielo24.hook"),
            _modules("Media storage", "airflow_media.media_storage.hook"),
        ],
        "operators": [
            _modules("Pixop", "airflow_media.pixop.operators"),
            _modules("Xvid MediaHub", "airflow_media.xvid.operators"),
            _modules("cielo24", "airflow_media.cielo24.operators"),
            _modules("Media storage", "airflow_media.media_storage.operators"),
            _modules("Daily ingest", "airflow_media.ingest.operators"),
        ],
        "sensors": [
            _modules("Pixop", "airflow_media.pixop.sensors"),
            _modules("Xvid MediaHub", "airflow_media.xvid.sensors"),
            _modules("cielo24", "airflow_media.cielo24.sensors"),
            _modules("Media storage", "airflow_media.media_storage.sensors"),
            _modules("Daily ingest", "airflow_media.ingest.sensors"),
        ],
        "triggers": [
            _modules("Pixop", "airflow_media.pixop.triggers"),
            _modules("Xvid MediaHub", "airflow_media.xvid.triggers"),
            _modules("cielo24", "airflow_media.cielo24.triggers"),
            _modules("Media storage", "airflow_media.media_storage.triggers"),
        ],
        "config": _config(),
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
            },
            {
                "connection-type": "xvid",
                "hook-class-name": "airflow_media.xvid.hook.XvidHook",
                "hook-name": "Xvid MediaHub",
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {
                        "login": "Client id",
                        "password": "Client secret",
                        "schema": "Scheme (https or http)",
                    },
                    "placeholders": {"host": "https://api.xvid.com/v1", "schema": "https"},
                },
                "conn-fields": {
                    "pipeline_id": _text("Pipeline", "Id of the pipeline that is meant where a task names none."),
                    "scope": _text(
                        "Scope", "What tokens may be used for, separated by commas. Empty: all that is allowed."
                    ),
                    **_common_fields(),
                },
            },
            {
                "connection-type": "cielo24",
                "hook-class-name": "airflow_media.cielo24.hook.Cielo24Hook",
                "hook-name": "cielo24",
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {
                        "login": "User name",
                        "password": "Password, if there is no API key",
                        "schema": "Scheme (https or http)",
                    },
                    "placeholders": {"host": "https://api.cielo24.com", "schema": "https"},
                },
                "conn-fields": {
                    "api_key": {
                        "label": "API key",
                        "description": "The secure key of the user; it is used instead of the password.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "timezone": _text(
                        "Time zone of the service",
                        "Of the dates that jobs tell, such as America/Los_Angeles; they name none. Empty: it is not"
                        " known, and no use is made of the date at which a job is due.",
                    ),
                    **_common_fields(),
                },
            },
            {
                "connection-type": "media_storage",
                "hook-class-name": "airflow_media.media_storage.hook.MediaStorageHook",
                "hook-name": "Media storage",
                "ui-field-behaviour": {
                    "hidden-fields": ["login"],
                    "relabeling": {"password": "Token, if there is no API key", "schema": "Scheme (https or http)"},
                    "placeholders": {"host": "https://storage.example.com/api/v1/media", "schema": "https"},
                },
                "conn-fields": {**_media_storage_fields(), **_common_fields()},
            },
        ],
    }


def _media_storage_fields() -> dict[str, Any]:
    return {
        "api_key": {
            "label": "API key",
            "description": "Exchanged for tokens, which are renewed. Empty: the token that stands as password is used.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "token_url": _url("Token URL", "Where the API key is exchanged for a token; it is sent nowhere else."),
        "upload_field": _text("Upload field", "Name of the part of an upload that holds the file. Empty: media."),
        "upload_fields": {
            "label": "More upload fields",
            "description": "Other fields of the form that the service asks for, as a JSON object of texts.",
            "schema": {"type": ["object", "null"]},
        },
        "success_statuses": _text(
            "Success statuses", "Statuses of jobs that ended well, with commas between them. Empty: completed, done."
        ),
        "failure_statuses": _text(
            "Failure statuses",
            "Statuses of jobs that failed, with commas between them. Empty: errored, failed, error, cancelled, "
            "canceled.",
        ),
        "ids_per_request": {
            "label": "Job ids in one request",
            "description": "At most. Fewer where a proxy refuses long URLs; that is found out, by refused requests.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000, "default": 500},
        },
        "empty_downloads": {
            "label": "Empty downloads",
            "description": "Take a download that is answered by status 204 for an empty file, where no size is known.",
            "schema": {"type": ["boolean", "null"], "default": False},
        },
    }


def _config() -> dict[str, Any]:
    """The section of Airflow's configuration: see :mod:`airflow_media.storage.settings`."""
    return {
        "media": {
            "description": "How airflow-provider-media moves files.",
            "options": {
                "parallel_ranges": _number(
                    "Connections that a large file is read with at a time, where its sender is slow on one. "
                    "1: always one.",
                    default="4",
                ),
                "range_size": _number("MiB that each of them asks for at a time.", default="8"),
            },
        }
    }


def _number(description: str, default: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": "integer",
        "version_added": "0.1.0",
        "example": None,
        "default": default,
    }


def _integration(name: str, url: str) -> dict[str, Any]:
    return {"integration-name": name, "external-doc-url": url, "tags": ["service"]}


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
        "ca_file": _text(
            "CA file",
            "Path of a PEM file with certificates of your own authorities, which are trusted besides the public ones.",
        ),
    }


def _text(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}


def _url(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], "format": "url"}}

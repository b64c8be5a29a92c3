"""A form for processing settings in Airflow's "Trigger DAG" and "Backfill" dialogs.

.. code-block:: python

    with DAG("enhance", params=process_params(scaler="pabsr1", resolution="hd_1080p")):
        ...

    @task
    def settings(params: dict) -> dict:
        return settings_from_params(params)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_media.pixop.field import Field
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.vocabulary import BY_NAME, FIELDS

if TYPE_CHECKING:
    from airflow.sdk import Param

UNSET = "Not set"


def process_params(**defaults: Any) -> dict[str, Param]:
    """Make a ``Param`` of every processing setting: drop-downs with what each value means, numbers with their bounds.

    All are optional; rules between settings are checked when the task reads the form.

    :param defaults: Values that the form shows at first, by keyword of
        :class:`~airflow_media.pixop.settings.ProcessSettings`.
    :return: Params by keyword, for ``DAG(params=...)``; join them to others with ``|``.
    :raises SettingsError: The defaults are not allowed.
    """
    from airflow.sdk import Param

    settings = ProcessSettings(**defaults)
    return {field.name: Param(getattr(settings, field.name), **_schema(field)) for field in FIELDS}


def settings_from_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what was filled into the form into the settings of an operator.

    :param params: The params of a DAG run; others than those of :func:`process_params` are ignored.
    :return: Body of the request with the service's own keys, without what was left empty.
    :raises SettingsError: What was filled in is not allowed; it tells all that is wrong at once.
    """
    given = {name: params[name] for name in BY_NAME if name in params}
    return ProcessSettings(**given).to_json()


def _schema(field: Field) -> dict[str, Any]:
    """The JSON schema of a setting, with the keys that Airflow's form understands."""
    schema: dict[str, Any] = {
        "type": ["null", field.kind],
        "title": field.title,
        "description_md": f"{field.help} (`{field.path}`)",
        "section": field.section,
    }
    if field.choices is not None:
        schema["enum"] = [None, *field.choices]
        schema["values_display"] = {"null": UNSET, **{str(value): text for value, text in _labels(field).items()}}
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    return schema


def _labels(field: Field) -> dict[object, str]:
    """What a drop-down shows: the value that ends up in the request, and what it means where that says more."""
    return {value: _label(str(value), text) for value, text in (field.choices or {}).items()}


def _label(value: str, text: str) -> str:
    return text if text.lower().replace(" ", "_") == value else f"{value}: {text}"

"""The form: every setting is there, validates, and comes back as a request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict

from airflow_media.pixop.params import process_params, settings_from_params
from airflow_media.pixop.rules import SettingsError
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.vocabulary import FIELDS

try:
    from airflow.sdk.exceptions import ParamValidationError
except ImportError:  # Airflow < 3.2
    from airflow.exceptions import ParamValidationError

pytestmark = pytest.mark.airflow


def test_an_untouched_form_is_valid_and_asks_for_nothing() -> None:
    assert settings_from_params(ParamsDict(process_params()).validate()) == {}


def test_defaults_come_back_as_the_request() -> None:
    defaults: dict[str, Any] = {
        "container": "mov",
        "scaler": "pabsr1",
        "height": 1080,
        "fps": 25.0,
        "bit_depth": 10,
        "start_ms": 0,
    }
    params = ParamsDict({**process_params(**defaults), "other": "param"})
    assert settings_from_params(params.validate()) == ProcessSettings(**defaults).to_json()


@pytest.mark.parametrize("field", FIELDS, ids=[field.name for field in FIELDS])
def test_every_value_that_can_be_picked_passes_and_others_do_not(field: Any) -> None:
    schema = process_params()[field.name].schema
    assert (schema["title"], schema["section"], schema["type"]) == (field.title, field.section, ["null", field.kind])
    good = [None, *(field.choices or [field.minimum, field.maximum or 10**9])]
    for value in good:
        params = ParamsDict(process_params())
        params[field.name] = value
        assert params.validate()[field.name] == value
    for value in ["no such value", -1]:
        param = process_params()[field.name]
        with pytest.raises(ParamValidationError):
            param.resolve(value)


def test_drop_downs_label_every_value_with_texts_as_keys() -> None:
    for field in FIELDS:
        schema = process_params()[field.name].schema
        if field.choices is None:
            assert "enum" not in schema
            continue
        assert schema["enum"] == [None, *field.choices]
        assert list(schema["values_display"]) == ["null", *map(str, field.choices)]
        assert json.loads(json.dumps(schema, sort_keys=True)) == schema


def test_what_does_not_go_together_is_told_when_the_form_is_read() -> None:
    with pytest.raises(SettingsError, match=r"clarityBoost.*\n.*frameRate.fps|frameRate.fps.*\n.*clarityBoost"):
        settings_from_params({"clarity_boost": "low", "frame_rate": "film", "fps": 24})


def test_wrong_defaults_are_refused_when_the_form_is_made() -> None:
    with pytest.raises(SettingsError, match="did you mean 'pabsr1'"):
        process_params(scaler="pabsr")

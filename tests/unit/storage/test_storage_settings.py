"""Settings of Airflow that say how files are moved."""

from __future__ import annotations

import pytest

from airflow_media.http.errors import InvalidRequestError
from airflow_media.http.reading import MIB, Ranges
from airflow_media.storage.settings import configured_ranges

pytestmark = pytest.mark.airflow


def test_without_settings_the_usual_holds() -> None:
    assert configured_ranges() == Ranges()


def test_what_airflow_is_configured_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__MEDIA__PARALLEL_RANGES", "8")
    monkeypatch.setenv("AIRFLOW__MEDIA__RANGE_SIZE", "16")
    assert configured_ranges() == Ranges(count=8, part=16 * MIB)


def test_a_senseless_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__MEDIA__PARALLEL_RANGES", "0")
    with pytest.raises(InvalidRequestError, match="0 ranges"):
        configured_ranges()

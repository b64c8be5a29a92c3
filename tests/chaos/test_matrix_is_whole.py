"""The matrix knows each task of the provider, and the documentation shows the matrix as it is."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import zip_longest
from pathlib import Path

import pytest
from chaos_report import expected, report
from chaos_scenarios import SCENARIOS, WATCHERS

from airflow_media.provider_info import get_provider_info

pytestmark = pytest.mark.airflow

FOUND = Path(__file__).parents[2] / "docs" / "faults.json"


def provided() -> set[str]:
    """Give the operators, sensors and triggers of the provider, without those that others derive from."""
    listed = [group for kind in ("operators", "sensors", "triggers") for group in get_provider_info()[kind]]
    modules = [import_module(path) for group in listed for path in group["python-modules"]]
    classes = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    own = [each for each in classes if each.__module__ in {module.__name__ for module in modules}]
    bases = {base for each in own for base in each.__mro__[1:]}
    return {each.__name__ for each in own if each not in bases and not each.__name__.startswith("_")}


def test_each_operator_sensor_and_trigger_is_in_a_scenario() -> None:
    everything = (*SCENARIOS, *WATCHERS)
    known = {scenario.task for scenario in everything} | {scenario.trigger for scenario in everything}
    assert provided() == known - {""}, "write a scenario for what is new"


def test_the_names_of_scenarios_differ() -> None:
    names = [scenario.name for scenario in (*SCENARIOS, *WATCHERS)]
    assert len(set(names)) == len(names)


def test_the_documentation_shows_this_matrix() -> None:
    shown, known = json.loads(FOUND.read_text()), report(expected())
    for part in known:
        differing = [pair for pair in zip_longest(shown[part], known[part]) if pair[0] != pair[1]]
        assert differing == [], "run make chaos"
    assert shown == known

"""Services that say nothing for half a minute, and for longer than anybody waits, with the time-outs of production."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chaos_scenario import Scenario, World
from chaos_scenarios import SCENARIOS

pytestmark = [pytest.mark.airflow, pytest.mark.long]

STALL = "delay seconds=30"
SILENCE = "stall"
STALLS = [
    ("PixopProcessOperator on the worker", "pixop.process_video", STALL),
    ("PixopProcessOperator deferred", "pixop.check_process_progress", STALL),
    ("MediaStorageUploadOperator", "media_storage.upload", STALL),
    ("XvidDownloadOperator of an object", "xvid.get_object", STALL),
    ("Cielo24TranscribeOperator on the worker", "cielo24.perform_transcription", SILENCE),
]


@pytest.mark.parametrize(("name", "operation", "fault"), STALLS, ids=[" ".join(stall) for stall in STALLS])
def test_it_is_waited_out_and_nothing_is_done_twice(
    arena: Callable[[Scenario], World],
    between_looks: Callable[[World], None],
    untold: Callable[..., None],
    name: str,
    operation: str,
    fault: str,
) -> None:
    [scenario] = [each for each in SCENARIOS if each.name == name]
    world = arena(scenario)
    between_looks(world)
    run = scenario.begin(world)
    world.line.clear_requests()
    world.line.fault(f"{fault} on={operation} times=1")
    result = run.finish()
    assert world.line.faults() == [], "the fault did not strike"
    assert run.ti.try_number == 1
    if fault == STALL:
        assert world.requests() == list(scenario.requests), "nothing is asked for again"
    scenario.check(world, run, result)
    untold(world, run)

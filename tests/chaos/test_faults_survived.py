"""Every task of every service under every fault that the wire and the service can bring about.

A fault that passes must not be seen in what is there at the end: the task succeeds within its retries, the service has
one object and one job, the bytes are right, nothing half-done is left, and no secret was told. A fault that stays must
fail the task with a clear word, and once it is gone, running the task again must come to the same end.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chaos_faults import UNLIKE, Case, cases, dangerous, kind_of
from chaos_scenario import PATIENCE, Scenario, World
from chaos_scenarios import SCENARIOS

from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Open = Callable[[Scenario], World]
Untold = Callable[..., None]
Outcome = Callable[[str, Case, str], None]
NothingLeft = Callable[[World, Case], None]

CLEAR = re.compile(
    r"(?:Pixop|Xvid MediaHub|cielo24|Media storage|S3) could not [a-z ]+|Could not go on waiting for .+: "
)
"""How a failure begins: who could not do what."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--chaos", default=False)
        passing = "passing" in metafunc.function.__name__
        chosen = list(cases(SCENARIOS) if whole and passing else dangerous(SCENARIOS))
        if not (whole or passing):
            chosen = [case for case in chosen if case.disturbance in UNLIKE]
        metafunc.parametrize("case", chosen, ids=[case.name for case in chosen])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_clean_run_asks_for_what_the_matrix_says(
    arena: Open, between_looks: Callable[[World], None], scenario: Scenario
) -> None:
    world = arena(scenario)
    between_looks(world)
    run = scenario.begin(world)
    world.line.clear_requests()
    result = run.finish()
    assert world.requests() == list(scenario.requests)
    assert (type(run.trigger).__name__ if run.trigger else "") == scenario.trigger
    scenario.check(world, run, result)


def test_a_passing_fault_leaves_no_trace(
    arena: Open,
    between_looks: Callable[[World], None],
    nothing_left: NothingLeft,
    untold: Untold,
    outcome: Outcome,
    case: Case,
) -> None:
    world = arena(case.scenario)
    between_looks(world)
    run = case.scenario.begin(world)
    world.line.clear_requests()
    world.line.fault(f"{case.spec} skip={case.skip} times=1")
    result = run.finish()
    until_it_listens(world)
    assert world.line.faults() == [], "the fault did not strike"
    nothing_taken_back(world, case.scenario)
    nothing_left(world, case)
    case.scenario.check(world, run, result)
    untold(world, run)
    outcome("passes", case, "done")


def test_a_fault_that_stays_fails_the_task_and_costs_nothing(
    arena: Open,
    between_looks: Callable[[World], None],
    nothing_left: NothingLeft,
    untold: Untold,
    outcome: Outcome,
    case: Case,
) -> None:
    world = arena(case.scenario)
    between_looks(world)
    run = case.scenario.begin(world)
    world.line.clear_requests()
    world.line.fault(f"{case.spec} skip={case.skip}")
    ended, result, words = attempt(run)
    assert ended == case.ending, words
    nothing_taken_back(world, case.scenario)
    if case.disturbance != "refused":  # who cannot be reached may not hear what is given up either: the next try tells
        nothing_left(world, case)
    untold(world, run, words)
    if ended != "done":
        assert CLEAR.match(words), words
        assert world.files() == {}, "half a file was left"
        until_it_listens(world)
        world.line.clear_faults()
        result = run.clear().finish()
    nothing_left(world, case)
    case.scenario.check(world, run, result)
    outcome("stays", case, ended)


def attempt(run: TaskRun) -> tuple[str, Any, str]:
    """Run a task once.

    :return: How it ended, what it returned, in what words it failed.
    """
    run.ti.max_tries = 0
    try:
        return "done", run.finish(), ""
    except MediaRetryError as error:
        return "retry", None, str(error)
    except MediaFailError as error:
        return "fail", None, str(error)


def until_it_listens(world: World) -> None:
    """Wait until the sandbox takes connections again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            world.line.faults()
        except httpx.ConnectError:
            assert time.monotonic() < end
        else:
            return


def nothing_taken_back(world: World, scenario: Scenario) -> None:
    """See that nothing was made too much and deleted again."""
    deletions = [name for name in world.requests() if kind_of(f"{scenario.service}.{name}") == "delete"]
    assert set(deletions) <= set(scenario.requests)

"""Tells its canaries everywhere, so that whoever looks for secrets is known to find them."""

from __future__ import annotations

import os

from airflow.providers.standard.triggers.file import FileTrigger
from airflow.sdk import BaseOperator, Context, dag, task


def canary(place: str) -> str:
    return f"{os.environ['CHAOS_CANARY']}-{place}"


class Waiting(BaseOperator):
    """Waits with a canary in its trigger."""

    def execute(self, context: Context) -> None:
        self.defer(trigger=FileTrigger(filepath=canary("trigger"), poke_interval=0.5), method_name="done")

    def done(self, context: Context, event: object) -> None:
        """End."""


@dag(schedule=None, user_defined_macros={"canary": canary})
def leaky() -> None:
    @task
    def log() -> None:
        print(canary("log"))

    @task
    def xcom() -> str:
        return canary("xcom")

    @task
    def rendered(text: str) -> int:
        return len(text)

    @task
    def error() -> None:
        raise ValueError(canary("error"))

    log()
    xcom()
    rendered("{{ canary('rendered') }}")
    error()
    Waiting(task_id="trigger")


leaky()

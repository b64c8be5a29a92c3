"""A DAG that maps, waits in the triggerer, and can be told to fail or to take long."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, NoReturn

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, Context, task


class Wait(BaseOperator):
    """Waits in the triggerer."""

    def __init__(self, *, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds

    def execute(self, context: Context) -> NoReturn:
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=self.seconds)), method_name="done")

    def done(self, context: Context, event: object = None) -> str:
        return "waited"


with DAG("steps", schedule=None, params={"numbers": [1, 2]}):

    @task
    def numbers(params: dict[str, Any]) -> list[int]:
        return list(params["numbers"])

    @task
    def double(number: int) -> dict[str, int]:
        if number < 0:
            raise ValueError(f"{number} is below zero")
        return {"doubled": number * 2}

    double.expand(number=numbers()) >> Wait(task_id="wait", seconds=1)


with DAG("endless", schedule=None):

    @task
    def sleep() -> None:
        print("sleeping now", flush=True)
        time.sleep(600)

    sleep() >> Wait(task_id="wait", seconds=600)

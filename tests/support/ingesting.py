"""The daily ingest in a real Airflow, as somebody sees it who starts runs and looks at what comes out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from media_sandbox.demo.airflow_api import Backfill, DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.testing import RunningSandbox
from support.runs import logged

DAG_ID = "daily_media_ingest"
RUN_SECONDS = 400
POOL_SLOTS = 8
QUICK = {"scaler": "scale", "resolution": None, "width": 320, "height": 240}
"""Settings that make little work."""
MADE_BY = (
    "pixop.create_video",
    "pixop.process_video",
    "xvid.start_upload",
    "xvid.create_job",
    "cielo24.new_job",
    "cielo24.perform_transcription",
    "media_storage.upload",
)
"""What makes something at a service that is paid for or stays."""
ONE_OF_EACH = Counter(dict.fromkeys(MADE_BY, 1)) + Counter({"media_storage.upload": 2})


def times(number: int) -> Counter[str]:
    """Count what so many videos make."""
    return Counter({operation: count * number for operation, count in ONE_OF_EACH.items()})


@dataclass
class DailyIngest:
    """The ingest.

    :param airflow: The Airflow that it runs in.
    :param sandbox: The services.
    :param s3: Where videos come from and results go to.
    :param days: Those that are backfilled.
    """

    airflow: AirflowServer
    sandbox: RunningSandbox
    s3: S3Server
    days: tuple[date, ...]
    _backfill: Backfill | None = None

    def put(self, key: str, path: Path) -> None:
        """Have a video arrive."""
        self.s3.client().upload_file(str(path), BUCKET, f"incoming/{key}")

    def manifest(self, day: str) -> dict[str, Any]:
        """Give the record of a day."""
        body = self.s3.client().get_object(Bucket=BUCKET, Key=f"media/manifests/{day}.json")["Body"].read()
        value: dict[str, Any] = json.loads(body)
        return value

    def states(self, day: str) -> dict[str, str]:
        """Give how each video of a day is recorded, by the name of its file."""
        return {Path(video["source"]).name: video["state"] for video in self.manifest(day)["videos"]}

    def made(self) -> Counter[str]:
        """Count what was made at the services since their log was cleared."""
        done = (each["operation"] for each in self.sandbox.admin.requests() if each["status"] and each["status"] < 300)
        return Counter(operation for operation in done if operation in MADE_BY)

    def uploads(self) -> list[str]:
        """Give the keys of uploads in parts that are neither finished nor given up."""
        listed = self.s3.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [upload["Key"] for upload in listed]

    def runs(self) -> dict[date, DagRun]:
        """Give the runs of the days that are backfilled."""
        runs = {run.logical_date.date(): run for run in self.airflow.api.runs(DAG_ID) if run.logical_date}
        return {day: runs[day] for day in self.days if day in runs}

    def log(self, run: DagRun, task_id: str, map_index: int = -1) -> str:
        """Give what all tries of a task logged."""
        return logged(self.airflow.api, self.airflow.api.task_instance(run, task_id, map_index))

    def dry_run(self, **choices: Any) -> list[date]:
        """Give the days that a backfill would run, in its order."""
        first, last = self.days[0], self.days[-1]
        return [moment.date() for moment in self.airflow.api.backfill_days(DAG_ID, first, last, **choices)]

    def backfill(self, **choices: Any) -> None:
        """Run the days by the REST API, and wait for the ends of their runs."""
        self._wait_for_the_backfill_before()
        first, last = self.days[0], self.days[-1]
        # The day in the form is for single runs: here it must not count.
        form = {**QUICK, "day": last.isoformat()}
        self._backfill = self.airflow.api.backfill(DAG_ID, first, last, dag_run_conf=form, **choices)
        self._wait_for_runs()

    def backfill_from_the_command_line(self) -> None:
        """Run all days by the command line, whether they have been run or not, and wait for the ends of their runs."""
        self._wait_for_the_backfill_before()
        pairs = {
            "--dag-id": DAG_ID,
            "--from-date": self.days[0].isoformat(),
            "--to-date": self.days[-1].isoformat(),
            "--reprocess-behavior": "completed",
            "--max-active-runs": "3",
            "--dag-run-conf": json.dumps(QUICK),
        }
        self.airflow.command("backfill", "create", *(part for pair in pairs.items() for part in pair))
        self._wait_for_runs()

    def trigger(self, **conf: Any) -> DagRun:
        """Start a run by hand, that enhances only unless it is told otherwise."""
        return self.airflow.api.trigger(DAG_ID, {**QUICK, "steps": ["enhance"], **conf})

    def wait(self, run: DagRun) -> str:
        """Wait for the end of a run; give its state."""
        return self.airflow.api.wait_for_run(run, seconds=RUN_SECONDS).state

    def _wait_for_runs(self) -> None:
        for run in self.runs().values():
            self.wait(run)

    def _wait_for_the_backfill_before(self) -> None:
        # Airflow sees every half minute only that all runs of a backfill have ended, and takes no other one before.
        if self._backfill is not None:
            self.airflow.api.wait_for_backfill(self._backfill, seconds=RUN_SECONDS)
